package quantize

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// Fold returns the graph that an int8 network is made from: every batch
// normalization is folded into the convolution before it, every activation is
// fused into the node before it, and what no longer reaches the output is
// gone. Only OpConv, OpAdd, OpGlobalMean and OpDense are left.
//
// A batch normalization or activation with nothing before it to fold into (it
// follows a value that others use too, or an input) becomes a 1×1 depthwise
// convolution. g is not changed; unchanged weights are shared with it.
func Fold(g *embed.Graph) (*embed.Graph, error) {
	shapes, err := g.Shapes()
	if err != nil {
		return nil, err
	}
	uses := make([]int, len(shapes))
	uses[g.Output]++
	for i := range g.Nodes {
		for _, v := range g.Nodes[i].In {
			uses[v]++
		}
	}
	out := &embed.Graph{Input: g.Input}
	to := make([]embed.Value, len(shapes)) // where each old value went
	emit := func(n embed.Node) embed.Value {
		out.Nodes = append(out.Nodes, n)
		return embed.Value(len(out.Nodes))
	}
	for i := range g.Nodes {
		n := g.Nodes[i]
		in := make([]embed.Value, len(n.In))
		for j, v := range n.In {
			in[j] = to[v]
		}
		n.In = in
		v := embed.Value(i + 1)
		switch n.Op {
		case embed.OpBatchNorm, embed.OpAct:
			// The node before takes it in if nobody else sees its value.
			var before *embed.Node
			if in[0] > 0 && uses[g.Nodes[i].In[0]] == 1 {
				before = &out.Nodes[in[0]-1]
			}
			if n.Op == embed.OpAct {
				if before != nil && before.Act == embed.ActNone && fuses(before) && n.Act.Clamps() {
					before.Act, before.Alpha, before.Beta = n.Act, n.Alpha, n.Beta
					to[v] = in[0]
					continue
				}
			} else if before != nil && before.Op == embed.OpConv && before.Act == embed.ActNone {
				if err := foldBatchNorm(before, &n); err != nil {
					return nil, err
				}
				to[v] = in[0]
				continue
			}
			if n.Op == embed.OpAct && !n.Act.Clamps() {
				to[v] = emit(n)
				continue
			}
			to[v] = emit(pointwise(n, shapes[v].C, in[0]))
			if n.Op == embed.OpBatchNorm {
				last := &out.Nodes[len(out.Nodes)-1]
				if err := foldBatchNorm(last, &n); err != nil {
					return nil, err
				}
			} else {
				last := &out.Nodes[len(out.Nodes)-1]
				last.Act, last.Alpha, last.Beta = n.Act, n.Alpha, n.Beta
			}
		default:
			to[v] = emit(n)
		}
	}
	out.Output = to[g.Output]
	return prune(out), nil
}

// fuses says whether n can take in an activation that clamps.
func fuses(n *embed.Node) bool {
	switch n.Op {
	case embed.OpConv, embed.OpAdd, embed.OpDense, embed.OpMul:
		return true
	}
	return false
}

// pointwise returns a 1×1 depthwise identity over c channels, named as n.
func pointwise(n embed.Node, c int, in embed.Value) embed.Node {
	w := make([]float32, c)
	for i := range w {
		w[i] = 1
	}
	return embed.Node{
		Op: embed.OpConv, Name: n.Name, In: []embed.Value{in},
		Window: embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1},
		Groups: c, Out: c, Weight: w,
	}
}

// foldBatchNorm puts y = (x − mean)/√(var+ε)·γ + β into the convolution that
// makes x. The arithmetic is float64 and rounds once, so that the folded
// weights are the same wherever they are made.
func foldBatchNorm(conv, bn *embed.Node) error {
	per := len(conv.Weight) / conv.Out
	weight := make([]float32, len(conv.Weight))
	bias := make([]float32, conv.Out)
	for c := range conv.Out {
		std := math.Sqrt(float64(bn.Var[c]) + float64(bn.Epsilon))
		if !(std > 0) {
			return fmt.Errorf("node %q: channel %d: variance %g + epsilon %g is not positive", bn.Name, c, bn.Var[c], bn.Epsilon)
		}
		scale := float64(bn.Weight[c]) / std
		for i, w := range conv.Weight[c*per : (c+1)*per] {
			weight[c*per+i] = float32(float64(w) * scale)
		}
		b := 0.0
		if conv.Bias != nil {
			b = float64(conv.Bias[c])
		}
		shifted := float64((b - float64(bn.Mean[c])) * scale)
		bias[c] = float32(shifted + float64(bn.Bias[c]))
	}
	conv.Weight, conv.Bias = weight, bias
	return nil
}

// prune drops the nodes that the output does not need.
func prune(g *embed.Graph) *embed.Graph {
	need := make([]bool, len(g.Nodes)+1)
	need[g.Output] = true
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if need[i+1] {
			for _, v := range g.Nodes[i].In {
				need[v] = true
			}
		}
	}
	to := make([]embed.Value, len(need))
	out := &embed.Graph{Input: g.Input}
	for i, n := range g.Nodes {
		if !need[i+1] {
			continue
		}
		for j, v := range n.In {
			n.In[j] = to[v]
		}
		out.Nodes = append(out.Nodes, n)
		to[i+1] = embed.Value(len(out.Nodes))
	}
	out.Output = to[g.Output]
	return out
}
