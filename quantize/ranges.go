package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// chooseSpans chooses p.spans. Values that pools, selections and concatenations
// join have one span, so that nothing is rounded twice.
func (p *plan) chooseSpans() {
	joined := newSets(len(p.shapes))
	for i := range p.graph.Nodes {
		switch n := &p.graph.Nodes[i]; n.Op {
		case embed.OpMaxPool, embed.OpMeanPool, embed.OpSelect, embed.OpConcat:
			for _, v := range n.In {
				joined.join(i+1, int(v))
			}
		}
	}
	for _, group := range joined.members() {
		if len(group) == 0 {
			continue
		}
		s := p.chooseSpan(group)
		if group[0] == 0 {
			s = inputSpan(p.graph.Input) // bytes are what they are
		}
		for _, v := range group {
			p.spans[v] = s
		}
	}
	p.spans[0] = inputSpan(p.graph.Input)
}

// chooseSpan chooses the span of values that share one.
func (p *plan) chooseSpan(group []int) span {
	var s span
	for _, v := range group {
		least, most := p.bounds(embed.Value(v))
		for c, o := range p.saw.channels[v] {
			k := p.scaleOf(embed.Value(v), c)
			s.lo, s.hi = min(s.lo, max(least, float64(o.lo)*k)), max(s.hi, min(most, float64(o.hi)*k))
		}
	}
	if !(s.hi > s.lo) || math.IsInf(s.hi-s.lo, 0) {
		return span{0, 1} // always zero: any scale will do
	}
	if p.method.Range == MinMax {
		return s
	}
	return p.method.Range.narrow(newHistogram(s, func(yield func(x float64)) {
		for _, v := range group {
			least, most := p.bounds(embed.Value(v))
			channels := p.shapes[v].C
			for i, x := range p.saw.samples[v].first(p.saw.fit) {
				yield(max(least, min(most, float64(x)*p.scaleOf(embed.Value(v), i%channels))))
			}
		}
	}))
}

// bounds returns what v cannot exceed, or what matters of it to the activation
// that alone reads it.
func (p *plan) bounds(v embed.Value) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if v > 0 {
		b, t := p.graph.Nodes[v-1].Range()
		lo, hi = float64(b), float64(t)
	}
	readers := 0
	var reader *embed.Node
	for i := range p.graph.Nodes {
		for _, in := range p.graph.Nodes[i].In {
			if in == v {
				readers++
				reader = &p.graph.Nodes[i]
			}
		}
	}
	if readers == 1 && reader.Op == embed.OpAct {
		l, h := useful(reader)
		lo, hi = max(lo, l), min(hi, h)
	}
	return lo, hi
}

// narrow returns the span that r chooses.
func (r Range) narrow(h *histogram) span {
	switch r {
	case Percentile:
		return h.percentile(0.9999)
	case MSE:
		return h.leastSquares()
	case KL:
		return h.leastDivergence()
	}
	return h.span
}
