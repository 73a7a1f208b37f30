package gpio

import "time"

// Pattern is what a lamp does, as data. The zero Pattern is dark.
type Pattern struct {
	Beats []time.Duration // on, off, on, off, …; each above zero
	Loop  bool            // start again after the last beat; else the lamp goes back to the last Loop pattern
}

const ms = time.Millisecond

// Patterns.
var (
	Dark     = Pattern{Loop: true}
	Steady   = Pattern{Beats: []time.Duration{time.Hour}, Loop: true}
	Ready    = Pattern{Beats: []time.Duration{40 * ms, 2960 * ms}, Loop: true}                   // a sign of life every three seconds
	Thinking = Pattern{Beats: []time.Duration{400 * ms, 400 * ms}, Loop: true}                   // busy
	Lost     = Pattern{Beats: []time.Duration{80 * ms, 80 * ms, 80 * ms, 1260 * ms}, Loop: true} // the camera is away
	Holding  = Pattern{Beats: []time.Duration{250 * ms, 50 * ms}}                                // held long enough
	Saved    = Pattern{Beats: []time.Duration{1200 * ms, 300 * ms}}                              // a class is taught
	Refused  = Pattern{Beats: []time.Duration{100 * ms, 100 * ms, 100 * ms, 300 * ms}}
	Error    = Pattern{Beats: []time.Duration{50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 50 * ms, 450 * ms}}
	Confirm  = Pattern{Beats: []time.Duration{600 * ms, 200 * ms, 600 * ms, 200 * ms, 600 * ms, 200 * ms}} // asks for a second press
)

// maxBlinks bounds Blink: nobody counts further.
const maxBlinks = 20

// Blink returns a Pattern of n flashes, at most 20, and a pause.
func Blink(n int) Pattern {
	n = min(n, maxBlinks)
	if n <= 0 {
		return Pattern{}
	}
	beats := make([]time.Duration, 0, 2*n)
	for range n {
		beats = append(beats, 140*ms, 200*ms)
	}
	beats[len(beats)-1] = 700 * ms
	return Pattern{Beats: beats}
}
