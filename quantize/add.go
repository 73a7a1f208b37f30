package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// mostAdd is the greatest ratio of an addend's scale to its sum's that 16 bits
// carry.
const mostAdd = math.MaxInt16 / 2

// add quantizes an addition.
func add(n *embed.Node, a, b, out embed.QValue) embed.QNode {
	ra, rb := float64(a.Scale)/float64(out.Scale), float64(b.Scale)/float64(out.Scale)
	shift := 14
	for math.RoundToEven(max(ra, rb)*float64(int(1)<<shift)) > math.MaxInt16 {
		shift--
	}
	one := float64(int(1) << shift)
	q := embed.QNode{
		MultA: int16(math.RoundToEven(ra * one)),
		MultB: int16(math.RoundToEven(rb * one)),
		Shift: uint8(shift),
	}
	q.AddBias = int32(out.Zero)<<shift - int32(a.Zero)*int32(q.MultA) - int32(b.Zero)*int32(q.MultB)
	q.Lo, q.Hi = clampRange(n, out)
	return q
}
