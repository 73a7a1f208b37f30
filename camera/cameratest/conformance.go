package cameratest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/camera"
)

// Want says what a source under test should deliver.
type Want struct {
	// Frames is how many frames it has; 0 means no end.
	Frames        int
	Width, Height int
	Format        camera.Format
	// Lossy allows gaps in Seq.
	Lossy bool
	// Check looks at a frame's pixels; nil looks at none.
	Check func(f *camera.Frame) error
	// Allocs is how often Next may allocate for a frame once it has warmed up;
	// negative leaves that untested.
	Allocs float64
}

// hang is how long the suite waits for something that should happen at once.
// It passes or fails nothing but a source that hangs.
const hang = 20 * time.Second

// Conformance tests that a source keeps the contract of camera.Source. open is
// called for each subtest and opens the same source anew.
func Conformance(t *testing.T, open func(t *testing.T) (camera.Source, Want)) {
	t.Helper()
	opened := func(t *testing.T) (camera.Source, Want, context.Context) {
		t.Helper()
		src, want := open(t)
		t.Cleanup(func() { src.Close() })
		ctx, cancel := context.WithTimeout(t.Context(), hang)
		t.Cleanup(cancel)
		return src, want, ctx
	}
	// some is a number of frames that every source has.
	some := func(want Want) int {
		if want.Frames == 0 {
			return 8
		}
		return want.Frames
	}

	t.Run("frames", func(t *testing.T) {
		src, want, ctx := opened(t)
		name := src.String()
		if name == "" {
			t.Error("the source has no name")
		}
		var f camera.Frame
		var last camera.Frame
		for i := range some(want) {
			if err := src.Next(ctx, &f); err != nil {
				if want.Lossy && errors.Is(err, io.EOF) && i > 0 {
					break
				}
				t.Fatalf("frame %d of %d: %v", i, some(want), err)
			}
			if !want.Lossy && f.Seq != uint64(i) {
				t.Errorf("frame %d: Seq = %d", i, f.Seq)
			}
			if i > 0 && f.Seq <= last.Seq {
				t.Errorf("frame %d: Seq = %d after %d", i, f.Seq, last.Seq)
			}
			if i > 0 && f.Time.Before(last.Time) && f.Path == last.Path {
				t.Errorf("frame %d: Time = %v, before %v", i, f.Time, last.Time)
			}
			last.Seq, last.Time, last.Path = f.Seq, f.Time, f.Path
			checkFrame(t, &f, want)
		}
		if src.String() != name {
			t.Errorf("the source's name changed from %q to %q", name, src.String())
		}
		if want.Frames == 0 {
			return
		}
		for i := range 3 {
			if err := src.Next(ctx, &f); !errors.Is(err, io.EOF) {
				t.Fatalf("call %d behind the end: err = %v, want io.EOF", i, err)
			}
		}
	})

	t.Run("buffer", func(t *testing.T) {
		// One after the other: a device can be open once only.
		src, want, ctx := opened(t)
		n := min(3, some(want))
		fresh := make([]camera.Frame, n)
		for i := range fresh {
			if err := src.Next(ctx, &fresh[i]); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
		}
		if err := src.Close(); err != nil {
			t.Fatal(err)
		}
		src, _, ctx = opened(t)
		// A large enough buffer is kept, and what lies behind the frame in it
		// is nobody's business.
		const guard = 64
		size := 3*want.Width*want.Height + guard
		backing := bytes.Repeat([]byte{0xa5}, size)
		reused := camera.Frame{Pix: backing[:0]}
		for i := range n {
			if err := src.Next(ctx, &reused); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
			if &reused.Pix[0] != &backing[0] {
				t.Fatalf("frame %d: Pix was replaced although it was large enough", i)
			}
			if end := len(reused.Pix); end > size-guard {
				t.Fatalf("frame %d: Pix has %d bytes, at most %d can be the picture's", i, end, size-guard)
			}
			if tail := backing[size-guard:]; slices.ContainsFunc(tail, func(b byte) bool { return b != 0xa5 }) {
				t.Fatalf("frame %d: bytes behind Pix were written", i)
			}
			if want.Frames > 0 && !want.Lossy && !bytes.Equal(fresh[i].Pix, reused.Pix) {
				t.Errorf("frame %d: a fresh and a reused buffer hold different pixels", i)
			}
		}
	})

	t.Run("ownership", func(t *testing.T) {
		src, want, ctx := opened(t)
		if want.Frames == 1 {
			return
		}
		var one, two camera.Frame
		if err := src.Next(ctx, &one); err != nil {
			t.Fatal(err)
		}
		kept := bytes.Clone(one.Pix)
		for range some(want) - 1 {
			if err := src.Next(ctx, &two); err != nil {
				if want.Lossy && errors.Is(err, io.EOF) {
					break
				}
				t.Fatal(err)
			}
		}
		if !bytes.Equal(one.Pix, kept) {
			t.Error("a frame changed after another one was read")
		}
	})

	t.Run("cancelled", func(t *testing.T) {
		src, want, ctx := opened(t)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		var f camera.Frame
		for range 3 {
			if err := src.Next(gone, &f); !errors.Is(err, context.Canceled) {
				t.Fatalf("err = %v, want context.Canceled", err)
			}
		}
		if err := src.Next(ctx, &f); err != nil {
			t.Fatalf("a cancelled call was the end of it: %v", err)
		}
		if !want.Lossy && f.Seq != 0 {
			t.Errorf("cancelled calls took frames away: Seq = %d", f.Seq)
		}
	})

	t.Run("close", func(t *testing.T) {
		src, _, ctx := opened(t)
		var f camera.Frame
		if err := src.Next(ctx, &f); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := src.Close(); err != nil {
				t.Errorf("Close %d: %v", i, err)
			}
		}
		for range 3 {
			if err := src.Next(ctx, &f); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("Next after Close: err = %v, want fs.ErrClosed", err)
			}
		}
	})

	t.Run("close unread", func(t *testing.T) {
		src, _, _ := opened(t)
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})

	t.Run("close while reading", func(t *testing.T) {
		src, _, ctx := opened(t)
		started := make(chan struct{})
		result := make(chan error, 1)
		go func() {
			var f camera.Frame
			err := src.Next(ctx, &f)
			close(started)
			for err == nil || errors.Is(err, camera.ErrBadPicture) {
				err = src.Next(ctx, &f)
			}
			result <- err
		}()
		<-started
		if err := src.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-result; !errors.Is(err, fs.ErrClosed) && !errors.Is(err, io.EOF) {
			t.Errorf("Next during Close: err = %v, want fs.ErrClosed", err)
		}
	})

	t.Run("allocations", func(t *testing.T) {
		src, want, ctx := opened(t)
		if want.Allocs < 0 {
			return
		}
		if want.Frames > 0 && want.Frames < 10 {
			t.Fatalf("%d frames are too few to count allocations", want.Frames)
		}
		var f camera.Frame
		next := func() {
			if err := src.Next(ctx, &f); err != nil {
				t.Error(err)
			}
		}
		for range 4 {
			next()
		}
		if n := testing.AllocsPerRun(some(want)-5, next); n > want.Allocs {
			t.Errorf("Next allocates %v times a frame, want %v", n, want.Allocs)
		}
	})
}

// checkFrame tests what holds for every frame.
func checkFrame(t *testing.T, f *camera.Frame, want Want) {
	t.Helper()
	if f.Width != want.Width || f.Height != want.Height || f.Format != want.Format {
		t.Fatalf("frame %d: %d×%d %v, want %d×%d %v", f.Seq, f.Width, f.Height, f.Format, want.Width, want.Height, want.Format)
	}
	row := 3 * f.Width
	if f.Format == camera.YUYV {
		row = 2 * f.Width
	}
	if f.Stride < row || len(f.Pix) < (f.Height-1)*f.Stride+row {
		t.Fatalf("frame %d: %d bytes at stride %d are too few", f.Seq, len(f.Pix), f.Stride)
	}
	if f.Time.IsZero() {
		t.Errorf("frame %d has no Time", f.Seq)
	}
	if want.Check != nil {
		if err := want.Check(f); err != nil {
			t.Errorf("frame %d: %v", f.Seq, err)
		}
	}
}

// Waiting tests a source that stays open but delivers nothing: that Next gives
// up when its context ends and when the source is closed.
func Waiting(t *testing.T, open func(t *testing.T) camera.Source) {
	t.Helper()
	t.Run("cancel", func(t *testing.T) {
		src := open(t)
		defer src.Close()
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- src.Next(ctx, new(camera.Frame)) }()
		cancel()
		select {
		case err := <-result:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v, want context.Canceled", err)
			}
		case <-time.After(hang):
			t.Fatal("Next does not return when its context ends")
		}
	})
	t.Run("close", func(t *testing.T) {
		src := open(t)
		result := make(chan error, 1)
		go func() { result <- src.Next(t.Context(), new(camera.Frame)) }()
		if err := src.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		select {
		case err := <-result:
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("err = %v, want fs.ErrClosed", err)
			}
		case <-time.After(hang):
			t.Fatal("Next does not return when the source is closed")
		}
	})
}
