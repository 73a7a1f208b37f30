package gpio_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/gpio/gpiotest"
)

// light shows what do shows and returns the moments at which the lamp changed,
// on first.
func light(t *testing.T, do func(*gpio.Lamp)) []time.Duration {
	t.Helper()
	pin := gpiotest.NewLamp("GPIO27")
	l, err := gpio.NewLamp(pin, gpio.LampConfig{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	do(l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if pin.Lit() {
		t.Error("the lamp is lit after Close")
	}
	var at []time.Duration
	for i, c := range pin.Changes() {
		if c.Lit != (i%2 == 0) {
			t.Errorf("change %d lit %v", i, c.Lit)
		}
		at = append(at, c.At)
	}
	return at
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*gpio.Lamp)
		want []time.Duration
	}{
		{"dark", func(l *gpio.Lamp) { l.Show(gpio.Dark); pause(time.Hour) }, nil},
		{"steady", func(l *gpio.Lamp) { l.Show(gpio.Steady); pause(24 * time.Hour) }, []time.Duration{0, 24 * time.Hour}},
		{"three blinks", func(l *gpio.Lamp) { l.Show(gpio.Blink(3)); pause(time.Minute) },
			[]time.Duration{0, 140 * ms, 340 * ms, 480 * ms, 680 * ms, 820 * ms}},
		{"no blinks", func(l *gpio.Lamp) { l.Show(gpio.Blink(0)); pause(time.Minute) }, nil},
		{"a new pattern replaces the old", func(l *gpio.Lamp) {
			l.Show(gpio.Blink(9))
			pause(400 * ms)
			l.Show(gpio.Dark)
			pause(time.Minute)
		}, []time.Duration{0, 140 * ms, 340 * ms, 400 * ms}},
		{"loops go on afterwards", func(l *gpio.Lamp) {
			l.Show(gpio.Thinking)
			pause(100 * ms)
			l.Show(gpio.Pattern{Beats: []time.Duration{10 * ms, 90 * ms}})
			pause(1000 * ms)
		}, []time.Duration{0, 110 * ms, 200 * ms, 600 * ms, 1000 * ms, 1100 * ms}},
		{"a loop shown together with a blink is what follows it", func(l *gpio.Lamp) {
			l.Show(gpio.Steady)
			l.Show(gpio.Pattern{Beats: []time.Duration{10 * ms, 90 * ms}})
			pause(1000 * ms)
		}, []time.Duration{0, 10 * ms, 100 * ms, 1000 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := light(t, c.do); !slices.Equal(got, c.want) {
					t.Errorf("changed at %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestBlinkCounts(t *testing.T) {
	for n, want := range map[int]int{-1: 0, 0: 0, 1: 1, 5: 5, 20: 20, 1000: 20} {
		if got := (len(gpio.Blink(n).Beats) + 1) / 2; got != want {
			t.Errorf("Blink(%d) flashes %d times, want %d", n, got, want)
		}
	}
}

// Every pattern that is a matter of counting or waiting ends dark, so that the
// next one starts visibly.
func TestPatternsAreWellFormed(t *testing.T) {
	for name, p := range map[string]gpio.Pattern{
		"ready": gpio.Ready, "thinking": gpio.Thinking, "lost": gpio.Lost, "holding": gpio.Holding,
		"saved": gpio.Saved, "refused": gpio.Refused, "error": gpio.Error, "confirm": gpio.Confirm, "blink": gpio.Blink(4),
	} {
		if len(p.Beats) == 0 || len(p.Beats)%2 != 0 {
			t.Errorf("%s has %d beats", name, len(p.Beats))
		}
		for _, b := range p.Beats {
			if b <= 0 {
				t.Errorf("%s has a beat of %v", name, b)
			}
		}
	}
}

func TestActiveLowLamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := gpiotest.NewLamp("GPIO27")
		l, err := gpio.NewLamp(pin, gpio.LampConfig{ActiveLow: true})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if pin.Read() != pgpio.High {
			t.Error("dark is Low")
		}
		l.Show(gpio.Steady)
		synctest.Wait()
		if pin.Read() != pgpio.Low {
			t.Error("lit is High")
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if pin.Read() != pgpio.High {
			t.Error("closed is Low")
		}
	})
}

func TestLampKeepsTheFirstError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := gpiotest.NewLamp("GPIO27")
		l, err := gpio.NewLamp(pin, gpio.LampConfig{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first := errors.New("unplugged")
		pin.Fail(first)
		l.Show(gpio.Thinking)
		synctest.Wait()
		pin.Fail(errors.New("later"))
		pause(5 * time.Second)
		pin.Fail(nil)
		l.Show(gpio.Steady)
		synctest.Wait()
		if !pin.Lit() {
			t.Error("the lamp gave up after an error")
		}
		if err := l.Close(); !errors.Is(err, first) || !errors.Is(err, gpio.ErrPin) {
			t.Errorf("Close returned %v, want the first error", err)
		}
		if err := l.Close(); !errors.Is(err, first) {
			t.Errorf("a second Close returned %v", err)
		}
	})
}

func TestNoLamp(t *testing.T) {
	var l *gpio.Lamp
	l.Show(gpio.Steady)
	if l.Err() != nil || l.Close() != nil {
		t.Error("no lamp has an error")
	}
}
