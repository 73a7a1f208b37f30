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
	places []kernel.Op // of a concat, in place of op: one an input
	in     []Value
	layout kernel.Layout // of what it makes
	zero   int8          // as stored, for the border of what it makes
	mean   bool          // makes sums
}

func packIntOp(n *Node, qn *QNode, q *Quant, layouts []kernel.Layout, v Value, tier *kernel.Tier) intOp {
	s := intOp{in: n.In, layout: layouts[v], zero: stored(q.Values[v].Zero, tier.Flip)}
	in, zero := layouts[n.In[0]], q.Values[n.In[0]].Zero
	switch n.Op {
	case OpGlobalMean:
		if s.mean = int(v) == len(q.Nodes); s.mean {
			s.op = tier.Mean(&kernel.Mean{In: in, Zero: zero})
			return s
		}
		s.op = tier.GlobalMean(&kernel.GlobalMean{
			In: in, Out: s.layout, Zero: zero, ZeroO: q.Values[v].Zero,
			Mult: qn.Mult[0], Shift: qn.Shift, Lo: qn.Lo, Hi: qn.Hi,
		})
		return s
	case OpAdd:
		add := &kernel.Add{
			A: in, B: layouts[n.In[1]], Out: s.layout,
			MultA: qn.MultA, MultB: qn.MultB, Bias: qn.AddBias, Shift: qn.Shift, Lo: qn.Lo, Hi: qn.Hi,
		}
		if broadcasts(n, layouts) {
			s.op = tier.AddPlace(add)
		} else {
			s.op = tier.Add(add)
		}
		return s
	case OpMul:
		s.op = tier.Mul(&kernel.Mul{
			A: in, B: layouts[n.In[1]], Out: s.layout,
			ZeroA: zero, ZeroB: q.Values[n.In[1]].Zero, ZeroO: q.Values[v].Zero,
			Mult: qn.Mult[0], Shift: qn.Shift, Lo: qn.Lo, Hi: qn.Hi,
		})
		return s
	case OpAct:
		s.op = tier.Table(&kernel.Table{In: in, Out: s.layout, Table: qn.Table})
		return s
	case OpMaxPool:
		pool := newPool(n, layouts, v)
		s.op = tier.MaxPool(&pool)
		return s
	case OpMeanPool:
		s.op = tier.MeanPool(&kernel.MeanPool{Pool: newPool(n, layouts, v), Zero: zero})
		return s
	case OpSelect:
		s.op = tier.Select(&kernel.Select{In: in, Out: s.layout, Channels: n.Channels})
		return s
	case OpConcat:
		s.places = packConcat(n, qn, layouts, v, tier)
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

// broadcasts reports that the second input of a node of two is one place that
// holds for all of the first's.
func broadcasts(n *Node, layouts []kernel.Layout) bool {
	if len(n.In) != 2 || n.Op == OpConcat {
		return false
	}
	a, b := layouts[n.In[0]], layouts[n.In[1]]
	return a.H != b.H || a.W != b.W
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
