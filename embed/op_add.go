package embed

import "github.com/edge-camera/edge/embed/kernel"

// realAdd adds two values of one shape and clamps.
type realAdd struct {
	lo, hi                    float32
	aLayout, bLayout, oLayout kernel.Layout
	a, b, out                 slot
	count, lines              int
}

func newRealAdd(n *Node, p *plan, v Value) *realAdd {
	s := &realAdd{
		aLayout: p.layouts[n.In[0]], bLayout: p.layouts[n.In[1]], oLayout: p.layouts[v],
		a: p.slot(n.In[0]), b: p.slot(n.In[1]), out: p.slot(v),
	}
	s.lo, s.hi = n.Range()
	s.count, s.lines = rowUnits(s.oLayout.H, s.oLayout.W*s.oLayout.C)
	return s
}

func (s *realAdd) units() int { return s.count }

func (s *realAdd) needs() needs { return needs{} }

func (s *realAdd) run(m *arena, _ *worker, unit int) {
	a, b, out := view(m.reals, s.a), view(m.reals, s.b), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.oLayout, out, 0)
	}
	n := s.oLayout.W * s.oLayout.C
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.oLayout.H); y++ {
		left, right := a[s.aLayout.At(y, 0):][:n], b[s.bLayout.At(y, 0):][:n]
		for i := range out[s.oLayout.At(y, 0):][:n] {
			out[s.oLayout.At(y, 0)+i] = clamp(left[i]+right[i], s.lo, s.hi)
		}
	}
}
