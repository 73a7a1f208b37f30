package embed

import (
	"math"

	"github.com/edge-camera/edge/embed/kernel"
)

// realBatchNorm is y = (x − Mean)/√(Var+Epsilon)·Weight + Bias, in that order,
// each operation rounded to float32.
type realBatchNorm struct {
	inLayout, outLayout     kernel.Layout
	in, out                 slot
	mean, std, weight, bias []float32
	count, lines            int
}

func newRealBatchNorm(n *Node, p *plan, v Value) *realBatchNorm {
	s := &realBatchNorm{
		inLayout: p.layouts[n.In[0]], outLayout: p.layouts[v], in: p.slot(n.In[0]), out: p.slot(v),
		mean: n.Mean, weight: n.Weight, bias: n.Bias, std: make([]float32, len(n.Var)),
	}
	for c, x := range n.Var {
		s.std[c] = float32(math.Sqrt(float64(x + n.Epsilon)))
	}
	s.count, s.lines = rowUnits(s.outLayout.H, s.outLayout.W*s.outLayout.C)
	return s
}

func (s *realBatchNorm) units() int { return s.count }

func (s *realBatchNorm) needs() needs { return needs{} }

func (s *realBatchNorm) run(m *arena, _ *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.outLayout, out, 0)
	}
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.outLayout.H); y++ {
		for x := range s.outLayout.W {
			from := in[s.inLayout.At(y, x):][:s.inLayout.C]
			to := out[s.outLayout.At(y, x):][:s.outLayout.C]
			for c, v := range from {
				to[c] = float32((v-s.mean[c])/s.std[c]*s.weight[c]) + s.bias[c]
			}
		}
	}
}
