//go:build amd64 && !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// avx512vnni multiplies four bytes with four weights in each 32-bit lane of
// 512-bit vectors; see gen/amd64/avx512*.go.
var avx512vnni = Tier{
	Name: "avx512vnni",
	Usable: func() bool {
		x := &cpu.X86
		return x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI
	},
	Flip:      0x80,
	Slack:     64,
	Dense:     newVNNI512Dense,
	Depthwise: newVNNI512Depthwise,
	Add:       newVNNI512Add,
	Mean:      newVNNI512Mean,
}

// vnni512Mults are the multipliers that the quick requantization can take; it
// also clamps to all of int8 only.
const vnni512Mults = 1 << 29

// vnni512Exact reports that a convolution needs the exact requantization.
func vnni512Exact(c *Conv) bool {
	if c.Lo != -128 || c.Hi != 127 {
		return true
	}
	for _, m := range c.Mult {
		if m >= vnni512Mults {
			return true
		}
	}
	return false
}

// vnni512Mult is a multiplier as the requantization wants it.
func vnni512Mult(m int32, exact bool) int32 {
	if exact {
		return m
	}
	return 4 * m
}

// flipByte changes an end of a clamp from q to q+128.
func flipByte(q int8) uint8 { return uint8(q) ^ 0x80 }

// aligned returns n bytes that begin at a cache line, as 64-byte loads like.
func aligned(n int) []uint8 {
	b := make([]uint8, n+63)
	return b[-uintptr(unsafe.Pointer(&b[0]))&63:][:n:n]
}

// sumBytes returns Σ w.
func sumBytes(w []int8) int32 {
	const odd = 0x00ff00ff00ff00ff
	var sum int32
	for len(w) >= 8 {
		// Up to 128 sums of two bytes fit 16 bits; 0x80 makes them unsigned.
		n := min(len(w)/8, 128)
		var lanes uint64
		for i := range n {
			v := *(*uint64)(unsafe.Pointer(&w[8*i])) ^ 0x8080808080808080
			lanes += v&odd + v>>8&odd
		}
		for i := 0; i < 64; i += 16 {
			sum += int32(lanes >> i & 0xffff)
		}
		sum -= int32(n) * 8 * 128
		w = w[8*n:]
	}
	for _, v := range w {
		sum += int32(v)
	}
	return sum
}
