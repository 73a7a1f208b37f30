package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// flatten: [N C 1 1] → [N C]. With height or width above 1 the order of the
// result would be channels first, which no node of ours makes.
func (n *node) flatten() error {
	if err := n.only("axis"); err != nil {
		return err
	}
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	x, err := n.vectorInput()
	if err != nil {
		return err
	}
	axis, err := n.attrInt("axis", 1)
	if err != nil {
		return err
	}
	if axis < 0 {
		axis += int64(x.rank)
	}
	if axis != 1 {
		return fmt.Errorf("%w: axis %d, want 1", embed.ErrUnsupported, axis)
	}
	return n.pass(x, 2)
}

// reshape: [N C] or [N C 1 1] → [N C] or [N C 1 1]. The shape is a constant
// where 0 copies a dimension and −1 stands for what is left.
func (n *node) reshape() error {
	if err := n.only("allowzero"); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	if zero, err := n.attrInt("allowzero", 0); err != nil || zero != 0 {
		return fmt.Errorf("%w: allowzero", embed.ErrUnsupported)
	}
	x, err := n.vectorInput()
	if err != nil {
		return err
	}
	shape, err := n.ints(1)
	if err != nil {
		return err
	}
	if len(shape) != 2 && len(shape) != 4 {
		return fmt.Errorf("%w: to shape %v", embed.ErrUnsupported, shape)
	}
	have := []int64{1, int64(x.shape.C), 1, 1}
	open, product := -1, int64(1)
	want := make([]int64, len(shape))
	for i, d := range shape {
		switch {
		case d == -1 && open < 0:
			open, want[i] = i, 1
		case d == 0 && i < x.rank:
			want[i] = have[i]
		case d >= 1 && d <= int64(x.shape.C):
			want[i] = d
		default:
			return fmt.Errorf("%w: to shape %v", embed.ErrUnsupported, shape)
		}
		if product *= want[i]; product > int64(x.shape.C) {
			return fmt.Errorf("%w: to shape %v with %d channels", embed.ErrUnsupported, shape, x.shape.C)
		}
	}
	if open >= 0 {
		want[open] = int64(x.shape.C) / product
	}
	for i, d := range want {
		if d != have[i] {
			return fmt.Errorf("%w: to shape %v with %d channels", embed.ErrUnsupported, shape, x.shape.C)
		}
	}
	return n.pass(x, len(shape))
}

// vectorInput returns input 0, which must have height and width 1.
func (n *node) vectorInput() (feature, error) {
	x, err := n.feature(0)
	if err != nil {
		return x, err
	}
	if x.shape.H != 1 || x.shape.W != 1 {
		return x, fmt.Errorf("%w: its input is %dx%d, want one value a channel", embed.ErrUnsupported, x.shape.H, x.shape.W)
	}
	return x, nil
}
