package embed

// realMul multiplies and clamps.
type realMul struct{ realPair }

func newRealMul(n *Node, p *plan, v Value) *realMul { return &realMul{newRealPair(n, p, v)} }

func (s *realMul) run(m *arena, _ *worker, unit int) {
	s.places(m, unit, func(out, a, b []float32) {
		for c := range out {
			out[c] = clamp(a[c]*b[c], s.lo, s.hi)
		}
	})
}
