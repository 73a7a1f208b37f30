package onnx

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// WriteOptions is what an ONNX file says beside the network.
type WriteOptions struct {
	Name     string // of the graph; empty: "network"
	Producer string // empty: "edge"

	// Unsigned writes the activations of WriteQuantized as uint8, q + 128, which
	// some runtimes compute faster with: the same numbers.
	Unsigned bool
}

// Write writes a float32 graph as ONNX, opset 13. The input is called "input",
// [N 3 H W] with N open, RGB, already normalized: (rgb − Mean)/Std. Every value
// is called after its node; a fused activation becomes a node of its own, and
// where ranks differ a Flatten or Reshape goes between. A graph with a dilated
// OpMeanPool is of opset 19. The same graph always
// gives the same bytes.
//
// Errors: what Graph.Shapes finds, embed.ErrUnsupported for the graph of an int8
// model (it has no float weights: WriteQuantized writes those) and for an
// OpMeanPool that counts padding as ONNX cannot say, and w's.
func Write(w io.Writer, g *embed.Graph, opt WriteOptions) error {
	wr, err := newWriter(g)
	if err != nil {
		return err
	}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Weight == nil && (n.Op == embed.OpConv || n.Op == embed.OpDense || n.Op == embed.OpBatchNorm) {
			return fmt.Errorf("onnx: %w: node %q has no float weights: an int8 model's graph", embed.ErrUnsupported, n.Name)
		}
	}
	for i := range g.Nodes {
		if err := wr.node(i); err != nil {
			return fmt.Errorf("onnx: node %q: %w", g.Nodes[i].Name, err)
		}
	}
	return wr.writeTo(w, opt)
}

func newWriter(g *embed.Graph) (*writer, error) {
	shapes, err := g.Shapes()
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	w := &writer{graph: g, shapes: shapes, used: map[string]bool{}, once: map[string]string{}, opset: writtenOpset}
	w.values = append(w.values, written{w.name("input"), 4})
	return w, nil
}

func (wr *writer) writeTo(w io.Writer, opt WriteOptions) error {
	if opt.Name == "" {
		opt.Name = "network"
	}
	if opt.Producer == "" {
		opt.Producer = "edge"
	}
	if _, err := w.Write(wr.model(opt)); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

const (
	writtenIR    = 7 // the IR version that came with opset 13
	writtenOpset = 13

	// An AveragePool with dilations is of opset 19.
	dilatedIR    = 9
	dilatedOpset = 19
)

// written is a value in the file: its name and its rank there.
type written struct {
	name string
	rank int
}

type writer struct {
	graph   *embed.Graph
	shapes  []embed.Shape
	values  []written // by embed.Value
	used    map[string]bool
	once    map[string]string // shared initializers that are written, by what they hold
	opset   int64
	nodes   encoder
	tensors encoder
}

// name returns want, or want with a number where it is taken.
func (w *writer) name(want string) string {
	name := want
	for i := 2; w.used[name]; i++ {
		name = want + "_" + strconv.Itoa(i)
	}
	w.used[name] = true
	return name
}

func (w *writer) node(i int) error {
	n := &w.graph.Nodes[i]
	in := w.values[n.In[0]]
	base := strings.ToValidUTF8(n.Name, "?")
	if base == "" {
		base = "node_" + strconv.Itoa(i)
	}
	// With a fused activation the plain result takes a name beside the node's,
	// so that the node's own name is the final value.
	out, rank := w.name(base), in.rank
	plain := out
	fused := n.Act != embed.ActNone && n.Op != embed.OpAct
	if fused {
		plain = w.name(base + ".linear")
	}
	switch n.Op {
	case embed.OpConv:
		in, rank = w.reach(in, 4), 4
		w.conv(n, in.name, plain, base, w.shapes[n.In[0]].C)
	case embed.OpBatchNorm:
		c := len(n.Weight)
		w.op("BatchNormalization", plain, []string{
			in.name,
			w.floats(base+".weight", n.Weight, c), w.floats(base+".bias", n.Bias, c),
			w.floats(base+".mean", n.Mean, c), w.floats(base+".var", n.Var, c),
		}, func(e *encoder) { attrOfFloat(e, "epsilon", n.Epsilon) })
	case embed.OpAct:
		w.act(n, plain, in.name)
	case embed.OpAdd, embed.OpMul:
		ins, r := w.together(n.In)
		rank = r
		w.op(pairs[n.Op], plain, ins, nil)
	case embed.OpMaxPool, embed.OpMeanPool:
		in, rank = w.reach(in, 4), 4
		if err := w.pool(n, plain, in.name, w.shapes[n.In[0]], w.shapes[i+1]); err != nil {
			return err
		}
	case embed.OpConcat:
		ins, r := w.together(n.In)
		rank = r
		w.op("Concat", plain, ins, func(e *encoder) { attrOfInt(e, "axis", 1) })
	case embed.OpSelect:
		w.op("Gather", plain, []string{in.name, w.channels(base+".channels", n.Channels)}, func(e *encoder) { attrOfInt(e, "axis", 1) })
	case embed.OpGlobalMean:
		in, rank = w.reach(in, 4), 4
		w.op("GlobalAveragePool", plain, []string{in.name}, nil)
	case embed.OpDense:
		in, rank = w.reach(in, 2), 2
		ins := []string{in.name, w.floats(base+".weight", n.Weight, n.Out, w.shapes[n.In[0]].C)}
		if n.Bias != nil {
			ins = append(ins, w.floats(base+".bias", n.Bias, n.Out))
		}
		w.op("Gemm", plain, ins, func(e *encoder) { attrOfInt(e, "transB", 1) })
	}
	if fused {
		w.act(n, out, plain)
	}
	w.values = append(w.values, written{out, rank})
	return nil
}

var pairs = map[embed.Op]string{embed.OpAdd: "Add", embed.OpMul: "Mul"}

// together returns the names of values with one rank.
func (w *writer) together(values []embed.Value) (names []string, rank int) {
	rank = w.values[values[0]].rank
	for _, v := range values {
		if s := w.shapes[values[0]]; w.values[v].rank != rank {
			if rank = 2; s.H > 1 || s.W > 1 {
				rank = 4
			}
			break
		}
	}
	for _, v := range values {
		names = append(names, w.reach(w.values[v], rank).name)
	}
	return names, rank
}

// pool writes an OpMaxPool or OpMeanPool.
func (w *writer) pool(n *embed.Node, out, in string, from, to embed.Shape) error {
	k := n.Window
	typ, ceil := "MaxPool", 0
	if n.Op == embed.OpMeanPool {
		typ = "AveragePool"
		if n.UncountedBottom > 0 || n.UncountedRight > 0 {
			// ONNX has a name for it only where it is what ceil_mode adds.
			k.Bottom -= n.UncountedBottom
			k.Right -= n.UncountedRight
			h, moreH := places(from.H, k.Top, k.Bottom, k.KernelH, k.StrideH, k.DilationH, true)
			v, moreW := places(from.W, k.Left, k.Right, k.KernelW, k.StrideW, k.DilationW, true)
			if h != to.H || v != to.W || moreH != n.UncountedBottom || moreW != n.UncountedRight {
				return fmt.Errorf("%w: padding of which %d rows and %d columns are not counted", embed.ErrUnsupported, n.UncountedBottom, n.UncountedRight)
			}
			ceil = 1
		}
	}
	w.op(typ, out, []string{in}, func(e *encoder) {
		attrOfInt(e, "ceil_mode", ceil)
		if n.Op == embed.OpMeanPool {
			count := 0
			if n.CountPadding {
				count = 1
			}
			attrOfInt(e, "count_include_pad", count)
		}
		if n.Op == embed.OpMaxPool || k.DilationH > 1 || k.DilationW > 1 {
			attrOfInts(e, "dilations", k.DilationH, k.DilationW)
		}
		attrOfInts(e, "kernel_shape", k.KernelH, k.KernelW)
		attrOfInts(e, "pads", k.Top, k.Left, k.Bottom, k.Right)
		attrOfInts(e, "strides", k.StrideH, k.StrideW)
	})
	if n.Op == embed.OpMeanPool && (k.DilationH > 1 || k.DilationW > 1) {
		w.opset = dilatedOpset
	}
	return nil
}

// channels writes the list of an OpSelect and returns its name.
func (w *writer) channels(want string, list []int32) string {
	name := w.name(want)
	raw := make([]byte, 0, 8*len(list))
	for _, c := range list {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(c))
	}
	w.tensor(name, elemInt64, raw, len(list))
	return name
}

func (w *writer) conv(n *embed.Node, in, out, base string, channels int) {
	k := n.Window
	depth := channels / n.Groups
	weight := toOIHW(n.Weight, n.Out, depth, k.KernelH, k.KernelW)
	ins := []string{in, w.floats(base+".weight", weight, n.Out, depth, k.KernelH, k.KernelW)}
	if n.Bias != nil {
		ins = append(ins, w.floats(base+".bias", n.Bias, n.Out))
	}
	w.op("Conv", out, ins, convAttrs(n))
}

func convAttrs(n *embed.Node) func(*encoder) {
	k := n.Window
	return func(e *encoder) {
		attrOfInts(e, "dilations", k.DilationH, k.DilationW)
		attrOfInt(e, "group", n.Groups)
		attrOfInts(e, "kernel_shape", k.KernelH, k.KernelW)
		attrOfInts(e, "pads", k.Top, k.Left, k.Bottom, k.Right)
		attrOfInts(e, "strides", k.StrideH, k.StrideW)
	}
}

// act writes n's activation. Hard swish and SiLU are a gate and a product:
// opset 13 has no operator for them.
func (w *writer) act(n *embed.Node, out, in string) {
	ins := []string{in}
	alpha := func(e *encoder) { attrOfFloat(e, "alpha", n.Alpha) }
	gate := func(typ string, attrs func(*encoder)) {
		name := w.name(out + ".gate")
		w.op(typ, name, ins, attrs)
		w.op("Mul", out, []string{in, name}, nil)
	}
	switch n.Act {
	case embed.ActReLU:
		w.op("Relu", out, ins, nil)
	case embed.ActReLU6:
		w.op("Clip", out, []string{in, w.shared("relu6.min", 0), w.shared("relu6.max", 6)}, nil)
	case embed.ActClip:
		w.op("Clip", out, append(ins, w.bounds(n.Alpha, n.Beta)...), nil)
	case embed.ActLeakyReLU:
		w.op("LeakyRelu", out, ins, alpha)
	case embed.ActSigmoid:
		w.op("Sigmoid", out, ins, nil)
	case embed.ActHardSigmoid:
		w.op("HardSigmoid", out, ins, func(e *encoder) { alpha(e); attrOfFloat(e, "beta", n.Beta) })
	case embed.ActHardSwish:
		gate("HardSigmoid", func(e *encoder) { attrOfFloat(e, "alpha", 1.0/6); attrOfFloat(e, "beta", 0.5) })
	case embed.ActSiLU:
		gate("Sigmoid", nil)
	case embed.ActTanh:
		w.op("Tanh", out, ins, nil)
	default:
		w.op("Identity", out, ins, nil)
	}
}

// bounds returns the names of a Clip's bounds, none for infinite ones.
func (w *writer) bounds(lo, hi float32) []string {
	names := []string{"", ""}
	for i, x := range []float32{lo, hi} {
		if !math.IsInf(float64(x), 0) {
			names[i] = w.shared("clip."+strconv.FormatFloat(float64(x), 'g', -1, 32), x)
		}
	}
	if names[1] == "" {
		names = names[:1]
	}
	if len(names) == 1 && names[0] == "" {
		names = nil
	}
	return names
}

// reach returns v with the wanted rank: [N C 1 1] and [N C] are the same in
// a Graph and two things in ONNX.
func (w *writer) reach(v written, rank int) written {
	switch {
	case v.rank == rank:
		return v
	case rank == 2:
		name := w.name(v.name + ".flat")
		w.op("Flatten", name, []string{v.name}, func(e *encoder) { attrOfInt(e, "axis", 1) })
		return written{name, 2}
	}
	name := w.name(v.name + ".square")
	shape, ok := w.once["square"]
	if !ok {
		shape = w.name("square.shape")
		w.once["square"] = shape
		var raw []byte
		for _, d := range []int64{0, -1, 1, 1} {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(d))
		}
		w.tensor(shape, elemInt64, raw, 4)
	}
	w.op("Reshape", name, []string{v.name, shape}, nil)
	return written{name, 4}
}

// op writes a node called after its only output.
func (w *writer) op(typ, out string, in []string, attrs func(*encoder)) {
	w.nodes.message(graphNode, func(e *encoder) {
		for _, name := range in {
			e.text(nodeInput, name)
		}
		e.text(nodeOutput, out)
		e.text(nodeName, out)
		e.text(nodeOpType, typ)
		if attrs != nil {
			attrs(e)
		}
	})
}

// floats writes an initializer and returns its name.
func (w *writer) floats(want string, v []float32, dims ...int) string {
	name := w.name(want)
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	w.tensor(name, elemFloat32, raw, dims...)
	return name
}

// shared writes a single number once and returns its name.
func (w *writer) shared(want string, v float32) string {
	name, ok := w.once[want]
	if !ok {
		name = w.name(want)
		w.once[want] = name
		w.tensor(name, elemFloat32, binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return name
}

func (w *writer) tensor(name string, elem elemType, raw []byte, dims ...int) {
	w.tensors.message(graphInitializer, func(e *encoder) {
		if len(dims) > 0 {
			e.ints(tensorDims, int64s(dims))
		}
		e.int(tensorType, int64(elem))
		e.text(tensorName, name)
		e.bytes(tensorRaw, raw)
	})
}

func (w *writer) model(opt WriteOptions) []byte {
	g := w.graph
	doc := fmt.Sprintf("RGB, (rgb - %v) / %v per channel", g.Input.Mean, g.Input.Std)
	out := w.values[g.Output]
	outDims := []int{w.shapes[g.Output].C, w.shapes[g.Output].H, w.shapes[g.Output].W}[:out.rank-1]

	var m encoder
	ir := int64(writtenIR)
	if w.opset == dilatedOpset {
		ir = dilatedIR
	}
	m.int(modelIRVersion, ir)
	m.text(modelProducer, opt.Producer)
	m.message(modelGraph, func(e *encoder) {
		e.b = append(e.b, w.nodes.b...)
		e.text(graphName, opt.Name)
		e.b = append(e.b, w.tensors.b...)
		e.message(graphInput, func(e *encoder) {
			declare(e, w.values[0].name, doc, 3, g.Input.Height, g.Input.Width)
		})
		e.message(graphOutput, func(e *encoder) { declare(e, out.name, "", outDims...) })
	})
	m.message(modelOpset, func(e *encoder) { e.int(opsetVersion, w.opset) })
	return m.b
}

// declare writes a ValueInfoProto of float32 [N dims...].
func declare(e *encoder, name, doc string, dims ...int) {
	e.text(valueName, name)
	e.message(valueType, func(e *encoder) {
		e.message(typeTensor, func(e *encoder) {
			e.int(typeElem, int64(elemFloat32))
			e.message(typeShape, func(e *encoder) {
				e.message(shapeDim, func(e *encoder) { e.text(dimParam, "N") })
				for _, d := range dims {
					e.message(shapeDim, func(e *encoder) { e.int(dimValue, int64(d)) })
				}
			})
		})
	})
	if doc != "" {
		e.text(valueDoc, doc)
	}
}

func attrOfInt(e *encoder, name string, v int) {
	e.message(nodeAttribute, func(e *encoder) {
		e.text(attrName, name)
		e.int(attrI, int64(v))
		e.int(attrType, int64(attrIntKind))
	})
}

func attrOfFloat(e *encoder, name string, v float32) {
	e.message(nodeAttribute, func(e *encoder) {
		e.text(attrName, name)
		e.float(attrF, v)
		e.int(attrType, int64(attrFloatKind))
	})
}

func attrOfInts(e *encoder, name string, v ...int) {
	e.message(nodeAttribute, func(e *encoder) {
		e.text(attrName, name)
		e.ints(attrInts, int64s(v))
		e.int(attrType, int64(attrIntsKind))
	})
}

func int64s(v []int) []int64 {
	w := make([]int64, len(v))
	for i, x := range v {
		w[i] = int64(x)
	}
	return w
}
