package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

const inference = "export the network for inference: model.eval() before torch.onnx.export"

// batchNorm: Y = (X − mean)/√(var + epsilon)·scale + B, in inference.
func (n *node) batchNorm() error {
	if err := n.only("epsilon", "momentum", "spatial", "training_mode"); err != nil {
		return err
	}
	if err := n.inputs(5, 5); err != nil {
		return err
	}
	// Before opset 14 further outputs are what switches training on.
	for _, out := range n.info.out[1:] {
		if out != "" {
			return refuse(inference, "it is in training: it has %d outputs", len(n.info.out))
		}
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	if len(x.view) < 2 || !allOf(x.view[1], axisC) || extent(x.view[1]) != x.shape.C {
		return fmt.Errorf("%w: of %v, want channels in the second place", embed.ErrUnsupported, x.view.dims())
	}
	if x, err = n.ordered(x); err != nil {
		return err
	}
	epsilon, err := n.attrFloat("epsilon", 1e-5)
	if err != nil {
		return err
	}
	if training, err := n.attrInt("training_mode", 0); err != nil || training != 0 {
		return refuse(inference, "training_mode")
	}
	if spatial, err := n.attrInt("spatial", 1); err != nil || spatial != 1 {
		return fmt.Errorf("%w: spatial 0", embed.ErrUnsupported)
	}
	e := embed.Node{Op: embed.OpBatchNorm, In: []embed.Value{x.value}, Epsilon: epsilon}
	for i, field := range []*[]float32{&e.Weight, &e.Bias, &e.Mean, &e.Var} {
		if *field, err = n.vector(i+1, x.shape.C); err != nil {
			return err
		}
	}
	return n.like(x, e)
}
