//go:build amd64 && !purego

package kernel

import (
	"encoding/binary"
	"unsafe"
)

// densePacker packs the blocks of a convolution: measure for each of them,
// then pack for each, in the same order. It is most of what a network takes to
// be ready, so it looks at eight weights at a time.
type densePacker struct {
	c      *Conv
	k      int     // weights of a filter
	length int     // of a segment
	steps  []int32 // each step's distance from a pixel
	signed bool    // a step may be of the signed kind

	kinds  []uint8     // [block][step]: bit h is set if half h is signed
	sums   []int32     // [block][channel]: Σ weights
	words  int         // of all blocks' weights
	finish int         // of all blocks' finish
	room   [16][]byte  // for filters with zeros between segments
	large  [2][]uint64 // by half and pair of steps: what plain steps cannot do
}

func newDensePacker(c *Conv, segments []int, length int, signed bool) *densePacker {
	p := &densePacker{c: c, k: c.K(), length: length, signed: signed}
	for _, s := range segments {
		for k := 0; k < length; k += 4 {
			p.steps = append(p.steps, int32(s+k))
		}
	}
	pairs := ceil(len(p.steps), 2)
	p.large = [2][]uint64{make([]uint64, pairs), make([]uint64, pairs)}
	return p
}

// filter returns a filter step by step: four weights each, zeros where its
// segment has fewer, to a whole pair of steps. i tells apart those in use.
func (p *densePacker) filter(f, i int) []byte {
	w := unsafe.Slice((*byte)(unsafe.Pointer(&p.c.Weight[f*p.k])), p.k)
	if p.length%4 == 0 && p.k%8 == 0 {
		return w
	}
	if p.room[i] == nil {
		p.room[i] = make([]byte, 8*ceil(len(p.steps), 2))
	}
	for to := p.room[i]; len(w) > 0; to = to[(p.length+3)&^3:] {
		copy(to, w[:p.length])
		w = w[p.length:]
	}
	return p.room[i]
}

// Four sums of two neighbouring weights each, in 16 bits. A weight is taken as
// w+128 and a sum as s+256, which is never negative.
const (
	lanes    = 0x0001_0001_0001_0001
	topBits  = 0x8000 * lanes
	evenByte = 0x00FF * lanes
	allPlus  = 0x8080_8080_8080_8080
)

func pairSums(w uint64) uint64 {
	w ^= allPlus
	return w&evenByte + w>>8&evenByte
}

// outsideSums has the top bit of a lane set where the sum is not −128 … 128.
func outsideSums(s uint64) uint64 {
	return (s + (0x8000-(256+129))*lanes) | ((0x8000+(256-129))*lanes - s)
}

// addLanes is the sum of four unsigned lanes.
func addLanes(s uint64) int32 {
	return int32(s&0xFFFF + s>>16&0xFFFF + s>>32&0xFFFF + s>>48)
}

// measure decides the kinds of a block's steps and how many words it takes. n
// is how many channels of it there are.
func (p *densePacker) measure(b *denseBlock, n int) {
	clear(p.large[0])
	clear(p.large[1])
	for i := range n {
		half, _ := slot(i, b.halves)
		large := p.large[half]
		w := p.filter(b.c+i, 0)[:8*len(large)]
		var sums uint64
		sum := int32(-4 * 256 * len(large))
		for j := range large {
			s := pairSums(binary.LittleEndian.Uint64(w[8*j:]))
			large[j] |= outsideSums(s)
			if sums += s; j&63 == 63 { // lanes are below 2¹⁶ still
				sum += addLanes(sums)
				sums = 0
			}
		}
		p.sums = append(p.sums, sum+addLanes(sums))
	}
	for step := range p.steps {
		kind := 0
		if p.signed {
			for half := range b.halves {
				if p.large[half][step/2]&topBits>>(32*(step&1))&0xFFFF_FFFF != 0 {
					kind |= 1 << half
				}
			}
		}
		b.steps[kind]++
		p.kinds = append(p.kinds, uint8(kind))
		p.words += stepWords(kind, b.halves)
	}
	p.finish += finishWords(b.halves)
}

// stepWords is the length of a step's weights: of each half 32 bytes if it is
// plain, 64 if it is signed.
func stepWords(kind, halves int) int { return 4 * (halves + kind&1 + kind>>1) }

// pack packs a block to the beginnings of words and at, of which it returns
// the rest.
func (p *densePacker) pack(b *denseBlock, n int, at []int32, words, finish []uint64) ([]int32, []uint64, []uint64) {
	// Where the next step of each kind goes.
	var nextAt, nextWord [4]int
	for kind := 1; kind < 4; kind++ {
		nextAt[kind] = nextAt[kind-1] + b.steps[kind-1]
		nextWord[kind] = nextWord[kind-1] + b.steps[kind-1]*stepWords(kind-1, b.halves)
	}
	type channel struct {
		filter []byte
		to     int // in a half of a step, in bytes
		bias   int32
	}
	var channels [2][8]channel // by half
	var count [2]int
	for i := range n {
		half, s := slot(i, b.halves)
		channels[half][count[half]] = channel{p.filter(b.c+i, i), 4 * s, -128 * p.sums[i]}
		count[half]++
	}
	for step, kind := range p.kinds[:len(p.steps)] {
		at[nextAt[kind]] = p.steps[step]
		nextAt[kind]++
		to := words[nextWord[kind]:]
		nextWord[kind] += stepWords(int(kind), b.halves)
		for half := range b.halves {
			if kind>>half&1 == 0 {
				bytes := (*[32]byte)(unsafe.Pointer(&to[0]))
				to = to[4:]
				for i := range channels[half][:count[half]] {
					c := &channels[half][i]
					w := binary.LittleEndian.Uint32(c.filter[4*step:])
					binary.LittleEndian.PutUint32(bytes[c.to&28:], w)
				}
				continue
			}
			bytes := (*[64]byte)(unsafe.Pointer(&to[0]))
			to = to[8:]
			for i := range channels[half][:count[half]] {
				c := &channels[half][i]
				w := binary.LittleEndian.Uint32(c.filter[4*step:])
				minus := w >> 7 & 0x01010101
				mask := minus * 255
				magnitude := w ^ mask + minus
				binary.LittleEndian.PutUint32(bytes[c.to&28:], magnitude)
				binary.LittleEndian.PutUint32(bytes[32+c.to&28:], mask^0x80808080)
				// The sum is of u = q+128 no more but of q, and of −1−q where
				// a weight is negative.
				lost := addBytes(magnitude & mask)
				c.bias += 128*(addBytes(magnitude)-2*lost) + lost
			}
		}
	}
	var done [2]int
	for i := range 8 * b.halves {
		bias, mult := int32(0), int32(1)
		if i < n {
			half, _ := slot(i, b.halves)
			bias, mult = p.c.Bias[b.c+i]+channels[half][done[half]].bias, p.c.Mult[b.c+i]
			done[half]++
		}
		packFinish(finish, i, b.halves, bias, mult)
	}
	p.kinds, p.sums = p.kinds[len(p.steps):], p.sums[n:]
	size := 0
	for kind, steps := range b.steps {
		size += steps * stepWords(kind, b.halves)
	}
	return at[len(p.steps):], words[size:], finish[finishWords(b.halves):]
}

// addBytes is the sum of four unsigned bytes.
func addBytes(w uint32) int32 {
	w = w&0x00FF00FF + w>>8&0x00FF00FF
	return int32(w&0xFFFF + w>>16)
}
