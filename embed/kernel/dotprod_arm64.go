//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

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
		sum = 0
		for _, w := range c.Weight[f*k : (f+1)*k] {
			sum += int64(max(w, -w))
		}
		if dotReach(bias, c.Mult[f], sum) > 32767 {
			return false
		}
	}
	return true
}

// dotReach bounds rdm(bias + Σ w·q, mult) for weights whose magnitudes add up
// to sum.
func dotReach(bias, mult int32, sum int64) int64 {
	return ((max(int64(bias), -int64(bias))+128*sum)*int64(mult))>>31 + 1
}
