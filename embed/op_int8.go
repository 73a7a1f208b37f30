package embed

import (
	"cmp"
	"slices"

	"github.com/edge-camera/edge/embed/kernel"
)

// intOp is a node of an int8 network packed by a tier; its operands may lie
// anywhere.
type intOp struct {
	op     kernel.Op
	in     []Value
	layout kernel.Layout // of what it makes
	zero   int8          // as stored, for the border of what it makes
	mean   bool          // makes sums
}

func packIntOp(n *Node, qn *QNode, q *Quant, layouts []kernel.Layout, v Value, tier *kernel.Tier) intOp {
	s := intOp{in: n.In, layout: layouts[v], zero: stored(q.Values[v].Zero, tier.Flip)}
	in := layouts[n.In[0]]
	switch n.Op {
	case OpGlobalMean:
		s.mean = true
		s.op = tier.Mean(&kernel.Mean{In: in, Zero: q.Values[n.In[0]].Zero})
		return s
	case OpAdd:
		s.op = tier.Add(&kernel.Add{
			A: in, B: layouts[n.In[1]], Out: s.layout,
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

// intStep is an intOp by itself, with the places of its operands.
type intStep struct {
	*intOp
	parts     []kernel.Part
	out, a, b slot
}

func newIntStep(op *intOp, p *plan, v Value) *intStep {
	s := &intStep{intOp: op, parts: slices.Clone(op.op.Parts()), a: p.slot(op.in[0])}
	// A worker's share is some of the rows, as in the step before: what it
	// reads it has made, and need not fetch from another processor's cache.
	slices.SortStableFunc(s.parts, func(a, b kernel.Part) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.C, b.C)) })
	if len(op.in) == 2 {
		s.b = p.slot(op.in[1])
	}
	if !op.mean {
		s.out = p.slot(v)
	}
	return s
}

func (s *intStep) units() int { return len(s.parts) }

func (s *intStep) needs() needs { return needs{blocks: s.op.Scratch()} }

func (s *intStep) run(m *arena, w *worker, unit int) {
	a := &w.args
	a.A, a.B, a.Out, a.Sum = view(m.ints, s.a), view(m.ints, s.b), view(m.ints, s.out), m.sums
	a.AFrom, a.BFrom, a.OutFrom = 0, 0, 0
	if unit == 0 && !s.mean {
		kernel.Border(s.layout, a.Out, s.zero)
	}
	s.op.Run(a, s.parts[unit])
}
