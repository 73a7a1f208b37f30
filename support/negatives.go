package support

import (
	"math"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
)

// A negative is a picture of which a person has said "this is nothing", or
// "wrong!" to the name that the device gave it: an embedding of no class. It
// takes no part in what a class is, nor in thresholds; it can only say no to an
// answer that they would give. Where the class that the head chose is known by
// its distance, the query is unknown all the same if the nearest negative is
// nearer than a share of the distance to the class's nearest shot:
//
//	d(query, nearest negative) < m · d(query, nearest shot of the class)
//
// Why a veto beside the distance, and not a class of its own or a term in the
// score: negatives are of many unlike things, so their mean is like none of them;
// and a difference of two distances lets far things in, which are about as far
// from everything. A veto can let nothing in.
//
// Why the nearest shot, and not the prototype: two single pictures are farther
// apart than a picture and a mean, so a negative would hardly ever be nearer than
// a prototype is.
//
// Why m is not a number of ours: with 0.9 the veto costs 0.7 points of false
// rejects on groceries and 5 on hand signs, where any other class's picture is
// often nearer than the own. So the shots say what m may be. Each has, left out,
// a nearest shot of its own class and a nearest one of the others, which stands
// for a negative, and m is the ratio of both distances that a share of
// vetoShare of the shots is below, from vetoLeast to vetoMost. The fewer shots a
// class has, the farther its nearest one is from a picture of it, and the smaller
// vetoMost.
//
// By "edge eval --negatives 10", head auto, 5 % of known ones may be rejected,
// means of three seeds of 300 episodes (20 ways: 100; five views and 10 shots:
// 200), in % without → with negatives. These are two pictures each of five
// further classes (signs: 6 of three); seen unknowns are other pictures of these
// classes, near ones those of the rest, far ones of another collection.
//
//	ways, shots            known rejected   seen accepted   near accepted   far
//	groceries  5, 5         4.4 →  5.0      55.5 → 20.3     54.9 → 47.6     0.2 → 0.2
//	  of five views         5.5 →  5.6       9.9 →  3.3      9.3 →  8.7     0.2 → 0.2
//	groceries  5, 10        4.4 →  4.6      47.5 → 18.2     47.7 → 42.5     0.0 → 0.0
//	groceries  5, 2         3.5 →  4.1      69.9 → 32.3     69.7 → 64.0     1.1 → 1.1
//	groceries  5, 1        22.1 → 22.1      35.5 → 29.1     35.0 → 35.0     0.0 → 0.0
//	groceries 20, 5         5.6 →  5.8      67.7 → 40.1     67.6 → 65.9     0.0 → 0.0
//	signs      5, 5         4.3 →  5.1      88.4 → 75.5     88.1 → 85.4     0.0 → 0.0
//	signs      5, 2         4.7 →  5.5      89.8 → 80.1     90.2 → 88.3     0.0 → 0.0
//	signs      5, 1         0.7 →  1.2      99.1 → 90.7     99.1 → 98.2     0.0 → 0.0
//	parts      2, 5         5.8 →  5.8       0.2 →  0.0      0.3 →  0.3     0.0 → 0.0
//
// With 2 negatives of one class groceries are at 4.5 rejected (4.4), 21.2 seen and
// 53.5 near accepted; with 40 of twenty classes at 6.4, 17.9 and 36.7: many
// negatives of many things begin to cost known ones.

// Constants of m, by the number of a class's takes; those of three and more have
// the last one.
var vetoMost = [...]float64{0.5, 0.75, 0.9}

const (
	vetoLeast = 0.5  // of a class with one shot; and what one shot by a wrong name must not spoil
	vetoShare = 0.04 // of one shot in 25
)

// Veto is a negative that took a query from a class.
type Veto struct {
	Negative uint64  `json:"id"`       // its ID
	Distance float64 `json:"distance"` // of the query to it, 1 − cosine
	Limit    float64 `json:"limit"`    // which that is below: a share of the distance to the class's nearest shot
}

// OrNil returns nil where there is no veto.
func (v Veto) OrNil() *Veto {
	if v == (Veto{}) {
		return nil
	}
	return &v
}

// AddNegative keeps a picture that is of no class, as AddMeasured keeps a shot.
// IDs are those of shots, and Remove, Undo, Crop and Reembed do with it as with a shot;
// the Shot that it returns has no Class.
//
// Answers are unknown where a picture is more like it than like any shot of the
// class that it would be taken for; see Veto.
func (s *Set) AddNegative(e embed.Embedding, crop []byte, source string, at time.Time, q *Quality) (Shot, error) {
	return s.addPicture(kindNegative, "", e, crop, source, at, q)
}

// Negatives lists the pictures that are of no class, in the order of teaching.
// Their Class is empty, which is no class's name.
func (s *Set) Negatives() []Shot {
	var shots []Shot
	for _, e := range s.seen.Load().all.negatives {
		shots = append(shots, e.shot(""))
	}
	return shots
}

// counted returns the negatives that can be compared with shots of dim numbers.
func countedNegatives(all []*entry, dim int) []*entry {
	other := func(e *entry) bool { return len(e.embedding) != dim }
	if !slices.ContainsFunc(all, other) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), other)
}

// vetoRatios returns m for each way. l has learned their shots; nil where there is
// none.
func vetoRatios(ways []*way, l *learner) []float64 {
	most := math.Inf(1)
	if all := l.foreignRatios(ways); len(all) > 0 {
		n := float64(len(all))
		most = quantileFromTop(all, n-float64(vetoShare*(n+1)))
		// See limits.
		most = max(math.Round(most*1e9)/1e9, vetoLeast)
	}
	m := make([]float64, len(ways))
	for i, w := range ways {
		m[i] = min(vetoMost[min(max(len(w.takes), 1), len(vetoMost))-1], most)
	}
	return m
}

// foreignRatios returns, for each shot whose class has others, the distance to
// the nearest shot of another class divided by that to the nearest of its own, its
// take left out.
func (l *learner) foreignRatios(ways []*way) (all []float64) {
	if l == nil || len(ways) < 2 {
		return nil
	}
	takes := make([]int, len(l.shots))
	several := make([]bool, len(l.shots))
	n := 0
	for _, w := range ways {
		for _, t := range w.takes {
			n++
			for _, e := range t {
				takes[l.row[e]], several[l.row[e]] = n, len(w.takes) > 1
			}
		}
	}
	own, foreign := make([]float64, len(l.shots)), make([]float64, len(l.shots))
	for i := range own {
		own[i], foreign[i] = -1, -1
	}
	for i, row := range l.gram {
		for j, c := range row[:i] {
			switch {
			case l.label[i] != l.label[j]:
				foreign[i], foreign[j] = max(foreign[i], c), max(foreign[j], c)
			case takes[i] != takes[j]:
				own[i], own[j] = max(own[i], c), max(own[j], c)
			}
		}
	}
	for i := range own {
		if several[i] && own[i] < 1 {
			all = append(all, max(1-foreign[i], 0)/(1-own[i]))
		}
	}
	return all
}

// vetoMin is how many negatives are worth searching in sketches: to sketch the
// query takes as long as to look at forty.
const vetoMin = 64

// contest takes a query that is known from its class if a negative says so. s
// is memory for a search in sketches, nil where everything is looked at; the
// outcome is the same.
func (v *view) contest(a Answer, way int, q embed.Embedding, s *MatchScratch) Answer {
	if !a.Known || len(v.negatives) == 0 {
		return a
	}
	if s == nil || v.index == nil || len(v.negatives) < vetoMin {
		a.Veto = v.vetoOf(way, q)
	} else {
		a.Veto = v.vetoByIndex(way, q, s)
	}
	if a.Veto.Negative != 0 {
		a.Class, a.Known = Unknown, false
	}
	return a
}

// vetoOf looks at everything.
func (v *view) vetoOf(way int, q embed.Embedding) Veto {
	inv := 1 / math.Sqrt(dot(q, q))
	near := math.Inf(1)
	shots := shotRows(v.shots)
	for row := v.first[way]; row < v.first[way+1]; row++ {
		near = min(near, shots.distance(q, inv, row))
	}
	veto := Veto{Limit: v.ratios[way] * near, Distance: math.Inf(1)}
	negatives := shotRows(v.negatives)
	for row, e := range negatives {
		if d := negatives.distance(q, inv, row); d < veto.Distance {
			veto.Negative, veto.Distance = e.id, d
		}
	}
	return veto.below()
}

// below is v where it is one.
func (v Veto) below() Veto {
	if v.Distance < v.Limit {
		return v
	}
	return Veto{}
}

// vetoByIndex does as vetoOf. Most negatives are ruled out by the first numbers
// of their sketches.
func (v *view) vetoByIndex(way int, q embed.Embedding, s *MatchScratch) Veto {
	x := v.index
	if !s.prepared {
		s.inv = 1 / math.Sqrt(dot(q, q))
		s.prepare(x.projection, q)
		s.prepared = true
	}
	shots := shotRows(v.shots)
	s.begin(2, false)
	for row := v.first[way]; row < v.first[way+1]; row++ {
		if s.best.row < 0 || s.mayBeNear(x.shots.sketches[row]) {
			offer(s, shots, q, row)
		}
	}
	limit := v.ratios[way] * s.best.distance
	negatives := shotRows(v.negatives)
	s.begin(limit, false)
	search(s, negatives, q, &x.negatives)
	if s.best.row < 0 {
		return Veto{}
	}
	return Veto{v.negatives[s.best.row].id, s.best.distance, limit}.below()
}
