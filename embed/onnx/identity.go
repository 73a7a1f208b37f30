package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// identity: Y = X.
func (n *node) identity() error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	return n.pass()
}

// cast between floating-point types: everything is computed in float32.
func (n *node) cast() error {
	if err := n.only("to", "saturate", "round_mode"); err != nil {
		return err
	}
	if err := n.inputs(1, 2); err != nil {
		return err
	}
	to, err := n.attrInt("to", int64(elemFloat32))
	if err != nil {
		return err
	}
	switch elemType(to) {
	case elemFloat32, elemFloat16, elemFloat64, elemBFloat:
		return n.pass()
	}
	return fmt.Errorf("%w: a computed value as %v", embed.ErrUnsupported, elemType(to))
}

// pass makes input 0 the result under another name.
func (n *node) pass() error {
	x, err := n.raw(0)
	if err != nil {
		return err
	}
	return n.set(x)
}

// dropout does nothing in inference. Since opset 12 a third input can switch
// training on.
func (n *node) dropout() error {
	if err := n.only("ratio", "seed"); err != nil {
		return err
	}
	if err := n.inputs(1, 3); err != nil {
		return err
	}
	if n.has(2) {
		mode, err := n.ints(2)
		if err != nil {
			return err
		}
		if len(mode) != 1 || mode[0] != 0 {
			return refuse(inference, "training mode")
		}
	}
	return n.pass()
}
