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

// WriteQuantized writes an int8 model as ONNX, opset 13, in the form that
// runtimes know as QDQ: operators on real numbers between QuantizeLinear and
// DequantizeLinear, which a runtime fuses into integer kernels.
//
// The input is called "input", float32 [N 3 H W], RGB, already normalized:
// (rgb − Mean)/Std. The output is what Session.Run gives, [N C 1 1]: means in
// real numbers, not yet an Embedding of length one. A node's real output is
// called after the node; name.q are its integers.
//
// # The same integers, but for ties
//
// Weights, scales and zero points are the model's. What a runtime computes
// with them differs from the int8 definition in a few places, each of which
// moves a value by one where it lies near enough to a half:
//
//   - Convolution: the definition folds the output's zero point into the bias,
//     rounded to the accumulator's unit, and rounds once. A runtime rounds
//     acc·r in float32, halves to even, and adds the zero point. The two see
//     the value at most half a unit of the accumulator apart.
//   - Addition: the definition multiplies by integers. The scales written for
//     the operands are these multipliers, not those of their values, so that
//     only the rounding of halves is left.
//   - Mean: the definition's sum is exact; a runtime averages in float32.
//
// Products and means in the middle of a network are rounded as additions are;
// a mean pool has halves go up and a runtime has them go to even. Activations
// and concatenations are tables in the model, and computed in real numbers by
// a runtime. Maxima and selections are the same.
//
// A clamp that is not that of the eight bits is a Clip of the integers.
//
// Errors: embed.ErrUnsupported for a float32 model for a bias that does not
// fit in 32 bits without its zero point, for an addition that multiplies by
// a negative number, for a table that is not its activation's and for what Write
// refuses; what Model.Validate finds, and w's.
func WriteQuantized(w io.Writer, m *embed.Model, opt WriteOptions) error {
	if m.Precision != embed.Int8 {
		return fmt.Errorf("onnx: %w: a %v model has no integers to write", embed.ErrUnsupported, m.Precision)
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("onnx: %w", err)
	}
	wr, err := newWriter(m.Graph)
	if err != nil {
		return err
	}
	q := quantizedWriter{writer: wr, quant: m.Quant, elem: elemInt8}
	if opt.Unsigned {
		q.elem, q.shift = elemUint8, 128
	}
	q.quantize("input", 0, wr.values[0].name)
	for i := range m.Graph.Nodes {
		if err := q.node(i); err != nil {
			return fmt.Errorf("onnx: %w", err)
		}
	}
	return wr.writeTo(w, opt)
}

type quantizedWriter struct {
	*writer
	quant *embed.Quant
	elem  elemType // of activations
	shift int      // from int8 to elem
	ints  []string // by embed.Value: the tensor with its integers
}

func (w *quantizedWriter) node(i int) error {
	n, q := &w.graph.Nodes[i], &w.quant.Nodes[i]
	v := embed.Value(i + 1)
	base := strings.ToValidUTF8(n.Name, "?")
	if base == "" {
		base = "node_" + strconv.Itoa(i)
	}
	out := w.name(base)
	switch n.Op {
	case embed.OpConv:
		ins := []string{w.real(n.In[0], out, w.quant.Values[n.In[0]].Scale)}
		weight, bias, err := w.weights(n, q, v, out)
		if err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		w.op("Conv", out, append(ins, weight, bias), convAttrs(n))
	case embed.OpMul:
		// The product of the scales is what the definition multiplies by.
		a := w.quant.Values[n.In[0]].Scale
		w.op("Mul", out, []string{
			w.real(n.In[0], out+".a", a),
			w.real(n.In[1], out+".b", float32(w.unit(q, v)/float64(a))),
		}, nil)
	case embed.OpAdd:
		if q.MultA < 0 || q.MultB < 0 {
			return fmt.Errorf("node %q: %w: multiplies by %d and %d, and a scale cannot be negative", n.Name, embed.ErrUnsupported, q.MultA, q.MultB)
		}
		unit := float64(w.quant.Values[v].Scale) / float64(int(1)<<q.Shift)
		w.op("Add", out, []string{
			w.real(n.In[0], out+".a", float32(unit*float64(q.MultA))),
			w.real(n.In[1], out+".b", float32(unit*float64(q.MultB))),
		}, nil)
	case embed.OpGlobalMean:
		if i < len(w.graph.Nodes)-1 {
			in := w.shapes[n.In[0]]
			w.op("GlobalAveragePool", out, []string{w.real(n.In[0], out, float32(w.unit(q, v)*float64(in.H*in.W)))}, nil)
			break
		}
		w.op("GlobalAveragePool", out, []string{w.real(n.In[0], out, w.quant.Values[n.In[0]].Scale)}, nil)
		w.values = append(w.values, written{out, 4})
		return nil
	case embed.OpMaxPool, embed.OpMeanPool:
		if err := w.pool(n, out, w.own(n.In[0], out), w.shapes[n.In[0]], w.shapes[v]); err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
	case embed.OpSelect:
		w.op("Gather", out, []string{w.own(n.In[0], out), w.channels(out+".channels", n.Channels)}, func(e *encoder) { attrOfInt(e, "axis", 1) })
	case embed.OpAct:
		if err := w.checkTable(q.Table, n.In[0], v, n.Activate); err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		w.act(n, out, w.own(n.In[0], out))
	case embed.OpConcat:
		var ins []string
		for j, x := range n.In {
			if len(q.Table) > 0 {
				if err := w.checkTable(q.Table[256*j:256*j+256], x, v, func(x float64) float64 { return x }); err != nil {
					return fmt.Errorf("node %q: %w", n.Name, err)
				}
			}
			ins = append(ins, w.own(x, fmt.Sprintf("%s.%d", out, j)))
		}
		w.op("Concat", out, ins, func(e *encoder) { attrOfInt(e, "axis", 1) })
	default:
		return fmt.Errorf("node %q: %w", n.Name, embed.ErrUnsupported)
	}
	w.values = append(w.values, written{out, 4})
	w.quantize(out, v, out)
	if clamps(n.Op) && (q.Lo != math.MinInt8 || q.Hi != math.MaxInt8) {
		clamped := w.name(out + ".clamped")
		w.op("Clip", clamped, []string{w.ints[v], w.integer(out+".lo", q.Lo), w.integer(out+".hi", q.Hi)}, nil)
		w.ints[v] = clamped
	}
	return nil
}

// clamps reports that an operator's integers are clamped to Lo … Hi.
func clamps(op embed.Op) bool {
	switch op {
	case embed.OpConv, embed.OpAdd, embed.OpMul, embed.OpGlobalMean:
		return true
	}
	return false
}

// unit is what one in the accumulator of an OpMul or OpGlobalMean is worth.
func (w *quantizedWriter) unit(q *embed.QNode, v embed.Value) float64 {
	return math.Ldexp(float64(q.Mult[0]), int(q.Shift)-31) * float64(w.quant.Values[v].Scale)
}

// own is real at v's own scale.
func (w *quantizedWriter) own(v embed.Value, reader string) string {
	return w.real(v, reader, w.quant.Values[v].Scale)
}

// checkTable compares a table with the function that is written for it; what a
// runtime rounds may differ by one.
func (w *quantizedWriter) checkTable(table []int8, from, to embed.Value, f func(float64) float64) error {
	in, out := w.quant.Values[from], w.quant.Values[to]
	for i, q := range table {
		x := f(float64(in.Scale) * float64(i-128-int(in.Zero)))
		want := max(-128, min(127, math.RoundToEven(x/float64(out.Scale))+float64(out.Zero)))
		if d := float64(q) - want; !(math.Abs(d) <= 1) {
			return fmt.Errorf("%w: its table has %d for %d, and ONNX would make %g of it", embed.ErrUnsupported, q, i-128, want)
		}
	}
	return nil
}

// quantize writes the integers of v, whose real numbers are called real.
func (w *quantizedWriter) quantize(base string, v embed.Value, real string) {
	q := w.quant.Values[v]
	name := w.name(base + ".q")
	w.op("QuantizeLinear", name, []string{real, w.number(base+".scale", q.Scale), w.integer(base+".zero", q.Zero)}, nil)
	w.ints = append(w.ints, name)
}

// real writes the real numbers of v at a scale, for one reader.
func (w *quantizedWriter) real(v embed.Value, reader string, scale float32) string {
	name := w.name(reader + ".in")
	w.op("DequantizeLinear", name, []string{w.ints[v], w.number(reader+".in.scale", scale), w.integer(reader+".in.zero", w.quant.Values[v].Zero)}, nil)
	return name
}

// weights writes the weights and the bias of a convolution.
func (w *quantizedWriter) weights(n *embed.Node, q *embed.QNode, v embed.Value, base string) (weight, bias string, err error) {
	in, out := w.quant.Values[n.In[0]], w.quant.Values[v]
	depth := w.shapes[n.In[0]].C / n.Groups
	per := len(q.Weight) / n.Out
	scale, unit := make([]float32, n.Out), make([]float32, n.Out)
	var b []byte
	for c := range n.Out {
		r := float64(q.Mult[c]) / (1 << 31)
		scale[c] = float32(r * float64(out.Scale) / float64(in.Scale))
		unit[c] = float32(float64(in.Scale) * float64(scale[c]))
		var sum int64
		for _, x := range q.Weight[c*per : (c+1)*per] {
			sum += int64(x)
		}
		// Bias[c] has both zero points in it.
		x := math.RoundToEven(float64(int64(q.Bias[c])+int64(in.Zero)*sum) - float64(out.Zero)/r)
		if x < math.MinInt32 || x > math.MaxInt32 {
			return "", "", fmt.Errorf("%w: the bias of channel %d is %.3g without the zero point, more than 32 bits", embed.ErrUnsupported, c, x)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(int32(x)))
	}
	oihw := toOIHW(q.Weight, n.Out, depth, n.Window.KernelH, n.Window.KernelW)
	raw := make([]byte, len(oihw))
	for i, x := range oihw {
		raw[i] = byte(x)
	}
	axis := func(e *encoder) { attrOfInt(e, "axis", 0) }
	weight, bias = w.name(base+".weight"), w.name(base+".bias")
	ints, zeros := w.name(base+".weight.q"), w.name(base+".weight.zero")
	w.tensor(ints, elemInt8, raw, n.Out, depth, n.Window.KernelH, n.Window.KernelW)
	w.tensor(zeros, elemInt8, make([]byte, n.Out), n.Out)
	w.op("DequantizeLinear", weight, []string{ints, w.floats(base+".weight.scale", scale, n.Out), zeros}, axis)
	accs, nulls := w.name(base+".bias.q"), w.name(base+".bias.zero")
	w.tensor(accs, elemInt32, b, n.Out)
	w.tensor(nulls, elemInt32, make([]byte, 4*n.Out), n.Out)
	w.op("DequantizeLinear", bias, []string{accs, w.floats(base+".bias.scale", unit, n.Out), nulls}, axis)
	return weight, bias, nil
}

// integer writes an activation's number of eight bits and returns its name.
func (w *quantizedWriter) integer(want string, q int8) string {
	name := w.name(want)
	w.tensor(name, w.elem, []byte{byte(int(q) + w.shift)})
	return name
}

func (w *quantizedWriter) number(want string, x float32) string {
	name := w.name(want)
	w.tensor(name, elemFloat32, binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
	return name
}
