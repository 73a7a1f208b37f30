package embed

import "github.com/edge-camera/edge/embed/kernel"

// realPair is what the operators of two inputs have in common: the second is
// of the first's shape, or [1 1 C] and holds for every place.
type realPair struct {
	lo, hi                    float32
	aLayout, bLayout, oLayout kernel.Layout
	a, b, out                 slot
	count, lines              int
}

func newRealPair(n *Node, p *plan, v Value) realPair {
	s := realPair{
		aLayout: p.layouts[n.In[0]], bLayout: p.layouts[n.In[1]], oLayout: p.layouts[v],
		a: p.slot(n.In[0]), b: p.slot(n.In[1]), out: p.slot(v),
	}
	s.lo, s.hi = n.Range()
	s.count, s.lines = rowUnits(s.oLayout.H, s.oLayout.W*s.oLayout.C)
	return s
}

func (s *realPair) units() int { return s.count }

func (s *realPair) needs() needs { return needs{} }

// places calls do with the channels of each place of a unit.
func (s *realPair) places(m *arena, unit int, do func(out, a, b []float32)) {
	a, b, out := view(m.reals, s.a), view(m.reals, s.b), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.oLayout, out, 0)
	}
	c := s.oLayout.C
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.oLayout.H); y++ {
		for x := range s.oLayout.W {
			at := s.bLayout.At(0, 0)
			if s.bLayout.H > 1 || s.bLayout.W > 1 {
				at = s.bLayout.At(y, x)
			}
			do(out[s.oLayout.At(y, x):][:c], a[s.aLayout.At(y, x):][:c], b[at:][:c])
		}
	}
}

// realAdd adds and clamps.
type realAdd struct{ realPair }

func newRealAdd(n *Node, p *plan, v Value) *realAdd { return &realAdd{newRealPair(n, p, v)} }

func (s *realAdd) run(m *arena, _ *worker, unit int) {
	s.places(m, unit, func(out, a, b []float32) {
		for c := range out {
			out[c] = clamp(a[c]+b[c], s.lo, s.hi)
		}
	})
}
