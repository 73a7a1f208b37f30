package embed

import "github.com/edge-camera/edge/embed/kernel"

// intStep is one node of an int8 network: an operation packed by a tier, with
// the places of its operands.
type intStep struct {
	op     kernel.Op
	parts  []kernel.Part
	out    slot
	a, b   slot
	layout kernel.Layout // of out
	zero   int8          // as stored, for the border of out
	mean   bool          // writes sums, not out
}

func newIntStep(n *Node, q *Quant, p *plan, v Value, tier *kernel.Tier) *intStep {
	s := packIntStep(n, q, p, v, tier)
	s.parts = s.op.Parts()
	return s
}

func packIntStep(n *Node, q *Quant, p *plan, v Value, tier *kernel.Tier) *intStep {
	s := &intStep{a: p.slot(n.In[0])}
	qn := &q.Nodes[v-1]
	in := p.layouts[n.In[0]]
	if n.Op == OpGlobalMean {
		s.mean = true
		s.op = tier.Mean(&kernel.Mean{In: in, Zero: q.Values[n.In[0]].Zero})
		return s
	}
	s.out, s.layout, s.zero = p.slot(v), p.layouts[v], stored(q.Values[v].Zero, tier.Flip)
	if n.Op == OpAdd {
		s.b = p.slot(n.In[1])
		s.op = tier.Add(&kernel.Add{
			A: in, B: p.layouts[n.In[1]], Out: s.layout,
			MultA: qn.MultA, MultB: qn.MultB, Bias: qn.AddBias, Shift: qn.Shift, Lo: qn.Lo, Hi: qn.Hi,
		})
		return s
	}
	conv := &kernel.Conv{
		Geometry: kernel.Geometry{In: in, Out: s.layout, Window: kernel.Window(n.Window), Groups: n.Groups},
		Weight:   qn.Weight, Bias: qn.Bias, Mult: qn.Mult, Lo: qn.Lo, Hi: qn.Hi,
	}
	if conv.Depthwise() {
		s.op = tier.Depthwise(conv)
	} else {
		s.op = tier.Dense(conv)
	}
	return s
}

func (s *intStep) units() int { return len(s.parts) }

func (s *intStep) scratch() (blocks, reals int) { return s.op.Scratch(), 0 }

func (s *intStep) run(m *arena, w *worker, unit int) {
	a := &w.args
	a.A, a.B, a.Out, a.Sum = view(m.ints, s.a), view(m.ints, s.b), view(m.ints, s.out), m.sums
	if unit == 0 && !s.mean {
		kernel.Border(s.layout, a.Out, s.zero)
	}
	s.op.Run(a, s.parts[unit])
}
