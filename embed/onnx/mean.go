package onnx

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// globalAveragePool: [N C H W] → [N C 1 1].
func (n *node) globalAveragePool() error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	return n.mean(true)
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
	var axes []int64
	if n.outline.opset < 18 {
		if err := n.inputs(1, 1); err != nil {
			return err
		}
		if axes, err = attribute(n, "axes", axes); err != nil {
			return err
		}
	} else {
		if err := n.inputs(1, 2); err != nil {
			return err
		}
		if n.has(1) {
			if axes, err = n.ints(1); err != nil {
				return err
			}
		}
	}
	var over []int64
	for _, a := range axes {
		if a < 0 {
			a += 4
		}
		over = append(over, a)
	}
	slices.Sort(over)
	if !slices.Equal(over, []int64{2, 3}) {
		return fmt.Errorf("%w: a mean over axes %v, want height and width", embed.ErrUnsupported, axes)
	}
	return n.mean(keep != 0)
}

func (n *node) mean(keep bool) error {
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	if x.rank != 4 {
		return fmt.Errorf("%w: its input has rank %d, want 4", embed.ErrUnsupported, x.rank)
	}
	rank := 2
	if keep {
		rank = 4
	}
	return n.emit(embed.Node{Op: embed.OpGlobalMean, In: []embed.Value{x.value}}, embed.Shape{H: 1, W: 1, C: x.shape.C}, rank)
}
