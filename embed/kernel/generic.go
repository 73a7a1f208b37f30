package kernel

import "unsafe"

// generic is plain Go, for every architecture.
//
// # Two sums in one word
//
// A 64-bit multiplication costs what a 32-bit one does, so the generic kernels
// put two numbers into a word, u + v·2³², and multiply both by a third at
// once. A sum of such products holds two sums: the lower half of the word is
// the first exactly, as Conv promises that it fits int32, and what is above
// it, after giving back what a negative lower half borrowed, is the second.
var generic = Tier{
	Name:      "generic",
	Usable:    func() bool { return true },
	Dense:     newGenericDense,
	Depthwise: newGenericDepthwise,
	Add:       newGenericAdd,
	Mean:      newGenericMean,
}

// both puts two numbers into a word.
func both(u, v int64) int64 { return u + v<<32 }

// split takes two sums apart.
func split(word int64) (u, v int32) {
	u = int32(word)
	return u, int32((word - int64(u)) >> 32)
}

// requantize is rdm and the clamp of the int8 definition.
func requantize(acc, mult, lo, hi int32) int8 {
	return int8(min(max(int32((int64(acc)*int64(mult)+1<<30)>>31), lo), hi))
}

// words returns the words that blocks are made of.
func words(b []Block) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(b))), 4*len(b))
}
