package onnx

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// Operators that give the same numbers other dimensions. They only change the
// view; whoever needs a certain order asks for it.

// flatten: the dimensions before axis in one and those from it on in another.
func (n *node) flatten() error {
	x, err := n.operand(1, 1, "axis")
	if err != nil {
		return err
	}
	axis, err := n.attrInt("axis", 1)
	if err != nil {
		return err
	}
	if axis < 0 {
		axis += int64(len(x.view))
	}
	if axis < 0 || axis > int64(len(x.view)) {
		return fmt.Errorf("%w: axis %d of %d dimensions", embed.ErrCorrupt, axis, len(x.view))
	}
	x.view = view{join(x.view[:axis].atoms()), join(x.view[axis:].atoms())}
	return n.set(x)
}

// reshape: to a constant shape where 0 copies a dimension (without allowzero)
// and −1 stands for what is left.
func (n *node) reshape() error {
	if err := n.only("allowzero", "shape"); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	zero, err := n.attrInt("allowzero", 0)
	if err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	shape, err := n.ints(1)
	if err != nil {
		return err
	}
	dims, err := resolve(x.view.dims(), shape, zero != 0)
	if err != nil {
		return err
	}
	v, ok := x.view.reshape(dims)
	if !ok {
		return fmt.Errorf("%w: %v to shape %v", embed.ErrUnsupported, x.view.dims(), shape)
	}
	x.view = v
	return n.set(x)
}

// resolve returns the dimensions that a Reshape asks for.
func resolve(have []int, shape []int64, zero bool) ([]int, error) {
	total := extentOf(have)
	if len(shape) > 8 {
		return nil, fmt.Errorf("%w: to shape %v", embed.ErrUnsupported, shape)
	}
	open, product := -1, 1
	want := make([]int, len(shape))
	for i, d := range shape {
		switch {
		case d == -1 && open < 0:
			open, want[i] = i, 1
		case d == 0 && !zero && i < len(have):
			want[i] = have[i]
		case d >= 1 && d <= int64(total):
			want[i] = int(d)
		default:
			return nil, fmt.Errorf("%w: %v to shape %v", embed.ErrUnsupported, have, shape)
		}
		if product *= want[i]; product > total {
			return nil, fmt.Errorf("%w: %v to shape %v", embed.ErrUnsupported, have, shape)
		}
	}
	if open >= 0 {
		want[open] = total / product
		product *= want[open]
	}
	if product != total {
		return nil, fmt.Errorf("%w: %v to shape %v", embed.ErrUnsupported, have, shape)
	}
	return want, nil
}

// squeeze drops dimensions of 1: those of axes, or all.
func (n *node) squeeze() error {
	if err := n.only("axes"); err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	axes, err := n.axes(13, len(x.view))
	if err != nil {
		return err
	}
	var v view
	for i, atoms := range x.view {
		drop := slices.Contains(axes, i)
		if drop && len(atoms) > 0 {
			return fmt.Errorf("%w: dimension %d of %v is not 1", embed.ErrCorrupt, i, x.view.dims())
		}
		if !drop && (axes != nil || len(atoms) > 0) {
			v = append(v, atoms)
		}
	}
	x.view = v
	return n.set(x)
}

// unsqueeze adds dimensions of 1 at axes of the result.
func (n *node) unsqueeze() error {
	if err := n.only("axes"); err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	v, err := n.unsqueezed(len(x.view))
	if err != nil {
		return err
	}
	out := make(view, len(v))
	for i, from := range v {
		if from >= 0 {
			out[i] = x.view[from]
		}
	}
	x.view = out
	return n.set(x)
}

// unsqueezed returns for each dimension of the result which of the input's rank
// dimensions it is, −1 for a new one.
func (n *node) unsqueezed(rank int) ([]int, error) {
	// The axes count in the result, whose rank depends on how many there are.
	var axes []int64
	var err error
	if n.outline.opset < 13 {
		axes, err = attribute(n, "axes", axes)
	} else if err = n.inputs(2, 2); err == nil {
		axes, err = n.ints(1)
	}
	if err != nil {
		return nil, err
	}
	if len(axes) == 0 || rank+len(axes) > 8 {
		return nil, fmt.Errorf("%w: axes %v with %d dimensions", embed.ErrUnsupported, axes, rank)
	}
	at, err := n.axes(13, rank+len(axes))
	if err != nil {
		return nil, err
	}
	out := make([]int, rank+len(axes))
	next := 0
	for i := range out {
		if slices.Contains(at, i) {
			out[i] = -1
			continue
		}
		out[i] = next
		next++
	}
	return out, nil
}

// transpose: the dimensions in another order, by default reversed.
func (n *node) transpose() error {
	x, err := n.raw(0)
	if err != nil {
		return err
	}
	perm, err := n.permutation(len(x.view))
	if err != nil {
		return err
	}
	v := make(view, len(perm))
	for i, p := range perm {
		v[i] = x.view[p]
	}
	y := x
	y.view = v
	if _, ok := y.places(); !ok && x.pad.some() {
		return refuse("", "of a picture with padding to %v", v.dims())
	}
	return n.set(y)
}

func (n *node) permutation(rank int) ([]int, error) {
	if err := n.only("perm"); err != nil {
		return nil, err
	}
	if err := n.inputs(1, 1); err != nil {
		return nil, err
	}
	var reversed []int64
	for i := range rank {
		reversed = append(reversed, int64(rank-1-i))
	}
	perm, err := n.attrInts("perm", rank, 0, int64(max(0, rank-1)), reversed)
	if err != nil {
		return nil, err
	}
	out := make([]int, rank)
	seen := make([]bool, rank)
	for i, p := range perm {
		if seen[p] {
			return nil, fmt.Errorf("%w: perm %v", embed.ErrCorrupt, perm)
		}
		seen[p], out[i] = true, int(p)
	}
	return out, nil
}

// sizes is the operator Shape: the dimensions as a constant.
func (n *node) sizes() error {
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.setSizes(x.view.dims())
}

func (n *node) setSizes(dims []int) error {
	if err := n.only("start", "end"); err != nil {
		return err
	}
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	start, err := n.attrInt("start", 0)
	if err != nil {
		return err
	}
	end, err := n.attrInt("end", int64(len(dims)))
	if err != nil {
		return err
	}
	list, err := sliced(len(dims), start, end, 1)
	if err != nil {
		return err
	}
	c := &constant{dims: []int{len(list)}}
	for _, i := range list {
		c.ints = append(c.ints, int64(dims[i]))
	}
	n.consts[n.info.out[0]] = c
	return nil
}
