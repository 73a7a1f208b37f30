package gpio

import (
	"sync"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
)

// Lamp shows patterns on an output pin, which one goroutine of its own drives.
// Its methods may be called from any goroutine. A nil *Lamp shows nothing.
type Lamp struct {
	pin  pgpio.PinOut
	lit  pgpio.Level
	wake chan struct{} // there is a new pattern
	quit chan struct{}
	done chan struct{}
	once sync.Once

	mu      sync.Mutex
	pattern Pattern // what to show
	base    Pattern // the last Loop pattern: what to show after one that does not loop
	err     error   // the first one
}

// LampConfig is how a lamp is wired. The zero value is one that High lights.
type LampConfig struct {
	ActiveLow bool // Low lights it
}

// NewLamp configures pin as an output, dark, and starts the Lamp. Close stops it.
func NewLamp(pin pgpio.PinOut, cfg LampConfig) (*Lamp, error) {
	l := &Lamp{
		pin:  pin,
		lit:  pgpio.Level(!cfg.ActiveLow),
		wake: make(chan struct{}, 1),
		quit: make(chan struct{}),
		done: make(chan struct{}),
	}
	if err := pin.Out(!l.lit); err != nil {
		return nil, pinError(pin.Name(), err)
	}
	go l.play()
	return l, nil
}

// Show makes p the Lamp's pattern, in place of the one that is playing. When a
// pattern that does not loop is over, the last one that does plays on. Show
// does not keep the caller waiting. p.Beats is not written and must not be.
func (l *Lamp) Show(p Pattern) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.pattern = p
	if p.Loop {
		l.base = p
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default: // the goroutine has yet to look, and will find p
	}
}

// Close makes the lamp dark, stops it and returns the first error of the pin.
// The pin itself stays open.
func (l *Lamp) Close() error {
	if l == nil {
		return nil
	}
	l.once.Do(func() { close(l.quit) })
	<-l.done
	return l.Err()
}

// Err returns the first error of the pin, if there was one.
func (l *Lamp) Err() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// play drives the pin: a beat at a time, a new pattern at once.
func (l *Lamp) play() {
	defer close(l.done)
	defer l.set(false)
	beat := time.NewTimer(0)
	defer beat.Stop()
	var p Pattern
	next := 0
	for {
		select {
		case <-l.quit:
			return
		case <-l.wake:
			l.mu.Lock()
			p, next = l.pattern, 0
			l.mu.Unlock()
		case <-beat.C:
		}
		if next == len(p.Beats) {
			next = 0
			if !p.Loop {
				l.mu.Lock()
				p = l.base
				l.mu.Unlock()
			}
		}
		if len(p.Beats) == 0 {
			l.set(false)
			beat.Stop()
			continue
		}
		l.set(next%2 == 0)
		beat.Reset(p.Beats[next])
		next++
	}
}

func (l *Lamp) set(lit bool) {
	if err := l.pin.Out(l.lit == pgpio.Level(lit)); err != nil {
		l.mu.Lock()
		if l.err == nil {
			l.err = pinError(l.pin.Name(), err)
		}
		l.mu.Unlock()
	}
}
