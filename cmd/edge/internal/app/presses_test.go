package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/gpio/gpiotest"
)

func TestPresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := gpiotest.NewButton("GPIO17")
		b.Bounce = 2
		lamp := &fakeLamp{}
		out := make(chan Command, 64)
		done := make(chan error)
		go func() { done <- Presses(ctx, b, gpio.ButtonConfig{}, out, lamp) }()
		synctest.Wait()
		wait := func(d time.Duration) { <-time.After(d) }
		b.Press(100 * time.Millisecond)
		wait(time.Second)
		b.Press(time.Second)
		wait(time.Second)
		b.Press(100 * time.Millisecond)
		wait(100 * time.Millisecond)
		b.Press(100 * time.Millisecond)
		wait(time.Second)
		b.Press(4 * time.Second)
		wait(time.Second)
		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("Presses returned %v", err)
		}
		close(out)
		var got []Command
		for c := range out {
			got = append(got, c)
		}
		want := []Command{Mark, Shot, Mark, NextClass, Mark, Mark, Undo, Mark, Forget}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if len(lamp.shown) != 2 {
			t.Errorf("the lamp showed %d patterns, want one for each press that was held", len(lamp.shown))
		}
	})
}

// A button keeps nobody from leaving who does not listen to it any more.
func TestPressesEndWithoutAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := gpiotest.NewButton("GPIO17")
		done := make(chan error)
		go func() { done <- Presses(ctx, b, gpio.ButtonConfig{}, make(chan Command), nil) }()
		synctest.Wait()
		b.Press(time.Second)
		cancel()
		<-done
	})
}

// fakeLamp remembers what it was to show.
type fakeLamp struct{ shown []gpio.Pattern }

func (l *fakeLamp) Show(p gpio.Pattern) { l.shown = append(l.shown, p) }

// last returns how often the last pattern shown flashes.
func (l *fakeLamp) last() int {
	if len(l.shown) == 0 {
		return 0
	}
	return (len(l.shown[len(l.shown)-1].Beats) + 1) / 2
}
