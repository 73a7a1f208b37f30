package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// mostScale keeps a channel that is nearly never anything else than zero from
// ruling the weights of all channels that are read with it.
const mostScale = 8

// equalize chooses p.scales, so that the ranges of a value's channels differ
// less. One step of an int8 value is as wide as its widest channel asks
// for: a channel that is never wide would be spread over few of the 256 steps.
// It is scaled up where it is made and down where it is read:
//
//	relu(s·(w·x + b)) · (v/s)  =  relu(w·x + b) · v
//
// This is cross-layer equalization (Nagel et al. 2019, section 4.1) with ranges
// of activations in place of those of weights: weights have a step for each
// output channel anyway. It goes half of the way, by the square root of what
// would make all ranges the same (as SmoothQuant does: Xiao et al. 2022, α = ½),
// because a filter's weights share a step, and those that read what was scaled
// up have fewer steps then. Values joined by additions and pools are scaled alike.
//
// Values with an upper bound, such as ReLU6's, are left alone: the bound cuts a
// channel that was scaled up at less than 6, and what a few pictures (or the
// batch normalization's deviations) say of how far it goes is not to be trusted
// where features are rare and strong.
func (p *plan) equalize() {
	for _, group := range p.alike() {
		scale := p.groupScales(group)
		for _, v := range group {
			p.scales[v] = scale
		}
	}
}

// groupScales returns how much each channel of a group of values is scaled up.
func (p *plan) groupScales(group []int) []float64 {
	reach := make([]float64, p.shapes[group[0]].C)
	for _, v := range group {
		for c, o := range p.saw.channels[v] {
			reach[c] = max(reach[c], float64(o.hi), -float64(o.lo))
			if known := p.prior[v]; known != nil {
				reach[c] = max(reach[c], math.Abs(known[c].mean)+6*known[c].std)
			}
		}
	}
	var widest float64
	for _, r := range reach {
		widest = max(widest, r)
	}
	scale := make([]float64, len(reach))
	for c, r := range reach {
		scale[c] = 1
		if r > 0 {
			scale[c] = min(math.Sqrt(widest/r), mostScale)
		}
	}
	return scale
}

// alike returns the values that must be scaled alike, each group that can be
// scaled once.
func (p *plan) alike() [][]int {
	g := p.graph
	joined := newSets(len(p.shapes))
	fixed := make([]bool, len(p.shapes)) // must stay as it is
	fixed[0], fixed[g.Output] = true, true
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if _, top := n.Range(); !math.IsInf(float64(top), 1) || n.Act == embed.ActClip {
			fixed[i+1] = true
		}
		switch n.Op {
		case embed.OpConv:
		case embed.OpAdd, embed.OpMaxPool, embed.OpMeanPool:
			for _, v := range n.In {
				joined.join(i+1, int(v))
			}
		default:
			fixed[i+1] = true
			for _, v := range n.In {
				fixed[v] = true
			}
		}
	}
	var groups [][]int
	for _, group := range joined.members() {
		free := len(group) > 0
		for _, v := range group {
			free = free && !fixed[v]
		}
		if free {
			groups = append(groups, group)
		}
	}
	return groups
}
