package embed

import "github.com/edge-camera/edge/embed/kernel"

// realSelect takes channels of its input in another order, some or none of
// them several times.
type realSelect struct {
	channels            []int32
	inLayout, outLayout kernel.Layout
	in, out             slot
	count, lines        int
}

func newRealSelect(n *Node, p *plan, v Value) *realSelect {
	s := &realSelect{
		channels: n.Channels, inLayout: p.layouts[n.In[0]], outLayout: p.layouts[v],
		in: p.slot(n.In[0]), out: p.slot(v),
	}
	s.count, s.lines = rowUnits(s.outLayout.H, s.outLayout.W*s.outLayout.C)
	return s
}

func (s *realSelect) units() int { return s.count }

func (s *realSelect) needs() needs { return needs{} }

func (s *realSelect) run(m *arena, _ *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.outLayout, out, 0)
	}
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.outLayout.H); y++ {
		for x := range s.outLayout.W {
			from, to := in[s.inLayout.At(y, x):], out[s.outLayout.At(y, x):]
			for c, channel := range s.channels {
				to[c] = from[channel]
			}
		}
	}
}
