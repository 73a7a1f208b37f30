package camera

import (
	"context"
	"errors"
	"sync"
)

// newest reads a source in its own goroutine and keeps only its latest frame.
type newest struct {
	closing
	src    Source
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutine has returned

	// Three frames go round, so that neither side ever waits for the other to
	// copy: one is filled, one waits, one is being handed out.
	mu      sync.Mutex
	waiting *Frame
	fresh   bool
	bad     error         // an unreadable picture to report
	last    error         // the final error
	wake    chan struct{} // holds one token when there is something to see
	out     *Frame        // only touched by Next
}

// Newest returns a source whose Next delivers the frame src captured last,
// however long ago the call before was: work that is slower than the camera
// never falls behind. Frames that nobody asked for in time are dropped and
// leave a gap in Seq. The frame on which src ended is still delivered.
//
// It owns src, reads it in a goroutine of its own from now on, and closes it.
// A finite source that is not paced would be dropped almost entirely.
func Newest(src Source) Source {
	ctx, cancel := context.WithCancel(context.Background())
	n := &newest{
		closing: newClosing(),
		src:     src,
		cancel:  cancel,
		ended:   make(chan struct{}),
		waiting: new(Frame),
		wake:    make(chan struct{}, 1),
		out:     new(Frame),
	}
	go n.read(ctx)
	return n
}

func (n *newest) read(ctx context.Context) {
	defer close(n.ended)
	fill := new(Frame)
	for {
		err := n.src.Next(ctx, fill)
		n.mu.Lock()
		switch {
		case err == nil:
			fill, n.waiting = n.waiting, fill
			n.fresh = true
		case errors.Is(err, ErrBadPicture):
			n.bad = err
		default:
			n.last = err
		}
		n.mu.Unlock()
		select {
		case n.wake <- struct{}{}:
		default:
		}
		if err != nil && !errors.Is(err, ErrBadPicture) {
			return
		}
	}
}

func (n *newest) String() string { return n.src.String() }

// FPS returns the frame rate of the source below, 0 where it has none.
func (n *newest) FPS() float64 { return fps(n.src) }

func (n *newest) Next(ctx context.Context, f *Frame) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := n.err(n.String()); err != nil {
			return err
		}
		n.mu.Lock()
		if bad := n.bad; bad != nil {
			n.bad = nil
			n.mu.Unlock()
			return bad
		}
		if n.fresh {
			n.fresh = false
			n.waiting, n.out = n.out, n.waiting
			n.mu.Unlock()
			f.CopyFrom(n.out)
			return nil
		}
		last := n.last
		n.mu.Unlock()
		if last != nil {
			return last
		}
		select {
		case <-n.wake:
		case <-ctx.Done():
		case <-n.done:
		}
	}
}

func (n *newest) Close() error {
	if !n.shut() {
		return nil
	}
	n.cancel()
	err := n.src.Close()
	<-n.ended
	return err
}
