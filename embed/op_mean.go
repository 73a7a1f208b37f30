package embed

import "github.com/edge-camera/edge/embed/kernel"

// realMean is the mean of each channel: pixels are added up in their order and
// the sum is divided once.
type realMean struct {
	layout    kernel.Layout
	in        slot
	out       slot
	outLayout kernel.Layout
}

func newRealMean(n *Node, p *plan, v Value) *realMean {
	return &realMean{layout: p.layouts[n.In[0]], in: p.slot(n.In[0]), out: p.slot(v), outLayout: p.layouts[v]}
}

func (s *realMean) units() int { return 1 }

func (s *realMean) needs() needs { return needs{} }

func (s *realMean) run(m *arena, _ *worker, _ int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	kernel.Border(s.outLayout, out, 0)
	out = out[s.outLayout.At(0, 0):][:s.layout.C]
	clear(out)
	for y := range s.layout.H {
		for x := range s.layout.W {
			for c, v := range in[s.layout.At(y, x):][:len(out)] {
				out[c] += v
			}
		}
	}
	for c := range out {
		out[c] /= float32(s.layout.H * s.layout.W)
	}
}
