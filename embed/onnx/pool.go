package onnx

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// maxPool: the greatest of each window.
func (n *node) maxPool() error {
	if err := n.only("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"); err != nil {
		return err
	}
	return n.pool(embed.OpMaxPool)
}

// averagePool: the mean of each window.
func (n *node) averagePool() error {
	if err := n.only("auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"); err != nil {
		return err
	}
	return n.pool(embed.OpMeanPool)
}

// globalMaxPool: [N C H W] → [N C 1 1].
func (n *node) globalMaxPool() error {
	x, err := n.onlyPicture()
	if err != nil {
		return err
	}
	if max(x.shape.H, x.shape.W) > maxWindow {
		return fmt.Errorf("%w: over %dx%d places, at most %d", embed.ErrUnsupported, x.shape.H, x.shape.W, maxWindow)
	}
	return n.result(embed.Node{
		Op: embed.OpMaxPool, In: []embed.Value{x.value},
		Window: embed.Window{KernelH: x.shape.H, KernelW: x.shape.W, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1},
	}, embed.Shape{H: 1, W: 1, C: x.shape.C})
}

func (n *node) pool(op embed.Op) error {
	if err := n.inputs(1, 1); err != nil {
		return err
	}
	x, err := n.picture(0)
	if err != nil {
		return err
	}
	if _, ok := n.attrs["kernel_shape"]; !ok {
		return fmt.Errorf("%w: no kernel_shape", embed.ErrCorrupt)
	}
	kernel, err := n.attrInts("kernel_shape", 2, 1, maxSide, nil)
	if err != nil {
		return err
	}
	if order, err := n.attrInt("storage_order", 0); err != nil || order != 0 {
		return fmt.Errorf("%w: storage_order", embed.ErrUnsupported)
	}
	ceil, err := n.attrInt("ceil_mode", 0)
	if err != nil {
		return err
	}
	count, err := n.attrInt("count_include_pad", 0)
	if err != nil {
		return err
	}
	// What is outside the picture counts for nothing in a max. Zeros put there
	// before count, but not where nothing is below them; in a mean they count,
	// while the pool's own padding may not.
	fill := float32(0)
	switch {
	case op == embed.OpMaxPool:
		fill = float32(math.Inf(-1))
		if x.pad.some() && x.pad.fill == 0 && n.notNegative(x.value) {
			x.pad.fill = fill
		}
	case x.pad.some() && count == 0:
		pads, err := n.attrInts("pads", 4, 0, maxSide, []int64{0, 0, 0, 0})
		if err != nil {
			return err
		}
		auto, err := n.attrText("auto_pad", "NOTSET")
		if err != nil {
			return err
		}
		if [4]int64(pads) == [4]int64{} && (auto == "NOTSET" || auto == "VALID") {
			count = 1
		} else if x, err = n.padded(x); err != nil {
			return err
		}
	}
	x, w, err := n.window(x, int(kernel[0]), int(kernel[1]), fill)
	if err != nil {
		return err
	}
	e := embed.Node{Op: op, In: []embed.Value{x.value}, Window: w}
	h, moreH := places(x.shape.H, w.Top, w.Bottom, w.KernelH, w.StrideH, w.DilationH, ceil != 0)
	v, moreW := places(x.shape.W, w.Left, w.Right, w.KernelW, w.StrideW, w.DilationW, ceil != 0)
	shape := embed.Shape{H: h, W: v, C: x.shape.C}
	none := w.Top+w.Left+w.Bottom+w.Right == 0
	if op == embed.OpMeanPool && none && h == 1 && v == 1 && w.KernelH == x.shape.H && w.KernelW == x.shape.W && w.DilationH == 1 && w.DilationW == 1 {
		return n.result(embed.Node{Op: embed.OpGlobalMean, In: e.In}, shape)
	}
	if max(w.KernelH, w.KernelW, w.StrideH, w.StrideW) > maxWindow {
		return fmt.Errorf("%w: a window of %dx%d, at most %d", embed.ErrUnsupported, w.KernelH, w.KernelW, maxWindow)
	}
	e.Window.Bottom += moreH
	e.Window.Right += moreW
	if op == embed.OpMeanPool && count != 0 && e.Window.Top+e.Window.Left+e.Window.Bottom+e.Window.Right > 0 {
		e.CountPadding, e.UncountedBottom, e.UncountedRight = true, moreH, moreW
	}
	return n.result(e, shape)
}

// places returns how many windows there are and how much more padding than the
// file's the last of them needs: with ceil it may reach over the end, if it
// begins before it.
func places(in, before, after, kernel, stride, dilation int, ceil bool) (n, more int) {
	padded, span := in+before+after, (kernel-1)*dilation+1
	if !ceil {
		return steps(padded, kernel, stride, dilation), 0
	}
	if padded < span {
		return 0, 0
	}
	n = (padded-span+stride-1)/stride + 1
	if (n-1)*stride >= in+before {
		n--
	}
	return n, max(0, (n-1)*stride+span-padded)
}

// notNegative reports that no number of v can be below 0.
func (n *node) notNegative(v embed.Value) bool {
	for v > 0 {
		e := &n.graph.Nodes[v-1]
		switch e.Op {
		case embed.OpMaxPool, embed.OpMeanPool, embed.OpGlobalMean, embed.OpSelect:
			v = e.In[0]
			continue
		case embed.OpAct:
			lo, _ := e.Range()
			return lo >= 0
		}
		return false
	}
	return false
}
