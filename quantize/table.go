package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// table is what f makes of each of the 256 values of in, in those of out. It is
// made in float64, with halves to even.
func table(in, out embed.QValue, f func(x float64) float64) []int8 {
	t := make([]int8, 256)
	for i := range t {
		y := f(float64(in.Scale) * float64(i-128-int(in.Zero)))
		t[i] = int8(max(-128, min(127, math.RoundToEven(y/float64(out.Scale))+float64(out.Zero))))
	}
	return t
}

// joined returns the tables of a concatenation, none where there is nothing to
// translate.
func joined(in []embed.QValue, out embed.QValue) []int8 {
	same := true
	var t []int8
	for _, v := range in {
		same = same && v == out
		t = append(t, table(v, out, func(x float64) float64 { return x })...)
	}
	if same {
		return nil
	}
	return t
}

// useful returns the part of what an activation reads beyond which its result
// no longer changes by as much as a 256th of what it can be.
func useful(n *embed.Node) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	switch n.Act {
	case embed.ActReLU:
		lo = 0
	case embed.ActReLU6:
		lo, hi = 0, 6
	case embed.ActClip:
		lo, hi = float64(n.Alpha), float64(n.Beta)
	case embed.ActHardSwish:
		lo = -3
	case embed.ActSiLU:
		lo = -8
	case embed.ActSigmoid:
		lo, hi = -7, 7
	case embed.ActTanh:
		lo, hi = -4, 4
	case embed.ActHardSigmoid:
		if a, b := float64(n.Alpha), float64(n.Beta); a > 0 {
			lo, hi = -b/a, (1-b)/a
		}
	}
	return lo, hi
}
