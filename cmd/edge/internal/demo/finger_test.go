package demo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
	"github.com/edge-camera/edge/gpio"
)

// A finger's edges reach the recogniser of a real button, which tells its
// gestures, each with the moment at which the button went down.
func TestFinger(t *testing.T) {
	s := &script.Script{FPS: 10, Press: []script.Press{
		{Frame: 2}, {Frame: 7}, {Frame: 12, Gesture: "double"}, {Frame: 20}, {Frame: 24}, {Frame: 40, Gesture: "short"}}}
	start := time.Unix(1000, 0)
	play := func(from, step int) (got []string, downs int) {
		wishes := []gpio.Gesture{gpio.Short, gpio.Short, gpio.Long, gpio.Short}
		if from > 2 {
			wishes = wishes[1:]
		}
		f := newFinger(s, start, from, func() { downs++ }, func(p gpio.Press) {
			got = append(got, fmt.Sprintf("%s@%d", p.Gesture, s.Frame(p.Down.Sub(start))))
		})
		for frame := from; frame <= 60; frame += step {
			f.until(start.Add(s.Offset(frame)), func() gpio.Gesture {
				w := wishes[0]
				wishes = wishes[1:]
				return w
			})
		}
		return got, downs
	}
	// The press at frame 24 falls into the long one from 20 to 29.
	want := []string{"short@2", "short@7", "double@12", "hold@20", "long@20", "short@40"}
	for _, step := range []int{1, 4, 7, 60} {
		got, downs := play(0, step)
		if !slices.Equal(got, want) {
			t.Errorf("looking every %d frames: %q, want %q", step, got, want)
		}
		if downs != 6 {
			t.Errorf("looking every %d frames: %d times down, want 6: a double press is two", step, downs)
		}
	}
	if got, _ := play(3, 1); !slices.Equal(got, want[1:]) {
		t.Errorf("from frame 3 on: %q, want %q", got, want[1:])
	}
}

func TestFingerWithoutAWishRests(t *testing.T) {
	s := &script.Script{FPS: 10, Press: []script.Press{{Frame: 2}}}
	f := newFinger(s, time.Unix(0, 0), 0, func() { t.Error("the button went down") }, func(p gpio.Press) { t.Errorf("%v", p) })
	f.until(time.Unix(9, 0), func() gpio.Gesture { return 0 })
}
