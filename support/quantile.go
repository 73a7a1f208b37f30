package support

import (
	"math"
	"slices"
)

// quantileFromTop returns the value at a position in the order from the
// greatest, 0, to the smallest, interpolated between two. It sorts values, of
// which there is at least one.
func quantileFromTop(values []float64, position float64) float64 {
	slices.Sort(values)
	slices.Reverse(values)
	position = min(max(position, 0), float64(len(values)-1))
	i := int(position)
	t := position - float64(i)
	return float64(values[i]*(1-t)) + float64(values[min(i+1, len(values)-1)]*t)
}

// point is one of a measured curve.
type point struct{ share, value float64 }

// interpolate reads a curve between its points, in the logarithm of the share;
// beyond its ends it is constant.
func interpolate(curve []point, share float64) float64 {
	i := slices.IndexFunc(curve, func(p point) bool { return p.share >= share })
	switch {
	case i == 0:
		return curve[0].value
	case i < 0:
		return curve[len(curve)-1].value
	}
	a, b := curve[i-1], curve[i]
	t := (math.Log(share) - math.Log(a.share)) / (math.Log(b.share) - math.Log(a.share))
	return float64(a.value*(1-t)) + float64(b.value*t)
}
