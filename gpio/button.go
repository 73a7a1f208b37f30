package gpio

import (
	"context"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
)

// ButtonConfig is how a button is wired and how fast fingers are. The zero
// value is a button between the pin and ground, with the chip's pull-up.
type ButtonConfig struct {
	ActiveHigh bool       // pressed is High
	Pull       pgpio.Pull // zero: pull-up, with ActiveHigh pull-down; Float: the board has a resistor

	Quiet    time.Duration // contacts have settled after this long without an edge; zero: 20 ms
	Double   time.Duration // a second press counts until this long after the first release; zero: 250 ms; negative: no double presses, Short comes at release
	Long     time.Duration // zero: 0.8 s
	VeryLong time.Duration // zero: 3 s; above Long
}

func (c ButtonConfig) defaults() ButtonConfig {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if c.Pull == pgpio.PullNoChange {
		c.Pull = pgpio.PullUp
		if c.ActiveHigh {
			c.Pull = pgpio.PullDown
		}
	}
	set(&c.Quiet, 20*time.Millisecond)
	set(&c.Double, 250*time.Millisecond)
	set(&c.Long, 800*time.Millisecond)
	set(&c.VeryLong, 3*time.Second)
	c.Quiet = max(c.Quiet, time.Millisecond)
	c.VeryLong = max(c.VeryLong, c.Long+time.Millisecond)
	return c
}

const (
	// Drivers disagree on what no timeout and a negative timeout mean, so every
	// wait is finite, and a context is seen at least this often.
	poll = 100 * time.Millisecond
	// Contacts that have not settled after this long are no contacts: an open
	// input picking up hum. Its level means nothing.
	chatter = time.Second
)

// Watch configures pin as an input and reports gestures until ctx is done; it
// then returns ctx.Err(). Any other error is that of a pin which cannot be an
// input with edges.
//
// onDown, which may be nil, is called with the time of the down edge as soon as
// the contacts have settled, which is before anybody knows which gesture it
// will be. Both functions are called on Watch's goroutine and should return
// soon. A button that is down at the start is ignored until it is released.
func Watch(ctx context.Context, pin pgpio.PinIn, cfg ButtonConfig, on func(Press), onDown func(time.Time)) error {
	cfg = cfg.defaults()
	if err := pin.In(cfg.Pull, pgpio.BothEdges); err != nil {
		return pinError(pin.Name(), err)
	}
	active := pgpio.Level(cfg.ActiveHigh)
	r := NewRecogniser(cfg, on)
	down := pin.Read() == active // if so, r never hears of that press
	for ctx.Err() == nil {
		now := time.Now()
		wait := poll
		if due, ok := r.Due(); ok {
			wait = min(wait, due.Sub(now))
		}
		edge := pin.WaitForEdge(max(wait, time.Millisecond))
		at := time.Now()
		if !edge && (pin.Read() == active) == down {
			r.Tick(at)
			rest(ctx, now, wait)
			continue
		}
		if !settle(ctx, pin, cfg.Quiet) {
			continue
		}
		if is := pin.Read() == active; is != down {
			down = is
			if down && onDown != nil {
				onDown(at)
			}
			r.Edge(at, down)
		}
	}
	return ctx.Err()
}

// settle returns once the pin has been without an edge for quiet, or false if
// it never comes to rest.
func settle(ctx context.Context, pin pgpio.PinIn, quiet time.Duration) bool {
	end := time.Now().Add(chatter)
	for ctx.Err() == nil && time.Now().Before(end) {
		start := time.Now()
		if !pin.WaitForEdge(quiet) {
			rest(ctx, start, quiet)
			return true
		}
	}
	return false
}

// rest waits for what is left of wait since start. A healthy pin leaves
// nothing; one whose chip was unplugged returns at once, for ever, and would
// otherwise keep a core busy.
func rest(ctx context.Context, start time.Time, wait time.Duration) {
	left := wait - time.Since(start)
	if left <= 0 {
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
