package camera

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Backoff says how long Reconnect waits between attempts: First after the
// first failure, twice as long after each further one, Max at most.
type Backoff struct{ First, Max time.Duration }

// DefaultBackoff suits a cable that somebody may push back in.
var DefaultBackoff = Backoff{First: 500 * time.Millisecond, Max: 10 * time.Second}

// reconnect opens its source again when it is lost.
type reconnect struct {
	closing
	name    string
	open    func() (Source, error)
	backoff Backoff
	notify  func(error)

	mu  sync.Mutex
	src Source // nil while there is none

	// Only Next uses what follows.
	attempt chan error // the result of an attempt under way; nil if there is none
	wait    time.Duration
	base    uint64 // added to the source's Seq
	next    uint64 // the Seq behind the last frame's
	away    bool
	last    error
}

// Reconnect returns a source that opens its camera by calling open, and opens
// it again whenever it is lost, for ever: Next waits while there is none, with
// growing pauses between attempts. Seq goes on, with a gap for what was
// missed.
//
// notify, if not nil, is called by Next with the error of every loss and every
// failed attempt, and with nil whenever frames come again after one.
//
// What trying again cannot cure is final: io.EOF and an ErrUnsupported.
// Pictures that cannot be read are passed on. open is called in a goroutine of
// its own, because a driver may hang in it.
func Reconnect(name string, open func() (Source, error), b Backoff, notify func(error)) Source {
	if b.First <= 0 {
		b.First = DefaultBackoff.First
	}
	b.Max = max(b.Max, b.First)
	if notify == nil {
		notify = func(error) {}
	}
	return &reconnect{
		closing: newClosing(),
		name:    name,
		open:    open,
		backoff: b,
		notify:  notify,
		wait:    b.First,
	}
}

func (r *reconnect) String() string { return r.name }

// FPS returns the frame rate of the camera while it is there, else 0.
func (r *reconnect) FPS() float64 { return fps(r.current()) }

func (r *reconnect) current() Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.src
}

func (r *reconnect) Next(ctx context.Context, f *Frame) error {
	for {
		if err := cmp.Or(ctx.Err(), r.err(r.name), r.last); err != nil {
			return err
		}
		src, err := r.connect(ctx)
		if err == nil {
			err = src.Next(ctx, f)
			if errors.Is(err, ErrBadPicture) {
				return err
			}
		}
		if err == nil {
			if r.away {
				r.away = false
				r.notify(nil)
			}
			r.wait = r.backoff.First
			f.Seq += r.base
			r.next = f.Seq + 1
			return nil
		}
		if gone := cmp.Or(ctx.Err(), r.err(r.name)); gone != nil {
			return gone
		}
		if errors.Is(err, io.EOF) || errors.Is(err, ErrUnsupported) {
			r.last = err
			return err
		}
		r.drop()
		r.away = true
		if r.next > 0 {
			r.base = r.next + 1 // at least one frame was missed
		}
		r.notify(err)
		if err := r.pause(ctx); err != nil {
			return err
		}
	}
}

// connect returns the open source, or opens it.
func (r *reconnect) connect(ctx context.Context) (Source, error) {
	if src := r.current(); src != nil {
		return src, nil
	}
	if r.attempt == nil {
		result := make(chan error, 1)
		r.attempt = result
		go func() {
			src, err := r.open()
			if err == nil {
				r.mu.Lock()
				err = r.err(r.name)
				if err == nil {
					r.src = src
				}
				r.mu.Unlock()
				if err != nil { // closed in the meantime
					src.Close()
				}
			}
			result <- err
		}()
	}
	select {
	case err := <-r.attempt:
		r.attempt = nil
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.done:
	}
	if src := r.current(); src != nil {
		return src, nil
	}
	return nil, r.err(r.name) // Close has taken it
}

// drop closes what is left of a lost source.
func (r *reconnect) drop() {
	r.mu.Lock()
	src := r.src
	r.src = nil
	r.mu.Unlock()
	if src != nil {
		src.Close() // it is gone; that it cannot be closed well is no news
	}
}

// pause waits before the next attempt.
func (r *reconnect) pause(ctx context.Context) error {
	timer := time.NewTimer(r.wait)
	defer timer.Stop()
	r.wait = min(2*r.wait, r.backoff.Max)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return r.err(r.name)
	}
}

// Close closes the camera if there is one. An attempt under way is abandoned:
// what it opens is closed.
func (r *reconnect) Close() error {
	if !r.shut() {
		return nil
	}
	r.mu.Lock()
	src := r.src
	r.src = nil
	r.mu.Unlock()
	if src == nil {
		return nil
	}
	return src.Close()
}
