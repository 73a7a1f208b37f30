package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// ordered returns f with its channels stored in the order in which its view
// has them: after a channel shuffle, by selecting them in that order.
func (n *node) ordered(f feature) (feature, error) {
	want := f.view.restride()
	var atoms []atom
	for _, a := range f.view.atoms() {
		if a.axis == axisC {
			atoms = append(atoms, a)
		}
	}
	order := make([]int32, f.shape.C)
	still := true
	for i := range order {
		order[i] = int32(offset(atoms, i))
		still = still && int(order[i]) == i
	}
	if still {
		return f, nil
	}
	return n.choose(".order", f, order, want)
}

// choose emits the selection of channels, which the result views as v.
func (n *node) choose(part string, f feature, channels []int32, v view) (feature, error) {
	if err := n.derive(len(channels)); err != nil {
		return f, err
	}
	s := embed.Shape{H: f.shape.H, W: f.shape.W, C: len(channels)}
	g, err := n.emit(part, embed.Node{Op: embed.OpSelect, In: []embed.Value{f.value}, Channels: channels}, s)
	g.view = v
	return g, err
}

// pick returns the positions list of dimension d, which must hold channels
// only.
func (n *node) pick(part string, f feature, d int, list []int) (feature, error) {
	size := extent(f.view[d])
	if len(list) == size && isRange(list) {
		return f, nil
	}
	if !allOf(f.view[d], axisC) {
		return f, refuse("edge reads splits and slices of channels only", "a part of height or width: %d of %d in dimension %d of %v",
			len(list), size, d, f.view.dims())
	}
	if len(list) == 0 || len(list) > maxChannels {
		return f, fmt.Errorf("%w: %d of %d channels", embed.ErrUnsupported, len(list), size)
	}
	// The result has the list's channels one after the other, each with the
	// digits of the other dimensions below it.
	var rest []atom
	for i, atoms := range f.view {
		for _, a := range atoms {
			if a.axis == axisC && i != d {
				rest = append(rest, a)
			}
		}
	}
	inner := extent(rest)
	if len(list)*inner > maxChannels {
		return f, fmt.Errorf("%w: %d channels", embed.ErrUnsupported, len(list)*inner)
	}
	channels := make([]int32, 0, len(list)*inner)
	for _, i := range list {
		for r := range inner {
			channels = append(channels, int32(offset(f.view[d], i)+offset(rest, r)))
		}
	}
	v := slices.Clone(f.view)
	stride := 1
	for i := len(v) - 1; i >= 0; i-- {
		if i == d {
			continue
		}
		v[i] = slices.Clone(v[i])
		for j := len(v[i]) - 1; j >= 0; j-- {
			if a := &v[i][j]; a.axis == axisC {
				a.stride = stride
				stride *= a.size
			}
		}
		v[i] = join(v[i])
	}
	v[d] = nil
	if len(list) > 1 {
		v[d] = []atom{{axisC, len(list), inner}}
	}
	return n.choose(part, f, channels, v)
}

func isRange(list []int) bool {
	for i, x := range list {
		if x != i {
			return false
		}
	}
	return true
}

// axisOfFeature returns the first input and which of its dimensions the axis is.
func (n *node) axisOfFeature() (feature, int, error) {
	x, err := n.feature(0)
	if err != nil {
		return x, 0, err
	}
	a, err := n.attrInt("axis", 0)
	if err != nil {
		return x, 0, err
	}
	d, err := axisOf(a, len(x.view))
	return x, d, err
}

// split: several parts of a dimension, one after the other. Their sizes are an
// attribute before opset 13, an input since, or equal.
func (n *node) split() error {
	if err := n.only("axis", "split", "num_outputs"); err != nil {
		return err
	}
	x, d, err := n.axisOfFeature()
	if err != nil {
		return err
	}
	var sizes []int64
	if n.outline.opset < 13 {
		if err = n.inputs(1, 1); err == nil {
			sizes, err = attribute(n, "split", sizes)
		}
	} else {
		if err = n.inputs(1, 2); err == nil && n.has(1) {
			sizes, err = n.ints(1)
		}
	}
	if err != nil {
		return err
	}
	outs, total := len(n.info.out), extent(x.view[d])
	if count, err := n.attrInt("num_outputs", int64(outs)); err != nil || count != int64(outs) {
		return fmt.Errorf("%w: num_outputs for %d outputs", embed.ErrCorrupt, outs)
	}
	if sizes == nil {
		each := (total + outs - 1) / outs
		for left := total; left > 0 && len(sizes) < outs; left -= each {
			sizes = append(sizes, int64(min(each, left)))
		}
	}
	sum := int64(0)
	for _, s := range sizes {
		if s < 1 || s > int64(total) {
			return fmt.Errorf("%w: parts of %v", embed.ErrUnsupported, sizes)
		}
		sum += s
	}
	if len(sizes) != outs || sum != int64(total) {
		return fmt.Errorf("%w: parts of %v for %d outputs of %d", embed.ErrCorrupt, sizes, outs, total)
	}
	from := 0
	for i, out := range n.info.out {
		list := make([]int, sizes[i])
		for j := range list {
			list[j] = from + j
		}
		from += len(list)
		if out == "" || n.uses[out] == 0 {
			continue
		}
		f, err := n.pick(fmt.Sprintf(".%d", i), x, d, list)
		if err != nil {
			return err
		}
		f.form = form{}
		n.features[out] = f
	}
	return nil
}

// slice: every steps-th position from starts up to ends along axes: attributes
// before opset 10 and inputs since.
func (n *node) slice() error {
	starts, ends, axes, steps, err := n.sliceArgs()
	if err != nil {
		return err
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	for i := range starts {
		d, err := axisOf(axes[i], len(x.view))
		if err != nil {
			return err
		}
		list, err := sliced(extent(x.view[d]), starts[i], ends[i], steps[i])
		if err != nil {
			return err
		}
		if x, err = n.pick("", x, d, list); err != nil {
			return err
		}
		x.form = form{}
	}
	return n.set(x)
}

func (n *node) sliceArgs() (starts, ends, axes, steps []int64, err error) {
	lists := []*[]int64{&starts, &ends, &axes, &steps}
	if n.outline.opset < 10 {
		if err := n.only("starts", "ends", "axes"); err != nil {
			return nil, nil, nil, nil, err
		}
		if err := n.inputs(1, 1); err != nil {
			return nil, nil, nil, nil, err
		}
		for i, name := range []string{"starts", "ends", "axes"} {
			if *lists[i], err = attribute(n, name, []int64(nil)); err != nil {
				return nil, nil, nil, nil, err
			}
		}
	} else {
		if err := n.only(); err != nil {
			return nil, nil, nil, nil, err
		}
		if err := n.inputs(3, 5); err != nil {
			return nil, nil, nil, nil, err
		}
		for i := range lists {
			if !n.has(i + 1) {
				continue
			}
			if *lists[i], err = n.ints(i + 1); err != nil {
				return nil, nil, nil, nil, err
			}
		}
	}
	if axes == nil {
		for i := range starts {
			axes = append(axes, int64(i))
		}
	}
	if steps == nil {
		for range starts {
			steps = append(steps, 1)
		}
	}
	if len(starts) == 0 || len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, nil, nil, nil, fmt.Errorf("%w: starts %v, ends %v, axes %v, steps %v", embed.ErrCorrupt, starts, ends, axes, steps)
	}
	return starts, ends, axes, steps, nil
}

// sliced returns the positions of a slice of size.
func sliced(size int, start, end, step int64) ([]int, error) {
	if step == 0 || step == math.MinInt64 {
		return nil, fmt.Errorf("%w: steps of %d", embed.ErrCorrupt, step)
	}
	n := int64(size)
	clamp := func(x, lo, hi int64) int64 {
		if x < 0 {
			x = max(x, -n-1) + n
		}
		return min(max(x, lo), hi)
	}
	var list []int
	if step > 0 {
		for i, e := clamp(start, 0, n), clamp(end, 0, n); i < e; i += min(step, n) {
			list = append(list, int(i))
		}
	} else {
		for i, e := clamp(start, 0, n-1), clamp(end, -1, n-1); i > e; i -= min(-step, n) {
			list = append(list, int(i))
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: nothing from %d to %d of %d", embed.ErrUnsupported, start, end, size)
	}
	return list, nil
}

// gather: positions by a constant list along an axis; a single number drops
// the dimension.
func (n *node) gather() error {
	if err := n.only("axis"); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	x, d, err := n.axisOfFeature()
	if err != nil {
		return err
	}
	c, err := n.constant(1)
	if err != nil {
		return err
	}
	if c.ints == nil || len(c.dims) > 1 {
		return fmt.Errorf("%w: positions %v of %v", embed.ErrUnsupported, c.dims, c)
	}
	list := make([]int, len(c.ints))
	for i, p := range c.ints {
		if list[i], err = axisOf(p, extent(x.view[d])); err != nil {
			return err
		}
	}
	if x, err = n.pick("", x, d, list); err != nil {
		return err
	}
	x.form = form{}
	if len(c.dims) == 0 {
		x.view = slices.Delete(slices.Clone(x.view), d, d+1)
	}
	return n.set(x)
}
