package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// span is what the integers of a value reach. It holds zero and is never empty.
type span struct{ lo, hi float64 }

// affine returns the scale and zero point that spread a span over −128…127.
func affine(s span) embed.QValue { return spread(s, (s.hi-s.lo)/255) }

func spread(s span, scale float64) embed.QValue {
	zero := math.RoundToEven(-128 - s.lo/scale)
	return embed.QValue{Scale: float32(scale), Zero: int8(max(-128, min(127, zero)))}
}

// coarsen gives q a scale of at least so much.
func coarsen(q *embed.QValue, s span, least float64) {
	if float64(q.Scale) < least {
		*q = spread(s, least)
		for float64(q.Scale) < least { // rounded down to a float32
			q.Scale = math.Nextafter32(q.Scale, math.MaxFloat32)
		}
	}
}

// clampRange returns the integers that the bounds of n's activation fall on.
func clampRange(n *embed.Node, v embed.QValue) (lo, hi int8) {
	bottom, top := n.Range()
	at := func(x float32) int8 {
		return int8(max(-128, min(127, math.RoundToEven(float64(x)/float64(v.Scale))+float64(v.Zero))))
	}
	return at(bottom), at(top)
}
