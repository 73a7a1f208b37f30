package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// ImportOptions says what an ONNX file does not.
type ImportOptions struct {
	// Mean and Std turn a picture's 0–255 values into what the network was
	// trained on: (rgb − Mean)/Std. When both are zero: 127 and 128.
	Mean, Std [3]float32

	// Cut names the tensor, or the node, whose output is the embedding; what
	// comes after it is left out. Empty: the graph's only output, before a
	// Softmax, LogSoftmax or ArgMax at the end.
	Cut string

	// Embedding makes an embedding network of what it finds: where nothing but
	// a classifier follows the last global mean it is left out, so is one whose
	// scores that mean is of (SqueezeNet), and where the output has more than
	// one place their mean is taken. With Cut only the latter.
	Embedding bool

	// Side is the height and width to read pictures at. 0: what the file says;
	// a file that leaves it open needs it.
	Side int

	// Files reads the files beside the ONNX file that hold weights of it, by
	// the name that the file gives. Nil: such a file is refused.
	Files func(name string) ([]byte, error)

	// Note, if not nil, is told what Import decided by itself, a sentence each.
	Note func(string)
}

const (
	maxSide     = 4096    // height and width of a value
	maxWindow   = 64      // kernel, stride and dilation
	maxChannels = 1 << 16 // of a value
	maxNodes    = 1 << 14
	maxDerived  = 1 << 22 // numbers that stand for single constants
)

// Import reads a float32 network. The result holds the file's operators one
// by one, batch normalization and activations not folded; it shares no memory
// with b.
//
// Errors wrap embed.ErrCorrupt (with the offset), embed.ErrVersion (the opset)
// or embed.ErrUnsupported (with the operator and the node's name); Hint says
// what helps. No input makes it panic, and it takes memory in proportion to
// len(b) and to the files it reads.
func Import(b []byte, opt ImportOptions) (*embed.Graph, error) {
	o, err := preflight(b, opt.Files)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	ops, err := decode(o)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	g, err := convert(o, ops, opt, len(b)+o.beside.total)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return g, nil
}

// operators maps an ONNX operator to its converter.
var operators map[string]func(*node) error

func init() { // converters report unknown operators, hence no initializer
	operators = map[string]func(*node) error{
		"Add":                (*node).add,
		"AveragePool":        (*node).averagePool,
		"BatchNormalization": (*node).batchNorm,
		"Cast":               (*node).cast,
		"CastLike":           (*node).cast,
		"Clip":               (*node).clip,
		"Concat":             (*node).concat,
		"Constant":           (*node).valueOf,
		"Conv":               (*node).conv,
		"Div":                (*node).div,
		"Dropout":            (*node).dropout,
		"Flatten":            (*node).flatten,
		"Gather":             (*node).gather,
		"Gemm":               (*node).gemm,
		"GlobalAveragePool":  (*node).globalAveragePool,
		"GlobalMaxPool":      (*node).globalMaxPool,
		"HardSigmoid":        (*node).hardSigmoid,
		"HardSwish":          (*node).hardSwish,
		"Identity":           (*node).identity,
		"LeakyRelu":          (*node).leakyRelu,
		"MatMul":             (*node).matMul,
		"Max":                (*node).maximum,
		"MaxPool":            (*node).maxPool,
		"Min":                (*node).minimum,
		"Mul":                (*node).mul,
		"PRelu":              (*node).pRelu,
		"Pad":                (*node).padding,
		"ReduceMean":         (*node).reduceMean,
		"Relu":               (*node).relu,
		"Reshape":            (*node).reshape,
		"Shape":              (*node).sizes,
		"Sigmoid":            (*node).sigmoid,
		"Slice":              (*node).slice,
		"Split":              (*node).split,
		"Squeeze":            (*node).squeeze,
		"Sub":                (*node).sub,
		"Swish":              (*node).swish,
		"Tanh":               (*node).tanh,
		"Transpose":          (*node).transpose,
		"Unsqueeze":          (*node).unsqueeze,
	}
}

// feature is a computed value as ONNX sees it.
type feature struct {
	value embed.Value
	shape embed.Shape // of the value
	view  view
	form  form
	pad   pad
}

// importer is the state of one import.
type importer struct {
	outline  *outline
	graph    embed.Graph
	shapes   []embed.Shape // by embed.Value
	origin   []string      // by embed.Value: the tensor it comes from
	features map[string]feature
	consts   map[string]*constant // by the name of the value
	uses     map[string]int       // how often a value is read
	budget   int                  // weights that may still be copied
	derived  int                  // other numbers that may still be made
	assumed  bool                 // mean and std were not said
	note     func(string)
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
		consts:   map[string]*constant{},
		uses:     map[string]int{},
		budget:   size,
		derived:  maxDerived,
		note:     opt.Note,
	}
	if im.note == nil {
		im.note = func(string) {}
	}
	if err := im.input(opt); err != nil {
		return nil, err
	}
	target, err := im.target(opt.Cut)
	if err != nil {
		return nil, err
	}
	need := o.needed(target)
	im.uses[target]++
	for i := range o.nodes {
		if need[i] {
			for _, in := range o.nodes[i].in {
				im.uses[in]++
			}
		}
	}
	for i := range o.nodes {
		if !need[i] {
			continue
		}
		n := &node{im, ops[i], &o.nodes[i]}
		if err := n.convert(); err != nil {
			return nil, fmt.Errorf("%s: %w", n.info.label(), err)
		}
	}
	if _, ok := im.features[target]; !ok {
		return nil, fmt.Errorf("%w: the output %q is a constant", embed.ErrUnsupported, target)
	}
	if err := im.finish(target, opt); err != nil {
		return nil, err
	}
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
		var names []string
		for _, in := range ins {
			names = append(names, in.name)
		}
		return refuse("export a network whose forward takes one picture and nothing else",
			"%d inputs (%s), want one picture", len(ins), strings.Join(names, ", "))
	}
	in := ins[0]
	const want = "export it for pictures of [1 3 height width]: torch.onnx.export(model, torch.randn(1, 3, 224, 224), ...)"
	switch in.elem {
	case elemFloat32:
	case elemFloat16, elemBFloat, elemFloat64:
		im.note(fmt.Sprintf("the network is in %v; edge computes it in float32", in.elem))
	default:
		return refuse("export it with a float32 input; edge makes that of a picture's bytes (--input-mean, --input-std)", "input %q is %v, want float32", in.name, in.elem)
	}
	if !in.rank || len(in.dims) != 4 {
		return refuse(want, "input %q has shape %v, want [1 3 height width]", in.name, in.dims)
	}
	if in.dims[0] != 1 && in.dims[0] != -1 {
		return refuse(want, "input %q takes %d pictures at once, want 1", in.name, in.dims[0])
	}
	h, w := in.dims[2], in.dims[3]
	last := in.dims[1] != 3 && in.dims[3] == 3 // channels last, as TensorFlow has them
	if last {
		h, w = in.dims[1], in.dims[2]
	} else if in.dims[1] != 3 {
		return refuse(want, "input %q has shape %v, want 3 channels in the second place or the last", in.name, in.dims)
	}
	if opt.Side != 0 {
		if h > 0 && h != int64(opt.Side) || w > 0 && w != int64(opt.Side) {
			im.note(fmt.Sprintf("the file is for pictures of %dx%d; read at %dx%d", h, w, opt.Side, opt.Side))
		}
		h, w = int64(opt.Side), int64(opt.Side)
	}
	switch {
	case h == -1 || w == -1:
		return refuse("say which with --side, such as --side 224", "input %q leaves its height and width open", in.name)
	case h != w || h < 1 || h > maxSide:
		return refuse("say which side to use with --side, if the network takes any", "input %q is %dx%d, want a square of 1 to %d", in.name, h, w, maxSide)
	}
	mean, std := opt.Mean, opt.Std
	if mean == ([3]float32{}) && std == ([3]float32{}) {
		mean, std = [3]float32{127, 127, 127}, [3]float32{128, 128, 128}
		im.assumed = true
	}
	for c := range 3 {
		if !finite(mean[c]) || !finite(std[c]) || std[c] <= 0 {
			return fmt.Errorf("mean %v and std %v: want numbers, std above 0", mean, std)
		}
	}
	im.graph.Input = embed.Input{Height: int(h), Width: int(w), Mean: mean, Std: std}
	shape := embed.Shape{H: int(h), W: int(w), C: 3}
	f := feature{value: 0, shape: shape, view: nchw(shape)}
	if last {
		f.view = view{nil, f.view[2], f.view[3], f.view[1]}
	}
	im.features[in.name] = f
	im.origin, im.shapes = []string{in.name}, []embed.Shape{shape}
	return nil
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
	if folded, err := n.fold(); folded || err != nil {
		return err
	}
	op, ok := operators[n.typ]
	if !ok {
		return refuseOperator(n.typ)
	}
	// Later outputs are a mask or training statistics.
	if n.typ != "Split" {
		for _, out := range n.info.out[1:] {
			if out != "" && n.uses[out] > 0 {
				return fmt.Errorf("%w: its further output %q is used", embed.ErrUnsupported, out)
			}
		}
	}
	return op(n)
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

// raw returns input i, which must be computed, with padding that is still to
// be made.
func (n *node) raw(i int) (feature, error) {
	if !n.has(i) {
		return feature{}, fmt.Errorf("%w: input %d is missing", embed.ErrCorrupt, i)
	}
	f, ok := n.features[n.info.in[i]]
	if !ok {
		return f, fmt.Errorf("%w: input %q is a constant, want a computed value", embed.ErrUnsupported, n.info.in[i])
	}
	return f, nil
}

// feature returns input i, which must be computed.
func (n *node) feature(i int) (feature, error) {
	f, err := n.raw(i)
	if err != nil {
		return f, err
	}
	return n.padded(f)
}

// picture returns input i as [N C H W], its channels in order.
func (n *node) picture(i int) (feature, error) {
	f, err := n.raw(i)
	if err != nil {
		return f, err
	}
	return n.asPicture(f)
}

func (n *node) asPicture(f feature) (feature, error) {
	if len(f.view) != 4 {
		return f, fmt.Errorf("%w: its input has rank %d, want 4", embed.ErrUnsupported, len(f.view))
	}
	v := f.view
	if len(v[0]) > 0 || !allOf(v[1], axisC) || extent(v[1]) != f.shape.C ||
		!alike(v[2], whole(axisH, f.shape.H)) || !alike(v[3], whole(axisW, f.shape.W)) {
		return f, refuse("the network must see pictures as [N C H W], or transpose them to that itself",
			"its input %v is not channels, height, width", v.dims())
	}
	return n.ordered(f)
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

// derive accounts for k numbers that are made of fewer.
func (n *node) derive(k int) error {
	if n.derived -= k; n.derived < 0 {
		return fmt.Errorf("%w: its constants would become more than %d numbers", embed.ErrUnsupported, maxDerived)
	}
	return nil
}

// emit appends e to the graph and returns its value as a picture. part says
// which part of this node it is, "" for all.
func (n *node) emit(part string, e embed.Node, shape embed.Shape) (feature, error) {
	if shape.H < 1 || shape.W < 1 || shape.C < 1 || shape.H > maxSide || shape.W > maxSide || shape.C > maxChannels {
		return feature{}, fmt.Errorf("%w: its result would be %dx%d with %d channels", embed.ErrUnsupported, shape.H, shape.W, shape.C)
	}
	if len(n.graph.Nodes) >= maxNodes {
		return feature{}, fmt.Errorf("%w: more than %d nodes", embed.ErrUnsupported, maxNodes)
	}
	if e.Name = n.info.name; e.Name == "" {
		e.Name = n.info.out[0]
	}
	e.Name += part
	n.graph.Nodes = append(n.graph.Nodes, e)
	n.origin, n.shapes = append(n.origin, n.info.out[0]), append(n.shapes, shape)
	return feature{value: embed.Value(len(n.graph.Nodes)), shape: shape, view: nchw(shape)}, nil
}

// set makes f this node's result.
func (n *node) set(f feature) error {
	n.features[n.info.out[0]] = f
	return nil
}

// result is emit and set.
func (n *node) result(e embed.Node, shape embed.Shape) error {
	f, err := n.emit("", e, shape)
	if err != nil {
		return err
	}
	return n.set(f)
}

// like is result for a node that works on each number alone: the view stays.
func (n *node) like(x feature, e embed.Node) error {
	f, err := n.emit("", e, x.shape)
	if err != nil {
		return err
	}
	f.view = x.view
	return n.set(f)
}

func finite(x float32) bool {
	return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0)
}
