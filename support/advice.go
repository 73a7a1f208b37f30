package support

import (
	"cmp"
	"fmt"
	"slices"
)

// AdviceKind is what an Advice is about.
type AdviceKind string

const (
	// Outlier: one shot looks more like another class than like its own. It
	// may have been taught by the wrong name.
	Outlier AdviceKind = "outlier"
	// Overlap: two classes are hard to tell apart.
	Overlap AdviceKind = "overlap"
	// Burst: many of a class's shots are nearly one picture.
	Burst AdviceKind = "burst"
	// Denied: a negative looks like shots of a class, so answers that would be
	// this class may be unknown.
	Denied AdviceKind = "denied"
)

// Advice is something that a person should know about what was taught. It
// changes no answer.
type Advice struct {
	Kind  AdviceKind `json:"kind"`
	Class string     `json:"class"`
	Other string     `json:"other,omitempty"` // Outlier, Overlap: the other class
	Shot  uint64     `json:"shot,omitempty"`  // Outlier: its ID; Burst: the first one's; Denied: the negative's
	Shots int        `json:"shots"`           // Outlier: 1; Overlap: those of both classes that would be taken for the other; Burst: those that are nearly one picture; Denied: those that it looks like
	Of    int        `json:"of"`              // how many shots that is of
}

// String says it in a line.
func (a Advice) String() string {
	switch a.Kind {
	case Outlier:
		return fmt.Sprintf("shot %d of %q looks more like %q", a.Shot, a.Class, a.Other)
	case Overlap:
		return fmt.Sprintf("%q and %q are hard to tell apart: %.0f %% of their shots look more like the other", a.Class, a.Other, 100*float64(a.Shots)/float64(a.Of))
	case Burst:
		return fmt.Sprintf("%d of the %d shots of %q are nearly one picture and count as one", a.Shots, a.Of, a.Class)
	case Denied:
		return fmt.Sprintf("picture %d, which is nothing, looks like %d of the %d shots of %q", a.Shot, a.Shots, a.Of, a.Class)
	}
	return string(a.Kind)
}

// Advice lists what a person should know about what was taught: outliers in the
// order of teaching, then overlaps, the worst first, then bursts, then negatives
// that deny shots. Outliers and overlaps wait for Settle.
func (s *Set) Advice() []Advice {
	v := s.seen.Load()
	return append(slices.Clone(v.advice), s.denials.advise(v)...)
}

// Advice does as Set.Advice.
func (c *Classifier) Advice() []Advice {
	return append(slices.Clone(c.view.advice), new(denials).advise(c.view)...)
}

// Constants of Outlier. Ridge regression without the shot must prefer the other
// class by outlierMargin, where 1 is as sure as can be, and the shot must be
// nearer to it than to its own, without the shot, by the factor outlierRatio.
//
// Of single photographs by their right names that holds for 0.03 to 0.13 % of
// the shots of groceries (5 ways of 3, 5 and 10 shots, 20 ways of 5), and of
// hand signs, which overlap, for 0.5 % (5 ways of 5) and 0.1 % (8 ways of 10).
// Of shots under a wrong name it finds 73 % (3 shots a class), 79 (5), 84 (10)
// and 63 (20 ways) on groceries, 38 and 43 on signs.
const (
	outlierMargin = 0.5
	outlierRatio  = 0.7
	outlierTakes  = 3 // of two nobody knows which
)

// Constants of Overlap: at least so many shots of the two classes, and at least
// that share, would be given the other one's name if they had not been taught.
// Of pairs that are confused in at most 5 % of further pictures it is said of
// 0.7 % (groceries, 5 ways of 3 shots), 0.4 (5 of 5), 0.2 (20 of 5), 0.04 (10 of
// 10), 2.2 (signs, 5 of 5) and 0.9 (8 of 10); of pairs confused in at least 20 %
// it finds 14 to 54 %, the more the more shots there are.
const (
	overlapShots = 3
	overlapShare = 0.2
)

// burstShots is from how many shots of one take on it is worth a word, if the
// class has others.
const burstShots = 3

// advise collects what there is to say. loo is nil where there is no learner.
func advise(ways []*way, head Head, loo *looResult) []Advice {
	var all []Advice
	if loo != nil {
		all = append(loo.outliers(ways), loo.overlaps(ways, head)...)
	}
	for _, w := range ways {
		if len(w.takes) < 2 {
			continue // then it is the class's Basis that tells
		}
		for _, t := range w.takes {
			if len(t) >= burstShots {
				all = append(all, Advice{Kind: Burst, Class: w.name, Shot: t[0].id, Shots: len(t), Of: len(w.counted)})
			}
		}
	}
	return all
}

func (r *looResult) outliers(ways []*way) []Advice {
	var found []Advice
	for _, w := range ways {
		if len(w.takes) < outlierTakes {
			continue
		}
		var here []Advice
		for j, e := range w.counted {
			i := r.row[e]
			o := r.other[i]
			if r.margin[i] < outlierMargin || r.like[i] != o.column || o.cosine > outlierRatio*w.away[j] {
				continue
			}
			here = append(here, Advice{Kind: Outlier, Class: w.name, Other: ways[r.way(o.column)].name, Shot: e.id, Shots: 1, Of: len(w.counted)})
		}
		// Where they are many, it is not they who lie out.
		if 2*len(here) <= len(w.counted) {
			found = append(found, here...)
		}
	}
	slices.SortFunc(found, func(a, b Advice) int { return cmp.Compare(a.Shot, b.Shot) })
	return found
}

func (r *looResult) overlaps(ways []*way, head Head) []Advice {
	type pair struct{ a, b int } // ways, a < b
	taken := map[pair]float64{}  // in takes
	shots := map[pair]int{}
	for i, w := range ways {
		for _, t := range w.takes {
			for _, e := range t {
				v := r.named[head][r.row[e]]
				if v.column < 0 || v.column == r.column[i] {
					continue
				}
				o := r.way(v.column)
				p := pair{min(i, o), max(i, o)}
				taken[p] += 1 / float64(len(t))
				shots[p]++
			}
		}
	}
	var found []Advice
	for p, n := range taken {
		a, b := ways[p.a], ways[p.b]
		if n < overlapShots-1e-9 || n < overlapShare*float64(len(a.takes)+len(b.takes)) {
			continue
		}
		found = append(found, Advice{Kind: Overlap, Class: a.name, Other: b.name, Shots: shots[p], Of: len(a.counted) + len(b.counted)})
	}
	slices.SortFunc(found, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(b.Shots*a.Of, a.Shots*b.Of), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Other, b.Other))
	})
	return found
}
