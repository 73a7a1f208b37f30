package onnx

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// relu: Y = max(X, 0).
func (n *node) relu() error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	return n.act(embed.ActReLU)
}

// clip: Y = min(max(X, lo), hi). The bounds are attributes before opset 11 and
// constant inputs since.
func (n *node) clip() error {
	lo, hi := float32(-math.MaxFloat32), float32(math.MaxFloat32)
	var err error
	if n.outline.opset < 11 {
		if err := n.only("min", "max"); err != nil {
			return err
		}
		if err := n.inputs(1, 1); err != nil {
			return err
		}
		if lo, err = n.attrFloat("min", lo); err != nil {
			return err
		}
		if hi, err = n.attrFloat("max", hi); err != nil {
			return err
		}
	} else {
		if err := n.only(); err != nil {
			return err
		}
		if err := n.inputs(1, 3); err != nil {
			return err
		}
		for i, bound := range []*float32{&lo, &hi} {
			if !n.has(i + 1) {
				continue
			}
			v, dims, err := n.floats(i + 1)
			if err != nil {
				return err
			}
			if len(v) != 1 {
				return fmt.Errorf("%w: a bound has dimensions %v, want one number", embed.ErrCorrupt, dims)
			}
			*bound = v[0]
		}
	}
	switch {
	case lo == 0 && hi == 6:
		return n.act(embed.ActReLU6)
	case lo == 0 && hi == math.MaxFloat32:
		return n.act(embed.ActReLU)
	}
	return fmt.Errorf("%w: bounds %g and %g, want 0 and 6, or 0 alone", embed.ErrUnsupported, lo, hi)
}

func (n *node) act(a embed.Act) error {
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.emit(embed.Node{Op: embed.OpAct, In: []embed.Value{x.value}, Act: a}, x.shape, x.rank)
}
