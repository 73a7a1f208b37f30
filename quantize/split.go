package quantize

import (
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// A chain is a convolution whose output, between bounds, is read by nothing but
// a depthwise convolution, whose output is read by pointwise ones alone: the
// inside of an inverted residual, or the first layers of a mobile network.
type chain struct {
	conv, depthwise int   // nodes
	readers         []int // of the depthwise convolution's output
}

// split gives the places of dead channels to second copies of others, which
// halve the error of rounding these.
//
// Weight decay leaves networks with channels that are zero whatever the picture
// is: of EfficientNet-Lite0's first 32 there are 4. Such a place takes a copy of
// the channel whose rounding costs most, and what reads both reads each with
// half the weight, so that in real numbers nothing changes. The copies are made
// a quarter of a step higher and lower: what one rounds up the other then rounds
// down, half of the time, and their mean has steps half as wide. m copies, moved
// by (2i+1−m)/2m steps, have a mean of steps of 1/m.
//
// This is outlier channel splitting (Zhao, Hu, Dotzel, De Sa and Zhang,
// Improving Neural Network Quantization without Retraining using Outlier Channel
// Splitting, ICML 2019) with their quantization-aware shift, for what rounds
// most in place of what is largest, and at no cost, as no channel is added.
//
// shift is by node and channel: by how many steps of the output it is moved; nil
// for nodes without copies.
func split(g *embed.Graph, known [][]normal, shapes []embed.Shape, pictures [][]byte) (graph *embed.Graph, knows [][]normal, shift [][]float64, err error) {
	all := chains(g)
	shift = make([][]float64, len(g.Nodes))
	if len(all) == 0 {
		return g, known, shift, nil
	}
	costs, reach, err := roundingCosts(g, shapes, all, pictures)
	if err != nil {
		return nil, nil, nil, err
	}
	out := *g
	out.Nodes = slices.Clone(g.Nodes)
	knows = slices.Clone(known)
	for i, c := range all {
		from, copies := allot(costs[i], dead(&g.Nodes[c.conv], reach[g.Nodes[c.conv].In[0]]))
		if from == nil {
			continue
		}
		seen := make([]int, len(from))
		moved := make([]float64, len(from))
		for at, of := range from {
			m := copies[of]
			moved[at] = float64(2*seen[of]+1-m) / float64(2*m)
			seen[of]++
		}
		for _, j := range []int{c.conv, c.depthwise} {
			n := &out.Nodes[j]
			n.Weight = pick(n.Weight, from, len(n.Weight)/n.Out)
			if n.Bias != nil {
				n.Bias = pick(n.Bias, from, 1)
			}
			if knows[j] != nil {
				knows[j] = pick(knows[j], from, 1)
			}
			if n.Groups > 1 {
				n.Groups = len(from)
			}
			n.Out = len(from)
			shift[j] = moved
		}
		for _, j := range c.readers {
			n := &out.Nodes[j]
			k := len(from)
			weight, bias := make([]float32, len(n.Weight)), make([]float32, n.Out)
			copy(bias, n.Bias)
			for f := range n.Out {
				filter := n.Weight[f*k : (f+1)*k]
				for at, of := range from {
					weight[f*k+at] = filter[of] / float32(copies[of])
					if of != at {
						bias[f] += float32(float64(filter[at]) * left(&g.Nodes[c.depthwise], at))
					}
				}
			}
			n.Weight, n.Bias = weight, bias
		}
	}
	return &out, knows, shift, nil
}

// left returns what channel c of n, a depthwise convolution, makes of zeros.
func left(n *embed.Node, c int) float64 {
	if n.Bias == nil {
		return 0
	}
	lo, hi := n.Range()
	return float64(max(lo, min(hi, n.Bias[c])))
}

// pick returns the elements of x, of so many numbers each, in the order of from.
func pick[T any](x []T, from []int, size int) []T {
	var y []T
	for _, of := range from {
		y = append(y, x[of*size:(of+1)*size]...)
	}
	return y
}

// chains returns the chains of g.
func chains(g *embed.Graph) []chain {
	readers := make([][]int, len(g.Nodes)+1)
	for i := range g.Nodes {
		for _, v := range g.Nodes[i].In {
			readers[v] = append(readers[v], i)
		}
	}
	readers[g.Output] = append(readers[g.Output], -1)
	var all []chain
	for i := range g.Nodes {
		n := &g.Nodes[i]
		lo, hi := n.Range()
		if n.Op != embed.OpConv || n.Groups != 1 || lo != 0 || math.IsInf(float64(hi), 1) || len(readers[i+1]) != 1 || readers[i+1][0] < 0 {
			continue
		}
		c := chain{conv: i, depthwise: readers[i+1][0]}
		d := &g.Nodes[c.depthwise]
		lo, hi = d.Range()
		if d.Op != embed.OpConv || d.Groups != n.Out || d.Out != n.Out || lo != 0 || math.IsInf(float64(hi), 1) {
			continue
		}
		c.readers = readers[c.depthwise+1]
		if !slices.ContainsFunc(c.readers, func(r int) bool {
			return r < 0 || g.Nodes[r].Op != embed.OpConv || g.Nodes[r].Groups != 1 || g.Nodes[r].Window != pixel
		}) {
			all = append(all, c)
		}
	}
	return all
}

// roundingCosts returns, by chain and channel, the power of the error at the
// output of the chain's readers that comes of rounding the channel, twice; and
// by value how far its channels reach.
func roundingCosts(g *embed.Graph, shapes []embed.Shape, all []chain, pictures [][]byte) (costs [][]float64, reach [][]channel, err error) {
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		return nil, nil, err
	}
	type sight struct {
		costs [][]float64
		reach [][]channel
	}
	by := make([]sight, len(pictures))
	err = inSessions(net, len(pictures), func(s *embed.Session, p int) error {
		by[p] = sight{make([][]float64, len(all)), make([][]channel, len(shapes))}
		return s.Trace(pictures[p], func(v embed.Value, shape embed.Shape, data []float32) {
			by[p].reach[v] = extremes(data, shape.C)
			for i, c := range all {
				switch int(v) {
				case c.conv + 1:
					w := newWindows(g, shapes, embed.Value(c.depthwise+1), 1)
					w.take(0, p, data)
					by[p].costs[i] = roundingCost(w, step(&g.Nodes[c.conv]), g.Nodes[c.depthwise].Weight)
				case c.depthwise + 1:
					w := newSample(pixel, shape.C, shape, shape, pointPlaces, 1)
					w.take(0, p, data)
					for ch, x := range roundingCost(w, step(&g.Nodes[c.depthwise]), nil) {
						by[p].costs[i][ch] += x
					}
				}
			}
		})
	}, nil)
	if err != nil {
		return nil, nil, err
	}
	costs, reach = make([][]float64, len(all)), by[0].reach
	for _, at := range by {
		for v := range reach {
			for c, o := range at.reach[v] {
				t := &reach[v][c]
				t.lo, t.hi = min(t.lo, o.lo), max(t.hi, o.hi)
			}
		}
	}
	for i, c := range all {
		costs[i] = make([]float64, g.Nodes[c.conv].Out)
		for ch := range costs[i] {
			for _, at := range by {
				costs[i][ch] += at.costs[i][ch] / float64(len(pictures))
			}
			var power float64
			for _, r := range c.readers {
				n := &g.Nodes[r]
				for f := range n.Out {
					w := float64(n.Weight[f*len(costs[i])+ch])
					power += float64(w * w)
				}
			}
			costs[i][ch] *= power
		}
	}
	return costs, reach, nil
}

// step is that of a value between bounds.
func step(n *embed.Node) float64 {
	lo, hi := n.Range()
	return float64(hi-lo) / 255
}

// roundingCost returns by group the power of what a filter makes of the
// rounding of what it reads, and between times that of its mean, as newRounder
// weighs it. nil weights are ones.
func roundingCost(w *sample, step float64, weight []float32) []float64 {
	cost := make([]float64, w.groups)
	for g := range cost {
		var sum, squares float64
		for r := range w.rows() {
			var d float64
			for j, x := range w.row(r, g) {
				e := float64(x) - float64(math.RoundToEven(float64(x)/step)*step)
				if weight != nil {
					e *= float64(weight[g*w.k+j])
				}
				d += e
			}
			sum += d
			squares += float64(d * d)
		}
		n := float64(w.rows())
		cost[g] = squares/n + float64(between*sum/n*sum/n)
	}
	return cost
}

// deadMargin is how many times as far as seen a channel that is read may reach.
const deadMargin = 4

// dead returns the channels of n that are never above zero, as long as what n
// reads reaches no further than deadMargin times what was seen.
func dead(n *embed.Node, reach []channel) []bool {
	k := len(n.Weight) / n.Out
	is := make([]bool, n.Out)
	for c := range is {
		var most float64
		if n.Bias != nil {
			most = float64(n.Bias[c])
		}
		for j, w := range n.Weight[c*k : (c+1)*k] {
			r := reach[j%len(reach)]
			w := float64(w) * deadMargin
			most += max(float64(w*float64(min(r.lo, 0))), float64(w*float64(max(r.hi, 0))))
		}
		is[c] = most <= 0
	}
	return is
}

// allot returns for each place the channel that it gets, and how many places
// each channel has: of the channels whose copies help most. from is nil if all
// stays as it is.
func allot(cost []float64, dead []bool) (from, copies []int) {
	copies = make([]int, len(cost))
	from = make([]int, len(cost))
	var free []int
	for c := range cost {
		from[c] = c
		if dead[c] {
			free = append(free, c)
		} else {
			copies[c] = 1
		}
	}
	if len(free) == 0 || len(free) == len(cost) {
		return nil, nil
	}
	for _, place := range free {
		best, most := -1, 0.0
		for c, m := range copies {
			if m == 0 {
				continue
			}
			// m copies leave 1/m² of the power.
			if gain := cost[c] * (1/float64(m*m) - 1/float64((m+1)*(m+1))); best < 0 || gain > most {
				best, most = c, gain
			}
		}
		from[place] = best
		copies[best]++
	}
	return from, copies
}
