package quantize

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// base is a graph and what is known of it, which every plan for it shares.
type base struct {
	graph  *embed.Graph
	shapes []embed.Shape
	prior  [][]normal  // by Value; nil where nothing is known
	shift  [][]float64 // by node and channel; see split
	saw    *seen
}

// newBase runs a folded graph over the pictures, of which the first fit are
// calibrated with. known is by node.
func newBase(g *embed.Graph, known [][]normal, divide bool, pictures [][]byte, fit int, progress func()) (*base, error) {
	b := &base{graph: g, shift: make([][]float64, len(g.Nodes))}
	var err error
	if b.shapes, err = g.Shapes(); err != nil {
		return nil, err
	}
	if divide {
		// The copies are of dead channels' places: the shapes stay.
		if b.graph, known, b.shift, err = split(g, known, b.shapes, pictures[:fit]); err != nil {
			return nil, err
		}
	}
	b.prior = append([][]normal{nil}, known...)
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: b.graph})
	if err != nil {
		return nil, err
	}
	b.saw, err = observe(net, b.shapes, pictures, fit, progress)
	return b, err
}

// plan is a quantization under way.
type plan struct {
	*base
	method  Method
	scales  [][]float64    // by Value: what each channel is multiplied by; nil for 1
	spans   []span         // by Value
	values  []embed.QValue // by Value
	filters []*filters     // by node; nil of what is no convolution
}

// newPlan chooses scales and spans.
func newPlan(b *base, method Method) *plan {
	p := &plan{
		base: b, method: method,
		scales:  make([][]float64, len(b.shapes)),
		spans:   make([]span, len(b.shapes)),
		values:  make([]embed.QValue, len(b.shapes)),
		filters: make([]*filters, len(b.graph.Nodes)),
	}
	if method.Equalize {
		p.equalize()
	}
	p.chooseSpans()
	return p
}

// scaleOf returns what channel c of v is multiplied by.
func (p *plan) scaleOf(v embed.Value, c int) float64 {
	if p.scales[v] == nil {
		return 1
	}
	return p.scales[v][c]
}

// fit chooses every number, node after node: what a convolution's weights are
// rounded for is what the int8 network so far makes of the pictures.
func (p *plan) fit(pictures [][]byte, progress func()) error {
	p.values[0] = p.input()
	for i := range p.graph.Nodes {
		n := &p.graph.Nodes[i]
		v := embed.Value(i + 1)
		p.values[v] = p.value(i)
		if n.Op == embed.OpConv {
			var reads *sample
			if p.method.Round || p.method.Bias {
				reads = newWindows(p.graph, p.shapes, v, len(pictures))
				if err := p.read(reads, n.In[0], pictures); err != nil {
					return err
				}
			}
			p.filters[i] = p.quantizeFilters(i, p.values[n.In[0]], &p.values[v], reads)
		}
		if progress != nil {
			progress()
		}
	}
	return nil
}

// value returns the scale and zero point of what node i makes, of all that its
// inputs' are known.
func (p *plan) value(i int) embed.QValue {
	n := &p.graph.Nodes[i]
	v := embed.Value(i + 1)
	in := p.values[n.In[0]]
	out := affine(p.spans[v])
	places := p.shapes[n.In[0]].H * p.shapes[n.In[0]].W
	switch n.Op {
	case embed.OpMaxPool, embed.OpMeanPool, embed.OpSelect:
		return in
	case embed.OpAdd:
		coarsen(&out, p.spans[v], float64(max(in.Scale, p.values[n.In[1]].Scale))/mostAdd)
	case embed.OpMul:
		coarsen(&out, p.spans[v], float64(in.Scale)*float64(p.values[n.In[1]].Scale)/mostProduct(255*255))
	case embed.OpGlobalMean:
		r := float64(in.Scale) / float64(places)
		if v == p.graph.Output {
			return embed.QValue{Scale: float32(r)}
		}
		coarsen(&out, p.spans[v], r/mostProduct(255*int64(places)))
	}
	return out
}

// node returns the integers of node i.
func (p *plan) node(i int) embed.QNode {
	n := &p.graph.Nodes[i]
	v := embed.Value(i + 1)
	in := make([]embed.QValue, len(n.In))
	for j, from := range n.In {
		in[j] = p.values[from]
	}
	out := p.values[v]
	switch n.Op {
	case embed.OpConv:
		return p.filters[i].integers(n, in[0], out)
	case embed.OpAdd:
		return add(n, in[0], in[1], out)
	case embed.OpMul:
		return product(n, float64(in[0].Scale)*float64(in[1].Scale)/float64(out.Scale), out)
	case embed.OpGlobalMean:
		if v == p.graph.Output {
			return embed.QNode{}
		}
		places := p.shapes[n.In[0]].H * p.shapes[n.In[0]].W
		return product(n, float64(in[0].Scale)/float64(places)/float64(out.Scale), out)
	case embed.OpAct:
		return embed.QNode{Table: table(in[0], out, n.Activate)}
	case embed.OpConcat:
		return embed.QNode{Table: joined(in, out)}
	}
	return embed.QNode{} // pools and selects copy what there is
}

// model returns the int8 model of the first nodes, whose numbers are chosen.
func (p *plan) model(nodes int) *embed.Model {
	g := &embed.Graph{Input: p.graph.Input, Output: embed.Value(nodes)}
	q := &embed.Quant{Values: append([]embed.QValue(nil), p.values[:nodes+1]...)}
	for i := range nodes {
		n := p.graph.Nodes[i]
		n.Weight, n.Bias = nil, nil
		g.Nodes = append(g.Nodes, n)
		q.Nodes = append(q.Nodes, p.node(i))
	}
	return &embed.Model{Precision: embed.Int8, Graph: g, Quant: q}
}

// read fills in what a convolution of value v reads in the int8 network.
func (p *plan) read(reads *sample, v embed.Value, pictures [][]byte) error {
	if v == 0 {
		return p.readInput(reads, pictures)
	}
	m := p.model(int(v))
	shape := p.shapes[v]
	// A network ends in a global mean.
	m.Graph.Nodes = append(m.Graph.Nodes, embed.Node{Op: embed.OpGlobalMean, Name: "mean", In: []embed.Value{v}})
	m.Graph.Output++
	m.Quant.Nodes = append(m.Quant.Nodes, embed.QNode{})
	m.Quant.Values = append(m.Quant.Values, embed.QValue{Scale: p.values[v].Scale / float32(shape.H*shape.W)})
	net, err := embed.NewNetwork(m)
	if err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	return inSessions(net, len(pictures), func(s *embed.Session, i int) error {
		return s.Trace(pictures[i], func(at embed.Value, _ embed.Shape, data []float32) {
			if at == v {
				reads.take(i, i, data)
			}
		})
	}, nil)
}
