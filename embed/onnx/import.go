package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/edge-camera/edge/embed"
)

// ImportOptions says what an ONNX file does not.
type ImportOptions struct {
	// Mean and Std turn a picture's 0–255 values into what the network was
	// trained on: (rgb − Mean)/Std. When both are zero: 127 and 128.
	Mean, Std [3]float32

	// Cut names the tensor, or the node, whose output is the embedding; what
	// comes after it is left out. Empty: the graph's only output.
	Cut string

	// Side is the height and width to read pictures at. 0: what the file says;
	// a file that leaves it open needs it.
	Side int
}

const (
	maxSide   = 4096 // height and width of a value
	maxWindow = 64   // kernel, stride and dilation
)

// Import reads a float32 network. The result holds the file's operators one
// by one, batch normalization and activations not folded; it shares no memory
// with b.
//
// Errors wrap embed.ErrCorrupt (with the offset), embed.ErrVersion (the opset)
// or embed.ErrUnsupported (with the operator and the node's name). No input
// makes it panic, and it takes memory in proportion to len(b).
func Import(b []byte, opt ImportOptions) (*embed.Graph, error) {
	o, err := preflight(b)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	ops, err := decode(o)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	g, err := convert(o, ops, opt, len(b))
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return g, nil
}

// operators maps an ONNX operator to its converter.
var operators = map[string]func(*node) error{
	"Add":                (*node).add,
	"BatchNormalization": (*node).batchNorm,
	"Clip":               (*node).clip,
	"Constant":           (*node).constant,
	"Conv":               (*node).conv,
	"Dropout":            (*node).dropout,
	"Flatten":            (*node).flatten,
	"Gemm":               (*node).gemm,
	"GlobalAveragePool":  (*node).globalAveragePool,
	"Identity":           (*node).identity,
	"ReduceMean":         (*node).reduceMean,
	"Relu":               (*node).relu,
	"Reshape":            (*node).reshape,
}

// feature is a computed value: what embed calls [H W C], as ONNX sees it.
type feature struct {
	value embed.Value
	shape embed.Shape
	rank  int // 4: [N C H W], 2: [N C] with H = W = 1
}

// importer is the state of one import.
type importer struct {
	outline  *outline
	graph    embed.Graph
	features map[string]feature
	consts   map[string]tensor.Tensor // by the name of the value
	budget   int                      // weights that may still be copied
}

// node is one node being converted.
type node struct {
	*importer
	*operation
	info *nodeInfo
}

func convert(o *outline, ops []*operation, opt ImportOptions, size int) (*embed.Graph, error) {
	im := &importer{
		outline:  o,
		features: map[string]feature{},
		consts:   map[string]tensor.Tensor{},
		budget:   size,
	}
	if err := im.input(opt); err != nil {
		return nil, err
	}
	target, err := o.target(opt.Cut)
	if err != nil {
		return nil, err
	}
	for i, need := range o.needed(target) {
		n := &node{im, ops[i], &o.nodes[i]}
		if !need {
			continue
		}
		if err := n.convert(); err != nil {
			return nil, fmt.Errorf("%s: %w", n.info.label(), err)
		}
	}
	out, ok := im.features[target]
	if !ok {
		return nil, fmt.Errorf("%w: the output %q is a constant", embed.ErrUnsupported, target)
	}
	im.graph.Output = out.value
	if len(im.graph.Nodes) == 0 {
		return nil, fmt.Errorf("%w: the network computes nothing", embed.ErrUnsupported)
	}
	if _, err := im.graph.Shapes(); err != nil {
		return nil, err
	}
	return &im.graph, nil
}

// input makes the graph's Input of the file's only input.
func (im *importer) input(opt ImportOptions) error {
	ins := im.outline.inputs
	if len(ins) != 1 {
		return fmt.Errorf("%w: %d inputs, want one picture", embed.ErrUnsupported, len(ins))
	}
	in := ins[0]
	switch {
	case in.elem != elemFloat32:
		return fmt.Errorf("%w: input %q is %v, want float32", embed.ErrUnsupported, in.name, in.elem)
	case !in.rank || len(in.dims) != 4:
		return fmt.Errorf("%w: input %q has shape %v, want [1 3 height width]", embed.ErrUnsupported, in.name, in.dims)
	case in.dims[0] != 1 && in.dims[0] != -1:
		return fmt.Errorf("%w: input %q takes %d pictures at once, want 1", embed.ErrUnsupported, in.name, in.dims[0])
	case in.dims[1] != 3:
		return fmt.Errorf("%w: input %q has shape %v, want 3 channels in the second place", embed.ErrUnsupported, in.name, in.dims)
	}
	h, w := in.dims[2], in.dims[3]
	if opt.Side != 0 {
		h, w = int64(opt.Side), int64(opt.Side)
	}
	switch {
	case h == -1 || w == -1:
		return fmt.Errorf("%w: input %q leaves its height and width open: say which side to use", embed.ErrUnsupported, in.name)
	case h != w || h < 1 || h > maxSide:
		return fmt.Errorf("%w: input %q is %dx%d, want a square of 1 to %d", embed.ErrUnsupported, in.name, h, w, maxSide)
	}
	mean, std := opt.Mean, opt.Std
	if mean == ([3]float32{}) && std == ([3]float32{}) {
		mean, std = [3]float32{127, 127, 127}, [3]float32{128, 128, 128}
	}
	for c := range 3 {
		if !finite(mean[c]) || !finite(std[c]) || std[c] <= 0 {
			return fmt.Errorf("mean %v and std %v: want numbers, std above 0", mean, std)
		}
	}
	im.graph.Input = embed.Input{Height: int(h), Width: int(w), Mean: mean, Std: std}
	im.features[in.name] = feature{0, embed.Shape{H: int(h), W: int(w), C: 3}, 4}
	return nil
}

// target returns the name of the value to end with. A tensor's name goes
// before a node's.
func (o *outline) target(cut string) (string, error) {
	if cut == "" {
		if len(o.outputs) != 1 {
			return "", fmt.Errorf("%w: %d outputs (%s): say which one to cut at", embed.ErrUnsupported, len(o.outputs), strings.Join(o.outputs, ", "))
		}
		return o.outputs[0], nil
	}
	if o.find(cut) >= 0 {
		return cut, nil
	}
	found := ""
	for i := range o.nodes {
		if o.nodes[i].name != cut {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("cut at %q: two nodes have this name; give a tensor's", cut)
		}
		found = o.nodes[i].out[0]
	}
	if found == "" {
		return "", fmt.Errorf("cut at %q: no tensor or node has this name", cut)
	}
	return found, nil
}

// needed says for each node whether target depends on it.
func (o *outline) needed(target string) []bool {
	need := make([]bool, len(o.nodes))
	want := map[string]bool{target: true}
	for i := len(o.nodes) - 1; i >= 0; i-- {
		if slices.ContainsFunc(o.nodes[i].out, func(out string) bool { return want[out] }) {
			need[i] = true
			for _, in := range o.nodes[i].in {
				want[in] = in != ""
			}
		}
	}
	return need
}

func (n *node) convert() error {
	if n.info.refused != nil {
		return n.info.refused
	}
	op, ok := operators[n.typ]
	if !ok {
		return embed.ErrUnsupported
	}
	// Later outputs are a mask or training statistics.
	for _, out := range n.info.out[1:] {
		if out != "" && n.isUsed(out) {
			return fmt.Errorf("%w: its further output %q is used", embed.ErrUnsupported, out)
		}
	}
	return op(n)
}

func (n *node) isUsed(name string) bool {
	if slices.Contains(n.outline.outputs, name) {
		return true
	}
	return slices.ContainsFunc(n.outline.nodes, func(o nodeInfo) bool { return slices.Contains(o.in, name) })
}

// inputs checks how many inputs there are.
func (n *node) inputs(lo, hi int) error {
	if k := len(n.info.in); k < lo || k > hi {
		return fmt.Errorf("%w: it has %d inputs, want %d to %d", embed.ErrCorrupt, k, lo, hi)
	}
	return nil
}

// has reports whether input i is given.
func (n *node) has(i int) bool { return i < len(n.info.in) && n.info.in[i] != "" }

// feature returns input i, which must be computed.
func (n *node) feature(i int) (feature, error) {
	if !n.has(i) {
		return feature{}, fmt.Errorf("%w: input %d is missing", embed.ErrCorrupt, i)
	}
	f, ok := n.features[n.info.in[i]]
	if !ok {
		return f, fmt.Errorf("%w: input %q is a constant, want a computed value", embed.ErrUnsupported, n.info.in[i])
	}
	return f, nil
}

// tensor returns input i, which must be constant, and its dimensions.
func (n *node) tensor(i int) (tensor.Tensor, []int, error) {
	if !n.has(i) {
		return nil, nil, fmt.Errorf("%w: input %d is missing", embed.ErrCorrupt, i)
	}
	name := n.info.in[i]
	if t, ok := n.consts[name]; ok {
		return t, t.Shape(), nil
	}
	info, ok := n.outline.tensors[name]
	if !ok {
		return nil, nil, fmt.Errorf("%w: input %q is computed, want a constant", embed.ErrUnsupported, name)
	}
	if info.refused != nil {
		return nil, nil, fmt.Errorf("%q: %w", name, info.refused)
	}
	t := n.in[i].t
	if t == nil {
		return nil, nil, fmt.Errorf("%w: %q is %v, want float32 or int64", embed.ErrUnsupported, name, info.elem)
	}
	return t, info.dims, nil
}

// floats returns constant input i: finite float32 and their dimensions. The
// slice is the decoder's.
func (n *node) floats(i int) ([]float32, []int, error) {
	t, dims, err := n.tensor(i)
	if err != nil {
		return nil, nil, err
	}
	var v []float32
	switch data := t.Data().(type) {
	case []float32:
		v = data
	case float32:
		v = []float32{data}
	default:
		return nil, nil, fmt.Errorf("%w: %q is %v, want float32", embed.ErrUnsupported, n.info.in[i], t.Dtype())
	}
	for j, x := range v {
		if !finite(x) {
			return nil, nil, fmt.Errorf("%w: %q holds %v at %d", embed.ErrCorrupt, n.info.in[i], x, j)
		}
	}
	return v, dims, nil
}

// vector returns a copy of constant input i, which must have size elements.
// Dimensions of 1 before the last are let through.
func (n *node) vector(i, size int) ([]float32, error) {
	v, dims, err := n.floats(i)
	if err != nil {
		return nil, err
	}
	if len(v) != size || len(dims) > 1 && dims[len(dims)-1] != size {
		return nil, fmt.Errorf("%w: %q has dimensions %v, want [%d]", embed.ErrCorrupt, n.info.in[i], dims, size)
	}
	if err := n.spend(len(v)); err != nil {
		return nil, err
	}
	return slices.Clone(v), nil
}

// ints returns constant input i as integers.
func (n *node) ints(i int) ([]int64, error) {
	t, _, err := n.tensor(i)
	if err != nil {
		return nil, err
	}
	switch data := t.Data().(type) {
	case []int64:
		return data, nil
	case int64:
		return []int64{data}, nil
	}
	return nil, fmt.Errorf("%w: %q is %v, want int64", embed.ErrUnsupported, n.info.in[i], t.Dtype())
}

// spend accounts for k copied weights: many nodes that name one initializer
// must not make a small file large. A file holds at most a quarter as many
// float32 as bytes, so honest sharing has room.
func (n *node) spend(k int) error {
	if n.budget -= k; n.budget < 0 {
		return fmt.Errorf("%w: its nodes name more weights than the file holds", embed.ErrCorrupt)
	}
	return nil
}

// emit appends e to the graph as this node and records its result.
func (n *node) emit(e embed.Node, shape embed.Shape, rank int) error {
	if shape.H < 1 || shape.W < 1 || shape.C < 1 || shape.H > maxSide || shape.W > maxSide {
		return fmt.Errorf("%w: its result would be %dx%d with %d channels", embed.ErrUnsupported, shape.H, shape.W, shape.C)
	}
	if e.Name = n.info.name; e.Name == "" {
		e.Name = n.info.out[0]
	}
	n.graph.Nodes = append(n.graph.Nodes, e)
	n.features[n.info.out[0]] = feature{embed.Value(len(n.graph.Nodes)), shape, rank}
	return nil
}

// pass makes this node's result its input under another name, of rank rank.
func (n *node) pass(f feature, rank int) error {
	f.rank = rank
	n.features[n.info.out[0]] = f
	return nil
}

func finite(x float32) bool {
	return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0)
}
