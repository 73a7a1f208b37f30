package app

import (
	"context"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/edge-camera/edge/gpio"
)

// Lamp is what shows a person what happened; *gpio.Lamp is one.
type Lamp interface{ Show(gpio.Pattern) }

// Presses watches a button and sends its commands to out until ctx is done;
// errors are those of gpio.Watch. lamp, which may be nil, says when the button
// has been held long enough.
func Presses(ctx context.Context, pin pgpio.PinIn, cfg gpio.ButtonConfig, out chan<- Command, lamp Lamp) error {
	send := func(c Command) {
		select {
		case out <- c:
		case <-ctx.Done():
		}
	}
	return gpio.Watch(ctx, pin, cfg,
		func(p gpio.Press) {
			if p.Gesture == gpio.Hold && lamp != nil {
				lamp.Show(gpio.Holding)
			}
			if c, ok := GestureCommand(p.Gesture); ok {
				send(c)
			}
		},
		func(time.Time) { send(Mark) })
}
