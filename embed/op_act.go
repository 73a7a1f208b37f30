package embed

import "github.com/edge-camera/edge/embed/kernel"

// realAct is an activation that is not fused into the node before it: computed
// in float64 and rounded once.
type realAct struct {
	node                *Node
	lo, hi              float32
	inLayout, outLayout kernel.Layout
	in, out             slot
	count, lines        int
}

func newRealAct(n *Node, p *plan, v Value) *realAct {
	s := &realAct{node: n, inLayout: p.layouts[n.In[0]], outLayout: p.layouts[v], in: p.slot(n.In[0]), out: p.slot(v)}
	s.lo, s.hi = n.Range()
	s.count, s.lines = rowUnits(s.outLayout.H, s.outLayout.W*s.outLayout.C)
	return s
}

func (s *realAct) units() int { return s.count }

func (s *realAct) needs() needs { return needs{} }

func (s *realAct) run(m *arena, _ *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.outLayout, out, 0)
	}
	n := s.outLayout.W * s.outLayout.C
	clamps := s.node.Act.Clamps()
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.outLayout.H); y++ {
		to := out[s.outLayout.At(y, 0):][:n]
		for i, v := range in[s.inLayout.At(y, 0):][:n] {
			if clamps {
				to[i] = clamp(v, s.lo, s.hi)
			} else {
				to[i] = float32(s.node.Activate(float64(v)))
			}
		}
	}
}
