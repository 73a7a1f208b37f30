package onnx

import (
	"fmt"
	"slices"

	onnxgo "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gorgonia.org/tensor"

	"github.com/edge-camera/edge/embed"
)

// value is a tensor as the decoder hands it to its backend.
type value struct {
	id   int64
	name string
	t    tensor.Tensor
	in   []*value // inputs of the node that makes it, in order
}

var (
	_ onnxgo.Namer       = (*value)(nil)
	_ onnxgo.DataCarrier = (*value)(nil)
	_ onnxgo.Backend     = (*backend)(nil)
)

func (v *value) ID() int64                       { return v.id }
func (v *value) SetName(name string)             { v.name = name }
func (v *value) GetName() string                 { return v.name }
func (v *value) SetTensor(t tensor.Tensor) error { v.t = t; return nil }
func (v *value) GetTensor() tensor.Tensor        { return v.t }

// operation is a node as decoded.
type operation struct {
	typ   string
	attrs map[string]any
	in    []*value
	out   []*value
}

// backend collects what the decoder finds, in the file's order. The decoder
// only builds, so the reading half of graph.Directed is never called and a nil
// interface stands in for it.
type backend struct {
	graph.Directed
	values []*value
	ops    []operation
}

// edge joins a node's output to one of its inputs; its weight is the input's
// position.
type edge struct {
	from, to *value
	weight   float64
}

func (e edge) From() graph.Node         { return e.from }
func (e edge) To() graph.Node           { return e.to }
func (e edge) ReversedEdge() graph.Edge { return edge{e.to, e.from, e.weight} }
func (e edge) Weight() float64          { return e.weight }

func (b *backend) NewNode() graph.Node {
	v := &value{id: int64(len(b.values))}
	b.values = append(b.values, v)
	return v
}

func (b *backend) AddNode(graph.Node) {}

func (b *backend) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return edge{from.(*value), to.(*value), weight}
}

func (b *backend) SetWeightedEdge(e graph.WeightedEdge) {
	from, to, i := e.From().(*value), e.To().(*value), int(e.Weight())
	for len(from.in) <= i {
		from.in = append(from.in, nil)
	}
	from.in[i] = to
}

func (b *backend) ApplyOperation(o onnxgo.Operation, nodes ...graph.Node) error {
	op := operation{typ: o.Name, attrs: o.Attributes}
	for _, n := range nodes {
		op.out = append(op.out, n.(*value))
	}
	if len(op.out) > 0 {
		op.in = op.out[0].in
	}
	b.ops = append(b.ops, op)
	return nil
}

// decode runs the decoder over what preflight left and pairs its operations
// with the nodes that preflight saw: result[i] belongs to o.nodes[i] and is nil
// where the node was kept from the decoder. A panic in the decoder or the
// tensor library is an error here.
func decode(o *outline) (ops []*operation, err error) {
	defer func() {
		if r := recover(); r != nil {
			ops, err = nil, fmt.Errorf("%w: the ONNX decoder failed: %v", embed.ErrCorrupt, r)
		}
	}()
	ops = make([]*operation, len(o.nodes))
	if !slices.ContainsFunc(o.nodes, func(n nodeInfo) bool { return n.refused == nil }) {
		return ops, nil // the decoder takes an empty graph for an error
	}
	var b backend
	if err := onnxgo.NewModel(&b).UnmarshalBinary(o.clean); err != nil {
		return nil, fmt.Errorf("%w: %w", embed.ErrCorrupt, err)
	}
	next := 0
	for i := range o.nodes {
		n := &o.nodes[i]
		if n.refused != nil {
			continue
		}
		if next == len(b.ops) || !b.ops[next].matches(n) {
			return nil, fmt.Errorf("%w: %s was decoded as something else", embed.ErrCorrupt, n.label())
		}
		ops[i] = &b.ops[next]
		next++
	}
	if next != len(b.ops) {
		return nil, fmt.Errorf("%w: %d nodes decoded, %d are there", embed.ErrCorrupt, len(b.ops), next)
	}
	return ops, nil
}

// matches reports whether op is what preflight read as n.
func (op *operation) matches(n *nodeInfo) bool {
	if op.typ != n.op || len(op.out) != len(n.out) {
		return false
	}
	for i, out := range op.out {
		if out.name != n.out[i] {
			return false
		}
	}
	if len(n.in) == 0 {
		return true // the decoder makes one up
	}
	if len(op.in) != len(n.in) {
		return false
	}
	for i, in := range op.in {
		if in == nil || in.name != n.in[i] {
			return false
		}
	}
	return true
}
