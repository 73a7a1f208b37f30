package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// product quantizes what multiplies an accumulator, at most so large, by r: a
// multiplication, or a mean in the middle of a network.
func product(n *embed.Node, r float64, out embed.QValue) embed.QNode {
	shift := 0
	for ; r >= 1 && shift < mostShift; shift++ {
		r /= 2
	}
	q := embed.QNode{
		Mult:  []int32{int32(max(1, min(math.MaxInt32, math.RoundToEven(r*(1<<31)))))},
		Shift: uint8(shift),
	}
	q.Lo, q.Hi = clampRange(n, out)
	return q
}

// mostShift is the largest shift of an accumulator before it is multiplied.
const mostShift = 14

// mostProduct is the greatest r that product can carry for accumulators of up
// to so much.
func mostProduct(accumulator int64) float64 {
	shift := 0
	for shift < mostShift && accumulator<<(shift+1) <= math.MaxInt32 {
		shift++
	}
	return float64(int(1)<<shift) * (1 - 1.0/(1<<20))
}
