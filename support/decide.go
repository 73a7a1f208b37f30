package support

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// Decide gives the Answer of AnswerViews, to the last bit, without the
// predictions: with many classes in a fraction of the time, because of most
// classes and shots sketches prove that they are not the nearest. See Match.
//
// Decide allocates nothing once scratch has seen as many classes and shots.
func (s *Set) Decide(mean embed.Embedding, views int, scratch *MatchScratch) Answer {
	v := s.seen.Load()
	if v.index == nil && (v.worthIndex() || len(v.negatives) >= vetoMin) {
		s.wantIndex(v)
	}
	return v.decide(mean, views, scratch)
}

// decideMin is how many prototypes or, where the head is NearestShot, shots are
// worth searching in sketches.
const decideMin = 128

// worthIndex reports whether Decide is faster with an index.
func (v *view) worthIndex() bool {
	return v.head == Prototype && len(v.state.ways) >= decideMin || v.head == NearestShot && len(v.shots) >= decideMin
}

func (v *view) decide(q embed.Embedding, views int, s *MatchScratch) Answer {
	s.inv = 1 / math.Sqrt(dot(q, q))
	s.prepared = false
	if v.index == nil || !v.worthIndex() || len(q) != v.dim || !(s.inv > 0) || math.IsInf(s.inv, 0) {
		var a Answer
		a, s.preds = v.answer(s.preds, q, views, s)
		return a
	}
	x := v.index
	s.prepare(x.projection, q)
	s.prepared = true
	ways := answerRows{prototypeRows(v.state.ways)}
	s.begin(2, true)
	search(s, ways, q, &x.prototypes)
	first, other := s.best, s.second
	way := first.row
	if v.head == NearestShot {
		way = v.byNearestShot(q, s, first.row)
	}
	cosine, second := first.distance, 2.0
	switch {
	case way != first.row:
		cosine, second = ways.distance(q, s.inv, way), first.distance
	case other.row >= 0:
		second = other.distance
	}
	v.see(&s.sees, q, s.inv)
	return v.decided(way, v.distance(way, cosine, &s.sees), second-cosine, q, views, s)
}

// answerRows are prototypes whose distance is summed in the order of classify.
type answerRows struct{ prototypeRows }

func (r answerRows) distance(q embed.Embedding, inv float64, row int) float64 {
	p := r.prototypeRows[row].prototype
	return distance(float64(dot4(q, p, p, p, p)[0] * inv))
}

// near is a shot that may be the nearest, and its score; see nearestShot.
type near struct {
	row   int
	score float64
}

// byNearestShot returns the way that nearestShot and rank put first; it is
// quicker where that is the likely one.
func (v *view) byNearestShot(q embed.Embedding, s *MatchScratch, likely int) int {
	x := v.index
	rows := collector{v.shots, s}
	s.begin(2, false)
	// Of classes whose nearest shots are equally near it is the one of the
	// nearer prototype, so all of them count.
	s.beside = 2 * sameScore
	s.near = s.near[:0]
	for row := v.first[likely]; row < v.first[likely+1]; row++ {
		offer(s, rows, q, row)
	}
	search(s, rows, q, &x.shots)
	top := math.Inf(-1)
	for _, n := range s.near {
		top = max(top, n.score)
	}
	best, at := -1, 0.0
	for _, n := range s.near {
		if n.score <= top-sameScore {
			continue
		}
		way := v.wayOf(n.row)
		if way == best {
			continue
		}
		d := answerRows{v.state.ways}.distance(q, s.inv, way)
		if best < 0 || d < at || d == at && v.state.ways[way].name < v.state.ways[best].name {
			best, at = way, d
		}
	}
	return best
}

// collector notes the rows that a search comes to.
type collector struct {
	shotRows
	s *MatchScratch
}

func (c collector) distance(q embed.Embedding, inv float64, row int) float64 {
	e := c.shotRows[row]
	score := float64(float64(dot(q, e.embedding)*inv) * e.inv)
	c.s.near = append(c.s.near, near{row, score})
	return distance(score)
}
