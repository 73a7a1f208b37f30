//go:build amd64 && !purego

package kernel

import "unsafe"

// densePacker packs the blocks of a convolution: measure for each of them,
// then pack for each, in the same order. This is most of what a network takes
// to be ready, so the work on each weight is done by kernels.
type densePacker struct {
	c      *Conv
	k      int     // weights of a filter
	length int     // of a segment
	steps  []int32 // each step's distance from a pixel
	fours  int     // steps rounded up to whole fours
	signed bool    // a step may be of the signed kind

	words  int // of all blocks' weights
	finish int // of all blocks' finish

	// Room for a block.
	filters [16][]int8  // of filters that are not a whole number of fours
	none    []int8      // a filter that is not there
	steps8  [2][]int8   // [half][step][8][4]: steps of 8 channels
	kinds   []uint8     // [step]: bit h is set if half h is signed
	at      [2][]int32  // [half][step]: where it goes, in bytes
	sum     [2][8]int32 // Σ weights
}

func newDensePacker(c *Conv, segments []int, length int, signed bool) *densePacker {
	p := &densePacker{c: c, k: c.K(), length: length, signed: signed}
	for _, s := range segments {
		for k := 0; k < length; k += 4 {
			p.steps = append(p.steps, int32(s+k))
		}
	}
	p.fours = ceil(len(p.steps), 4) * 4
	p.none = make([]int8, 4*p.fours)
	p.kinds = make([]uint8, p.fours)
	for h := range 2 {
		p.steps8[h] = make([]int8, 32*p.fours)
		p.at[h] = make([]int32, len(p.steps))
	}
	return p
}

// filter returns a filter step by step: four weights each, zeros where its
// segment has fewer, to a whole four of steps. i tells apart those in use.
func (p *densePacker) filter(f, i int) []int8 {
	w := p.c.Weight[f*p.k:][:p.k]
	if p.length%4 == 0 && p.k == 4*p.fours {
		return w
	}
	if p.filters[i] == nil {
		p.filters[i] = make([]int8, 4*p.fours)
	}
	for to := p.filters[i]; len(w) > 0; to = to[(p.length+3)&^3:] {
		copy(to, w[:p.length])
		w = w[p.length:]
	}
	return p.filters[i]
}

// transpose fills steps8, kinds and sum for a block, n channels of which are
// there.
func (p *densePacker) transpose(b *denseBlock, n int) {
	clear(p.kinds)
	for h := range b.halves {
		args := transposeArgs{
			to: unsafe.Pointer(&p.steps8[h][0]), kind: unsafe.Pointer(&p.kinds[0]),
			n: 4 * p.fours, sum: unsafe.Pointer(&p.sum[h]),
		}
		if p.signed {
			args.bit = 1 << h
		}
		for s := range args.filter {
			args.filter[s] = unsafe.Pointer(&p.none[0])
			if i := channelOf(h, s, b.halves); i < n {
				args.filter[s] = unsafe.Pointer(&p.filter(b.c+i, i)[0])
			}
		}
		avx2Transpose(&args)
	}
}

// measure decides how many steps of each kind a block has and how many words
// they take.
func (p *densePacker) measure(b *denseBlock, n int) {
	p.transpose(b, n)
	for _, kind := range p.kinds[:len(p.steps)] {
		b.steps[kind]++
	}
	for kind, n := range b.steps {
		p.words += n * stepWords(kind, b.halves)
	}
	p.finish += finishWords(b.halves)
}

// stepWords is the length of a step's weights: of each half 32 bytes if it is
// plain, 64 if it is signed.
func stepWords(kind, halves int) int { return 4 * (halves + kind&1 + kind>>1) }

// pack packs a block to the beginnings of at, words and finish, of which it
// returns the rest.
func (p *densePacker) pack(b *denseBlock, n int, at []int32, words, finish []uint64) ([]int32, []uint64, []uint64) {
	p.transpose(b, n)
	// Where the next step of each kind goes.
	var nextAt, nextByte [4]int
	size := 0
	for kind, n := range b.steps {
		if kind > 0 {
			nextAt[kind] = nextAt[kind-1] + b.steps[kind-1]
		}
		nextByte[kind] = 8 * size
		size += n * stepWords(kind, b.halves)
	}
	for step, kind := range p.kinds[:len(p.steps)] {
		at[nextAt[kind]] = p.steps[step]
		nextAt[kind]++
		p.at[0][step] = int32(nextByte[kind])
		p.at[1][step] = int32(nextByte[kind] + 32 + 32*int(kind&1))
		nextByte[kind] += 8 * stepWords(int(kind), b.halves)
	}
	for h := range b.halves {
		var bias [8]int32
		avx2Store(&storeArgs{
			from: unsafe.Pointer(&p.steps8[h][0]), kind: unsafe.Pointer(&p.kinds[0]), bit: 1 << h,
			at: unsafe.Pointer(&p.at[h][0]), to: unsafe.Pointer(&words[0]), n: len(p.steps),
			bias: unsafe.Pointer(&bias),
		})
		for s := range 8 {
			i := channelOf(h, s, b.halves)
			if i < n {
				// Plain steps sum u = q+128, not q; signed ones are right
				// but for what bias says.
				packFinish(finish, i, b.halves, p.c.Bias[b.c+i]-128*p.sum[h][s]+bias[s], p.c.Mult[b.c+i])
			} else {
				packFinish(finish, i, b.halves, 0, 1)
			}
		}
	}
	return at[len(p.steps):], words[size:], finish[finishWords(b.halves):]
}

// transposeArgs are the arguments of avx2Transpose.
type transposeArgs struct {
	filter [8]unsafe.Pointer // *[n]int8
	n      int               // weights of a filter, a multiple of 16
	to     unsafe.Pointer    // *[n/4][8][4]int8
	kind   unsafe.Pointer    // *[n/4]uint8
	bit    uint64
	sum    unsafe.Pointer // *[8]int32
}

//go:noescape
func avx2Transpose(args *transposeArgs)

// storeArgs are the arguments of avx2Store.
type storeArgs struct {
	from unsafe.Pointer // *[n][8][4]int8
	kind unsafe.Pointer // *[n]uint8
	bit  uint64
	at   unsafe.Pointer // *[n]int32, bytes
	to   unsafe.Pointer
	n    int
	bias unsafe.Pointer // *[8]int32
}

//go:noescape
func avx2Store(args *storeArgs)
