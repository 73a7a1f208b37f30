package onnx

import (
	"slices"

	"github.com/edge-camera/edge/embed"
)

// axis is a direction in a value of an embed.Graph.
type axis uint8

const (
	axisH axis = iota
	axisW
	axisC
)

// atom is a digit of a position along an axis: position p has
// (p/stride) mod size.
type atom struct {
	axis         axis
	size, stride int
}

// view says how ONNX sees a value [H W C]: each of its dimensions is the
// number that its atoms, the most significant first, make together. Without
// atoms a dimension is 1, as the batch is. So [N C H W] with 6 channels is
// {}, {C/1 mod 6}, {H}, {W}; a reshape to [N 2 3 H W] makes {}, {C/3 mod 2},
// {C mod 3}, {H}, {W}; and no transposition or reshape moves any data.
type view [][]atom

// whole is all of an axis.
func whole(a axis, size int) []atom {
	if size == 1 {
		return nil
	}
	return []atom{{a, size, 1}}
}

// nchw is the view of a picture.
func nchw(s embed.Shape) view {
	return view{nil, whole(axisC, s.C), whole(axisH, s.H), whole(axisW, s.W)}
}

// extent returns the size of a dimension.
func extent(atoms []atom) int {
	n := 1
	for _, a := range atoms {
		n *= a.size
	}
	return n
}

// dims returns the dimensions as ONNX has them.
func (v view) dims() []int {
	d := make([]int, len(v))
	for i, atoms := range v {
		d[i] = extent(atoms)
	}
	return d
}

// atoms returns all atoms in order.
func (v view) atoms() []atom { return slices.Concat(v...) }

// join makes one atom of neighbours that are one.
func join(atoms []atom) []atom {
	var out []atom
	for _, a := range atoms {
		if k := len(out) - 1; k >= 0 && out[k].axis == a.axis && out[k].stride == a.stride*a.size {
			out[k] = atom{a.axis, out[k].size * a.size, a.stride}
			continue
		}
		out = append(out, a)
	}
	return out
}

// reshape returns the view with other dimensions over the same elements; false
// where a dimension would cut an atom at no multiple, or the sizes differ.
func (v view) reshape(dims []int) (view, bool) {
	rest := v.atoms()
	out := make(view, len(dims))
	for i, want := range dims {
		for want > 1 {
			if len(rest) == 0 {
				return nil, false
			}
			a := rest[0]
			switch {
			case want%a.size == 0:
				want /= a.size
				rest = rest[1:]
			case a.size%want == 0:
				inner := a.size / want
				rest = slices.Clone(rest)
				rest[0] = atom{a.axis, inner, a.stride}
				a = atom{a.axis, want, a.stride * inner}
				want = 1
			default:
				return nil, false
			}
			out[i] = append(out[i], a)
		}
		out[i] = join(out[i])
	}
	return out, len(rest) == 0
}

// allOf reports that all atoms are of axis a.
func allOf(atoms []atom, a axis) bool {
	return !slices.ContainsFunc(atoms, func(t atom) bool { return t.axis != a })
}

// anyOf reports that an atom is of axis a.
func anyOf(atoms []atom, a axis) bool {
	return slices.ContainsFunc(atoms, func(t atom) bool { return t.axis == a })
}

// index returns the number that atoms make of a position.
func index(atoms []atom, h, w, c int) int {
	at := [...]int{axisH: h, axisW: w, axisC: c}
	i := 0
	for _, a := range atoms {
		i = i*a.size + at[a.axis]/a.stride%a.size
	}
	return i
}

// offset is the inverse of index along one axis: the position that has number i.
func offset(atoms []atom, i int) int {
	p := 0
	for _, a := range slices.Backward(atoms) {
		p += i % a.size * a.stride
		i /= a.size
	}
	return p
}

// alike reports that two dimensions are the same.
func alike(a, b []atom) bool { return slices.Equal(a, b) }

// restride numbers the channel atoms of v in the order in which they stand,
// the last with stride 1.
func (v view) restride() view {
	out := make(view, len(v))
	stride := 1
	for i := len(v) - 1; i >= 0; i-- {
		out[i] = slices.Clone(v[i])
		for j := len(out[i]) - 1; j >= 0; j-- {
			if a := &out[i][j]; a.axis == axisC {
				a.stride = stride
				stride *= a.size
			}
		}
		out[i] = join(out[i])
	}
	return out
}

// equal reports that two views are the same.
func (v view) equal(o view) bool { return slices.EqualFunc(v, o, alike) }
