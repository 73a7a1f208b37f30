package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// add: Y = A + B, both computed and of one shape.
func (n *node) add() error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	a, err := n.feature(0)
	if err != nil {
		return err
	}
	b, err := n.feature(1)
	if err != nil {
		return err
	}
	if a.shape != b.shape || a.rank != b.rank {
		return fmt.Errorf("%w: adding %v to %v", embed.ErrUnsupported, b.shape, a.shape)
	}
	return n.emit(embed.Node{Op: embed.OpAdd, In: []embed.Value{a.value, b.value}}, a.shape, a.rank)
}
