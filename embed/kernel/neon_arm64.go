//go:build !purego

package kernel

// neon is plain Advanced SIMD, which every arm64 processor has: Cortex-A72 and
// A53, the Raspberry Pi 4, 3 and Zero 2.
var neon = Tier{
	Name:      "neon",
	Usable:    func() bool { return true },
	Slack:     16,
	Dense:     newNEONDense,
	Depthwise: newNEONDepthwise,
	Add:       newARM64Add,
	Mean:      newARM64Mean,
}
