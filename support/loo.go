package support

import (
	"math"
	"slices"
)

// looResult is what the heads say of each shot as if it had never been taught,
// and which other class it would be nearest to.
type looResult struct {
	row    map[*entry]int // as the learner had it
	label  []int          // column of each row
	asked  int            // rows that were asked about: those of classes with at least two takes
	right  map[Head]int   // of them
	named  map[Head][]verdict
	other  []verdict // by row: the nearest class but its own
	margin []float64 // by row: how much higher ridge regression rates the best other class than its own; −Inf: not asked, or there is no other
	like   []int     // by row: that class's column
	column []int     // by way; set by order
}

// verdict is a class and the distance to its prototype.
type verdict struct {
	column   int // −1: not asked, or there is no other
	distance float64
}

// leaveOneOut asks every head about every shot. It needs no second training:
// all follows from what the learner has.
func (l *learner) leaveOneOut(between [][]float64) *looResult {
	n, w := len(l.shots), len(l.class)
	res := &looResult{label: slices.Clone(l.label), right: map[Head]int{}, named: map[Head][]verdict{}, other: make([]verdict, n), margin: make([]float64, n), like: make([]int, n)}
	heads := []Head{Prototype, NearestShot, Ridge}
	if between != nil {
		heads = append(heads, LDA)
	}
	for _, h := range heads {
		res.named[h] = make([]verdict, n)
	}
	proto, scores, disc := make([]float64, w), make([]float64, w), make([]float64, w)
	for i, c := range l.label {
		for k := range proto {
			proto[k] = l.toward[k][i]
		}
		proto[c] = l.without[i]
		res.other[i] = verdict{-1, 2}
		res.margin[i], res.like[i] = math.Inf(-1), -1
		for k, s := range proto {
			if d := 1 - s; k != c && d < res.other[i].distance {
				res.other[i] = verdict{k, d}
			}
		}
		if math.IsNaN(l.without[i]) {
			for _, h := range heads {
				res.named[h][i] = verdict{-1, 2}
			}
			continue
		}
		res.asked++
		tell := func(h Head, k int) {
			res.named[h][i] = verdict{k, min(max(1-proto[k], 0), 2)}
			if k == c {
				res.right[h]++
			}
		}
		tell(Prototype, l.best(proto, proto))
		tell(NearestShot, l.label[l.row[l.nearest[i].shot]])
		l.looRidge(scores, i)
		tell(Ridge, l.best(scores, proto))
		for k, s := range scores {
			if m := s - scores[c]; k != c && m > res.margin[i] {
				res.margin[i], res.like[i] = m, k
			}
		}
		if between != nil {
			l.looLDA(disc, scores, between, i)
			tell(LDA, l.best(disc, proto))
		}
	}
	res.row = make(map[*entry]int, n)
	for i, e := range l.shots {
		res.row[e] = i
	}
	return res
}

// best returns the column that rank would put first.
func (l *learner) best(scores, cosines []float64) int {
	top := scores[0]
	for _, s := range scores[1:] {
		top = max(top, s)
	}
	best := -1
	for k, s := range scores {
		if s > top-sameScore || s == top {
			if best < 0 || cosines[k] > cosines[best] || cosines[k] == cosines[best] && l.class[k] < l.class[best] {
				best = k
			}
		}
	}
	return max(best, 0)
}

// choose returns the head that leave-one-out speaks for.
//
// Of the four ridge regression does best where shots are too few to tell, so
// it has to be beaten by more than chance does: by half the standard deviation
// of a share of so many shots. The nearest shot is a candidate from a mean of
// manyShots on only, because with fewer it does well in leave-one-out, where
// the shot's own class has one less, and badly afterwards. Where leave-one-out
// has no shot to ask about, prototypes need nothing to be chosen.
//
// Measured on groceries (K = 2, 3, 5, 10 in 5 to 20 ways) and signs (2, 5, 20),
// accuracy over prototypes: this rule +0.2 to +12.0 points, the best head of
// each task +0.5 to +12.1.
func (r *looResult) choose(classes int) Head {
	if r.asked == 0 {
		return Prototype
	}
	n := float64(r.asked)
	best, share := Ridge, float64(r.right[Ridge])/n
	for _, h := range []Head{LDA, Prototype, NearestShot} {
		if h == LDA && r.named[LDA] == nil || h == NearestShot && r.asked < manyShots*classes {
			continue
		}
		if s := float64(r.right[h]) / n; s > share+math.Sqrt(share*(1-share)/n)/2 {
			best, share = h, s
		}
	}
	return best
}

// manyShots is how many shots a class needs for the nearest one to be trusted.
const manyShots = 10

// way returns the way of a column.
func (r *looResult) way(column int) int { return slices.Index(r.column, column) }

// others returns each way's mean distance from its shots to the nearest other
// way.
func (r *looResult) others() []float64 {
	e, n := make([]float64, len(r.column)), make([]float64, len(r.column))
	for i, c := range r.label {
		e[c] += r.other[i].distance
		n[c]++
	}
	by := make([]float64, len(r.column))
	for i, c := range r.column {
		by[i] = e[c] / n[c]
	}
	return by
}
