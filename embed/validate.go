package embed

import (
	"cmp"
	"fmt"
	"math"
)

// Validate checks a model: its graph as Shapes does, the presence of weights,
// an int8 model's integers by the definition in the package documentation
// (among it that no accumulator can overflow whatever the picture), and the
// sizes of its gold inputs. Errors name the node and wrap ErrCorrupt or
// ErrUnsupported.
func (m *Model) Validate() error {
	if m == nil {
		return fmt.Errorf("no model: %w", ErrCorrupt)
	}
	shapes, err := m.Graph.Shapes()
	if err != nil {
		return err
	}
	g := m.Graph
	stripped := g.stripped()
	switch m.Precision {
	case Float32:
		if m.Quant != nil {
			return fmt.Errorf("a float32 model with int8 weights: %w", ErrCorrupt)
		}
		for i := range g.Nodes {
			if op := g.Nodes[i].Op; stripped && (op == OpConv || op == OpDense || op == OpBatchNorm) {
				return g.fault(i, "no weights")
			}
		}
	case Int8:
		if !stripped {
			return fmt.Errorf("an int8 model with float weights: %w", ErrCorrupt)
		}
		if err := m.validateQuant(shapes); err != nil {
			return err
		}
	default:
		return fmt.Errorf("precision %d: %w", m.Precision, ErrCorrupt)
	}
	pix, dim := shapes[0].Len(), shapes[g.Output].Len()
	for i, gold := range m.Gold {
		if len(gold.Pix) != pix || len(gold.Embedding) != dim {
			return fmt.Errorf("gold %d has %d bytes and %d dimensions, want %d and %d: %w",
				i, len(gold.Pix), len(gold.Embedding), pix, dim, ErrCorrupt)
		}
		for j, v := range gold.Embedding {
			if !finite(v) {
				return fmt.Errorf("gold %d dimension %d is %g: %w", i, j, v, ErrCorrupt)
			}
		}
	}
	return nil
}

func (m *Model) validateQuant(shapes []Shape) error {
	g, q := m.Graph, m.Quant
	if q == nil || len(q.Values) != len(g.Nodes)+1 || len(q.Nodes) != len(g.Nodes) {
		return fmt.Errorf("int8 parameters do not cover the graph's %d nodes: %w", len(g.Nodes), ErrCorrupt)
	}
	if last := len(g.Nodes) - 1; g.Nodes[last].Op != OpGlobalMean || g.Output != Value(last+1) {
		return fmt.Errorf("node %d %q (%s): an int8 network ends in a global mean: %w",
			last, g.Nodes[last].Name, g.Nodes[last].Op, ErrUnsupported)
	}
	for v, r := range q.Values {
		// What the last node makes is never quantized: its range is not used.
		if v < len(g.Nodes) && !(r.Scale > 0) || !finite(r.Scale) || r.Scale < 0 {
			return fmt.Errorf("value %d has scale %g: %w", v, r.Scale, ErrCorrupt)
		}
	}
	errs := make([]error, len(g.Nodes))
	parallel(len(g.Nodes), func(i int) { errs[i] = m.validateNode(i, shapes) })
	return cmp.Or(errs...)
}

func (m *Model) validateNode(i int, shapes []Shape) error {
	g := m.Graph
	n, qn := &g.Nodes[i], &m.Quant.Nodes[i]
	in := shapes[n.In[0]]
	if n.Op != OpAct && n.Op != OpConcat && len(qn.Table) > 0 {
		return g.fault(i, "has a table, as an act or a concat alone may")
	}
	var err error
	switch n.Op {
	case OpConv:
		err = qn.checkConv(n.Out, n.Window.KernelH*n.Window.KernelW*(in.C/n.Groups))
	case OpAdd:
		err = qn.checkAdd()
	case OpGlobalMean:
		if i == len(g.Nodes)-1 {
			err = checkMean(in)
		} else {
			err = qn.checkProduct(255 * int64(in.H) * int64(in.W))
		}
	case OpMul:
		err = qn.checkProduct(255 * 255)
	case OpMaxPool, OpMeanPool, OpSelect:
		if from, to := m.Quant.Values[n.In[0]], m.Quant.Values[i+1]; from != to {
			err = fmt.Errorf("scale and zero are %g and %d of the input, %g and %d of the output: want the same",
				from.Scale, from.Zero, to.Scale, to.Zero)
		}
	case OpAct:
		if len(qn.Table) != 256 {
			err = fmt.Errorf("a table of %d entries, want 256", len(qn.Table))
		}
	case OpConcat:
		err = m.checkConcat(i)
	default:
		return fmt.Errorf("node %d %q (%s): not in an int8 network: %w", i, n.Name, n.Op, ErrUnsupported)
	}
	if err != nil {
		return g.fault(i, "%v", err)
	}
	return nil
}

// checkConv wants filters of k weights each.
func (q *QNode) checkConv(filters, k int) error {
	if len(q.Weight) != filters*k || len(q.Bias) != filters || len(q.Mult) != filters {
		return fmt.Errorf("%d weights, %d biases, %d multipliers, want %d, %d, %d",
			len(q.Weight), len(q.Bias), len(q.Mult), filters*k, filters, filters)
	}
	if q.Lo > q.Hi {
		return fmt.Errorf("clamps to %d … %d", q.Lo, q.Hi)
	}
	for c := range filters {
		sum, lowest := magnitude(q.Weight[c*k : (c+1)*k])
		if lowest {
			return fmt.Errorf("channel %d has a weight of -128, want -127 to 127", c)
		}
		bias := int64(q.Bias[c])
		reach := max(bias, -bias) + 128*sum
		if reach > math.MaxInt32 {
			return fmt.Errorf("channel %d overflows its accumulator", c)
		}
		if q.Mult[c] <= 0 {
			return fmt.Errorf("channel %d has multiplier %d", c, q.Mult[c])
		}
	}
	return nil
}

func (q *QNode) checkAdd() error {
	if q.Shift < 1 || q.Shift > 14 {
		return fmt.Errorf("shift %d, want 1 to 14", q.Shift)
	}
	if q.Lo > q.Hi {
		return fmt.Errorf("clamps to %d … %d", q.Lo, q.Hi)
	}
	abs := func(v int64) int64 { return max(v, -v) }
	if 128*(abs(int64(q.MultA))+abs(int64(q.MultB)))+abs(int64(q.AddBias))+1<<(q.Shift-1) > math.MaxInt32 {
		return fmt.Errorf("multipliers %d and %d with bias %d overflow", q.MultA, q.MultB, q.AddBias)
	}
	return nil
}

// checkProduct wants what an OpMul or a mean in the middle of a network has,
// for accumulators of at most so much.
func (q *QNode) checkProduct(most int64) error {
	if len(q.Mult) != 1 || q.Mult[0] <= 0 {
		return fmt.Errorf("%d multipliers, want a single positive one", len(q.Mult))
	}
	if q.Shift > 14 || most<<q.Shift > math.MaxInt32 {
		return fmt.Errorf("accumulators of up to %d overflow with shift %d, want 0 to 14", most, q.Shift)
	}
	if q.Lo > q.Hi {
		return fmt.Errorf("clamps to %d … %d", q.Lo, q.Hi)
	}
	return nil
}

func (m *Model) checkConcat(i int) error {
	in, table := m.Graph.Nodes[i].In, m.Quant.Nodes[i].Table
	if len(table) == 256*len(in) {
		return nil
	}
	if len(table) != 0 {
		return fmt.Errorf("tables of %d entries, want none or %d", len(table), 256*len(in))
	}
	to := m.Quant.Values[i+1]
	for j, v := range in {
		if from := m.Quant.Values[v]; from != to {
			return fmt.Errorf("without tables: scale and zero are %g and %d of input %d, %g and %d of the output: want the same",
				from.Scale, from.Zero, j, to.Scale, to.Zero)
		}
	}
	return nil
}

// checkMean wants every sum in int32 and the sum of their squares in int64.
func checkMean(in Shape) error {
	sum := 255 * int64(in.H) * int64(in.W)
	if sum > math.MaxInt32 || sum*sum > math.MaxInt64/int64(in.C) {
		return fmt.Errorf("the mean of %v overflows", in)
	}
	return nil
}
