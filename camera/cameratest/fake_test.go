package cameratest_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
)

func TestFake(t *testing.T) {
	for _, format := range []camera.Format{camera.RGB, camera.BGR, camera.YUYV} {
		for _, frames := range []int{0, 12} {
			t.Run(fmt.Sprint(format, frames), func(t *testing.T) {
				cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
					src := &cameratest.Fake{Width: 32, Height: 10, Format: format, Frames: frames}
					return src, cameratest.Want{Frames: frames, Width: 32, Height: 10, Format: format, Check: pattern}
				})
			})
		}
	}
	cameratest.Waiting(t, func(t *testing.T) camera.Source { return waiting(t) })
}

// waiting is a fake whose second frame is an hour away.
func waiting(t *testing.T) camera.Source {
	src := &cameratest.Fake{Period: time.Hour}
	if err := src.Next(t.Context(), new(camera.Frame)); err != nil {
		t.Fatal(err)
	}
	return src
}

// pattern tells whether f is what Fake painted.
func pattern(f *camera.Frame) error {
	for y := range f.Height {
		for i := range f.Stride {
			if got, want := f.Pix[y*f.Stride+i], byte(7*i+13*y+31*int(f.Seq)); got != want {
				return fmt.Errorf("row %d, byte %d is %d, want %d", y, i, got, want)
			}
		}
	}
	return nil
}

func TestFakeKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &cameratest.Fake{Period: 40 * time.Millisecond}
		start := time.Now()
		var f camera.Frame
		for i := range 5 {
			if err := src.Next(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if got, want := time.Since(start), time.Duration(i)*src.Period; got != want {
				t.Errorf("frame %d came after %v, want %v", i, got, want)
			}
			if got := f.Time.Sub(start); got != time.Duration(i)*src.Period {
				t.Errorf("frame %d is dated %v", i, got)
			}
		}
	})
}

func TestFakeFails(t *testing.T) {
	src := &cameratest.Fake{Bad: map[uint64]error{1: fmt.Errorf("%w: smeared", camera.ErrBadPicture), 3: camera.ErrLost}}
	var f camera.Frame
	for i, want := range []error{nil, camera.ErrBadPicture, nil, camera.ErrLost, camera.ErrLost} {
		if err := src.Next(t.Context(), &f); !errors.Is(err, want) {
			t.Errorf("call %d: err = %v, want %v", i, err, want)
		}
	}
	if f.Seq != 2 {
		t.Errorf("the last frame is %d, want 2", f.Seq)
	}
	end := &cameratest.Fake{Frames: 1, End: camera.ErrLost}
	for i, want := range []error{nil, camera.ErrLost, camera.ErrLost} {
		if err := end.Next(t.Context(), &f); !errors.Is(err, want) || errors.Is(err, io.EOF) {
			t.Errorf("call %d: err = %v, want %v", i, err, want)
		}
	}
}
