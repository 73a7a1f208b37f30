package camera

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// grabber is a device or decoder that knows nothing of contexts: it is used by
// one goroutine only, and some of its calls cannot be interrupted.
type grabber interface {
	// grab fills f, Seq included. Its errors are those of Source.Next, and
	// errAgain where nothing has arrived yet: then it is called again.
	grab(f *Frame) error
	// interrupt makes a grab that waits return soon, where that is possible.
	// It is called once, by another goroutine.
	interrupt()
	// release frees everything. It is the last call.
	release() error
}

// errAgain is a grab's "not yet", a chance to notice Close.
var errAgain = errors.New("no frame yet")

// closeGrace is how long Close waits for a grab to return. One that hangs in a
// driver for longer is left to end by itself.
const closeGrace = 3 * time.Second

// pump makes a Source of a grabber: one goroutine owns it, so Next can give up
// waiting while a call into a driver hangs, and a device is never closed under
// a read.
type pump struct {
	closing
	name  string
	rate  float64
	empty chan *grabbed // to be filled
	full  chan *grabbed // closed after the last one

	stop  func()        // interrupts the grabber
	ended chan struct{} // closed when the grabber has been released

	last     error // set before full is closed
	released error // set before ended is closed
}

// grabbed is what travels: an unreadable picture keeps its place among the
// frames.
type grabbed struct {
	Frame
	err error
}

// pumpDepth is how many frames are read ahead.
const pumpDepth = 2

// newPump starts to read g. rate is frames a second, 0 if not known.
func newPump(name string, rate float64, g grabber) *pump {
	p := &pump{
		closing: newClosing(),
		name:    name,
		rate:    rate,
		empty:   make(chan *grabbed, pumpDepth),
		full:    make(chan *grabbed, pumpDepth),
		stop:    g.interrupt,
		ended:   make(chan struct{}),
	}
	for range pumpDepth {
		p.empty <- new(grabbed)
	}
	go p.run(g)
	return p
}

func (p *pump) run(g grabber) {
	defer func() {
		close(p.full)
		p.released = g.release()
		close(p.ended)
	}()
	for {
		var s *grabbed
		select {
		case s = <-p.empty:
		case <-p.done:
			return
		}
		for {
			s.err = g.grab(&s.Frame)
			if p.err(p.name) != nil {
				return
			}
			if s.err != errAgain {
				break
			}
		}
		if s.err != nil && !errors.Is(s.err, ErrBadPicture) {
			p.last = s.err
			return
		}
		p.full <- s // never waits: there are only pumpDepth
	}
}

func (p *pump) String() string { return p.name }

func (p *pump) FPS() float64 { return p.rate }

func (p *pump) Next(ctx context.Context, f *Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.err(p.name); err != nil {
		return err
	}
	select {
	case s, ok := <-p.full:
		if !ok {
			if err := p.err(p.name); err != nil {
				return err
			}
			return p.last
		}
		err := s.err
		if err == nil {
			f.CopyFrom(&s.Frame)
		}
		p.empty <- s
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return p.err(p.name)
	}
}

func (p *pump) Close() error {
	if p.shut() {
		p.stop()
	}
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-p.ended:
		return p.released
	case <-grace.C:
		return fmt.Errorf("%w: %s: the driver does not answer; it is closed as soon as it does", ErrLost, p.name)
	}
}
