package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// limit is how large a bias may get in units of the accumulator: far enough
// from 2³¹ that the sum over the window still fits (Model.Validate proves it).
const limit = 1 << 29

// filters are a convolution's weights as an int8 network has them.
type filters struct {
	weight []int8    // [filter][k]
	scale  []float64 // by filter: a weight's step
	bias   []float64 // by filter, in real numbers
}

// quantizeFilters chooses the integers of convolution i, which reads values of
// in, the windows of which are reads, and makes values of out. A channel of out
// may need a coarser scale, or a wider step of its weights, than is asked for:
// out is changed. reads is nil if the method has no need of it.
func (p *plan) quantizeFilters(i int, in embed.QValue, out *embed.QValue, reads *sample) *filters {
	n := &p.graph.Nodes[i]
	v := embed.Value(i + 1)
	k := len(n.Weight) / n.Out
	sin := float64(in.Scale)
	want, bias := p.scaled(i)
	f := &filters{weight: make([]int8, len(want)), scale: make([]float64, n.Out), bias: bias}
	for c := range f.scale {
		var top float64
		for _, w := range want[c*k : (c+1)*k] {
			top = max(top, math.Abs(w))
		}
		// A channel of tiny weights and a large bias would not fit into 32
		// bits at the scale its weights ask for.
		f.scale[c] = max(top/127, 128*float64(out.Scale)/(sin*limit), math.Abs(bias[c])/(sin*limit))
		// SQRDMULH multiplies by less than one.
		coarsen(out, p.spans[v], sin*f.scale[c]*(1+1.0/1024))
	}
	for c := range f.scale {
		f.scale[c] = whole(f.scale[c], sin, *out)
	}
	// What a filter reads of each place: groups of channels.
	mean := make([][]float64, n.Groups)
	each(n.Groups, func(g int) {
		if reads != nil {
			mean[g] = reads.mean(g)
		}
		var r *rounder
		if p.method.Round {
			r = newRounder(reads, g, mean[g])
		}
		filters := n.Out / n.Groups
		do := func(c int) {
			c += g * filters
			q, w := f.weight[c*k:(c+1)*k], want[c*k:(c+1)*k]
			r.round(q, w, f.scale[c])
			f.scale[c] = r.polish(q, w, f.scale[c], func(step float64) (float64, bool) {
				step = whole(step, sin, *out)
				return step, sin*step*(1+1.0/1024) <= float64(out.Scale)
			})
		}
		if n.Groups == 1 {
			each(filters, do)
			return
		}
		for c := range filters {
			do(c)
		}
	})
	if p.method.Bias {
		p.correct(i, f, want, mean)
	}
	for c, steps := range p.shift[i] {
		f.bias[c] += float64(steps * float64(out.Scale))
	}
	return f
}

// scaled returns the weights and biases of convolution i as the channels of
// what it reads and makes are scaled.
func (p *plan) scaled(i int) (weight, bias []float64) {
	n := &p.graph.Nodes[i]
	k := len(n.Weight) / n.Out
	channels := p.shapes[n.In[0]].C / n.Groups
	weight, bias = make([]float64, len(n.Weight)), make([]float64, n.Out)
	for c := range n.Out {
		first := c / (n.Out / n.Groups) * channels
		s := p.scaleOf(embed.Value(i+1), c)
		for j, w := range n.Weight[c*k : (c+1)*k] {
			weight[c*k+j] = float64(w) * s / p.scaleOf(n.In[0], first+j%channels)
		}
		if n.Bias != nil {
			bias[c] = float64(n.Bias[c]) * s
		}
	}
	return weight, bias
}

// whole widens a filter's step by less than a hundredth, so that the output's
// zero point is a whole number of units of the accumulator: the definition
// rounds it to one, and a runtime that adds it after the multiplication does
// not.
func whole(scale, sin float64, out embed.QValue) float64 {
	zero := math.Abs(float64(out.Zero)) * float64(out.Scale)
	n := math.Floor(zero / (sin * scale))
	if n < 128 {
		return scale
	}
	return zero / (sin * n)
}

// integers returns what the definition computes with.
func (f *filters) integers(n *embed.Node, in, out embed.QValue) embed.QNode {
	k := len(f.weight) / n.Out
	q := embed.QNode{Weight: f.weight, Bias: make([]int32, n.Out), Mult: make([]int32, n.Out)}
	for c := range n.Out {
		var sum int64
		for _, w := range f.weight[c*k : (c+1)*k] {
			sum += int64(w)
		}
		unit := float64(in.Scale) * f.scale[c]
		r := unit / float64(out.Scale)
		folded := math.RoundToEven(f.bias[c]/unit) - float64(int64(in.Zero)*sum) + math.RoundToEven(float64(out.Zero)/r)
		q.Bias[c] = int32(max(-limit*2, min(limit*2, folded)))
		q.Mult[c] = int32(max(1, min(math.MaxInt32, math.RoundToEven(r*(1<<31)))))
	}
	q.Lo, q.Hi = clampRange(n, out)
	return q
}
