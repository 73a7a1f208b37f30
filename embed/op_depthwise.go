package embed

import "github.com/edge-camera/edge/embed/kernel"

// realDepthwise convolves each channel by itself. Every output is its bias and
// then its products in the order of the filter, each rounded to float32.
type realDepthwise struct {
	kernel.Geometry
	lo, hi       float32
	in, out      slot
	segments     []int     // one element each: a tap
	weight       []float32 // [KernelH·KernelW][C]
	bias         []float32 // [C]
	count, lines int
}

func newRealDepthwise(n *Node, geometry kernel.Geometry, in, out slot) *realDepthwise {
	s := &realDepthwise{Geometry: geometry, in: in, out: out}
	s.lo, s.hi = n.Range()
	s.segments, _ = geometry.Segments()
	k, channels := geometry.K(), geometry.In.C
	s.weight = make([]float32, k*channels)
	for c := range channels {
		for t := range k {
			s.weight[t*channels+c] = n.Weight[c*k+t]
		}
	}
	s.bias = make([]float32, channels)
	copy(s.bias, n.Bias)
	s.count, s.lines = rowUnits(s.Out.H, s.Out.W*channels*k)
	return s
}

func (s *realDepthwise) units() int { return s.count }

func (s *realDepthwise) needs() needs { return needs{} }

func (s *realDepthwise) run(m *arena, _ *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.Out, out, 0)
	}
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.Out.H); y++ {
		for x := range s.Out.W {
			s.pixel(out[s.Out.At(y, x):][:len(s.bias)], in[s.Origin(y, x):])
		}
	}
}

func (s *realDepthwise) pixel(acc, in []float32) {
	copy(acc, s.bias)
	for t, at := range s.segments {
		x := in[at:][:len(acc)]
		w := s.weight[t*len(acc):][:len(acc)]
		for c := range acc {
			acc[c] += float32(x[c] * w[c])
		}
	}
	for c, v := range acc {
		acc[c] = clamp(v, s.lo, s.hi)
	}
}
