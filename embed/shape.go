package embed

import (
	"errors"
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed/kernel"
)

// Bounds on what a graph may ask for, so that a hostile file costs an error
// and not the board's memory. The largest of the usual mobile networks stay
// two orders of magnitude below them.
const (
	maxNodes    = 1 << 14 // nodes in a graph
	maxReads    = 1 << 16 // inputs of all nodes together
	maxChannels = 1 << 16 // channels of a value
	maxWindow   = 64      // kernel, stride and dilation, each
	maxLen      = 1 << 26 // elements of a value, its border included
	maxWeights  = 1 << 27 // weights of a graph
	maxMACs     = 1 << 40
)

// fault is an error about node i. A graph that breaks these rules can only come
// from a damaged or hostile file, or from a faulty importer.
func (g *Graph) fault(i int, format string, args ...any) error {
	n := &g.Nodes[i]
	return fmt.Errorf("node %d %q (%s): %s: %w", i, n.Name, n.Op, fmt.Sprintf(format, args...), ErrCorrupt)
}

// String returns the operator's name in this package, such as "conv".
func (op Op) String() string {
	switch op {
	case OpConv:
		return "conv"
	case OpBatchNorm:
		return "batch norm"
	case OpAct:
		return "act"
	case OpAdd:
		return "add"
	case OpGlobalMean:
		return "global mean"
	case OpDense:
		return "dense"
	case OpMul:
		return "mul"
	case OpMaxPool:
		return "max pool"
	case OpMeanPool:
		return "mean pool"
	case OpConcat:
		return "concat"
	case OpSelect:
		return "select"
	}
	return fmt.Sprintf("operator %d", uint8(op))
}

// String returns the shape as HxWxC.
func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.H, s.W, s.C) }

// Shapes checks the whole graph and returns the shape of every value: indices,
// attribute ranges, lengths and finiteness of weights, sizes that a device can
// hold. The error names the node and wraps ErrCorrupt, or ErrUnsupported for
// an operator this version does not know. It never panics, whatever the graph
// holds.
//
// The graph of an int8 model has no weights (Quant has them): Shapes accepts
// weights that are absent from the whole graph, not from some of its nodes.
func (g *Graph) Shapes() ([]Shape, error) {
	if g == nil {
		return nil, fmt.Errorf("no graph: %w", ErrCorrupt)
	}
	shapes, _, err := g.check(g.stripped())
	return shapes, err
}

// border is how far a value's consumers look beyond its edges.
type border struct{ top, left, bottom, right int }

// check is Shapes, and the border every value needs so that no kernel ever
// tests for an edge. It does not look at the weights if there are none, or if
// it is told so.
func (g *Graph) check(stripped bool) ([]Shape, []border, error) {
	if err := g.Input.check(); err != nil {
		return nil, nil, err
	}
	if len(g.Nodes) == 0 || len(g.Nodes) > maxNodes {
		return nil, nil, fmt.Errorf("%d nodes, want 1 to %d: %w", len(g.Nodes), maxNodes, ErrCorrupt)
	}
	if g.Output < 1 || int(g.Output) > len(g.Nodes) {
		return nil, nil, fmt.Errorf("output is value %d of %d: %w", g.Output, len(g.Nodes)+1, ErrCorrupt)
	}
	shapes := make([]Shape, 1, len(g.Nodes)+1)
	shapes[0] = Shape{g.Input.Height, g.Input.Width, 3}
	borders := make([]border, len(g.Nodes)+1)
	var work, params int64
	reads := 0
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if reads += len(n.In); reads > maxReads {
			return nil, nil, g.fault(i, "more than %d inputs of all nodes together", maxReads)
		}
		if err := g.checkInputs(i); err != nil {
			return nil, nil, err
		}
		in := shapes[n.In[0]]
		out, err := g.nodeShape(i, shapes, stripped)
		if err != nil {
			return nil, nil, err
		}
		if n.Op == OpConv {
			b := &borders[n.In[0]]
			b.top, b.left = max(b.top, n.Window.Top), max(b.left, n.Window.Left)
			b.bottom, b.right = max(b.bottom, n.Window.Bottom), max(b.right, n.Window.Right)
			if !fits(maxLen, in.H+b.top+b.bottom, in.W+b.left+b.right, in.C) {
				return nil, nil, g.fault(i, "input %v is too large with its padding", in)
			}
		}
		if !fits(maxLen, out.H, out.W, out.C) {
			return nil, nil, g.fault(i, "output %v is too large", out)
		}
		work += n.macs(in, out) + n.taps(out)
		params += n.params(in)
		if work > maxMACs {
			return nil, nil, g.fault(i, "more than %d multiplications", int64(maxMACs))
		}
		if params > maxWeights {
			return nil, nil, g.fault(i, "more than %d weights", maxWeights)
		}
		shapes = append(shapes, out)
	}
	return shapes, borders, nil
}

// check tells whether the input is one that preprocessing can make.
func (in *Input) check() error {
	if in.Height != in.Width || in.Height < 1 || in.Height > MaxInputSide {
		return fmt.Errorf("input %dx%d, want a square of 1 to %d: %w", in.Height, in.Width, MaxInputSide, ErrCorrupt)
	}
	for c := range 3 {
		if !finite(in.Mean[c]) || !finite(in.Std[c]) || in.Std[c] <= 0 {
			return fmt.Errorf("input channel %d has mean %g and std %g: %w", c, in.Mean[c], in.Std[c], ErrCorrupt)
		}
	}
	return nil
}

// stripped reports that no node has weights of its own.
func (g *Graph) stripped() bool {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Weight != nil || n.Bias != nil || n.Mean != nil || n.Var != nil {
			return false
		}
	}
	return true
}

func (g *Graph) checkInputs(i int) error {
	n := &g.Nodes[i]
	want, clamps := 1, false
	switch n.Op {
	case OpBatchNorm, OpAct, OpGlobalMean, OpMaxPool, OpMeanPool, OpSelect:
	case OpConv, OpDense:
		clamps = true
	case OpAdd, OpMul:
		want, clamps = 2, true
	case OpConcat:
		want = len(n.In)
		if want < 2 || want > MaxInputs {
			return g.fault(i, "%d inputs, want 2 to %d", want, MaxInputs)
		}
	default:
		return fmt.Errorf("node %d %q: %s: %w", i, n.Name, n.Op, ErrUnsupported)
	}
	if len(n.In) != want {
		return g.fault(i, "%d inputs, want %d", len(n.In), want)
	}
	for _, v := range n.In {
		if v < 0 || int(v) > i {
			return g.fault(i, "input is value %d, want one before %d", v, i+1)
		}
	}
	if n.Act >= acts {
		return fmt.Errorf("node %d %q: %v: %w", i, n.Name, n.Act, ErrUnsupported)
	}
	if n.Op != OpAct && n.Act != ActNone && !(clamps && n.Act.Clamps()) {
		return g.fault(i, "activation %v where it cannot be fused", n.Act)
	}
	if err := n.checkAct(); err != nil {
		return g.fault(i, "%v", err)
	}
	if n.Op != OpMeanPool && (n.CountPadding || n.UncountedBottom != 0 || n.UncountedRight != 0) {
		return g.fault(i, "counts padding, as a mean pool alone may")
	}
	if n.Op != OpSelect && len(n.Channels) > 0 {
		return g.fault(i, "selects channels, as a select alone may")
	}
	return nil
}

// nodeShape checks the attributes and weights of a node whose inputs are known
// to be good.
func (g *Graph) nodeShape(i int, shapes []Shape, stripped bool) (Shape, error) {
	n := &g.Nodes[i]
	in := shapes[n.In[0]]
	weights := func(what string, w []float32, want int, optional bool) error {
		if stripped || w == nil && optional {
			return nil
		}
		if len(w) != want {
			return g.fault(i, "%d of %s, want %d", len(w), what, want)
		}
		for j, v := range w {
			if !finite(v) {
				return g.fault(i, "%s %d is %g", what, j, v)
			}
		}
		return nil
	}
	switch n.Op {
	case OpConv:
		out, err := n.convShape(in)
		if err != nil {
			return Shape{}, g.fault(i, "%v", err)
		}
		return out, errors.Join(
			weights("weight", n.Weight, n.Out*n.Window.KernelH*n.Window.KernelW*(in.C/n.Groups), false),
			weights("bias", n.Bias, n.Out, true))
	case OpBatchNorm:
		if !finite(n.Epsilon) || n.Epsilon < 0 {
			return Shape{}, g.fault(i, "epsilon is %g", n.Epsilon)
		}
		err := errors.Join(
			weights("weight", n.Weight, in.C, false), weights("bias", n.Bias, in.C, false),
			weights("mean", n.Mean, in.C, false), weights("variance", n.Var, in.C, false))
		if err != nil {
			return Shape{}, err
		}
		for c, v := range n.Var {
			if v < 0 || v+n.Epsilon <= 0 {
				return Shape{}, g.fault(i, "variance %d is %g with epsilon %g", c, v, n.Epsilon)
			}
		}
		return in, nil
	case OpAct:
		return in, nil
	case OpAdd, OpMul:
		if b := shapes[n.In[1]]; b != in && b != (Shape{1, 1, in.C}) {
			return Shape{}, g.fault(i, "inputs of %v and %v", in, b)
		}
		return in, nil
	case OpMaxPool, OpMeanPool:
		out, err := n.poolShape(in)
		if err != nil {
			return Shape{}, g.fault(i, "%v", err)
		}
		return out, nil
	case OpConcat:
		out := in
		for _, v := range n.In[1:] {
			s := shapes[v]
			if s.H != in.H || s.W != in.W {
				return Shape{}, g.fault(i, "inputs of %v and %v", in, s)
			}
			out.C += s.C // at most MaxInputs·maxChannels
		}
		if out.C > maxChannels {
			return Shape{}, g.fault(i, "%d channels, want 1 to %d", out.C, maxChannels)
		}
		return out, nil
	case OpSelect:
		if len(n.Channels) < 1 || len(n.Channels) > maxChannels {
			return Shape{}, g.fault(i, "%d channels, want 1 to %d", len(n.Channels), maxChannels)
		}
		for c, from := range n.Channels {
			if from < 0 || int(from) >= in.C {
				return Shape{}, g.fault(i, "channel %d is channel %d of %d", c, from, in.C)
			}
		}
		return Shape{in.H, in.W, len(n.Channels)}, nil
	case OpGlobalMean:
		return Shape{1, 1, in.C}, nil
	default: // OpDense: checkInputs let no other pass
		if in.H != 1 || in.W != 1 {
			return Shape{}, g.fault(i, "input is %v, want 1x1", in)
		}
		if n.Out < 1 || n.Out > maxChannels {
			return Shape{}, g.fault(i, "%d outputs, want 1 to %d", n.Out, maxChannels)
		}
		if !fits(maxWeights, n.Out, in.C, 1) {
			return Shape{}, g.fault(i, "%d x %d weights are too many", n.Out, in.C)
		}
		return Shape{1, 1, n.Out}, errors.Join(
			weights("weight", n.Weight, n.Out*in.C, false), weights("bias", n.Bias, n.Out, true))
	}
}

// convShape checks the attributes of a convolution of in.
func (n *Node) convShape(in Shape) (Shape, error) {
	w := n.Window
	out, err := w.shape(in)
	if err != nil {
		return Shape{}, err
	}
	if n.Out < 1 || n.Out > maxChannels {
		return Shape{}, fmt.Errorf("%d output channels, want 1 to %d", n.Out, maxChannels)
	}
	if n.Groups < 1 || n.Groups > in.C || in.C%n.Groups != 0 || n.Out%n.Groups != 0 {
		return Shape{}, fmt.Errorf("%d groups of %d input and %d output channels", n.Groups, in.C, n.Out)
	}
	if !fits(maxWeights, n.Out*w.KernelH, w.KernelW, in.C/n.Groups) {
		return Shape{}, fmt.Errorf("%d filters of %dx%dx%d are too many weights", n.Out, w.KernelH, w.KernelW, in.C/n.Groups)
	}
	out.C = n.Out
	return out, nil
}

// poolShape checks the attributes of a pool of in.
func (n *Node) poolShape(in Shape) (Shape, error) {
	w := n.Window
	out, err := w.shape(in)
	if err != nil {
		return Shape{}, err
	}
	if !n.CountPadding && (n.UncountedBottom != 0 || n.UncountedRight != 0) {
		return Shape{}, fmt.Errorf("%d and %d of the padding are not counted, as none is", n.UncountedBottom, n.UncountedRight)
	}
	if n.UncountedBottom < 0 || n.UncountedBottom > w.Bottom || n.UncountedRight < 0 || n.UncountedRight > w.Right {
		return Shape{}, fmt.Errorf("%d and %d of the padding are not counted, want at most %d and %d",
			n.UncountedBottom, n.UncountedRight, w.Bottom, w.Right)
	}
	window := kernel.Window(w)
	for y := range out.H {
		if from, to := window.Rows(y, in.H); from >= to {
			return Shape{}, fmt.Errorf("the windows of row %d have no place in the input %v", y, in)
		}
	}
	for x := range out.W {
		if from, to := window.Columns(x, in.W); from >= to {
			return Shape{}, fmt.Errorf("the windows of column %d have no place in the input %v", x, in)
		}
	}
	return out, nil
}

// shape checks a window over in and returns the places it has.
func (w *Window) shape(in Shape) (Shape, error) {
	for _, a := range []struct {
		name  string
		value int
	}{
		{"kernel height", w.KernelH}, {"kernel width", w.KernelW},
		{"stride", w.StrideH}, {"stride", w.StrideW},
		{"dilation", w.DilationH}, {"dilation", w.DilationW},
	} {
		if a.value < 1 || a.value > maxWindow {
			return Shape{}, fmt.Errorf("%s %d, want 1 to %d", a.name, a.value, maxWindow)
		}
	}
	// The reach of a window beyond its first row and column. Padding by more
	// would compute outputs that see nothing of the picture.
	reachH, reachW := (w.KernelH-1)*w.DilationH, (w.KernelW-1)*w.DilationW
	for _, p := range []struct{ pad, reach int }{{w.Top, reachH}, {w.Bottom, reachH}, {w.Left, reachW}, {w.Right, reachW}} {
		if p.pad < 0 || p.pad > p.reach {
			return Shape{}, fmt.Errorf("padding %d, want 0 to %d", p.pad, p.reach)
		}
	}
	h := in.H + w.Top + w.Bottom - reachH
	v := in.W + w.Left + w.Right - reachW
	if h < 1 || v < 1 {
		return Shape{}, fmt.Errorf("a window of %dx%d does not fit the padded input %v", reachH+1, reachW+1, in)
	}
	return Shape{(h-1)/w.StrideH + 1, (v-1)/w.StrideW + 1, in.C}, nil
}

// MACs returns the multiply-accumulate operations of one picture, 0 for a
// graph that Shapes refuses.
func (g *Graph) MACs() int64 {
	return g.total(func(n *Node, in, out Shape) int64 { return n.macs(in, out) })
}

// Params returns the number of weights and biases, batch normalisation's scale
// and shift included; 0 for a graph that Shapes refuses. An int8 graph's
// biases all count: its zero points are folded into them.
func (g *Graph) Params() int64 {
	return g.total(func(n *Node, in, _ Shape) int64 { return n.params(in) })
}

func (g *Graph) total(f func(n *Node, in, out Shape) int64) int64 {
	shapes, err := g.Shapes()
	if err != nil {
		return 0
	}
	var sum int64
	for i := range g.Nodes {
		n := &g.Nodes[i]
		sum += f(n, shapes[n.In[0]], shapes[i+1])
	}
	return sum
}

func (n *Node) macs(in, out Shape) int64 {
	switch n.Op {
	case OpConv:
		return int64(out.Len()) * int64(n.Window.KernelH*n.Window.KernelW*(in.C/n.Groups))
	case OpDense:
		return int64(in.C) * int64(n.Out)
	}
	return 0
}

// taps returns what a pool looks at.
func (n *Node) taps(out Shape) int64 {
	if n.Op != OpMaxPool && n.Op != OpMeanPool {
		return 0
	}
	return int64(out.Len()) * int64(n.Window.KernelH*n.Window.KernelW)
}

func (n *Node) params(in Shape) int64 {
	bias := int64(0)
	if n.Bias != nil || n.Weight == nil {
		bias = int64(n.Out)
	}
	switch n.Op {
	case OpConv:
		return int64(n.Out)*int64(n.Window.KernelH*n.Window.KernelW*(in.C/n.Groups)) + bias
	case OpBatchNorm:
		return 2 * int64(in.C)
	case OpDense:
		return int64(n.Out)*int64(in.C) + bias
	}
	return 0
}

// fits reports whether a·b·c ≤ limit for factors below 2³¹, at least 1.
func fits(limit int64, a, b, c int) bool {
	ab := int64(a) * int64(b)
	return ab <= limit && ab*int64(c) <= limit
}

func finite(f float32) bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }
