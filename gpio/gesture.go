package gpio

import "time"

// Gesture is what a person did with the button.
type Gesture uint8

// Gestures.
const (
	Short    Gesture = iota + 1 // pressed and released, no second press within ButtonConfig.Double
	Double                      // pressed a second time within ButtonConfig.Double of the first release
	Hold                        // down for ButtonConfig.Long and still down: letting go now makes it Long
	Long                        // released after ButtonConfig.Long, before ButtonConfig.VeryLong
	VeryLong                    // down for ButtonConfig.VeryLong, still down
)

// String returns "short", "double", "hold", "long" or "very long".
func (g Gesture) String() string {
	switch g {
	case Short:
		return "short"
	case Double:
		return "double"
	case Hold:
		return "hold"
	case Long:
		return "long"
	case VeryLong:
		return "very long"
	}
	return "invalid"
}

// Press is a Gesture and the moment at which it began.
type Press struct {
	Gesture Gesture
	Down    time.Time // the (first) down edge
}

// Recogniser tells gestures apart. It is a state machine over debounced edges
// and the passing of time, has no clock of its own and is used by one goroutine.
type Recogniser struct {
	cfg   ButtonConfig
	on    func(Press)
	state state
	down  time.Time // down edge of the press, in every state but idle and spent
	up    time.Time // its release, in state released
}

type state uint8

const (
	idle     state = iota
	pressed        // down, shorter than Long
	held           // down, Hold was reported
	released       // up, waiting for a second press
	spent          // down, the gesture was reported
)

// NewRecogniser returns a Recogniser that calls on for every gesture. Zero
// fields of cfg get their defaults.
func NewRecogniser(cfg ButtonConfig, on func(Press)) *Recogniser {
	return &Recogniser{cfg: cfg.defaults(), on: on}
}

// Edge tells r that the button went down or up at t. Times never decrease from
// one call of Edge or Tick to the next. An edge to the level the button already
// has is ignored.
func (r *Recogniser) Edge(t time.Time, down bool) {
	r.Tick(t)
	if down {
		switch r.state {
		case idle:
			r.state, r.down = pressed, t
		case released:
			r.state = spent
			r.on(Press{Double, r.down})
		}
		return
	}
	switch r.state {
	case pressed:
		if r.cfg.Double < 0 {
			r.state = idle
			r.on(Press{Short, r.down})
			return
		}
		r.state, r.up = released, t
	case held:
		r.state = idle
		r.on(Press{Long, r.down})
	case spent:
		r.state = idle
	}
}

// Tick tells r that it is now t, which reports what is due by then.
func (r *Recogniser) Tick(t time.Time) {
	for {
		due, ok := r.Due()
		if !ok || t.Before(due) {
			return
		}
		switch r.state {
		case pressed:
			r.state = held
			r.on(Press{Hold, r.down})
		case held:
			r.state = spent
			r.on(Press{VeryLong, r.down})
		case released:
			r.state = idle
			r.on(Press{Short, r.down})
		}
	}
}

// Due returns when Tick next has something to report if no edge comes first.
func (r *Recogniser) Due() (time.Time, bool) {
	switch r.state {
	case pressed:
		return r.down.Add(r.cfg.Long), true
	case held:
		return r.down.Add(r.cfg.VeryLong), true
	case released:
		return r.up.Add(r.cfg.Double), true
	}
	return time.Time{}, false
}
