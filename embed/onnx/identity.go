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
	if t, _, err := n.tensor(0); err == nil {
		n.consts[n.info.out[0]] = t // exporters share constants this way
		return nil
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.pass(x, x.rank)
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
		mode, ok := n.outline.tensors[n.info.in[2]]
		if !ok || mode.elem != elemBool || mode.flag {
			return fmt.Errorf("%w: training mode: export the model for inference", embed.ErrUnsupported)
		}
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.pass(x, x.rank)
}

// constant keeps the tensor in its attribute.
func (n *node) constant() error {
	if err := n.only("value"); err != nil {
		return err
	}
	t, err := n.attrTensor("value")
	if err != nil {
		return err
	}
	if t == nil {
		return fmt.Errorf("%w: it has no value", embed.ErrCorrupt)
	}
	n.consts[n.info.out[0]] = t
	return nil
}
