package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/gpio"
)

func newGPIO(e *env) *cobra.Command {
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the lines of the GPIO chips",
		Example: "  edge gpio list --json",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return e.listLines() },
	}
	var t gpioTest
	test := &cobra.Command{
		Use:   "test",
		Short: "Blink the lamp and echo the button",
		Long: `Test shows whether the wiring is right: it blinks the lamp three times, then
prints what the button does until --for is over or ctrl-C.`,
		Example: "  edge gpio test --button GPIO17 --led GPIO27",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return t.run(c.Context(), e) },
	}
	pinVars(test, &t.button, &t.led)
	test.Flags().DurationVar(&t.length, "for", 30*time.Second, "how long to listen to the button")
	return parent("gpio", "List the GPIO lines; try the button and the lamp", "  edge gpio list\n  edge gpio test --button GPIO17 --led GPIO27", list, test)
}

// pinVars declares --button and --led.
func pinVars(c *cobra.Command, button, led *string) {
	c.Flags().StringVar(button, "button", "", "pin of the push button to ground: a name such as GPIO17, or chip:offset")
	c.Flags().StringVar(led, "led", "", "pin of the lamp: a name such as GPIO27, or chip:offset")
}

func (e *env) listLines() error {
	lines, err := gpio.Lines()
	if err != nil {
		return err
	}
	for _, l := range lines {
		text := fmt.Sprintf("%s:%d", l.Label, l.Offset)
		if l.Name != "" {
			text += " " + l.Name
		}
		if l.Consumer != "" {
			text += " (used by " + l.Consumer + ")"
		}
		if err := e.line(l, "%s", text); err != nil {
			return err
		}
	}
	return nil
}

type gpioTest struct {
	button, led string
	length      time.Duration
}

// pressLine is what the button did.
type pressLine struct {
	Gesture string    `json:"gesture"`
	Pin     string    `json:"pin"`
	Time    time.Time `json:"time"` // when it went down
}

type lampLine struct {
	Lamp string `json:"lamp"`
	Pin  string `json:"pin"`
}

func (t *gpioTest) run(ctx context.Context, e *env) (err error) {
	if t.button == "" && t.led == "" {
		return usagef("edge gpio list shows the pins", "gpio test: wants --button, --led or both")
	}
	var lamp *gpio.Lamp
	if t.led != "" {
		pin, err := gpio.OpenOutput(t.led)
		if err != nil {
			return err
		}
		defer pin.Close()
		if lamp, err = gpio.NewLamp(pin, gpio.LampConfig{}); err != nil {
			return err
		}
		defer func() {
			if cerr := lamp.Close(); err == nil {
				err = cerr
			}
		}()
		if err := e.line(lampLine{"blinks", t.led}, "the lamp on %s blinks three times", t.led); err != nil {
			return err
		}
		blinks := gpio.Blink(3)
		lamp.Show(blinks)
		if t.button == "" {
			return pause(ctx, patternLength(blinks))
		}
	}
	pin, err := gpio.OpenInput(t.button)
	if err != nil {
		return err
	}
	defer pin.Close()
	e.note("press the button on %s (ctrl-C ends)", t.button)
	listening, cancel := context.WithTimeout(ctx, t.length)
	defer cancel()
	var lost error
	err = gpio.Watch(listening, pin, gpio.ButtonConfig{}, func(p gpio.Press) {
		if p.Gesture == gpio.Short {
			lamp.Show(gpio.Blink(1))
		}
		if err := e.line(pressLine{p.Gesture.String(), t.button, p.Down.UTC()}, "%s", p.Gesture); err != nil {
			lost = err
			cancel()
		}
	}, nil)
	switch {
	case lost != nil:
		return lost
	case ctx.Err() != nil: // ctrl-C is how a person ends the test
		return nil
	case listening.Err() != nil:
		return nil
	}
	return err
}

func patternLength(p gpio.Pattern) (sum time.Duration) {
	for _, b := range p.Beats {
		sum += b
	}
	return sum
}

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
