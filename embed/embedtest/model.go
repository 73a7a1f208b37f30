package embedtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/edge-camera/edge/embed"
)

// Tiny returns an int8 model of 16×16 pixels and 24 dimensions with every kind
// of layer and two gold inputs.
func Tiny() *embed.Model {
	m := Int8(tiny(1), 1)
	m.Meta = embed.Meta{Name: "tiny", Origin: "embedtest", License: "Apache-2.0"}
	addGold(m)
	return m
}

// TinyFloat returns the float32 model that Tiny was quantized from.
func TinyFloat() *embed.Model {
	m := &embed.Model{
		Meta:      embed.Meta{Name: "tiny-float", Origin: "embedtest", License: "Apache-2.0"},
		Precision: embed.Float32, Graph: tiny(1),
	}
	addGold(m)
	return m
}

// Mixed returns an int8 model of side × side pixels and 16 dimensions with
// every operator of format 1.1, and two gold inputs.
func Mixed(side int) *embed.Model {
	m := Int8(mixed(side, 1), 1)
	m.Meta = embed.Meta{Name: "mixed", Origin: "embedtest", License: "Apache-2.0"}
	addGold(m)
	return m
}

// MixedFloat returns the float32 model that Mixed was quantized from.
func MixedFloat(side int) *embed.Model {
	m := &embed.Model{
		Meta:      embed.Meta{Name: "mixed-float", Origin: "embedtest", License: "Apache-2.0"},
		Precision: embed.Float32, Graph: mixed(side, 1),
	}
	addGold(m)
	return m
}

// Pixels returns n bytes of noise over a colour, both by seed.
func Pixels(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	colour := [3]int{rng.IntN(256), rng.IntN(256), rng.IntN(256)}
	pix := make([]byte, n)
	for i := range pix {
		pix[i] = byte(min(max(colour[i%3]+int(rng.NormFloat64()*48), 0), 255))
	}
	return pix
}

func addGold(m *embed.Model) {
	s := must(embed.NewNetwork(m)).NewSession(1)
	defer s.Close()
	side := m.Graph.Input.Height
	for seed := range uint64(2) {
		gold := embed.Gold{Pix: Pixels(side*side*3, seed)}
		shapes := must(m.Graph.Shapes())
		gold.Embedding = make(embed.Embedding, shapes[m.Graph.Output].Len())
		if err := s.EmbedPixels(gold.Embedding, gold.Pix); err != nil {
			panic(fmt.Sprintf("embedtest: %v", err))
		}
		m.Gold = append(m.Gold, gold)
	}
}

// must is for what cannot fail with the graphs of this package.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("embedtest: %v", err))
	}
	return v
}

// Int8 returns an int8 model of a folded graph that ends in a global mean:
// enough of a quantizer for tests, with ranges taken from a few noise pictures
// by seed. It panics on any other graph.
func Int8(g *embed.Graph, seed uint64) *embed.Model {
	shapes := must(g.Shapes())
	lo, hi := observe(g, seed)
	q := &embed.Quant{Values: make([]embed.QValue, len(lo)), Nodes: make([]embed.QNode, len(g.Nodes))}
	for v := range q.Values {
		scale := max(float64(hi[v]-lo[v]), 1e-3) / 255
		q.Values[v] = embed.QValue{Scale: float32(scale), Zero: int8(math.Round(-128 - float64(lo[v])/scale))}
		if v > 0 {
			switch n := &g.Nodes[v-1]; n.Op {
			case embed.OpMaxPool, embed.OpMeanPool, embed.OpSelect: // nothing that their input does not have
				q.Values[v] = q.Values[n.In[0]]
			}
		}
	}
	bare := &embed.Graph{Input: g.Input, Output: g.Output}
	for i := range g.Nodes {
		n := g.Nodes[i]
		in, out := q.Values[n.In[0]], q.Values[i+1]
		switch n.Op {
		case embed.OpConv:
			q.Nodes[i] = quantizeConv(&n, in, out)
		case embed.OpAdd:
			q.Nodes[i] = quantizeAdd(in, q.Values[n.In[1]], out)
		case embed.OpMul:
			q.Nodes[i] = quantizeProduct(float64(in.Scale) * float64(q.Values[n.In[1]].Scale) / float64(out.Scale))
		case embed.OpGlobalMean:
			if i < len(g.Nodes)-1 {
				s := shapes[n.In[0]]
				q.Nodes[i] = quantizeProduct(float64(in.Scale) / float64(s.H*s.W) / float64(out.Scale))
			}
		case embed.OpAct:
			q.Nodes[i].Table = table(in, out, n.Activate)
		case embed.OpConcat:
			q.Nodes[i].Table = quantizeConcat(n.In, q.Values, out)
		case embed.OpMaxPool, embed.OpMeanPool, embed.OpSelect:
		default:
			panic(fmt.Sprintf("embedtest: no int8 form of node %d (%v)", i, n.Op))
		}
		low, high := n.Range()
		at := func(x float32) int8 {
			return int8(min(max(math.Round(float64(x)/float64(out.Scale))+float64(out.Zero), -128), 127))
		}
		switch {
		case n.Op == embed.OpConv, n.Op == embed.OpAdd, n.Op == embed.OpMul, n.Op == embed.OpGlobalMean && i < len(g.Nodes)-1:
			q.Nodes[i].Lo, q.Nodes[i].Hi = at(low), at(high)
		}
		n.Weight, n.Bias = nil, nil
		bare.Nodes = append(bare.Nodes, n)
	}
	m := &embed.Model{Precision: embed.Int8, Graph: bare, Quant: q}
	if err := m.Validate(); err != nil {
		panic(fmt.Sprintf("embedtest: %v", err))
	}
	return m
}

// observe returns the least and greatest of every value, zero among them.
func observe(g *embed.Graph, seed uint64) (lo, hi []float32) {
	s := must(embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})).NewSession(1)
	defer s.Close()
	lo, hi = make([]float32, len(g.Nodes)+1), make([]float32, len(g.Nodes)+1)
	for i := range uint64(3) {
		pix := Pixels(g.Input.Height*g.Input.Width*3, seed+i)
		err := s.Trace(pix, func(v embed.Value, _ embed.Shape, data []float32) {
			for _, x := range data {
				lo[v], hi[v] = min(lo[v], x), max(hi[v], x)
			}
		})
		if err != nil {
			panic(fmt.Sprintf("embedtest: %v", err))
		}
	}
	lo[0], hi[0] = -1, 127.0/128 // all that a byte can be: q = rgb − 128
	return lo, hi
}

func quantizeConv(n *embed.Node, in, out embed.QValue) embed.QNode {
	k := len(n.Weight) / n.Out
	q := embed.QNode{Weight: make([]int8, len(n.Weight)), Bias: make([]int32, n.Out), Mult: make([]int32, n.Out)}
	for c := range n.Out {
		most := 1e-6
		for _, w := range n.Weight[c*k : (c+1)*k] {
			most = max(most, math.Abs(float64(w)))
		}
		scale := most / 127
		unit := float64(in.Scale) * scale
		var sum int64
		for i, w := range n.Weight[c*k : (c+1)*k] {
			w := int8(math.Round(float64(w) / scale))
			q.Weight[c*k+i] = w
			sum += int64(w)
		}
		r := unit / float64(out.Scale)
		q.Mult[c] = int32(limit(r*(1<<31), 1, math.MaxInt32))
		bias := float64(n.Bias[c])/unit - float64(int64(in.Zero)*sum) + math.Round(float64(out.Zero)/r)
		q.Bias[c] = int32(limit(bias, -1<<30, 1<<30))
	}
	return q
}

// quantizeAdd rounds its products, so that arm64 fuses none of them and the
// model is the same everywhere.
func quantizeAdd(a, b, out embed.QValue) embed.QNode {
	const shift = 14
	ra := float64(a.Scale) / float64(out.Scale)
	rb := float64(b.Scale) / float64(out.Scale)
	zero := float64(out.Zero) - float64(ra*float64(a.Zero)) - float64(rb*float64(b.Zero))
	return embed.QNode{
		MultA: int16(limit(ra*(1<<shift), 0, math.MaxInt16)), MultB: int16(limit(rb*(1<<shift), 0, math.MaxInt16)),
		Shift: shift, AddBias: int32(limit(zero*(1<<shift), -1<<30, 1<<30)),
	}
}

// quantizeProduct is for a node that multiplies its accumulator by r.
func quantizeProduct(r float64) embed.QNode {
	shift := 0
	for ; r >= 1 && shift < 14; shift++ {
		r /= 2
	}
	return embed.QNode{Mult: []int32{int32(limit(r*(1<<31), 1, math.MaxInt32))}, Shift: uint8(shift)}
}

// table is what f makes of each value of in, in values of out.
func table(in, out embed.QValue, f func(x float64) float64) []int8 {
	t := make([]int8, 256)
	for i := range t {
		x := float64(in.Scale) * float64(i-128-int(in.Zero))
		t[i] = int8(limit(f(x)/float64(out.Scale)+float64(out.Zero), -128, 127))
	}
	return t
}

// quantizeConcat returns a table for each input, or none where all have the
// scale and zero of the output.
func quantizeConcat(in []embed.Value, values []embed.QValue, out embed.QValue) (tables []int8) {
	same := true
	for _, v := range in {
		same = same && values[v] == out
		tables = append(tables, table(values[v], out, func(x float64) float64 { return x })...)
	}
	if same {
		return nil
	}
	return tables
}

// limit rounds to the nearest integer in a range. Ranges that int8 cannot
// carry give a model that is poor, and still valid.
func limit(v, lo, hi float64) float64 { return min(max(math.Round(v), lo), hi) }
