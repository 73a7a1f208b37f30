package gpiotest

import (
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// Button is an input pin with a finger on it: released High, pressed Low.
type Button struct {
	*gpiotest.Pin
	Bounce int           // edges too many at each press and release; zero: clean contacts
	Gap    time.Duration // between those; zero: 1 ms
}

// NewButton returns a released Button called name.
func NewButton(name string) *Button {
	return &Button{Pin: &gpiotest.Pin{N: name, L: pgpio.High, EdgesChan: make(chan pgpio.Level, 64)}}
}

// Press holds the button down for d and returns when it is up again.
func (b *Button) Press(d time.Duration) {
	b.Set(true)
	<-time.After(d)
	b.Set(false)
}

// Set presses or releases the button, bouncing as its contacts do.
func (b *Button) Set(down bool) {
	gap := b.Gap
	if gap == 0 {
		gap = time.Millisecond
	}
	level := pgpio.Level(!down)
	for range b.Bounce {
		b.EdgesChan <- level
		<-time.After(gap)
		b.EdgesChan <- !level
		<-time.After(gap)
	}
	b.EdgesChan <- level
}
