package support

import "math"

// leftOut measures a learner's rows by its metric as if their takes were neither
// in it nor in their classes' prototypes. A nil leftOut is without a metric.
type leftOut struct {
	l     *learner
	take  [][]*seen // by row: what leaves the metric with its take
	class [][]*seen // by column: what leaves it with the class
	rests []*seen   // by row: what the metric's rows make of the prototype of its class without its take; see restsOf
}

func (l *learner) leftOut(res *looResult) *leftOut {
	if res.metric = l.metric; l.metric == nil {
		return nil
	}
	o := &leftOut{l, make([][]*seen, len(l.shots)), make([][]*seen, len(l.of)), make([]*seen, len(l.shots))}
	for c, w := range l.of {
		if len(w.takes) == 0 {
			continue
		}
		o.class[c] = l.leave.classes[w.takes[0][0]]
		for j, t := range w.takes {
			for _, e := range t {
				i := l.row[e]
				o.rests[i] = w.rests[j]
				o.take[i] = l.leave.takes[t[0]]
			}
		}
	}
	return o
}

// restsOf returns, by take, what the metric's rows make of the prototype of the
// others; nil where nothing is left.
func (l *learner) restsOf(w *way) []*seen {
	rests := make([]*seen, len(w.takes))
	if len(w.takes) < 2 {
		return rests
	}
	room := make([]seen, len(w.takes))
	for j, t := range w.takes {
		if !(w.rest[j] > tiny) {
			continue
		}
		rest := &room[j]
		for _, e := range t {
			for k, v := range l.sees[l.row[e]] {
				rest[k] -= v / float64(len(t))
			}
		}
		norm := math.Sqrt(w.rest[j])
		for k, v := range w.seen {
			rest[k] = (float64(w.norm*v) + rest[k]) / norm
		}
		rests[j] = rest
	}
	return rests
}

// distance is that of row i to column k without its take; the cosine distance,
// likewise, is given.
func (o *leftOut) distance(i, k int, cosine float64) float64 {
	if o == nil {
		return cosine
	}
	p := o.rests[i]
	if k != o.l.label[i] {
		p = o.l.of[k].seen
	}
	if p == nil {
		return cosine
	}
	return o.l.metric.without(cosine, o.l.sees[i], p, o.take[i])
}

// foreign is the distance of row i to another column k as if its class had never
// been taught.
func (o *leftOut) foreign(i, k int, cosine float64) float64 {
	if o == nil {
		return cosine
	}
	return o.l.metric.without(cosine, o.l.sees[i], o.l.of[k].seen, o.class[o.l.label[i]])
}

// tell fills in res.told.
func (o *leftOut) tell(res *looResult) {
	if o == nil {
		return
	}
	l := o.l
	res.told = make([][]float64, len(l.of))
	for c, w := range l.of {
		if len(w.takes) < 2 {
			continue
		}
		res.told[c] = make([]float64, len(w.takes))
		for j, t := range w.takes {
			for _, e := range t {
				i := l.row[e]
				res.told[c][j] += o.distance(i, c, min(max(1-l.without[i], 0), 2)) / float64(len(t))
			}
			// Last digits are those of the learner; see limits.
			res.told[c][j] = math.Round(res.told[c][j]*1e9) / 1e9
		}
	}
}
