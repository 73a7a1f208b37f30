package support

import (
	"cmp"
	"math"
	"slices"
)

// rated is what a learner knows of its rows beside the prototypes of the ways
// that it rated last. A change is of one or two ways, and what it says of the
// others stays, so that one shot more costs n·(shots of its class) additions
// instead of n².
type rated struct {
	of      []*way      // by column: whose prototype toward is about; nil: none yet
	toward  [][]float64 // W × n: cosine of each row to that prototype
	share   []float64   // by row: of the shot, scaled to norm 1, in its class's prototype
	without []float64   // by row: cosine to the prototype of its class without its take; NaN where that is all there is

	score  Score
	metric *metric // nil by Cosine, and where no class has two takes
	sees   []*seen // by row: what the metric's rows make of it; nil: not yet
	leave  leaves
}

func (r *rated) addColumn(rows int) {
	r.of = append(r.of, nil)
	r.toward = append(r.toward, make([]float64, rows))
}

func (r *rated) removeColumn(c int) {
	r.of = slices.Delete(r.of, c, c+1)
	r.toward = slices.Delete(r.toward, c, c+1)
}

// addRow appends a row of which g holds the cosines to the others and last its
// own.
func (r *rated) addRow(g []float64, label []int) {
	t := make([]float64, len(r.toward))
	for j, share := range r.share {
		t[label[j]] += float64(share * g[j])
	}
	for c, v := range t {
		r.toward[c] = append(r.toward[c], v)
	}
	r.share = append(r.share, 0) // its own class is another one now
	r.without = append(r.without, math.NaN())
	r.sees = append(r.sees, nil)
}

func (r *rated) removeRow(i int) {
	for c := range r.toward {
		r.toward[c] = slices.Delete(r.toward[c], i, i+1)
	}
	r.share = slices.Delete(r.share, i, i+1)
	r.without = slices.Delete(r.without, i, i+1)
	r.sees = slices.Delete(r.sees, i, i+1)
}

// rate brings l.rated to ways, which have the columns given.
func (l *learner) rate(ways []*way, columns []int) {
	for i, w := range ways {
		if c := columns[i]; l.of[c] != w {
			l.rateWay(w, c)
		}
	}
	if l.score != Cosine {
		l.measure(ways)
	}
}

// measure brings the metric to ways, and what it makes of the rows: by the
// cosines, which takes a fraction of the time that the embeddings would.
func (l *learner) measure(ways []*way) {
	m := newMetric(ways, len(ways[0].prototype), l.metric)
	if m != l.metric {
		clear(l.sees)
		l.leave = leaves{}
		if m != nil {
			l.leave = leaves{m.takeLeaves(), m.classLeaves()}
		}
	}
	if l.metric = m; m == nil {
		return
	}
	type part struct {
		row    int
		weight float64
	}
	sum := make([][]part, len(m.made)) // E's rows, of the learner's
	for k, c := range m.made {
		for j, t := range c {
			for _, e := range t {
				sum[k] = append(sum[k], part{l.row[e], c.weight(j) / float64(len(t))})
			}
		}
	}
	for i := range l.sees {
		if l.sees[i] != nil {
			continue
		}
		s := new(seen)
		for k, parts := range sum {
			for _, p := range parts {
				s[k] += float64(p.weight * l.cosine(i, p.row))
			}
		}
		m.solve(s)
		l.sees[i] = s
	}
	for _, w := range ways {
		if w.seenBy != m {
			w.seenBy, w.seen = m, new(seen)
			m.see(w.seen, w.prototype, 1)
			w.rests = l.restsOf(w)
		}
	}
}

func (l *learner) rateWay(w *way, c int) {
	rows := make([]int, 0, len(w.counted))
	for _, t := range w.takes {
		share := 0.0
		if w.norm*w.norm > tiny {
			share = 1 / (w.norm * float64(len(t)))
		}
		for _, e := range t {
			i := l.row[e]
			rows = append(rows, i)
			l.share[i] = share
		}
	}
	for j, e := range w.counted {
		l.without[l.row[e]] = math.NaN()
		if w.away != nil {
			l.without[l.row[e]] = 1 - w.away[j]
		}
	}
	slices.Sort(rows)
	to := l.toward[c]
	clear(to)
	for _, i := range rows {
		axpy(to[:i+1], l.share[i], l.gram[i])
	}
	for i, row := range l.gram {
		for _, j := range rows {
			if j >= i {
				break
			}
			to[i] += float64(l.share[j] * row[j])
		}
	}
	l.of[c] = w
}

// neighbour is a row's nearest other one, of equal ones the one taught first.
type neighbour struct {
	shot   *entry // nil as long as there is no other
	cosine float64
}

func (n *neighbour) offer(e *entry, cosine float64) {
	if n.shot == nil || cmp.Or(cmp.Compare(cosine, n.cosine), cmp.Compare(n.shot.id, e.id)) > 0 {
		*n = neighbour{e, cosine}
	}
}

// meet appends the nearest of a row that comes, with g its cosines to the
// others, and tells those of it.
func (l *learner) meet(e *entry, g []float64) {
	var own neighbour
	for i, cosine := range g[:len(l.shots)] {
		if !(cosine < own.cosine) || own.shot == nil {
			own.offer(l.shots[i], cosine)
		}
		if n := &l.nearest[i]; !(cosine < n.cosine) || n.shot == nil {
			n.offer(e, cosine)
		}
	}
	l.nearest = append(l.nearest, own)
}

// part drops what was row i, after it has gone from everything else: who had it
// for the nearest looks for another.
func (l *learner) part(gone *entry, i int) {
	l.nearest = slices.Delete(l.nearest, i, i+1)
	for j := range l.nearest {
		if l.nearest[j].shot != gone {
			continue
		}
		l.nearest[j] = neighbour{}
		for k, e := range l.shots {
			if k != j {
				l.nearest[j].offer(e, l.cosine(j, k))
			}
		}
	}
}
