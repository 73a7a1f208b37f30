package onnx

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/edge-camera/edge/embed"
)

// constant is a tensor that does not depend on the picture. Its data are in
// floats or in ints; the other is nil. Shared and never written.
type constant struct {
	dims   []int
	floats []float32
	ints   []int64
}

func (c *constant) len() int { return max(len(c.floats), len(c.ints)) }

func (c *constant) String() string {
	switch {
	case c == nil:
		return "nothing"
	case c.ints != nil:
		return "int64"
	}
	return "float32"
}

// constantOf takes over what the decoder made.
func constantOf(t tensor.Tensor, dims []int) (*constant, error) {
	c := &constant{dims: dims}
	switch data := t.Data().(type) {
	case []float32:
		c.floats = data
	case float32:
		c.floats = []float32{data}
	case []int64:
		c.ints = data
	case int64:
		c.ints = []int64{data}
	default:
		return nil, refuseElemName(t.Dtype())
	}
	if n := extentOf(dims); n != c.len() {
		return nil, fmt.Errorf("%w: a constant of %v has %d elements", embed.ErrCorrupt, dims, c.len())
	}
	return c, nil
}

func refuseElemName(v fmt.Stringer) error {
	return refuse("export the network in float32", "a constant of %v", v)
}

func extentOf(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// isConstant reports whether input i is given and does not depend on the
// picture.
func (n *node) isConstant(i int) bool {
	if !n.has(i) {
		return false
	}
	name := n.info.in[i]
	_, made := n.consts[name]
	_, stored := n.outline.tensors[name]
	return made || stored
}

// constant returns input i, which must be constant.
func (n *node) constant(i int) (*constant, error) {
	if !n.has(i) {
		return nil, fmt.Errorf("%w: input %d is missing", embed.ErrCorrupt, i)
	}
	name := n.info.in[i]
	if c, ok := n.consts[name]; ok {
		return c, nil
	}
	info, ok := n.outline.tensors[name]
	if !ok {
		return nil, refuse("weights must be constant: export the network for inference (model.eval())", "input %q is computed, want a constant", name)
	}
	if info.refused != nil {
		return nil, fmt.Errorf("%q: %w", name, info.refused)
	}
	c, err := constantOf(n.in[i].t, info.dims)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	n.consts[name] = c
	return c, nil
}

// floats returns constant input i: finite float32 and their dimensions. The
// slice is the decoder's.
func (n *node) floats(i int) ([]float32, []int, error) {
	c, err := n.constant(i)
	if err != nil {
		return nil, nil, err
	}
	if c.floats == nil {
		return nil, nil, fmt.Errorf("%w: %q is %v, want float32", embed.ErrUnsupported, n.info.in[i], c)
	}
	for j, x := range c.floats {
		if !finite(x) {
			return nil, nil, fmt.Errorf("%w: %q holds %v at %d", embed.ErrCorrupt, n.info.in[i], x, j)
		}
	}
	return c.floats, c.dims, nil
}

// number returns constant input i, a single float32.
func (n *node) number(i int) (float32, error) {
	v, dims, err := n.floats(i)
	if err != nil {
		return 0, err
	}
	if len(v) != 1 {
		return 0, fmt.Errorf("%w: %q has dimensions %v, want one number", embed.ErrCorrupt, n.info.in[i], dims)
	}
	return v[0], nil
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
	c, err := n.constant(i)
	if err != nil {
		return nil, err
	}
	if c.ints == nil {
		return nil, fmt.Errorf("%w: %q is %v, want int64", embed.ErrUnsupported, n.info.in[i], c)
	}
	return c.ints, nil
}

// axes returns the axes of an operator that has them as an attribute before
// opset since and as input 1 from there on, normalized to 0 … rank−1, sorted.
// None: nil.
func (n *node) axes(since int64, rank int) ([]int, error) {
	var axes []int64
	var err error
	if n.outline.opset < since {
		if err = n.inputs(1, 1); err == nil {
			axes, err = attribute(n, "axes", axes)
		}
	} else {
		if err = n.inputs(1, 2); err == nil && n.has(1) {
			axes, err = n.ints(1)
		}
	}
	if err != nil {
		return nil, err
	}
	var out []int
	for _, a := range axes {
		k, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, k) {
			return nil, fmt.Errorf("%w: axes %v: one of them twice", embed.ErrCorrupt, axes)
		}
		out = append(out, k)
	}
	slices.Sort(out)
	return out, nil
}

// axisOf normalizes an axis, which may count from the end.
func axisOf(a int64, rank int) (int, error) {
	k := a
	if k < 0 {
		k += int64(rank)
	}
	if k < 0 || k >= int64(rank) {
		return 0, fmt.Errorf("%w: axis %d of %d dimensions", embed.ErrCorrupt, a, rank)
	}
	return int(k), nil
}

// valueOf is the operator Constant.
func (n *node) valueOf() error {
	if err := n.only("value", "value_float", "value_floats", "value_int", "value_ints"); err != nil {
		return err
	}
	if len(n.attrs) != 1 {
		return fmt.Errorf("%w: it has no value, or two", embed.ErrCorrupt)
	}
	c := &constant{}
	var err error
	for name, a := range n.attrs {
		switch v := a.(type) {
		case tensor.Tensor:
			c, err = constantOf(v, slices.Clone([]int(v.Shape())))
		case float32:
			c.floats = []float32{v}
		case int64:
			c.ints = []int64{v}
		case []float32:
			c.floats, c.dims = v, []int{len(v)}
		case []int64:
			c.ints, c.dims = v, []int{len(v)}
		default:
			err = fmt.Errorf("%w: attribute %q is a %T", embed.ErrCorrupt, name, a)
		}
	}
	if err == nil && c.len() == 0 {
		err = fmt.Errorf("%w: it has no value", embed.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	n.consts[n.info.out[0]] = c
	return nil
}
