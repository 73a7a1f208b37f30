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
