package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// script is a grabber that plays what it was given: a frame for nil, errors
// for the rest.
type script struct {
	steps    []error
	hang     chan struct{} // grab waits for it at the end of the steps, if not nil
	ignores  bool          // interrupt does nothing
	released atomic.Int32
	stopped  atomic.Int32
	seq      uint64
}

func (s *script) grab(f *Frame) error {
	if len(s.steps) == 0 {
		if s.hang != nil {
			<-s.hang
		}
		return io.EOF
	}
	err := s.steps[0]
	s.steps = s.steps[1:]
	if err == nil {
		f.Reset(4, 2, RGB)
		f.Seq, f.Time = s.seq, time.Now()
		s.seq++
	}
	return err
}

func (s *script) interrupt() {
	if s.stopped.Add(1) == 1 && !s.ignores && s.hang != nil {
		close(s.hang)
	}
}

func (s *script) release() error { s.released.Add(1); return nil }

func TestPump(t *testing.T) {
	bad := fmt.Errorf("%w: smeared", ErrBadPicture)
	lost := fmt.Errorf("%w: unplugged", ErrLost)
	g := &script{steps: []error{errAgain, nil, errAgain, errAgain, nil, bad, nil, lost, nil}}
	p := newPump("script", 25, g)
	defer p.Close()
	var f Frame
	var got []error
	var seqs []uint64
	for range 6 {
		err := p.Next(t.Context(), &f)
		got = append(got, err)
		if err == nil {
			seqs = append(seqs, f.Seq)
		}
	}
	if want := []error{nil, nil, bad, nil, lost, lost}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := []uint64{0, 1, 2}; !slices.Equal(seqs, want) {
		t.Errorf("frames %v, want %v", seqs, want)
	}
	if p.String() != "script" || p.FPS() != 25 {
		t.Errorf("%s at %v", p, p.FPS())
	}
	<-p.ended
	if g.released.Load() != 1 {
		t.Errorf("a lost device was released %d times, want once", g.released.Load())
	}
}

func TestPumpClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &script{hang: make(chan struct{})}
		p := newPump("script", 0, g)
		synctest.Wait() // grab hangs
		for range 2 {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if g.released.Load() != 1 || g.stopped.Load() != 1 {
			t.Errorf("released %d times, interrupted %d times, want once each", g.released.Load(), g.stopped.Load())
		}
		if err := p.Next(t.Context(), new(Frame)); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("err = %v", err)
		}
	})
}

// TestPumpHangs says what happens with a driver that never returns: Close
// gives up on it, and nothing is freed before it does return.
func TestPumpHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &script{hang: make(chan struct{}), ignores: true}
		p := newPump("script", 0, g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := p.Next(ctx, new(Frame)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		start = time.Now()
		if err := p.Close(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("err = %v", err)
		}
		if took := time.Since(start); took != closeGrace {
			t.Errorf("Close took %v, want %v", took, closeGrace)
		}
		if g.released.Load() != 0 {
			t.Error("a device was released while it was in use")
		}
		close(g.hang)
		synctest.Wait()
		if g.released.Load() != 1 {
			t.Error("the device was not released when the driver returned")
		}
	})
}

// TestPumpAhead says how far a pump reads ahead: a frame is never older than
// that.
func TestPumpAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &script{steps: make([]error, 10)}
		p := newPump("script", 0, g)
		defer p.Close()
		synctest.Wait()
		if read := 10 - len(g.steps); read != pumpDepth {
			t.Errorf("%d frames were read ahead, want %d", read, pumpDepth)
		}
		var f Frame
		for i := range 10 {
			if err := p.Next(t.Context(), &f); err != nil || f.Seq != uint64(i) {
				t.Fatalf("frame %d: Seq %d, %v", i, f.Seq, err)
			}
		}
	})
}
