package onnx

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// gemm: Y = alpha·A·B + beta·C with A computed. B is [In][Out], or [Out][In]
// with transB.
func (n *node) gemm() error {
	x, err := n.operand(2, 3, "alpha", "beta", "transA", "transB")
	if err != nil {
		return err
	}
	if len(x.view) != 2 {
		return fmt.Errorf("%w: its input has rank %d, want 2", embed.ErrUnsupported, len(x.view))
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
	out := dims[1-trans&1]
	var bias []float32
	if n.has(2) {
		c, _, err := n.floats(2)
		if err != nil {
			return err
		}
		if len(c) == 1 && out > 1 {
			if err := n.derive(out); err != nil {
				return err
			}
			bias = slices.Repeat(c, out)
		} else if bias, err = n.vector(2, out); err != nil {
			return err
		}
		scale(bias, beta)
	}
	return n.dense(x, w, dims, trans != 0, alpha, bias)
}

// matMul: Y = A·B with A computed and B constant, [In][Out].
func (n *node) matMul() error {
	x, err := n.operand(2, 2)
	if err != nil {
		return err
	}
	w, dims, err := n.floats(1)
	if err != nil {
		return err
	}
	if len(dims) != 2 {
		return fmt.Errorf("%w: its second factor has dimensions %v, want two", embed.ErrUnsupported, dims)
	}
	return n.dense(x, w, dims, false, 1, nil)
}

// dense multiplies x's last dimension by w. Where that is all of a picture it
// is a convolution as large as the picture, and where it is the channels of
// each place one of 1×1.
func (n *node) dense(x feature, w []float32, dims []int, trans bool, alpha float32, bias []float32) error {
	in, out := dims[0], dims[1]
	if trans {
		in, out = out, in
	}
	last := len(x.view) - 1
	if last < 0 {
		return fmt.Errorf("%w: its input is a single number", embed.ErrUnsupported)
	}
	atoms := x.view[last]
	if extent(atoms) != in {
		return fmt.Errorf("%w: weights %v do not fit %v", embed.ErrCorrupt, dims, x.view.dims())
	}
	kh, kw := x.shape.H, x.shape.W
	if allOf(atoms, axisC) {
		kh, kw = 1, 1
	}
	if in != kh*kw*x.shape.C {
		return fmt.Errorf("%w: a product over dimension %d of %v, want all channels", embed.ErrUnsupported, last, x.view.dims())
	}
	if max(kh, kw) > maxWindow {
		return fmt.Errorf("%w: a product over %dx%d places, at most %d", embed.ErrUnsupported, kh, kw, maxWindow)
	}
	if err := n.spend(len(w)); err != nil {
		return err
	}
	// Weights in the order of the value: [Out][H][W][C].
	weight := make([]float32, 0, len(w))
	from := make([]int, 0, in)
	for h := range kh {
		for v := range kw {
			for c := range x.shape.C {
				from = append(from, index(atoms, h, v, c))
			}
		}
	}
	for o := range out {
		for _, i := range from {
			if trans {
				weight = append(weight, w[o*in+i])
			} else {
				weight = append(weight, w[i*out+o])
			}
		}
	}
	scale(weight, alpha)
	e := embed.Node{Op: embed.OpDense, In: []embed.Value{x.value}, Out: out, Weight: weight, Bias: bias}
	shape := embed.Shape{H: 1, W: 1, C: out}
	if x.shape.H > 1 || x.shape.W > 1 {
		e.Op, e.Groups = embed.OpConv, 1
		e.Window = embed.Window{KernelH: kh, KernelW: kw, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
		if kh == 1 && kw == 1 {
			shape.H, shape.W = x.shape.H, x.shape.W
		}
	}
	f, err := n.emit("", e, shape)
	if err != nil {
		return err
	}
	f.view = slices.Clone(x.view)
	f.view[last] = whole(axisC, out)
	return n.set(f)
}

func scale(v []float32, by float32) {
	for i := range v {
		v[i] *= by
	}
}
