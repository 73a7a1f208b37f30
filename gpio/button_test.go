package gpio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/gpio/gpiotest"
)

const ms = time.Millisecond

// watch runs do while b is watched, lets every gesture come to its end and
// returns what was reported.
func watch(t *testing.T, b pgpio.PinIn, do func()) (got []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	start := time.Now()
	since := func(at time.Time) time.Duration { return at.Sub(start).Round(ms) }
	go func() {
		done <- gpio.Watch(ctx, b, gpio.ButtonConfig{},
			func(p gpio.Press) { got = append(got, fmt.Sprintf("%s@%v", p.Gesture, since(p.Down))) },
			func(at time.Time) { got = append(got, fmt.Sprintf("down@%v", since(at))) })
	}()
	synctest.Wait()
	do()
	<-time.After(time.Second)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch returned %v", err)
	}
	return got
}

func pause(d time.Duration) { <-time.After(d) }

func TestBouncingContacts(t *testing.T) {
	for _, bounce := range []int{0, 1, 5} {
		synctest.Test(t, func(t *testing.T) {
			b := gpiotest.NewButton("GPIO17")
			b.Bounce = bounce
			got := watch(t, b, func() {
				pause(7 * ms)
				b.Press(100 * ms)
				pause(493*ms - 4*time.Duration(bounce)*ms) // the next press is 600 ms after the first
				b.Press(1000 * ms)
				pause(400 * ms)
				b.Press(80 * ms)
				pause(100 * ms)
				b.Press(80 * ms)
			})
			second := 600 * ms
			third := second + 1400*ms + 4*time.Duration(bounce)*ms
			want := []string{
				"down@7ms", "short@7ms",
				"down@" + second.String(), "hold@" + second.String(), "long@" + second.String(),
				"down@" + third.String(), "down@" + (third + 180*ms + 4*time.Duration(bounce)*ms).String(), "double@" + third.String(),
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("with %d bounces: %q\nwant %q", bounce, got, want)
			}
		})
	}
}

// onDown comes before the gesture is known: that is what it is for.
func TestDownComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		got := watch(t, b, func() { pause(10 * ms); b.Press(3500 * ms) })
		if want := []string{"down@10ms", "hold@10ms", "very long@10ms"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestSpikeIsNoPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		got := watch(t, b, func() {
			pause(10 * ms)
			b.EdgesChan <- pgpio.Low
			pause(ms)
			b.EdgesChan <- pgpio.High
		})
		if len(got) != 0 {
			t.Errorf("a spike of 1 ms: %q", got)
		}
	})
}

func TestHummingInputIsNoPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		got := watch(t, b, func() {
			for i := range 500 {
				b.EdgesChan <- pgpio.Level(i%2 == 1)
				pause(10 * ms) // 50 Hz
			}
		})
		if len(got) != 0 {
			t.Errorf("an open input with hum: %q", got)
		}
		got = watch(t, b, func() { pause(10 * ms); b.Press(100 * ms) })
		if want := []string{"down@10ms", "short@10ms"}; !slices.Equal(got, want) {
			t.Errorf("after the hum: %q, want %q", got, want)
		}
	})
}

// stuckPin stands for one that was down before anybody watched.
type stuckPin struct{ *gpiotest.Button }

func (p stuckPin) In(pgpio.Pull, pgpio.Edge) error { return p.Out(pgpio.Low) }

func TestDownAtStartIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		got := watch(t, stuckPin{b}, func() {
			pause(5 * time.Second)
			b.Set(false)
			pause(500 * ms)
			b.Press(100 * ms)
		})
		if want := []string{"down@5.5s", "short@5.5s"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// deafPin has a driver that loses edges: only levels tell.
type deafPin struct{ *gpiotest.Button }

func (p deafPin) WaitForEdge(d time.Duration) bool { pause(d); return false }

func TestLostEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		level := func(l pgpio.Level) {
			if err := b.Out(l); err != nil {
				t.Error(err)
			}
		}
		got := watch(t, deafPin{b}, func() {
			pause(50 * ms)
			level(pgpio.Low)
			pause(200 * ms)
			level(pgpio.High)
		})
		if want := []string{"down@100ms", "short@100ms"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q: the level is looked at every 100 ms", got, want)
		}
	})
}

// gonePin is one whose chip was unplugged: it answers at once.
type gonePin struct {
	*gpiotest.Button
	calls int
}

func (p *gonePin) WaitForEdge(time.Duration) bool { p.calls++; return false }

func TestGonePinKeepsNoCoreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &gonePin{Button: gpiotest.NewButton("GPIO17")}
		watch(t, p, func() { pause(9 * time.Second) })
		if p.calls == 0 || p.calls > 101 {
			t.Errorf("asked %d times in 10 s, want about 100", p.calls)
		}
	})
}

// refusingPin is one that the kernel does not give.
type refusingPin struct {
	*gpiotest.Button
	err error
}

func (p refusingPin) In(pgpio.Pull, pgpio.Edge) error { return p.err }
func (p refusingPin) Out(pgpio.Level) error           { return p.err }

func TestErrorsOfPins(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{syscall.EBUSY, gpio.ErrBusy},
		{fmt.Errorf("line_request ioctl: %w", syscall.EBUSY), gpio.ErrBusy},
		{syscall.EPERM, gpio.ErrPermission},
		{syscall.EACCES, gpio.ErrPermission},
		{syscall.EINVAL, gpio.ErrPin},
	} {
		p := refusingPin{gpiotest.NewButton("GPIO17"), c.err}
		watched := gpio.Watch(t.Context(), p, gpio.ButtonConfig{}, nil, nil)
		_, lit := gpio.NewLamp(p, gpio.LampConfig{})
		for _, err := range []error{watched, lit} {
			if !errors.Is(err, c.want) || !errors.Is(err, c.err) {
				t.Errorf("%v: got %v, want it to be %v as well", c.err, err, c.want)
			}
		}
	}
}

func TestActiveHigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gpiotest.NewButton("GPIO17")
		ctx, cancel := context.WithCancel(t.Context())
		var got []gpio.Gesture
		done := make(chan error)
		go func() {
			done <- gpio.Watch(ctx, b, gpio.ButtonConfig{ActiveHigh: true}, func(p gpio.Press) { got = append(got, p.Gesture) }, nil)
		}()
		synctest.Wait()
		if b.Pull() != pgpio.PullDown {
			t.Errorf("pull %v, want down", b.Pull())
		}
		b.EdgesChan <- pgpio.High
		pause(100 * ms)
		b.EdgesChan <- pgpio.Low
		pause(time.Second)
		cancel()
		<-done
		if !slices.Equal(got, []gpio.Gesture{gpio.Short}) {
			t.Errorf("%v, want one short press", got)
		}
	})
}
