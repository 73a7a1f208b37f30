package onnx

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// concat: its inputs one after the other along a dimension of channels.
func (n *node) concat() error {
	if err := n.only("axis"); err != nil {
		return err
	}
	if err := n.inputs(1, embed.MaxInputs); err != nil {
		return err
	}
	a, err := n.attrInt("axis", 1)
	if err != nil {
		return err
	}
	var first feature
	var in []embed.Value
	d, channels := 0, 0
	for i := range n.info.in {
		x, err := n.feature(i)
		if err != nil {
			return err
		}
		if x, err = n.ordered(x); err != nil {
			return err
		}
		if i == 0 {
			if d, err = axisOf(a, len(x.view)); err != nil {
				return err
			}
			first = x
		}
		// Each input's channels are all in dimension d, or none is and all
		// have the same elsewhere: a new outermost digit of the channels.
		inside := x.shape.C == 1 || allOf(x.view[d], axisC) && extent(x.view[d]) == x.shape.C
		stacked := len(x.view[d]) == 0 && x.shape.C == first.shape.C && len(first.view[d]) == 0
		if len(x.view) != len(first.view) || x.shape.H != first.shape.H || x.shape.W != first.shape.W || !inside && !stacked {
			return refuse("edge reads concatenations of channels only", "a concatenation of %v and %v in dimension %d", first.view.dims(), x.view.dims(), d)
		}
		for k := range x.view {
			if k != d && !alike(x.view[k], first.view[k]) {
				return fmt.Errorf("%w: a concatenation of %v and %v", embed.ErrCorrupt, first.view.dims(), x.view.dims())
			}
		}
		in = append(in, x.value)
		if channels += x.shape.C; channels > maxChannels {
			return fmt.Errorf("%w: more than %d channels", embed.ErrUnsupported, maxChannels)
		}
	}
	if len(in) == 1 {
		first.form = form{}
		return n.set(first)
	}
	f, err := n.emit("", embed.Node{Op: embed.OpConcat, In: in}, embed.Shape{H: first.shape.H, W: first.shape.W, C: channels})
	if err != nil {
		return err
	}
	f.view = slices.Clone(first.view)
	if len(first.view[d]) == 0 && first.shape.C > 1 {
		f.view[d] = []atom{{axisC, len(in), first.shape.C}}
	} else {
		f.view[d] = whole(axisC, channels)
	}
	return n.set(f)
}
