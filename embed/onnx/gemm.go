package onnx

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// gemm: Y = alpha·A·B + beta·C with A computed. B is [In][Out], or [Out][In]
// with transB.
func (n *node) gemm() error {
	if err := n.only("alpha", "beta", "transA", "transB"); err != nil {
		return err
	}
	if err := n.inputs(2, 3); err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	if x.rank != 2 {
		return fmt.Errorf("%w: its input has rank %d, want 2", embed.ErrUnsupported, x.rank)
	}
	if trans, err := n.attrInt("transA", 0); err != nil || trans != 0 {
		return fmt.Errorf("%w: transA", embed.ErrUnsupported)
	}
	trans, err := n.attrInt("transB", 0)
	if err != nil {
		return err
	}
	alpha, err := n.attrFloat("alpha", 1)
	if err != nil {
		return err
	}
	beta, err := n.attrFloat("beta", 1)
	if err != nil {
		return err
	}
	w, dims, err := n.floats(1)
	if err != nil {
		return err
	}
	if len(dims) != 2 {
		return fmt.Errorf("%w: its weights have dimensions %v, want two", embed.ErrCorrupt, dims)
	}
	in, out := dims[0], dims[1]
	if trans != 0 {
		in, out = out, in
	}
	if in != x.shape.C {
		return fmt.Errorf("%w: weights %v do not fit %d channels", embed.ErrCorrupt, dims, x.shape.C)
	}
	if err := n.spend(len(w)); err != nil {
		return err
	}
	if trans != 0 {
		w = slices.Clone(w)
	} else {
		w = swap(w, 1, in, out)
	}
	scale(w, alpha)
	var bias []float32
	if n.has(2) {
		if bias, err = n.vector(2, out); err != nil {
			return err
		}
		scale(bias, beta)
	}
	return n.emit(embed.Node{
		Op: embed.OpDense, In: []embed.Value{x.value}, Out: out, Weight: w, Bias: bias,
	}, embed.Shape{H: 1, W: 1, C: out}, 2)
}

func scale(v []float32, by float32) {
	for i := range v {
		v[i] *= by
	}
}
