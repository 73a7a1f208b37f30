//go:build !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// dotprod multiplies four pairs of int8 a lane at once: Cortex-A76 and later,
// the Raspberry Pi 5 and Jetson Orin.
var dotprod = Tier{
	Name:      "dotprod",
	Usable:    func() bool { return cpu.ARM64.HasASIMDDP },
	Slack:     64,
	Dense:     newDotDense,
	Depthwise: newDotDepthwise,
	Add:       newARM64Add,
	Mean:      newARM64Mean,
}

// dotFits reports whether the requantized sums of a convolution fit in 16
// bits, whatever the input. The kernels of this tier drop the upper halves of
// lanes before they saturate; they are for every convolution whose output is
// of any use, and others are left to tier neon.
func dotFits(c *Conv) bool {
	k := c.K()
	for f, bias := range c.Bias {
		sum := int64(k) * 127
		if dotReach(bias, c.Mult[f], sum) <= 32767 {
			continue
		}
		if dotReach(bias, c.Mult[f], dotMagnitude(c.Weight[f*k:(f+1)*k])) > 32767 {
			return false
		}
	}
	return true
}

// dotMagnitude is the sum of the magnitudes of weights, which are above −128.
func dotMagnitude(w []int8) int64 {
	const ones, even = 0x0101010101010101, 0x00ff00ff00ff00ff
	var sum uint64
	for len(w) >= 8 {
		n := min(len(w)/8, 32) // of which four sums of 16 bits can hold the sum
		from := unsafe.Pointer(unsafe.SliceData(w))
		var sums uint64
		for i := range n {
			x := *(*uint64)(unsafe.Add(from, 8*i))
			negative := x >> 7 & ones
			x ^= negative * 255 // −w−1 for a negative w
			sums += x&even + x>>8&even + negative&even + negative>>8&even
		}
		sum += sums * 0x0001000100010001 >> 48
		w = w[8*n:]
	}
	for _, v := range w {
		sum += uint64(max(v, -v))
	}
	return int64(sum)
}

// dotReach bounds rdm(bias + Σ w·q, mult) for weights whose magnitudes add up
// to sum.
func dotReach(bias, mult int32, sum int64) int64 {
	return ((max(int64(bias), -int64(bias))+128*sum)*int64(mult))>>31 + 1
}
