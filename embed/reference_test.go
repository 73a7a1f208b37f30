package embed_test

import (
	"math"
	"math/big"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// referenceFloat runs a graph as its operators are defined: an output is its
// bias and then its products in the order of the filter, zeros of the padding
// among them, each rounded to float32.
func referenceFloat(g *embed.Graph, shapes []embed.Shape, rgb []byte) [][]float32 {
	values := make([][]float32, len(shapes))
	values[0] = make([]float32, shapes[0].Len())
	for i, v := range rgb {
		values[0][i] = (float32(v) - g.Input.Mean[i%3]) / g.Input.Std[i%3]
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		is, os := shapes[n.In[0]], shapes[i+1]
		in, out := values[n.In[0]], make([]float32, os.Len())
		values[i+1] = out
		switch n.Op {
		case embed.OpConv:
			eachTap(n, is, os, func(o, _, at, w int) {
				if w < 0 {
					if n.Bias != nil {
						out[o] = n.Bias[o%os.C]
					}
					return
				}
				var x float32
				if at >= 0 {
					x = in[at]
				}
				out[o] += float32(x * n.Weight[w])
			})
		case embed.OpDense:
			for o := range out {
				if n.Bias != nil {
					out[o] = n.Bias[o]
				}
				for k, x := range in {
					out[o] += float32(x * n.Weight[o*len(in)+k])
				}
			}
		case embed.OpBatchNorm:
			for j, x := range in {
				c := j % is.C
				std := float32(math.Sqrt(float64(n.Var[c] + n.Epsilon)))
				out[j] = float32((x-n.Mean[c])/std*n.Weight[c]) + n.Bias[c]
			}
		case embed.OpAct:
			for j, x := range in {
				out[j] = referenceAct(n, x)
			}
		case embed.OpAdd:
			b := values[n.In[1]]
			for j := range out {
				out[j] = in[j] + b[j%len(b)] // [1 1 C] over and over
			}
		case embed.OpMul:
			b := values[n.In[1]]
			for j := range out {
				out[j] = in[j] * b[j%len(b)]
			}
		case embed.OpMaxPool, embed.OpMeanPool:
			for o := range out {
				var seen []float32
				counted := eachPlace(n, is, os, o, func(at int) { seen = append(seen, in[at]) })
				if n.Op == embed.OpMaxPool {
					out[o] = slices.Max(seen)
					continue
				}
				for _, x := range seen {
					out[o] += x
				}
				out[o] /= float32(counted)
			}
		case embed.OpConcat, embed.OpSelect:
			for o := range out {
				v, at := moved(n, shapes, o)
				out[o] = values[v][at]
			}
		case embed.OpGlobalMean:
			for j, x := range in {
				out[j%is.C] += x
			}
			for c := range out {
				out[c] /= float32(is.H * is.W)
			}
		}
		if n.Op != embed.OpAct {
			for j, x := range out {
				out[j] = referenceAct(n, x)
			}
		}
	}
	return values
}

// referenceAct is an activation as textbooks have it.
func referenceAct(n *embed.Node, v float32) float32 {
	x, alpha, beta := float64(v), float64(n.Alpha), float64(n.Beta)
	switch n.Act {
	case embed.ActReLU:
		x = math.Max(x, 0)
	case embed.ActReLU6:
		x = math.Min(math.Max(x, 0), 6)
	case embed.ActClip:
		x = math.Min(math.Max(x, alpha), beta)
	case embed.ActLeakyReLU:
		if x < 0 {
			x = alpha * x
		}
	case embed.ActSigmoid:
		x = 1 / (1 + math.Exp(-x))
	case embed.ActHardSigmoid:
		product := alpha * x // exact: 24 bits times 24
		x = math.Max(0, math.Min(1, product+beta))
	case embed.ActHardSwish:
		x = x * math.Max(0, math.Min(1, x/6+0.5))
	case embed.ActSiLU:
		x = x / (1 + math.Exp(-x))
	case embed.ActTanh:
		x = math.Tanh(x)
	}
	return float32(x)
}

// eachPlace visits the input elements in the window of an output element of a
// pool, and returns how many places a mean counts.
func eachPlace(n *embed.Node, is, os embed.Shape, o int, visit func(at int)) (counted int) {
	y, x, c := o/(os.W*os.C), o/os.C%os.W, o%os.C
	w := n.Window
	for ky := range w.KernelH {
		for kx := range w.KernelW {
			iy, ix := y*w.StrideH-w.Top+ky*w.DilationH, x*w.StrideW-w.Left+kx*w.DilationW
			inside := iy >= 0 && iy < is.H && ix >= 0 && ix < is.W
			if inside {
				visit((iy*is.W+ix)*is.C + c)
			}
			padded := n.CountPadding && iy < is.H+w.Bottom-n.UncountedBottom && ix < is.W+w.Right-n.UncountedRight
			if inside || padded {
				counted++
			}
		}
	}
	return counted
}

// moved tells where an output element of a concat or select comes from.
func moved(n *embed.Node, shapes []embed.Shape, o int) (v embed.Value, at int) {
	if n.Op == embed.OpSelect {
		in := n.In[0]
		return in, o/len(n.Channels)*shapes[in].C + int(n.Channels[o%len(n.Channels)])
	}
	channels := 0
	for _, v := range n.In {
		channels += shapes[v].C
	}
	place, c := o/channels, o%channels
	for _, v := range n.In {
		if c < shapes[v].C {
			return v, place*shapes[v].C + c
		}
		c -= shapes[v].C
	}
	panic("no such channel")
}

// eachTap visits an output element with w = −1, then every product of it: the
// index of the input element, −1 outside the picture, and that of the weight.
func eachTap(n *embed.Node, is, os embed.Shape, visit func(o, channel, at, w int)) {
	channels, filters := is.C/n.Groups, n.Out/n.Groups
	win := n.Window
	for o := range os.Len() {
		y, x, f := o/(os.W*os.C), o/os.C%os.W, o%os.C
		visit(o, f, -1, -1)
		for ky := range win.KernelH {
			for kx := range win.KernelW {
				iy := y*win.StrideH - win.Top + ky*win.DilationH
				ix := x*win.StrideW - win.Left + kx*win.DilationW
				for c := range channels {
					at := -1
					if iy >= 0 && iy < is.H && ix >= 0 && ix < is.W {
						at = (iy*is.W+ix)*is.C + f/filters*channels + c
					}
					visit(o, f, at, ((f*win.KernelH+ky)*win.KernelW+kx)*channels+c)
				}
			}
		}
	}
}

// referenceInt8 runs an int8 model by the definition in the package
// documentation, in big integers: no accumulator can overflow, so one that
// does in the network shows.
func referenceInt8(m *embed.Model, shapes []embed.Shape, rgb []byte) (values [][]int8, sums []int64) {
	g, q := m.Graph, m.Quant
	values = make([][]int8, len(shapes))
	for _, v := range rgb[:shapes[0].Len()] {
		c := len(values[0]) % 3
		// TestInt8Input compares this with rational numbers.
		real := (float64(v) - float64(g.Input.Mean[c])) / float64(g.Input.Std[c]) / float64(q.Values[0].Scale)
		r := math.RoundToEven(real) + float64(q.Values[0].Zero)
		values[0] = append(values[0], int8(min(max(r, -128), 127)))
	}
	clamp := func(v *big.Int, n *embed.QNode) int8 {
		return int8(min(max(v.Int64(), int64(n.Lo)), int64(n.Hi)))
	}
	for i := range g.Nodes {
		n, qn := &g.Nodes[i], &q.Nodes[i]
		is, os := shapes[n.In[0]], shapes[i+1]
		in, out := values[n.In[0]], make([]int8, os.Len())
		values[i+1] = out
		switch n.Op {
		case embed.OpConv:
			acc := make([]*big.Int, len(out))
			eachTap(n, is, os, func(o, f, at, w int) {
				if w < 0 {
					acc[o] = big.NewInt(int64(qn.Bias[f]))
					return
				}
				x := q.Values[n.In[0]].Zero
				if at >= 0 {
					x = in[at]
				}
				acc[o].Add(acc[o], big.NewInt(int64(x)*int64(qn.Weight[w])))
			})
			for o, a := range acc {
				a.Mul(a, big.NewInt(int64(qn.Mult[o%os.C])))
				a.Add(a, big.NewInt(1<<30))
				out[o] = clamp(a.Rsh(a, 31), qn)
			}
		case embed.OpAdd:
			for o := range out {
				b := values[n.In[1]]
				a := big.NewInt(int64(in[o])*int64(qn.MultA) + int64(b[o%len(b)])*int64(qn.MultB) + int64(qn.AddBias))
				a.Add(a, big.NewInt(1<<(qn.Shift-1)))
				out[o] = clamp(a.Rsh(a, uint(qn.Shift)), qn)
			}
		case embed.OpMul:
			for o := range out {
				b := values[n.In[1]]
				acc := (int64(in[o]) - int64(q.Values[n.In[0]].Zero)) * (int64(b[o%len(b)]) - int64(q.Values[n.In[1]].Zero))
				out[o] = clamp(product(acc, qn, q.Values[i+1]), qn)
			}
		case embed.OpGlobalMean:
			sums = make([]int64, is.C)
			for j, x := range in {
				sums[j%is.C] += int64(x) - int64(q.Values[n.In[0]].Zero)
			}
			if i < len(g.Nodes)-1 {
				for c, sum := range sums {
					out[c] = clamp(product(sum, qn, q.Values[i+1]), qn)
				}
			}
		case embed.OpAct:
			for o := range out {
				out[o] = qn.Table[int(in[o])+128]
			}
		case embed.OpMaxPool, embed.OpMeanPool:
			zero := int64(q.Values[i+1].Zero)
			for o := range out {
				var sum int64
				most := int8(-128)
				counted := eachPlace(n, is, os, o, func(at int) {
					sum += int64(in[at]) - zero
					most = max(most, in[at])
				})
				out[o] = most
				if n.Op == embed.OpMeanPool {
					mean := big.NewRat(2*sum+int64(counted), 2*int64(counted))
					out[o] = int8(zero + new(big.Int).Div(mean.Num(), mean.Denom()).Int64()) // rounds down
				}
			}
		case embed.OpConcat, embed.OpSelect:
			for o := range out {
				v, at := moved(n, shapes, o)
				out[o] = values[v][at]
				if len(qn.Table) > 0 {
					// The same value may be there twice, with the same table.
					out[o] = qn.Table[256*slices.Index(n.In, v)+int(out[o])+128]
				}
			}
		}
	}
	return values, sums
}

// product is rdm(acc<<Shift, Mult[0]) + Zero.
func product(acc int64, qn *embed.QNode, out embed.QValue) *big.Int {
	p := new(big.Int).Mul(big.NewInt(acc<<qn.Shift), big.NewInt(int64(qn.Mult[0])))
	p.Add(p, big.NewInt(1<<30))
	p.Rsh(p, 31)
	return p.Add(p, big.NewInt(int64(out.Zero)))
}
