package support

import (
	"math"
	"slices"
)

// looResult is what the heads say of each shot as if it had never been taught,
// and which other class it would be nearest to.
type looResult struct {
	row    map[*entry]int // the learner's, until it changes
	label  []int          // the learner's: column of each row
	asked  int            // rows that were asked about: those of classes with at least two takes
	right  map[Head]int   // of them
	named  map[Head][]verdict
	other  []verdict // by row: the nearest class but its own
	margin []float64 // by row: how much higher ridge regression rates the best other class than its own; −Inf: not asked, or there is no other
	like   []int     // by row: that class's column
	column []int     // by way; set by order

	metric *metric     // nil: distances are cosine ones
	told   [][]float64 // by column: leave-one-out distance of each take to its class; nil without a metric
}

// verdict is a class and how far it is.
type verdict struct {
	column   int     // −1: not asked, or there is no other
	cosine   float64 // cosine distance to its prototype
	distance float64 // by the metric
}

// leaveOneOut asks every head about every shot. It needs no second training:
// all follows from what the learner has.
func (l *learner) leaveOneOut(between [][]float64) *looResult {
	n, w := len(l.shots), len(l.class)
	res := &looResult{row: l.row, label: l.label, right: map[Head]int{}, named: map[Head][]verdict{}, other: make([]verdict, n), margin: make([]float64, n), like: make([]int, n)}
	heads := []Head{Prototype, NearestShot, Ridge}
	if between != nil {
		heads = append(heads, LDA)
	}
	for _, h := range heads {
		res.named[h] = make([]verdict, n)
	}
	prototype, nearest, ridge, lda := res.named[Prototype], res.named[NearestShot], res.named[Ridge], res.named[LDA]
	cosines, scores, disc := make([]float64, w), make([]float64, w), make([]float64, w)
	var discriminant *looLDA
	if between != nil {
		discriminant = l.newLooLDA(between)
	}
	left := l.leftOut(res)
	for i, c := range l.label {
		for k, t := range l.toward {
			cosines[k] = t[i]
		}
		cosines[c] = l.without[i]
		res.other[i] = verdict{-1, 2, 2}
		res.margin[i], res.like[i] = math.Inf(-1), -1
		top := highest(cosines)
		if k := top.but(c); k >= 0 && 1-cosines[k] < 2 {
			res.other[i] = verdict{k, 1 - cosines[k], left.foreign(i, k, 1-cosines[k])}
		}
		if math.IsNaN(l.without[i]) {
			for _, h := range heads {
				res.named[h][i] = verdict{-1, 2, 2}
			}
			continue
		}
		res.asked++
		last := verdict{column: -1} // most heads name the same
		named := func(k int) verdict {
			if k != last.column {
				d := min(max(1-cosines[k], 0), 2)
				last = verdict{k, d, left.distance(i, k, d)}
			}
			return last
		}
		prototype[i] = named(l.best(top, cosines, cosines))
		nearest[i] = named(l.label[l.row[l.nearest[i].shot]])
		l.looRidge(scores, i)
		top = highest(scores)
		ridge[i] = named(l.best(top, scores, cosines))
		if k := top.but(c); k >= 0 {
			res.margin[i], res.like[i] = scores[k]-scores[c], k
		}
		if discriminant != nil {
			discriminant.scores(disc, i)
			lda[i] = named(l.best(highest(disc), disc, cosines))
		}
	}
	for _, h := range heads {
		for i, v := range res.named[h] {
			if v.column == l.label[i] {
				res.right[h]++
			}
		}
	}
	left.tell(res)
	return res
}

// topTwo is where the highest two of some numbers are, the second −1 if there is
// but one; first is never −1.
type topTwo struct{ first, second int }

func highest(v []float64) topTwo {
	t := topTwo{0, -1}
	first, second := v[0], math.Inf(-1)
	for i, x := range v[1:] {
		if !(x > second) {
			continue
		}
		if x > first {
			t, first, second = topTwo{i + 1, t.first}, x, first
		} else {
			t.second, second = i+1, x
		}
	}
	return t
}

// but is where the highest is but for one; −1 if there is no other.
func (t topTwo) but(i int) int {
	if t.first == i {
		return t.second
	}
	return t.first
}

// best returns the column that rank would put first, of the scores whose highest
// are given.
func (l *learner) best(top topTwo, scores, cosines []float64) int {
	most := scores[top.first]
	if top.second < 0 || scores[top.second] <= most-sameScore {
		return top.first
	}
	best := -1
	for k, s := range scores {
		if s > most-sameScore || s == most {
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
