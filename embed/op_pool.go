package embed

import "github.com/edge-camera/edge/embed/kernel"

// realPool is the greatest or the mean of each window: places are looked at in
// their order; a sum is divided once.
type realPool struct {
	kernel.Pool
	mean         bool
	in, out      slot
	count, lines int
}

func newRealPool(n *Node, p *plan, v Value) *realPool {
	s := &realPool{Pool: newPool(n, p.layouts, v), mean: n.Op == OpMeanPool, in: p.slot(n.In[0]), out: p.slot(v)}
	s.count, s.lines = rowUnits(s.Out.H, s.Out.W*s.Out.C*n.Window.KernelH*n.Window.KernelW)
	return s
}

func newPool(n *Node, layouts []kernel.Layout, v Value) kernel.Pool {
	return kernel.Pool{
		In: layouts[n.In[0]], Out: layouts[v], Window: kernel.Window(n.Window),
		CountPadding: n.CountPadding, UncountedBottom: n.UncountedBottom, UncountedRight: n.UncountedRight,
	}
}

func (s *realPool) units() int { return s.count }

func (s *realPool) needs() needs { return needs{} }

func (s *realPool) run(m *arena, _ *worker, unit int) {
	in, out := view(m.reals, s.in), view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.Out, out, 0)
	}
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.Out.H); y++ {
		for x := range s.Out.W {
			s.place(out[s.Out.At(y, x):][:s.Out.C], in, y, x)
		}
	}
}

func (s *realPool) place(out, in []float32, y, x int) {
	top, rows, countedH := s.Rows(y)
	left, columns, countedW := s.Columns(x)
	if s.mean {
		clear(out)
	} else {
		copy(out, in[s.In.At(top, left):])
	}
	for ky := range rows {
		for kx := range columns {
			at := s.In.At(top+ky*s.Window.DilationH, left+kx*s.Window.DilationW)
			if s.mean {
				for c, v := range in[at:][:len(out)] {
					out[c] += v
				}
			} else {
				for c, v := range in[at:][:len(out)] {
					out[c] = max(out[c], v)
				}
			}
		}
	}
	if s.mean {
		for c := range out {
			out[c] /= float32(countedH * countedW)
		}
	}
}
