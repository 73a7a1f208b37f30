package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// batchNorm: Y = (X − mean)/√(var + epsilon)·scale + B, in inference.
func (n *node) batchNorm() error {
	if err := n.only("epsilon", "momentum", "spatial", "training_mode"); err != nil {
		return err
	}
	if err := n.inputs(5, 5); err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	epsilon, err := n.attrFloat("epsilon", 1e-5)
	if err != nil {
		return err
	}
	if training, err := n.attrInt("training_mode", 0); err != nil || training != 0 {
		return fmt.Errorf("%w: training_mode: export the model for inference", embed.ErrUnsupported)
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
	return n.emit(e, x.shape, x.rank)
}
