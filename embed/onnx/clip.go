package onnx

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// clip: Y = min(max(X, lo), hi). The bounds are attributes before opset 11 and
// constant inputs since.
func (n *node) clip() error {
	lo, hi := float32(-math.MaxFloat32), float32(math.MaxFloat32)
	var err error
	if n.outline.opset < 11 {
		if err := n.only("min", "max"); err != nil {
			return err
		}
		if err := n.inputs(1, 1); err != nil {
			return err
		}
		if lo, err = attribute(n, "min", lo); err != nil {
			return err
		}
		if hi, err = attribute(n, "max", hi); err != nil {
			return err
		}
	} else {
		if err := n.only(); err != nil {
			return err
		}
		if err := n.inputs(1, 3); err != nil {
			return err
		}
		for i, bound := range []*float32{&lo, &hi} {
			if !n.has(i + 1) {
				continue
			}
			if *bound, err = n.bound(i + 1); err != nil {
				return err
			}
		}
	}
	x, err := n.feature(0)
	if err != nil {
		return err
	}
	return n.clamp(x, lo, hi)
}

// bound returns constant input i, a single number that may be infinite.
func (n *node) bound(i int) (float32, error) {
	c, err := n.constant(i)
	if err != nil {
		return 0, err
	}
	if len(c.floats) != 1 {
		return 0, fmt.Errorf("%w: a bound of %v %v, want one number", embed.ErrCorrupt, c, c.dims)
	}
	return c.floats[0], nil
}

// clamp emits min(max(x, lo), hi). The largest numbers stand for no bound.
func (n *node) clamp(x feature, lo, hi float32) error {
	if lo <= -math.MaxFloat32 {
		lo = float32(math.Inf(-1))
	}
	if hi >= math.MaxFloat32 {
		hi = float32(math.Inf(1))
	}
	if !(lo <= hi) {
		return fmt.Errorf("%w: bounds %g and %g", embed.ErrUnsupported, lo, hi)
	}
	e := embed.Node{Op: embed.OpAct, In: []embed.Value{x.value}, Act: embed.ActClip, Alpha: lo, Beta: hi}
	switch {
	case lo == 0 && hi == 6:
		e.Act, e.Alpha, e.Beta = embed.ActReLU6, 0, 0
	case lo == 0 && math.IsInf(float64(hi), 1):
		e.Act, e.Alpha, e.Beta = embed.ActReLU, 0, 0
	}
	f := first(x, func(g form) form { return g.clipped(float64(lo), float64(hi)) })
	if f.of == x.value {
		// A clamp of the value itself stays one: hi times a hard sigmoid of
		// x/hi would be no simpler.
		y, err := n.emit("", e, x.shape)
		if err != nil {
			return err
		}
		y.view, y.form = x.view, f
		return n.set(y)
	}
	return n.finishForm(x, f, e)
}

// maximum: Y = max(A, B) with one of them a single constant.
func (n *node) maximum() error { return n.extreme(false) }

// minimum: Y = min(A, B) with one of them a single constant.
func (n *node) minimum() error { return n.extreme(true) }

func (n *node) extreme(least bool) error {
	if err := n.only(); err != nil {
		return err
	}
	if err := n.inputs(2, 2); err != nil {
		return err
	}
	i := 0
	if n.isConstant(0) {
		i = 1
	}
	x, err := n.feature(i)
	if err != nil {
		return err
	}
	b, err := n.bound(1 - i)
	if err != nil {
		return err
	}
	if least {
		return n.clamp(x, -math.MaxFloat32, b)
	}
	return n.clamp(x, b, math.MaxFloat32)
}
