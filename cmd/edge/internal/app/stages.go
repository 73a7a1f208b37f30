package app

import (
	"math/bits"
	"time"
)

// Stage is a part of the work on a frame.
type Stage uint8

// Stages, in the order in which a frame passes them.
const (
	Capture    Stage = iota // waiting for the camera
	Preprocess              // the frame to the network's pixels
	Network                 // pixels to embedding
	Match                   // embedding to answer
	stages
)

// String returns the stage's name, which is its key in JSON too.
func (s Stage) String() string {
	switch s {
	case Capture:
		return "capture"
	case Preprocess:
		return "preprocess"
	case Network:
		return "network"
	case Match:
		return "match"
	}
	return "invalid"
}

// Timing is how long a stage took, to within 6 %.
type Timing struct {
	Count    uint64
	P50, P99 time.Duration
}

// Stages holds the time of every frame's stages since the start in little
// memory. One goroutine uses it; a copy is a snapshot.
type Stages [stages]histogram

// Add records that s took d.
func (t *Stages) Add(s Stage, d time.Duration) { t[s].add(d) }

// Timing returns the quantiles of s.
func (t *Stages) Timing(s Stage) Timing {
	return Timing{Count: t[s].total, P50: t[s].quantile(50), P99: t[s].quantile(99)}
}

// histogram counts durations in buckets of an eighth of an octave each: eight
// of one nanosecond first, then eight for every power of two.
type histogram struct {
	total uint64
	count [8 * 40]uint64 // up to 2^42 ns, more than an hour
}

const lastBucket = 8*40 - 1

func bucket(d time.Duration) int {
	if d < 8 {
		return int(max(d, 0))
	}
	shift := bits.Len64(uint64(d)) - 4 // leaves 8…15
	return min(8*shift+int(d>>shift), lastBucket)
}

// middle returns the duration in the middle of a bucket.
func middle(b int) time.Duration {
	if b < 16 {
		return time.Duration(b)
	}
	shift := b/8 - 1
	return time.Duration(8+b%8)<<shift + 1<<shift/2
}

func (h *histogram) add(d time.Duration) {
	h.total++
	h.count[bucket(d)]++
}

// quantile returns a duration that percent of those added do not exceed.
func (h *histogram) quantile(percent uint64) time.Duration {
	rank := (h.total*percent + 99) / 100
	var n uint64
	for b, c := range h.count {
		if n += c; n >= rank && n > 0 {
			return middle(b)
		}
	}
	return 0
}
