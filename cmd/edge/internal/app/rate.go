package app

import (
	"math"
	"time"
)

// rate is a moving average of how often tick is called: the mean interval of
// the last second or so, weighed by age, whatever the interval is.
type rate struct {
	last   time.Time
	period float64 // seconds; 0 until there were two ticks
}

const rateMemory = 1.0 // seconds until an interval counts 1/e

func (r *rate) tick(now time.Time) {
	if !r.last.IsZero() {
		d := now.Sub(r.last).Seconds()
		if r.period == 0 {
			r.period = d
		} else {
			r.period += (1 - math.Exp(-d/rateMemory)) * (d - r.period)
		}
	}
	r.last = now
}

// perSecond returns the rate, 0 while it is not known.
func (r *rate) perSecond() float64 {
	if r.period <= 0 {
		return 0
	}
	return 1 / r.period
}
