package quantize

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// Fold returns the graph that an int8 network is made from: every batch
// normalization is folded into the convolution before it, every activation
// that clamps is fused into the node before it, a dense layer is a 1×1
// convolution, and what no longer reaches the output is gone. No OpBatchNorm
// and no OpDense is left, and an OpAct only where its activation does not clamp.
//
// A batch normalization or activation with nothing before it to fold into (it
// follows a value that others use too, or an input) becomes a 1×1 depthwise
// convolution. g is not changed; unchanged weights are shared with it.
func Fold(g *embed.Graph) (*embed.Graph, error) {
	folded, _, err := fold(g)
	return folded, err
}

// fold is Fold, and tells by node what batch normalizations knew of its output
// before its activation.
func fold(g *embed.Graph) (*embed.Graph, [][]normal, error) {
	shapes, err := g.Shapes()
	if err != nil {
		return nil, nil, err
	}
	var known [][]normal
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
		known = append(known, nil)
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
					return nil, nil, err
				}
				known[in[0]-1] = normals(&n)
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
					return nil, nil, err
				}
				known[len(known)-1] = normals(&n)
			} else {
				last := &out.Nodes[len(out.Nodes)-1]
				last.Act, last.Alpha, last.Beta = n.Act, n.Alpha, n.Beta
			}
		case embed.OpDense:
			to[v] = emit(convolution(n))
		default:
			to[v] = emit(n)
		}
	}
	out.Output = to[g.Output]
	kept := prune(out)
	by := make([][]normal, 0, len(kept.Nodes))
	for i, keep := range needed(out) {
		if keep {
			by = append(by, known[i])
		}
	}
	return kept, by, nil
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
		Window: pixel,
		Groups: c, Out: c, Weight: w,
	}
}

// convolution returns a dense layer as the 1×1 convolution that it is.
func convolution(n embed.Node) embed.Node {
	n.Op, n.Groups, n.Window = embed.OpConv, 1, pixel
	return n
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

// needed tells by node whether the output depends on it.
func needed(g *embed.Graph) []bool {
	need := make([]bool, len(g.Nodes)+1)
	need[g.Output] = true
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if need[i+1] {
			for _, v := range g.Nodes[i].In {
				need[v] = true
			}
		}
	}
	return need[1:]
}

// prune returns g without the nodes that the output does not need.
func prune(g *embed.Graph) *embed.Graph {
	need := needed(g)
	to := make([]embed.Value, len(need)+1)
	out := &embed.Graph{Input: g.Input}
	for i, n := range g.Nodes {
		if !need[i] {
			continue
		}
		in := make([]embed.Value, len(n.In))
		for j, v := range n.In {
			in[j] = to[v]
		}
		n.In = in
		out.Nodes = append(out.Nodes, n)
		to[i+1] = embed.Value(len(out.Nodes))
	}
	out.Output = to[g.Output]
	return out
}
