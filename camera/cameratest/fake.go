// Package cameratest has a camera made of arithmetic and the suite of tests
// that every source of frames passes.
package cameratest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/edge-camera/edge/camera"
)

// Fake is a source that paints its frames. The zero value, with the name
// "fake", delivers 64×48 RGB frames without end, as fast as they are asked for.
//
// Set the fields before the first call of Next.
type Fake struct {
	Name          string
	Width, Height int
	Format        camera.Format

	// Frames ends the source with io.EOF, or with End, after as many frames;
	// 0 never ends it.
	Frames int
	End    error

	// Period is the time between frames, 0 for none.
	Period time.Duration
	// Start is frame 0's Time; zero means the time of the first call of Next.
	Start time.Time

	// Bad holds the errors to return in place of frames, by Seq. An error that
	// wraps camera.ErrBadPicture is followed by the next frame, any other one
	// is final.
	Bad map[uint64]error
	// Paint fills a frame; nil means Pattern.
	Paint func(f *camera.Frame)

	once   sync.Once
	done   chan struct{}
	seq    uint64
	last   error
	timer  *time.Timer
	began  time.Time
	closes int
	mu     sync.Mutex // of closes
}

func (s *Fake) init() {
	s.once.Do(func() {
		s.done = make(chan struct{})
		if s.Name == "" {
			s.Name = "fake"
		}
		if s.Width == 0 || s.Height == 0 {
			s.Width, s.Height = 64, 48
		}
		if s.Format == 0 {
			s.Format = camera.RGB
		}
		if s.End == nil {
			s.End = io.EOF
		}
		if s.Paint == nil {
			s.Paint = Pattern
		}
	})
}

// String implements camera.Source.
func (s *Fake) String() string {
	s.init()
	return s.Name
}

// FPS implements camera.Rated.
func (s *Fake) FPS() float64 {
	if s.Period <= 0 {
		return 0
	}
	return float64(time.Second) / float64(s.Period)
}

// Next implements camera.Source. It does not allocate once f has grown.
func (s *Fake) Next(ctx context.Context, f *camera.Frame) error {
	s.init()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Closed() > 0 {
		return s.closed()
	}
	if s.last != nil {
		return s.last
	}
	if s.began.IsZero() {
		s.began = time.Now()
		if s.Start.IsZero() {
			s.Start = s.began
		}
	}
	if err := s.sleep(ctx); err != nil {
		return err
	}
	if s.Frames > 0 && s.seq >= uint64(s.Frames) {
		s.last = s.End
		return s.last
	}
	seq := s.seq
	s.seq++
	if err := s.Bad[seq]; err != nil {
		if !errors.Is(err, camera.ErrBadPicture) {
			s.last = err
		}
		return err
	}
	f.Reset(s.Width, s.Height, s.Format)
	f.Seq, f.Time, f.Path = seq, s.Start.Add(time.Duration(seq)*s.Period), ""
	s.Paint(f)
	return nil
}

// sleep waits until the next frame is due.
func (s *Fake) sleep(ctx context.Context) error {
	due := time.Until(s.began.Add(time.Duration(s.seq) * s.Period))
	if s.Period <= 0 || due <= 0 {
		return nil
	}
	if s.timer == nil {
		s.timer = time.NewTimer(due)
	} else {
		s.timer.Reset(due)
	}
	defer s.timer.Stop()
	select {
	case <-s.timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return s.closed()
	}
}

func (s *Fake) closed() error { return fmt.Errorf("%s: %w", s.Name, fs.ErrClosed) }

// Close implements camera.Source.
func (s *Fake) Close() error {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes++; s.closes == 1 {
		close(s.done)
	}
	return nil
}

// Closed returns how often Close was called.
func (s *Fake) Closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closes
}

// Pattern paints f so that no two frames and no two pixels next to each other
// are alike: byte i of row y of frame n is 7·i + 13·y + 31·n, modulo 256.
func Pattern(f *camera.Frame) {
	for y := range f.Height {
		row := f.Pix[y*f.Stride:][:f.Stride]
		v := byte(13*y) + byte(31*f.Seq)
		for i := range row {
			row[i] = v
			v += 7
		}
	}
}
