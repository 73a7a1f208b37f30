package onnx

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// conv: Y = X ∗ W + B. W is [Out][In/Groups][KH][KW], pads is top, left,
// bottom, right.
func (n *node) conv() error {
	if err := n.only("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"); err != nil {
		return err
	}
	if err := n.inputs(2, 3); err != nil {
		return err
	}
	x, err := n.picture(0)
	if err != nil {
		return err
	}
	w, dims, err := n.floats(1)
	if err != nil {
		return err
	}
	if len(dims) != 4 {
		return fmt.Errorf("%w: its weights have dimensions %v, want 2-D convolution", embed.ErrUnsupported, dims)
	}
	out, depth, kh, kw := dims[0], dims[1], dims[2], dims[3]
	if max(kh, kw) > maxWindow {
		return fmt.Errorf("%w: a kernel of %dx%d, at most %d", embed.ErrUnsupported, kh, kw, maxWindow)
	}
	groups, err := n.attrInt("group", 1)
	if err != nil {
		return err
	}
	if groups < 1 || groups > int64(out) || out%int(groups) != 0 || int(groups)*depth != x.shape.C {
		return fmt.Errorf("%w: weights %v in %d groups do not fit %d channels", embed.ErrCorrupt, dims, groups, x.shape.C)
	}
	x, window, err := n.window(x, kh, kw, 0)
	if err != nil {
		return err
	}
	var bias []float32
	if n.has(2) {
		if bias, err = n.vector(2, out); err != nil {
			return err
		}
	}
	if err := n.spend(len(w)); err != nil {
		return err
	}
	return n.result(embed.Node{
		Op: embed.OpConv, In: []embed.Value{x.value}, Window: window, Groups: int(groups), Out: out,
		Weight: toOHWI(w, out, depth, kh, kw), Bias: bias,
	}, embed.Shape{
		H: steps(x.shape.H+window.Top+window.Bottom, kh, window.StrideH, window.DilationH),
		W: steps(x.shape.W+window.Left+window.Right, kw, window.StrideW, window.DilationW),
		C: out,
	})
}

// window reads the geometry and resolves auto_pad for input x. Padding that
// is still to be made before it is counted in if it is of the same kind (fill)
// and the kernel reaches over it, or is made first.
func (n *node) window(x feature, kh, kw int, fill float32) (feature, embed.Window, error) {
	var w embed.Window
	fail := func(err error) (feature, embed.Window, error) { return x, w, err }
	kernel, err := n.attrInts("kernel_shape", 2, 1, maxSide, []int64{int64(kh), int64(kw)})
	if err != nil {
		return fail(err)
	}
	if int(kernel[0]) != kh || int(kernel[1]) != kw {
		return fail(fmt.Errorf("%w: kernel_shape %v, weights %dx%d", embed.ErrCorrupt, kernel, kh, kw))
	}
	stride, err := n.attrInts("strides", 2, 1, maxSide, []int64{1, 1})
	if err != nil {
		return fail(err)
	}
	dilation, err := n.attrInts("dilations", 2, 1, maxWindow, []int64{1, 1})
	if err != nil {
		return fail(err)
	}
	pads, err := n.attrInts("pads", 4, 0, maxSide, []int64{0, 0, 0, 0})
	if err != nil {
		return fail(err)
	}
	auto, err := n.attrText("auto_pad", "NOTSET")
	if err != nil {
		return fail(err)
	}
	w = embed.Window{
		KernelH: kh, KernelW: kw,
		StrideH: int(stride[0]), StrideW: int(stride[1]),
		DilationH: int(dilation[0]), DilationW: int(dilation[1]),
	}
	own := pad{int(pads[0]), int(pads[1]), int(pads[2]), int(pads[3]), fill}
	h, v := x.shape.H+x.pad.top+x.pad.bottom, x.shape.W+x.pad.left+x.pad.right
	switch auto {
	case "NOTSET":
	case "VALID":
		own = pad{fill: fill}
	case "SAME_UPPER":
		own.top, own.bottom = same(h, kh, w.StrideH, w.DilationH)
		own.left, own.right = same(v, kw, w.StrideW, w.DilationW)
	case "SAME_LOWER":
		own.bottom, own.top = same(h, kh, w.StrideH, w.DilationH)
		own.right, own.left = same(v, kw, w.StrideW, w.DilationW)
	default:
		return fail(fmt.Errorf("%w: auto_pad %q", embed.ErrUnsupported, auto))
	}
	high, wide := (kh-1)*w.DilationH, (kw-1)*w.DilationW
	if x.pad.some() {
		if x.pad.fill == fill && x.pad.plus(own).within(high, wide) {
			own, x.pad = x.pad.plus(own), pad{}
		} else if x, err = n.padded(x); err != nil {
			return fail(err)
		}
	}
	if !own.within(high, wide) {
		if fill != 0 {
			return fail(fmt.Errorf("%w: pads %v are wider than the kernel", embed.ErrUnsupported, pads))
		}
		x.pad, own = own, pad{fill: fill}
		if x, err = n.padded(x); err != nil {
			return fail(err)
		}
	}
	w.Top, w.Left, w.Bottom, w.Right = own.top, own.left, own.bottom, own.right
	return x, w, nil
}

// same returns the padding that makes ⌈in/stride⌉ outputs, the smaller half
// first.
func same(in, kernel, stride, dilation int) (small, large int) {
	total := max(0, ((in+stride-1)/stride-1)*stride+(kernel-1)*dilation+1-in)
	return total / 2, total - total/2
}

// steps returns how often a kernel fits; 0 when it does not.
func steps(padded, kernel, stride, dilation int) int {
	span := (kernel-1)*dilation + 1
	if padded < span {
		return 0
	}
	return (padded-span)/stride + 1
}

// toOHWI turns [out][depth][kh][kw] into [out][kh][kw][depth].
func toOHWI(w []float32, out, depth, kh, kw int) []float32 {
	return swap(w, out, depth, kh*kw)
}

// toOIHW is the inverse of toOHWI.
func toOIHW[T any](w []T, out, depth, kh, kw int) []T {
	return swap(w, out, kh*kw, depth)
}

// swap transposes each of n matrices of rows×cols.
func swap[T any](w []T, n, rows, cols int) []T {
	t := make([]T, len(w))
	for m := range n {
		from, to := w[m*rows*cols:], t[m*rows*cols:]
		for r := range rows {
			for c := range cols {
				to[c*rows+r] = from[r*cols+c]
			}
		}
	}
	return t
}
