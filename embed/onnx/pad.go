package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// pad is padding around a picture that the node reading it is to make.
type pad struct {
	top, left, bottom, right int
	fill                     float32 // 0, or −∞ for a MaxPool
}

func (p pad) some() bool { return p.top+p.left+p.bottom+p.right > 0 }

func (p pad) plus(q pad) pad {
	return pad{p.top + q.top, p.left + q.left, p.bottom + q.bottom, p.right + q.right, p.fill}
}

// within reports that a kernel which reaches over so many rows and columns
// sees the picture from everywhere in the padding.
func (p pad) within(high, wide int) bool {
	return max(p.top, p.bottom) <= high && max(p.left, p.right) <= wide
}

// padding is the operator Pad: zeros around the picture. They become a part of
// the window that reads them; where none does, of a convolution that does
// nothing else.
func (n *node) padding() error {
	if err := n.only("mode", "pads", "paddings", "value"); err != nil {
		return err
	}
	mode, err := n.attrText("mode", "constant")
	if err != nil {
		return err
	}
	if mode != "constant" {
		return refuse("only padding with zeros is read: padding_mode='zeros'", "mode %q", mode)
	}
	var pads, axes []int64
	fill := float32(0)
	if n.outline.opset < 11 {
		if err = n.inputs(1, 1); err == nil {
			pads, err = attribute(n, "pads", pads)
		}
		if err == nil {
			fill, err = attribute(n, "value", fill)
		}
	} else {
		if err = n.inputs(2, 4); err == nil {
			pads, err = n.ints(1)
		}
		if err == nil && n.has(2) {
			fill, err = n.bound(2)
		}
		if err == nil && n.has(3) {
			axes, err = n.ints(3)
		}
	}
	if err != nil {
		return err
	}
	x, err := n.raw(0)
	if err != nil {
		return err
	}
	rank := len(x.view)
	if axes == nil {
		for i := range rank {
			axes = append(axes, int64(i))
		}
	}
	if len(pads) != 2*len(axes) {
		return fmt.Errorf("%w: pads %v for %d axes", embed.ErrCorrupt, pads, len(axes))
	}
	if fill <= -math.MaxFloat32 {
		fill = float32(math.Inf(-1))
	} else if fill != 0 {
		return refuse("only padding with zeros is read", "a value of %g", fill)
	}
	p := pad{fill: fill}
	for i, a := range axes {
		before, after := pads[i], pads[len(axes)+i]
		if before == 0 && after == 0 {
			continue
		}
		if before < 0 || after < 0 || before > maxSide || after > maxSide {
			return refuse("cropping inside a network is not read", "pads %v", pads)
		}
		d, err := axisOf(a, rank)
		if err != nil {
			return err
		}
		switch at, ok := x.places(); {
		case ok && d == at:
			p.top, p.bottom = int(before), int(after)
		case ok && d == at+1:
			p.left, p.right = int(before), int(after)
		default:
			return refuse("only height and width are padded", "pads %v of %v", pads, x.view.dims())
		}
	}
	if !p.some() {
		return n.set(x)
	}
	if x.pad.some() && x.pad.fill != p.fill {
		if x, err = n.padded(x); err != nil {
			return err
		}
	}
	x.pad = p.plus(x.pad)
	x.form = form{}
	return n.set(x)
}

// places returns the dimension of a picture that is its height; the next is
// its width.
func (f feature) places() (int, bool) {
	for _, at := range []int{2, 1} { // [N C H W], [N H W C]
		if len(f.view) == 4 && alike(f.view[at], whole(axisH, f.shape.H)) && alike(f.view[at+1], whole(axisW, f.shape.W)) {
			return at, true
		}
	}
	return 0, false
}

// padded makes the padding that is still to be made: a depthwise convolution
// whose kernel is a single one and reaches over as much as is added.
func (n *node) padded(x feature) (feature, error) {
	p := x.pad
	if !p.some() {
		return x, nil
	}
	kh, kw := p.top+p.bottom+1, p.left+p.right+1
	if p.fill != 0 || max(kh, kw) > maxWindow {
		return x, refuse("", "padding of %d, %d, %d and %d with %g before something else than a convolution or pool", p.top, p.left, p.bottom, p.right, p.fill)
	}
	c := x.shape.C
	if err := n.derive(kh * kw * c); err != nil {
		return x, err
	}
	// out[y] = in[y − top] is tap bottom of a kernel padded by top+bottom.
	weight := make([]float32, kh*kw*c)
	for i := range c {
		weight[(i*kh+p.bottom)*kw+p.right] = 1
	}
	f, err := n.emit(".pad", embed.Node{
		Op: embed.OpConv, In: []embed.Value{x.value}, Groups: c, Out: c, Weight: weight,
		Window: embed.Window{
			KernelH: kh, KernelW: kw, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1,
			Top: kh - 1, Bottom: kh - 1, Left: kw - 1, Right: kw - 1,
		},
	}, embed.Shape{H: x.shape.H + kh - 1, W: x.shape.W + kw - 1, C: c})
	if err != nil {
		return x, err
	}
	f.view = slices.Clone(x.view)
	at, _ := x.places() // Pad took no other
	f.view[at], f.view[at+1] = whole(axisH, f.shape.H), whole(axisW, f.shape.W)
	return f, nil
}
