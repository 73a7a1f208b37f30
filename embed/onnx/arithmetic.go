package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// add: Y = A + B.
func (n *node) add() error { return n.arithmetic(embed.OpAdd, false) }

// sub: Y = A − B.
func (n *node) sub() error { return n.arithmetic(embed.OpAdd, true) }

// mul: Y = A·B.
func (n *node) mul() error { return n.arithmetic(embed.OpMul, false) }

// div: Y = A/B, B constant.
func (n *node) div() error { return n.arithmetic(embed.OpMul, true) }

// arithmetic adds or multiplies two inputs; inverse takes the negative or the
// reciprocal of the second.
func (n *node) arithmetic(op embed.Op, inverse bool) error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	switch {
	case n.isConstant(1):
		return n.withConstant(0, 1, op, inverse, false)
	case n.isConstant(0) && op == embed.OpMul && inverse:
		return fmt.Errorf("%w: a constant divided by a computed value", embed.ErrUnsupported)
	case n.isConstant(0):
		return n.withConstant(1, 0, op, false, inverse)
	}
	a, err := n.feature(0)
	if err != nil {
		return err
	}
	b, err := n.feature(1)
	if err != nil {
		return err
	}
	if inverse {
		if op == embed.OpMul {
			return fmt.Errorf("%w: division by a computed value", embed.ErrUnsupported)
		}
		minus := make([]float32, b.shape.C)
		for i := range minus {
			minus[i] = -1
		}
		e, err := n.affine(b, minus, nil)
		if err != nil {
			return err
		}
		v := b.view
		if b, err = n.emit(".minus", e, b.shape); err != nil {
			return err
		}
		b.view = v
	}
	if op == embed.OpMul && a.view.equal(b.view) {
		for _, x := range [][2]feature{{a, b}, {b, a}} {
			if f := x[1].form; f.kind == formSigmoid && f.of == x[0].value {
				return n.like(a, embed.Node{Op: embed.OpAct, In: []embed.Value{f.of}, Act: embed.ActSiLU})
			}
		}
		f := first(a, func(f form) form { return first(b, f.times) })
		if f.kind != formNone {
			return n.finishForm(a, f, embed.Node{Op: embed.OpMul, In: []embed.Value{a.value, b.value}})
		}
	}
	return n.pair(op, a, b)
}

// pair emits op of two computed values of one shape, or of which one holds for
// every place of the other.
func (n *node) pair(op embed.Op, a, b feature) error {
	rank := max(len(a.view), len(b.view))
	va, vb := a.view.grow(rank), b.view.grow(rank)
	// The one with places first.
	if a.shape.H*a.shape.W < b.shape.H*b.shape.W {
		a, b, va, vb = b, a, vb, va
	}
	if !fits(va, vb) {
		// Both may have their channels in another order than they are stored.
		var err error
		if a, err = n.ordered(a); err != nil {
			return err
		}
		if b, err = n.ordered(b); err != nil {
			return err
		}
		va, vb = a.view.grow(rank), b.view.grow(rank)
	}
	if !fits(va, vb) || a.shape.C != b.shape.C || a.shape != b.shape && b.shape != (embed.Shape{H: 1, W: 1, C: a.shape.C}) {
		return refuse("edge adds and multiplies values of one shape, or by one number a channel ([N C 1 1])",
			"%v of %v and %v", op, va.dims(), vb.dims())
	}
	y, err := n.emit("", embed.Node{Op: op, In: []embed.Value{a.value, b.value}}, a.shape)
	if err != nil {
		return err
	}
	y.view = va
	return n.set(y)
}

// fits reports that each dimension of b is a's or 1, and then a's has places
// only.
func fits(a, b view) bool {
	for i := range a {
		if !alike(a[i], b[i]) && (len(b[i]) > 0 || anyOf(a[i], axisC)) {
			return false
		}
	}
	return true
}

// grow returns v with dimensions of 1 before the others.
func (v view) grow(rank int) view {
	return slices.Concat(make(view, max(0, rank-len(v))), v)
}

// withConstant emits x + c, x·c and so on for computed input x and constant
// input c; minus is for c − x.
func (n *node) withConstant(x, c int, op embed.Op, inverse, minus bool) error {
	f, err := n.feature(x)
	if err != nil {
		return err
	}
	k, err := n.constant(c)
	if err != nil {
		return err
	}
	f, by, err := n.perChannel(f, c)
	if err != nil {
		return err
	}
	number := k.len() == 1
	if inverse {
		by = slices.Clone(by)
		for i := range by {
			if op == embed.OpAdd {
				by[i] = -by[i]
			} else if by[i] = 1 / by[i]; !finite(by[i]) {
				return fmt.Errorf("%w: division by 0", embed.ErrCorrupt)
			}
		}
	}
	scale, shift := by, []float32(nil)
	if op == embed.OpAdd {
		scale, shift = nil, by
		if minus {
			scale = make([]float32, len(by))
			for i := range scale {
				scale[i] = -1
			}
		}
	}
	if n.normalizes(f, x, scale) {
		n.normalize(scale, shift)
		if n.assumed {
			n.note("the network normalizes pictures by itself, which is counted in: give --input-mean and --input-std for what it wants to be given, 0 and 1 for 0–255, 0 and 255 for 0–1")
		}
		f.form = form{}
		return n.set(f)
	}
	if e, ok := n.withBias(f, n.info.in[x], scale, shift); ok {
		return n.like(f, e)
	}
	e, err := n.affine(f, scale, shift)
	if err != nil {
		return err
	}
	var g form
	if number {
		s, t := 1.0, 0.0
		if scale != nil {
			s = float64(scale[0])
		}
		if shift != nil {
			t = float64(shift[0])
		}
		g = first(f, func(h form) form { return h.scaled(s, t) })
	}
	return n.finishForm(f, g, e)
}

// perChannel returns constant input i as one number for each channel of x, in
// the order in which x's value stores them, and x with as many dimensions as
// the result has.
func (n *node) perChannel(x feature, i int) (feature, []float32, error) {
	v, dims, err := n.floats(i)
	if err != nil {
		return x, nil, err
	}
	x.view = x.view.grow(len(dims))
	lead := len(x.view) - len(dims)
	var at [][]atom // what the constant's dimensions are
	for j, d := range dims {
		atoms := x.view[lead+j]
		if d == 1 {
			atoms = nil
		}
		if d != extent(atoms) || !allOf(atoms, axisC) {
			return x, nil, refuse("edge adds and multiplies by one number, or by one a channel",
				"a constant of %v with %v", dims, x.view.dims())
		}
		at = append(at, atoms)
	}
	if err := n.derive(x.shape.C); err != nil {
		return x, nil, err
	}
	atoms := slices.Concat(at...)
	out := make([]float32, x.shape.C)
	for c := range out {
		out[c] = v[index(atoms, 0, 0, c)]
	}
	return x, out, nil
}

// affine returns the node scale·x + shift, a number for each channel; nil is
// 1 and 0.
func (n *node) affine(x feature, scale, shift []float32) (embed.Node, error) {
	c := x.shape.C
	if err := n.derive(4 * c); err != nil {
		return embed.Node{}, err
	}
	ones := make([]float32, c)
	for i := range ones {
		ones[i] = 1
	}
	zeros := make([]float32, c)
	if scale == nil {
		scale = ones
	}
	if shift == nil {
		shift = zeros
	}
	return embed.Node{
		Op: embed.OpBatchNorm, In: []embed.Value{x.value},
		Weight: scale, Bias: shift, Mean: zeros, Var: ones,
	}, nil
}

// withBias returns the convolution or dense layer that makes x with shift as
// its bias, if it has none and nobody else reads x.
func (n *node) withBias(x feature, name string, scale, shift []float32) (embed.Node, bool) {
	if scale != nil || x.value == 0 || n.uses[name] != 1 {
		return embed.Node{}, false
	}
	e := n.graph.Nodes[x.value-1]
	if e.Op != embed.OpConv && e.Op != embed.OpDense || e.Bias != nil || e.Act != embed.ActNone {
		return embed.Node{}, false
	}
	e.Bias = shift
	return e, true
}

// normalizes reports that input x is the picture and nothing else reads it, so
// that the preprocessing can take scale in.
func (n *node) normalizes(f feature, x int, scale []float32) bool {
	if f.value != 0 || len(n.graph.Nodes) > 0 || n.uses[n.info.in[x]] != 1 {
		return false
	}
	for _, s := range scale {
		if !(s > 0) {
			return false
		}
	}
	return true
}

// normalize changes the input to scale·real + shift.
func (n *node) normalize(scale, shift []float32) {
	in := &n.graph.Input
	for c := range 3 {
		s, t := 1.0, 0.0
		if scale != nil {
			s = float64(scale[c])
		}
		if shift != nil {
			t = float64(shift[c])
		}
		std := float64(in.Std[c]) / s
		mean := float64(in.Mean[c]) - t*std
		if std > math.MaxFloat32 || math.Abs(mean) > math.MaxFloat32 || float32(std) == 0 {
			std, mean = math.NaN(), math.NaN() // for Shapes to refuse
		}
		in.Mean[c], in.Std[c] = float32(mean), float32(std)
	}
}
