//go:build amd64 && !purego

package kernel

import "unsafe"

// tileArgs are the arguments of the kernels that gen/amd64/tile.go writes: n
// tiles of one block of channels. Kernels change them.
type tileArgs struct {
	in, out     unsafe.Pointer // of the first pixel
	inAt, outAt unsafe.Pointer // *int32: each pixel's distance from there; see withEnd
	n           int            // tiles
	at          unsafe.Pointer // *int32: each step's distance from its pixel
	weight      unsafe.Pointer // of one step after the other
	finish      unsafe.Pointer // see packFinish
	steps       [4]int         // of each kind
	lo, hi      int8
}

// withEnd adds an element to pixels' distances. Kernels advance past those they
// used, and a pointer past the end of its memory may be none that the garbage
// collector can stand.
func withEnd(at []int32) []int32 { return append(at, 0) }

// tilePixels is how many pixels a tile has, except for the last.
const tilePixels = 6

// family tells the tiers of 256-bit vectors apart, which share all but their
// multiplications.
type family int

const (
	familyAVX2 family = iota
	familyVNNI
)

// dense runs whole tiles and the rest for n pixels of a block of 16 or 8
// channels.
func (f family) dense(a *tileArgs, n, halves int) {
	if a.n = n / tilePixels; a.n > 0 {
		f.denseTiles(a, tilePixels, halves)
		a.inAt = unsafe.Add(a.inAt, n/tilePixels*tilePixels*4)
	}
	if rest := n % tilePixels; rest > 0 {
		a.n = 1
		f.denseTiles(a, rest, halves)
	}
}

// depthwise does the same for a block of 16 channels.
func (f family) depthwise(a *tileArgs, n int) {
	if a.n = n / tilePixels; a.n > 0 {
		f.depthwiseTiles(a, tilePixels)
		a.inAt = unsafe.Add(a.inAt, n/tilePixels*tilePixels*4)
	}
	if rest := n % tilePixels; rest > 0 {
		a.n = 1
		f.depthwiseTiles(a, rest)
	}
}

func (f family) denseTiles(a *tileArgs, pixels, halves int) {
	if f == familyVNNI {
		avxvnniDense(a, pixels, halves)
	} else {
		avx2Dense(a, pixels, halves)
	}
}

func (f family) depthwiseTiles(a *tileArgs, pixels int) {
	if f == familyVNNI {
		avxvnniDepthwise(a, pixels)
	} else {
		avx2Depthwise(a, pixels)
	}
}

func (f family) interleave(a *interleaveArgs) {
	if f == familyVNNI {
		avxvnniInterleave(a)
	} else {
		avx2Interleave(a)
	}
}

// slot returns where a channel of a block lies among the accumulators. Bytes
// are packed from 32 bits within 128-bit lanes, so each lane of the output
// comes from the same lane of both halves.
func slot(c, halves int) (half, i int) {
	if halves == 1 {
		return 0, c
	}
	return c >> 2 & 1, c>>3<<2 | c&3
}

// channelOf is the inverse of slot.
func channelOf(half, i, halves int) int {
	if halves == 1 {
		return i
	}
	return i>>2<<3 | half<<2 | i&3
}

// finishWords is the length of a block's finish.
func finishWords(halves int) int { return halves * (4 + 16) }

// packFinish writes what a block needs to finish a channel: for each half the
// sums' start, with 2³¹ to make them unsigned, then for each half 2·mult and
// 2³¹ − mult·2³², even channels before odd ones. bias is what the sums of
// stored inputs need. to is the block's, zeros at first.
func packFinish(to []uint64, c, halves int, bias, mult int32) {
	half, i := slot(c, halves)
	to[4*half+i/2] |= uint64(uint32(bias)+1<<31) << (32 * (i & 1))
	to = to[4*halves+16*half:][:16]
	to[(i&1)*4+i/2] = 2 * uint64(mult)
	to[8+(i&1)*4+i/2] = 1<<31 - uint64(mult)<<32
}

// interleaveArgs are the arguments of a kernel that makes of rows what a
// depthwise kernel multiplies: for each of n columns 64 bytes of 16 channels.
type interleaveArgs struct {
	to   unsafe.Pointer
	row  [4]unsafe.Pointer
	step int // from column to column
	n    int // columns
}
