package embed

import "github.com/edge-camera/edge/embed/kernel"

// realConv is a float convolution, grouped or not: filters times the windows
// of the picture, gathered four pixels at a time. Every output is its bias and
// then its products in the order of the filter, each rounded to float32.
type realConv struct {
	kernel.Geometry
	lo, hi  float32
	in, out slot

	segments []int // where a window's elements lie, relative to its origin
	length   int   // of each segment
	k        int   // len(segments)·length

	// By group and panel of four output channels; the last panel of a group is
	// filled up with zeros.
	weight [][4]float32 // [group·panels][k]
	bias   [][4]float32 // [group·panels]

	filters int // output channels of a group
	panels  int // of a group
	pixels  int // of one unit, a multiple of 4
	blocks  int
}

func newRealConv(n *Node, geometry kernel.Geometry, in, out slot) *realConv {
	s := &realConv{Geometry: geometry, in: in, out: out, k: geometry.K()}
	s.lo, s.hi = n.Range()
	s.segments, s.length = geometry.Segments()
	s.filters = n.Out / n.Groups
	s.panels = (s.filters + 3) / 4
	s.weight = make([][4]float32, n.Groups*s.panels*s.k)
	s.bias = make([][4]float32, n.Groups*s.panels)
	for c := range n.Out {
		panel, lane := c/s.filters*s.panels+c%s.filters/4, c%s.filters%4
		for k, w := range n.Weight[c*s.k : (c+1)*s.k] {
			s.weight[panel*s.k+k][lane] = w
		}
		if n.Bias != nil {
			s.bias[panel][lane] = n.Bias[c]
		}
	}
	s.pixels = min(max(4096/s.k, 16), 256) / 4 * 4
	s.blocks = (s.Out.H*s.Out.W + s.pixels - 1) / s.pixels
	return s
}

func (s *realConv) units() int { return s.Groups * s.blocks }

func (s *realConv) needs() needs { return needs{reals: s.pixels * s.k} }

func (s *realConv) run(m *arena, w *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.Out, out, 0)
	}
	group, from := unit/s.blocks, unit%s.blocks*s.pixels
	to := min(from+s.pixels, s.Out.H*s.Out.W)
	for p := from; p < to; p += 4 {
		s.gather(w.reals[(p-from)*s.k:][:4*s.k], in, p, to, group)
	}
	for panel := range s.panels {
		at := group*s.panels + panel
		first := group*s.filters + panel*4
		channels := min(4, s.filters-panel*4)
		for p := from; p < to; p += 4 {
			var acc [4][4]float32
			realDot(&acc, &s.bias[at], s.weight[at*s.k:][:s.k], w.reals[(p-from)*s.k:][:4*s.k])
			for i := range min(4, to-p) {
				o := s.Out.At((p+i)/s.Out.W, (p+i)%s.Out.W) + first
				for c := range channels {
					out[o+c] = clamp(acc[i][c], s.lo, s.hi)
				}
			}
		}
	}
}

// gather lays the windows of four pixels from p on side by side, [k][4]. Past
// the last pixel it repeats that one.
func (s *realConv) gather(dst, in []float32, p, end, group int) {
	var origin [4]int
	for i := range origin {
		at := min(p+i, end-1)
		origin[i] = s.Origin(at/s.Out.W, at%s.Out.W) + group*s.length
	}
	for _, at := range s.segments {
		x0 := in[origin[0]+at:][:s.length]
		x1 := in[origin[1]+at:][:s.length]
		x2 := in[origin[2]+at:][:s.length]
		x3 := in[origin[3]+at:][:s.length]
		for i := range x0 {
			t := dst[i*4 : i*4+4 : i*4+4]
			t[0], t[1], t[2], t[3] = x0[i], x1[i], x2[i], x3[i]
		}
		dst = dst[s.length*4:]
	}
}

// realDot is acc[i] = bias + Σ weight[k]·x[k][i]. It does two pixels at a
// time: their sums, one filter tap and one activation fill the registers.
func realDot(acc *[4][4]float32, bias *[4]float32, weight [][4]float32, x []float32) {
	for i := 0; i < 4; i += 2 {
		a0, a1, a2, a3 := bias[0], bias[1], bias[2], bias[3]
		b0, b1, b2, b3 := bias[0], bias[1], bias[2], bias[3]
		for k := range weight {
			w := &weight[k]
			t := x[k*4+i : k*4+i+2 : k*4+i+2]
			a, b := t[0], t[1]
			a0 += float32(a * w[0])
			a1 += float32(a * w[1])
			a2 += float32(a * w[2])
			a3 += float32(a * w[3])
			b0 += float32(b * w[0])
			b1 += float32(b * w[1])
			b2 += float32(b * w[2])
			b3 += float32(b * w[3])
		}
		acc[i] = [4]float32{a0, a1, a2, a3}
		acc[i+1] = [4]float32{b0, b1, b2, b3}
	}
}

// clamp is min(max(v, lo), hi) that keeps a NaN, as the built-in functions do.
func clamp(v, lo, hi float32) float32 {
	if v < lo {
		return lo
	}
	if v > hi {
		return hi
	}
	return v
}
