package embed

import "github.com/edge-camera/edge/embed/kernel"

// realConcat lays the channels of its inputs one after the other.
type realConcat struct {
	layouts      []kernel.Layout // of the inputs
	in           []slot
	outLayout    kernel.Layout
	out          slot
	count, lines int
}

func newRealConcat(n *Node, p *plan, v Value) *realConcat {
	s := &realConcat{outLayout: p.layouts[v], out: p.slot(v)}
	for _, in := range n.In {
		s.layouts, s.in = append(s.layouts, p.layouts[in]), append(s.in, p.slot(in))
	}
	s.count, s.lines = rowUnits(s.outLayout.H, s.outLayout.W*s.outLayout.C)
	return s
}

func (s *realConcat) units() int { return s.count }

func (s *realConcat) needs() needs { return needs{} }

func (s *realConcat) run(m *arena, _ *worker, unit int) {
	out := view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.outLayout, out, 0)
	}
	channel := 0
	for i, l := range s.layouts {
		in := view(m.reals, s.in[i])
		for y := unit * s.lines; y < min((unit+1)*s.lines, s.outLayout.H); y++ {
			for x := range s.outLayout.W {
				copy(out[s.outLayout.At(y, x)+channel:], in[l.At(y, x):][:l.C])
			}
		}
		channel += l.C
	}
}

// packConcat returns what puts each input of a concat in its place.
func packConcat(n *Node, qn *QNode, layouts []kernel.Layout, v Value, tier *kernel.Tier) []kernel.Op {
	var ops []kernel.Op
	channel := 0
	for i, in := range n.In {
		place := &kernel.Place{In: layouts[in], Out: layouts[v], Channel: channel}
		if len(qn.Table) > 0 {
			place.Table = qn.Table[256*i : 256*(i+1)]
		}
		ops = append(ops, tier.Place(place))
		channel += place.In.C
	}
	return ops
}

// intConcat is a concat of an int8 network. A unit is some rows of all inputs.
type intConcat struct {
	*intOp
	in           []slot
	out          slot
	count, lines int
}

func newIntConcat(op *intOp, p *plan, v Value) *intConcat {
	s := &intConcat{intOp: op, out: p.slot(v)}
	for _, in := range op.in {
		s.in = append(s.in, p.slot(in))
	}
	s.count, s.lines = rowUnits(op.layout.H, op.layout.W*op.layout.C)
	return s
}

func (s *intConcat) units() int { return s.count }

func (s *intConcat) needs() needs { return needs{} }

func (s *intConcat) run(m *arena, w *worker, unit int) {
	a := &w.args
	a.Out, a.B = view(m.ints, s.out), nil
	a.AFrom, a.OutFrom = 0, 0
	if unit == 0 {
		kernel.Border(s.layout, a.Out, s.zero)
	}
	from := unit * s.lines
	for i, op := range s.places {
		a.A = view(m.ints, s.in[i])
		op.Run(a, kernel.Part{Y: from, YEnd: min(from+s.lines, s.layout.H), CEnd: s.layout.C})
	}
}
