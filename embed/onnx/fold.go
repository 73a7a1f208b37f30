package onnx

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// What exporters leave to be computed of constants, such as the shape of a
// Reshape, is computed here. Most of it are integers of a shape; the rest are
// weights that another order or scale is wanted of.

// folds maps an operator of constants to what computes it.
var folds = map[string]func(*node, []*constant) (*constant, error){
	"Abs":             each(func(x int64) int64 { return max(x, -x) }, math.Abs),
	"Add":             pairwise(func(x, y int64) (int64, bool) { return x + y, true }, func(x, y float32) float32 { return x + y }),
	"Cast":            castConstant,
	"CastLike":        castConstant,
	"Ceil":            each(nil, math.Ceil),
	"Clip":            clipConstant,
	"Concat":          concatConstants,
	"ConstantOfShape": constantOfShape,
	"Div": pairwise(func(x, y int64) (int64, bool) {
		if y == 0 {
			return 0, false
		}
		return x / y, true
	}, func(x, y float32) float32 { return x / y }),
	"Equal":     pairwise(func(x, y int64) (int64, bool) { return bit(x == y), true }, nil),
	"Expand":    expandConstant,
	"Flatten":   flattenConstant,
	"Floor":     each(nil, math.Floor),
	"Gather":    gatherConstant,
	"Greater":   pairwise(func(x, y int64) (int64, bool) { return bit(x > y), true }, nil),
	"Identity":  func(_ *node, in []*constant) (*constant, error) { return in[0], nil },
	"Less":      pairwise(func(x, y int64) (int64, bool) { return bit(x < y), true }, nil),
	"Max":       pairwise(func(x, y int64) (int64, bool) { return max(x, y), true }, func(x, y float32) float32 { return max(x, y) }),
	"Min":       pairwise(func(x, y int64) (int64, bool) { return min(x, y), true }, func(x, y float32) float32 { return min(x, y) }),
	"Mul":       pairwise(func(x, y int64) (int64, bool) { return x * y, true }, func(x, y float32) float32 { return x * y }),
	"Neg":       each(func(x int64) int64 { return -x }, func(x float64) float64 { return -x }),
	"Reshape":   reshapeConstant,
	"Shape":     func(n *node, in []*constant) (*constant, error) { return nil, n.setSizes(in[0].dims) },
	"Slice":     sliceConstant,
	"Sqrt":      each(nil, math.Sqrt),
	"Squeeze":   squeezeConstant,
	"Sub":       pairwise(func(x, y int64) (int64, bool) { return x - y, true }, func(x, y float32) float32 { return x - y }),
	"Transpose": transposeConstant,
	"Unsqueeze": unsqueezeConstant,
	"Where":     whereConstant,
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// fold computes a node all of whose inputs are constant. Of a value that the
// others are cast like only the type matters, and what is computed is float32.
func (n *node) fold() (bool, error) {
	f, ok := folds[n.typ]
	if !ok || len(n.info.in) == 0 {
		return false, nil
	}
	looks := func(i int) bool {
		return n.has(i) && (n.isConstant(i) || n.typ != "CastLike" || i != 1)
	}
	for i := range n.info.in {
		if looks(i) && !n.isConstant(i) {
			return false, nil
		}
	}
	var in []*constant
	for i := range n.info.in {
		var c *constant
		if looks(i) {
			var err error
			if c, err = n.constant(i); err != nil {
				return true, err
			}
		}
		in = append(in, c)
	}
	if in[0] == nil {
		return true, fmt.Errorf("%w: input 0 is missing", embed.ErrCorrupt)
	}
	for _, out := range n.info.out[1:] {
		if out != "" && n.uses[out] > 0 {
			return true, fmt.Errorf("%w: its further output %q is used", embed.ErrUnsupported, out)
		}
	}
	c, err := f(n, in)
	if err == nil && c != nil {
		n.consts[n.info.out[0]] = c
	}
	return true, err
}

// each applies a function to each number; without one for integers they stay
// as they are.
func each(ints func(int64) int64, floats func(float64) float64) func(*node, []*constant) (*constant, error) {
	return func(n *node, in []*constant) (*constant, error) {
		if err := cmp.Or(n.only(), n.inputs(1, 1), n.derive(in[0].len())); err != nil {
			return nil, err
		}
		c := &constant{dims: in[0].dims, floats: slices.Clone(in[0].floats), ints: slices.Clone(in[0].ints)}
		for i, x := range c.floats {
			c.floats[i] = float32(floats(float64(x)))
		}
		for i, x := range c.ints {
			if ints != nil {
				c.ints[i] = ints(x)
			}
		}
		return c, nil
	}
}

// pairwise applies a function to each pair of numbers, broadcast.
func pairwise(ints func(x, y int64) (int64, bool), floats func(x, y float32) float32) func(*node, []*constant) (*constant, error) {
	return func(n *node, in []*constant) (*constant, error) {
		if err := cmp.Or(n.only(), n.inputs(2, 2)); err != nil {
			return nil, err
		}
		a, b := in[0], in[1]
		if a == nil || b == nil || (a.ints == nil) != (b.ints == nil) || floats == nil && a.ints == nil {
			return nil, fmt.Errorf("%w: of constants %v and %v", embed.ErrUnsupported, a, b)
		}
		dims, at, err := n.broadcast(a.dims, b.dims)
		if err != nil {
			return nil, err
		}
		c := &constant{dims: dims}
		for i := range extentOf(dims) {
			x, y := at[0](i), at[1](i)
			if a.ints == nil {
				c.floats = append(c.floats, floats(a.floats[x], b.floats[y]))
				continue
			}
			v, ok := ints(a.ints[x], b.ints[y])
			if !ok {
				return nil, fmt.Errorf("%w: division by 0", embed.ErrCorrupt)
			}
			c.ints = append(c.ints, v)
		}
		return c, nil
	}
}

// broadcast returns the dimensions that shapes have together, and for each of
// them which element stands at a place of the result.
func (n *node) broadcast(shapes ...[]int) (dims []int, at []func(int) int, err error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	dims = slices.Repeat([]int{1}, rank)
	size := 1
	for i := range rank {
		for _, s := range shapes {
			j := i - rank + len(s)
			if j < 0 || s[j] == 1 {
				continue
			}
			if dims[i] != 1 && dims[i] != s[j] {
				return nil, nil, fmt.Errorf("%w: constants of %v", embed.ErrCorrupt, shapes)
			}
			dims[i] = s[j]
		}
		if size *= dims[i]; size > maxDerived {
			return nil, nil, fmt.Errorf("%w: constants of %v", embed.ErrUnsupported, shapes)
		}
	}
	if err := n.derive(size); err != nil {
		return nil, nil, err
	}
	for _, s := range shapes {
		at = append(at, func(i int) int {
			p, stride := 0, 1
			for k := rank - 1; k >= 0; k-- {
				digit := i % dims[k]
				i /= dims[k]
				if j := k - rank + len(s); j >= 0 {
					if s[j] > 1 {
						p += digit * stride
					}
					stride *= s[j]
				}
			}
			return p
		})
	}
	return dims, at, nil
}

// pickFrom returns the constant of dims whose element i is c's element at(i).
func (n *node) pickFrom(c *constant, dims []int, at func(int) int) (*constant, error) {
	size := 1
	for _, d := range dims {
		if size *= d; size > maxDerived {
			return nil, fmt.Errorf("%w: a constant of %v", embed.ErrUnsupported, dims)
		}
	}
	if err := n.deriveFrom(c, size); err != nil {
		return nil, err
	}
	out := &constant{dims: dims}
	for i := range size {
		if c.ints != nil {
			out.ints = append(out.ints, c.ints[at(i)])
		} else {
			out.floats = append(out.floats, c.floats[at(i)])
		}
	}
	return out, nil
}

// deriveFrom accounts for size numbers made of c: weights in another order are
// weights.
func (n *node) deriveFrom(c *constant, size int) error {
	if c.floats != nil && size <= c.len() {
		return n.spend(size)
	}
	return n.derive(size)
}

// castConstant: numbers of another type.
func castConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only("to", "saturate", "round_mode"), n.inputs(1, 2)); err != nil {
		return nil, err
	}
	to, err := n.attrInt("to", int64(elemFloat32))
	if err != nil {
		return nil, err
	}
	if len(in) == 2 && in[1] != nil && in[1].ints != nil {
		to = int64(elemInt64)
	}
	c := in[0]
	switch e := elemType(to); e {
	case elemFloat32, elemFloat16, elemFloat64, elemBFloat:
		if c.floats != nil {
			return c, nil
		}
		if err := n.derive(c.len()); err != nil {
			return nil, err
		}
		out := &constant{dims: c.dims}
		for _, x := range c.ints {
			out.floats = append(out.floats, float32(x))
		}
		return out, nil
	case elemInt64, elemInt32, elemBool:
		if c.ints != nil && e != elemBool {
			return c, nil
		}
		if err := n.derive(c.len()); err != nil {
			return nil, err
		}
		out := &constant{dims: c.dims}
		for _, x := range c.floats {
			if !(math.Abs(float64(x)) < 1<<62) {
				return nil, fmt.Errorf("%w: %g as %v", embed.ErrUnsupported, x, e)
			}
			out.ints = append(out.ints, int64(x))
		}
		for _, x := range c.ints {
			out.ints = append(out.ints, bit(x != 0))
		}
		return out, nil
	default:
		return nil, fmt.Errorf("%w: a constant as %v", embed.ErrUnsupported, e)
	}
}

// clipConstant: min(max(x, lo), hi), bounds as inputs.
func clipConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only(), n.inputs(1, 3), n.derive(in[0].len())); err != nil {
		return nil, err
	}
	c := &constant{dims: in[0].dims, floats: slices.Clone(in[0].floats), ints: slices.Clone(in[0].ints)}
	for k, b := range in[1:] {
		if b == nil {
			continue
		}
		if b.len() != 1 || (b.ints == nil) != (c.ints == nil) {
			return nil, fmt.Errorf("%w: a bound of %v %v", embed.ErrCorrupt, b, b.dims)
		}
		for i := range c.floats {
			c.floats[i] = [...]float32{max(c.floats[i], b.floats[0]), min(c.floats[i], b.floats[0])}[k]
		}
		for i := range c.ints {
			c.ints[i] = [...]int64{max(c.ints[i], b.ints[0]), min(c.ints[i], b.ints[0])}[k]
		}
	}
	return c, nil
}

// concatConstants: lists one after the other.
func concatConstants(n *node, in []*constant) (*constant, error) {
	if err := n.only("axis"); err != nil {
		return nil, err
	}
	axis, err := n.attrInt("axis", 0)
	if err != nil {
		return nil, err
	}
	c := &constant{}
	for _, x := range in {
		if x == nil || len(x.dims) != 1 || (x.ints == nil) != (in[0].ints == nil) {
			return nil, fmt.Errorf("%w: a concatenation of constants that are no lists", embed.ErrUnsupported)
		}
		c.ints, c.floats = append(c.ints, x.ints...), append(c.floats, x.floats...)
		if err := n.derive(x.len()); err != nil {
			return nil, err
		}
	}
	if _, err := axisOf(axis, 1); err != nil {
		return nil, err
	}
	c.dims = []int{c.len()}
	return c, nil
}

// constantOfShape: one number as often as a shape says.
func constantOfShape(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only("value"), n.inputs(1, 1)); err != nil {
		return nil, err
	}
	t, err := n.attrTensor("value")
	if err != nil {
		return nil, err
	}
	value := &constant{dims: []int{1}, floats: []float32{0}}
	if t != nil {
		if value, err = constantOf(t, slices.Clone([]int(t.Shape()))); err != nil {
			return nil, err
		}
	}
	dims, err := dimensions(in[0])
	if err != nil {
		return nil, err
	}
	return n.pickFrom(value, dims, func(int) int { return 0 })
}

// dimensions returns a list of integers as dimensions, each at least 1.
func dimensions(c *constant) ([]int, error) {
	if c == nil || c.ints == nil || len(c.dims) > 1 || len(c.ints) > 8 {
		return nil, fmt.Errorf("%w: %v as a shape", embed.ErrUnsupported, c)
	}
	var dims []int
	for _, d := range c.ints {
		if d < 1 || d > maxDerived {
			return nil, fmt.Errorf("%w: shape %v", embed.ErrUnsupported, c.ints)
		}
		dims = append(dims, int(d))
	}
	return dims, nil
}

// expandConstant: broadcast to a shape.
func expandConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only(), n.inputs(2, 2)); err != nil {
		return nil, err
	}
	shape, err := dimensions(in[1])
	if err != nil {
		return nil, err
	}
	dims, at, err := n.broadcast(in[0].dims, shape)
	if err != nil {
		return nil, err
	}
	return n.pickFrom(in[0], dims, at[0])
}

// gatherConstant: positions along an axis.
func gatherConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only("axis"), n.inputs(2, 2)); err != nil {
		return nil, err
	}
	c, at := in[0], in[1]
	a, err := n.attrInt("axis", 0)
	if err != nil {
		return nil, err
	}
	d, err := axisOf(a, len(c.dims))
	if err != nil {
		return nil, err
	}
	if at == nil || at.ints == nil || len(at.dims) > 1 {
		return nil, fmt.Errorf("%w: positions %v", embed.ErrUnsupported, at)
	}
	list := make([]int, at.len())
	for i, p := range at.ints {
		if list[i], err = axisOf(p, c.dims[d]); err != nil {
			return nil, err
		}
	}
	out, err := n.alongAxis(c, d, list)
	if err == nil && len(at.dims) == 0 {
		out.dims = slices.Delete(out.dims, d, d+1)
	}
	return out, err
}

// alongAxis returns the positions list of dimension d.
func (n *node) alongAxis(c *constant, d int, list []int) (*constant, error) {
	dims := slices.Clone(c.dims)
	dims[d] = len(list)
	inner := extentOf(c.dims[d+1:])
	return n.pickFrom(c, dims, func(i int) int {
		outer := i / inner / len(list)
		return (outer*c.dims[d]+list[i/inner%len(list)])*inner + i%inner
	})
}

// sliceConstant: every steps-th position from starts up to ends.
func sliceConstant(n *node, in []*constant) (*constant, error) {
	starts, ends, axes, steps, err := n.sliceArgs()
	if err != nil {
		return nil, err
	}
	c := in[0]
	for i := range starts {
		d, err := axisOf(axes[i], len(c.dims))
		if err != nil {
			return nil, err
		}
		list, err := sliced(c.dims[d], starts[i], ends[i], steps[i])
		if err != nil {
			return nil, err
		}
		if c, err = n.alongAxis(c, d, list); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// withDims is c with other dimensions over the same numbers.
func (c *constant) withDims(dims []int) *constant {
	return &constant{dims: dims, floats: c.floats, ints: c.ints}
}

func flattenConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only("axis"), n.inputs(1, 1)); err != nil {
		return nil, err
	}
	axis, err := n.attrInt("axis", 1)
	if err != nil {
		return nil, err
	}
	rank := int64(len(in[0].dims))
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis > rank {
		return nil, fmt.Errorf("%w: axis %d of %d dimensions", embed.ErrCorrupt, axis, rank)
	}
	return in[0].withDims([]int{extentOf(in[0].dims[:axis]), extentOf(in[0].dims[axis:])}), nil
}

func reshapeConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only("allowzero"), n.inputs(2, 2)); err != nil {
		return nil, err
	}
	zero, err := n.attrInt("allowzero", 0)
	if err != nil {
		return nil, err
	}
	shape, err := n.ints(1)
	if err != nil {
		return nil, err
	}
	dims, err := resolve(in[0].dims, shape, zero != 0)
	if err != nil {
		return nil, err
	}
	return in[0].withDims(dims), nil
}

func squeezeConstant(n *node, in []*constant) (*constant, error) {
	if err := n.only("axes"); err != nil {
		return nil, err
	}
	axes, err := n.axes(13, len(in[0].dims))
	if err != nil {
		return nil, err
	}
	dims := []int{}
	for i, d := range in[0].dims {
		drop := slices.Contains(axes, i)
		if drop && d != 1 {
			return nil, fmt.Errorf("%w: dimension %d of %v is not 1", embed.ErrCorrupt, i, in[0].dims)
		}
		if !drop && (axes != nil || d != 1) {
			dims = append(dims, d)
		}
	}
	return in[0].withDims(dims), nil
}

func unsqueezeConstant(n *node, in []*constant) (*constant, error) {
	if err := n.only("axes"); err != nil {
		return nil, err
	}
	from, err := n.unsqueezed(len(in[0].dims))
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(from))
	for i, j := range from {
		dims[i] = 1
		if j >= 0 {
			dims[i] = in[0].dims[j]
		}
	}
	return in[0].withDims(dims), nil
}

func transposeConstant(n *node, in []*constant) (*constant, error) {
	c := in[0]
	perm, err := n.permutation(len(c.dims))
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(perm))
	stride := make([]int, len(perm)) // in c, of the result's dimensions
	for i, p := range perm {
		dims[i] = c.dims[p]
		stride[i] = extentOf(c.dims[p+1:])
	}
	return n.pickFrom(c, dims, func(i int) int {
		p := 0
		for k := len(dims) - 1; k >= 0; k-- {
			p += i % dims[k] * stride[k]
			i /= dims[k]
		}
		return p
	})
}

// whereConstant: the second input where the first is not 0, else the third.
func whereConstant(n *node, in []*constant) (*constant, error) {
	if err := cmp.Or(n.only(), n.inputs(3, 3)); err != nil {
		return nil, err
	}
	if in[1] == nil || in[2] == nil || in[0].ints == nil || in[1].ints == nil || in[2].ints == nil {
		return nil, fmt.Errorf("%w: of constants that are no integers", embed.ErrUnsupported)
	}
	dims, at, err := n.broadcast(in[0].dims, in[1].dims, in[2].dims)
	if err != nil {
		return nil, err
	}
	c := &constant{dims: dims}
	for i := range extentOf(dims) {
		if in[0].ints[at[0](i)] != 0 {
			c.ints = append(c.ints, in[1].ints[at[1](i)])
		} else {
			c.ints = append(c.ints, in[2].ints[at[2](i)])
		}
	}
	return c, nil
}
