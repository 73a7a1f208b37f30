package gpiotest

import (
	"slices"
	"sync"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// Change is a lamp going on or off.
type Change struct {
	Lit bool
	At  time.Duration // since the Lamp was made
}

// Lamp is an output pin, lit by High, that remembers when it changed.
type Lamp struct {
	gpiotest.Pin
	start time.Time

	mu      sync.Mutex
	changes []Change
	fail    error
}

// NewLamp returns a dark Lamp called name.
func NewLamp(name string) *Lamp {
	return &Lamp{Pin: gpiotest.Pin{N: name}, start: time.Now()}
}

// Fail makes every later Out return err; nil repairs the pin.
func (l *Lamp) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Out implements gpio.PinOut.
func (l *Lamp) Out(level pgpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	if lit := bool(level); lit != l.lit() {
		l.changes = append(l.changes, Change{lit, time.Since(l.start)})
	}
	return l.Pin.Out(level)
}

// Lit reports whether the lamp is on.
func (l *Lamp) Lit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lit()
}

func (l *Lamp) lit() bool {
	return len(l.changes) > 0 && l.changes[len(l.changes)-1].Lit
}

// Changes returns what the lamp did so far, oldest first.
func (l *Lamp) Changes() []Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes)
}
