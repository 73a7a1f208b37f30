package onnx

import (
	"github.com/edge-camera/edge/embed"
)

// globalAveragePool: [N C H W] → [N C 1 1].
func (n *node) globalAveragePool() error {
	x, err := n.onlyPicture()
	if err != nil {
		return err
	}
	return n.mean(x, []int{2, 3}, true)
}

// onlyPicture returns the picture that is all an operator has.
func (n *node) onlyPicture() (feature, error) {
	x, err := n.operand(1, 1)
	if err != nil {
		return x, err
	}
	return n.asPicture(x)
}

// reduceMean, over height and width only. The axes are an attribute before
// opset 18 and an input since.
func (n *node) reduceMean() error {
	if err := n.only("axes", "keepdims", "noop_with_empty_axes"); err != nil {
		return err
	}
	keep, err := n.attrInt("keepdims", 1)
	if err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	axes, err := n.axes(18, len(x.view))
	if err != nil {
		return err
	}
	return n.mean(x, axes, keep != 0)
}

// mean is over dimensions that together are height and width.
func (n *node) mean(x feature, over []int, keep bool) error {
	var atoms []atom
	v := make(view, 0, len(x.view))
	k := 0
	for i, d := range x.view {
		if k == len(over) || over[k] != i {
			v = append(v, d)
			continue
		}
		k++
		atoms = append(atoms, d...)
		if keep {
			v = append(v, nil)
		}
	}
	if len(over) == 0 || anyOf(atoms, axisC) || extent(atoms) != x.shape.H*x.shape.W {
		return refuse("edge reads means over height and width together", "a mean over axes %v of %v, want height and width", over, x.view.dims())
	}
	f, err := n.emit("", embed.Node{Op: embed.OpGlobalMean, In: []embed.Value{x.value}}, embed.Shape{H: 1, W: 1, C: x.shape.C})
	if err != nil {
		return err
	}
	f.view = v
	return n.set(f)
}
