package kernel

import (
	"encoding/binary"
	"unsafe"
)

// Eight bytes in one word, for what is done in plain Go. They are in the order
// of q+128: a tier's bytes XOR its sign.
const (
	laneHigh = 0x8080808080808080
	laneEven = 0x00ff00ff00ff00ff
	lanes    = 8
)

// sign is what turns each of a tier's bytes into q+128.
func (t *Tier) sign() uint8 { return t.Flip ^ 0x80 }

// signs is eight of a byte.
func signs(b uint8) uint64 { return uint64(b) * 0x0101010101010101 }

// asBytes returns the memory of s.
func asBytes(s []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

func loadLanes(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at : at+lanes]) }

// maxLanes is the greater of each two unsigned bytes.
func maxLanes(x, y uint64) uint64 {
	// The high bit of each byte of d tells whether the other seven bits of x
	// are at least those of y: the bit set before keeps borrows inside.
	d := (x | laneHigh) - (y &^ laneHigh)
	atLeast := (x&^y | ^(x^y)&d) & laneHigh
	mask := atLeast<<1 - atLeast>>7 // all bits of the bytes where x is
	return y ^ (x^y)&mask
}

// lanesAt returns where the eight channels from c on begin of n, which is at
// least 8: earlier, if there are fewer left.
func lanesAt(c, n int) int { return min(c, n-lanes) }
