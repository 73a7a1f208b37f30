package demo

import (
	"time"

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
	"github.com/edge-camera/edge/gpio"
)

// How long the finger stays down, and how soon it is down again.
const (
	tap    = 100 * time.Millisecond
	repeat = 80 * time.Millisecond
	hold   = 900 * time.Millisecond
)

// A finger presses the button by the script's timetable. It makes the edges
// that a debounced pin would, in the clip's own time, and the recogniser of a
// real button tells from them what was meant.
type finger struct {
	button *gpio.Recogniser
	down   func()    // the button just went down
	start  time.Time // of the clip
	script *script.Script
	left   []script.Press
	edges  []edge // under way
}

type edge struct {
	at   time.Time
	down bool
}

// newFinger begins with the presses from the frame from on.
func newFinger(s *script.Script, start time.Time, from int, down func(), on func(gpio.Press)) *finger {
	f := &finger{button: gpio.NewRecogniser(gpio.ButtonConfig{}, on), down: down, start: start, script: s}
	for i, p := range s.Press {
		if p.Frame >= from {
			f.left = s.Press[i:]
			break
		}
	}
	return f
}

// until lets time pass to now. want says what a person who looks at the lamp
// would do next: gpio.Short, gpio.Long, or 0 for nothing.
func (f *finger) until(now time.Time, want func() gpio.Gesture) {
	var busy time.Time
	for {
		switch {
		case len(f.edges) > 0 && !f.edges[0].at.After(now):
			e := f.edges[0]
			f.edges, busy = f.edges[1:], e.at
			if e.down {
				f.down()
			}
			f.button.Edge(e.at, e.down)
		case len(f.edges) == 0 && len(f.left) > 0 && !f.at(f.left[0]).After(now):
			p := f.left[0]
			f.left = f.left[1:]
			if at := f.at(p); at.After(busy) {
				f.button.Tick(at) // what is due is known before the person decides
				f.press(at, p.Gesture, want)
			}
		default:
			f.button.Tick(now)
			return
		}
	}
}

func (f *finger) at(p script.Press) time.Time { return f.start.Add(f.script.Offset(p.Frame)) }

func (f *finger) press(at time.Time, gesture string, want func() gpio.Gesture) {
	var g gpio.Gesture
	switch gesture {
	case "short":
		g = gpio.Short
	case "double":
		g = gpio.Double
	default:
		g = want()
	}
	edges := func(after ...time.Duration) {
		for i, d := range after {
			at = at.Add(d)
			f.edges = append(f.edges, edge{at, i%2 == 0})
		}
	}
	switch g {
	case gpio.Short:
		edges(0, tap)
	case gpio.Double:
		edges(0, tap, repeat, tap)
	case gpio.Long:
		edges(0, hold)
	}
}
