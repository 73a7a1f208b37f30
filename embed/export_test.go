package embed

import "github.com/edge-camera/edge/embed/kernel"

// NewNetworkFused makes a network that computes everything in strips that can
// be, each of stripBytes or of one row, and tells how many values it never has
// whole.
func NewNetworkFused(m *Model, tier *kernel.Tier, stripBytes, leastUnits int) (n *Network, inside int, err error) {
	everything := func(g *Graph, layouts []kernel.Layout) []run {
		runs := []run{{0, 0}}
		for v, joined := range joinable(g, layouts) {
			if last := &runs[len(runs)-1]; joined {
				last.last = Value(v)
				inside++
			} else if v > 0 {
				runs = append(runs, run{Value(v), Value(v)})
			}
		}
		return runs
	}
	n, err = newNetwork(m, tier, &fusing{everything, stripBytes, leastUnits})
	return n, inside, err
}

// NewNetworkUnfused makes every value by itself.
func NewNetworkUnfused(m *Model, tier *kernel.Tier) (*Network, error) {
	return newNetwork(m, tier, &fusing{runs: func(g *Graph, _ []kernel.Layout) []run { return singles(g) }})
}

// Steps runs the network step by step and visits the values that are whole.
func (s *Session) Steps(rgb []byte, visit func(v Value, data []float32)) {
	n := s.network
	s.team.arena.rgb = rgb
	for i, r := range n.program.plan.runs {
		s.team.runStep(i)
		data := make([]float32, n.shapes[r.last].Len())
		n.read(data, n.program, &s.team.arena, r.last)
		visit(r.last, data)
	}
}

// Inside returns how many values of a network are never whole, and Arena the
// bytes of those that are.
func (n *Network) Inside() int { return len(n.shapes) - len(n.program.steps) }

// Arena returns the elements of a session's values, and of the strips of each
// of its workers.
func (n *Network) Arena() (whole, strips int) {
	for _, s := range n.program.steps {
		strips = max(strips, s.needs().strip)
	}
	return n.program.plan.size, strips
}
