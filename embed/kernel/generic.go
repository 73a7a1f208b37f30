package kernel

import "unsafe"

// generic is plain Go, for every architecture.
//
// # Several sums in one word
//
// A 64-bit multiplication gives more bits than a product of two int8 needs, so
// the generic kernels put several numbers into a word and multiply all of them
// by another at once; a sum of such products holds several sums. The lowest
// field of the word is the first sum exactly, as long as that fits the field,
// and what is above it, after giving back what a negative lower field
// borrowed, is the next.
//
// Halves carry whole accumulators: Conv promises that they fit 32 bits. Thirds
// carry 64 products, which are at most 128·127 each and 2²⁰ together.
var generic = Tier{
	Name:      "generic",
	Usable:    func() bool { return true },
	Dense:     newGenericDense,
	Depthwise: newGenericDepthwise,
	Add:       newGenericAdd,
	Mean:      newGenericMean,
}

const (
	thirdBits  = 21
	thirdTerms = 64
)

// both puts two numbers into the halves of a word.
func both(u, v int64) int64 { return u + v<<32 }

// halves takes two sums apart.
func halves(word int64) (u, v int32) {
	u = int32(word)
	return u, int32((word - int64(u)) >> 32)
}

// addThirds takes three sums apart and adds them to others.
func addThirds(sum *[3]int32, word int64) {
	u := word << (64 - thirdBits) >> (64 - thirdBits)
	word = (word - u) >> thirdBits
	v := word << (64 - thirdBits) >> (64 - thirdBits)
	sum[0] += int32(u)
	sum[1] += int32(v)
	sum[2] += int32((word - v) >> thirdBits)
}

func ceil(a, b int) int { return (a + b - 1) / b }

// requantize is rdm and the clamp of the int8 definition.
func requantize(acc, mult, lo, hi int32) int8 {
	return int8(min(max(int32((int64(acc)*int64(mult)+1<<30)>>31), lo), hi))
}

// words returns the words that blocks are made of.
func words(b []Block) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(b))), 4*len(b))
}
