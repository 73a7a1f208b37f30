//go:build amd64 && !purego

package kernel

import (
	"slices"
	"unsafe"
)

// tiledDense is a matrix product: blocks of filters times tiles of pixels. A
// pixel's window is read where it lies, four elements at a time, at distances
// from its first element that all pixels have in common.
type tiledDense struct {
	Geometry
	family family
	lo, hi int8

	blocks []denseBlock
	weight []uint64
	finish []uint64
	at     []int32
	parts  []Part

	// The pixels of some rows, which are computed together: where their
	// windows begin and where they are stored, from the first one on.
	rows        int
	inAt, outAt []int32
	window      int // elements from the first of a window to the end of its last step

	// Filters of a group are fewer than a tile stores: it stores into scratch.
	narrow int
}

// denseBlock is 16 or 8 channels.
type denseBlock struct {
	c, own             int // first channel; first that no block before has
	in                 int // distance of its group
	halves             int
	at, weight, finish int
	steps              [4]int
}

const (
	// About how many pixels are computed with a block's weights before the
	// next block has its turn.
	tiledPixels = 224

	// About how many products make a part.
	tiledPart = 1 << 19
)

func newTiledDense(c *Conv, f family) Op {
	d := &tiledDense{Geometry: c.Geometry, family: f, lo: c.Lo, hi: c.Hi}
	d.rows = min(max(tiledPixels/c.Out.W, 1), c.Out.H)
	d.rows = ceil(c.Out.H, ceil(c.Out.H, d.rows))
	filters := c.Out.C / c.Groups
	if filters < 8 {
		d.narrow = filters
	}
	for y := range d.rows {
		for x := range c.Out.W {
			d.inAt = append(d.inAt, int32(d.Origin(y, x)-d.Origin(0, 0)))
			if d.narrow > 0 {
				d.outAt = append(d.outAt, int32(len(d.outAt)*8))
			} else {
				d.outAt = append(d.outAt, int32(d.Out.At(y, x)-d.Out.At(0, 0)))
			}
		}
	}
	d.pack(c, filters)
	d.parts = d.cut(filters)
	return d
}

// pack cuts the filters into blocks and packs each.
func (d *tiledDense) pack(c *Conv, filters int) {
	segments, length := c.Segments()
	last := segments[len(segments)-1] + length
	d.window = last + 3
	var steps []int32
	for _, s := range segments {
		for k := 0; k < length; k += 4 {
			steps = append(steps, int32(s+k))
		}
	}
	p := densePacker{c: c, length: length, steps: steps, k: c.K()}
	for group := range c.Groups {
		for own := 0; own < filters; {
			b := denseBlock{own: own, halves: 2, in: group * length}
			if filters-own <= 8 || filters < 16 {
				b.halves = 1
			}
			b.c = max(min(own, filters-8*b.halves), 0)
			own = b.c + 8*b.halves
			b.c += group * filters
			b.own += group * filters
			b.weight, b.finish, b.at = len(d.weight), len(d.finish), len(d.at)
			p.pack(d, &b, min(filters, 8*b.halves))
			d.blocks = append(d.blocks, b)
		}
	}
	d.weight, d.finish, d.at = slices.Clip(d.weight), slices.Clip(d.finish), slices.Clip(d.at)
}

// cut makes parts of rows where there are many, of blocks otherwise.
func (d *tiledDense) cut(filters int) []Part {
	want := max(d.Out.H*d.Out.W*d.Out.C*d.K()/tiledPart, 1)
	each := len(d.blocks)
	rows := d.Out.H
	if d.Out.H*d.Out.W >= 2*tiledPixels {
		rows = max(ceil(d.Out.H, want), 1)
	} else {
		each = ceil(len(d.blocks), want)
	}
	var parts []Part
	for from := 0; from < len(d.blocks); {
		to := min(from+each, len(d.blocks))
		// A block that computes channels of the one before again goes with it.
		for to < len(d.blocks) && d.blocks[to].c < d.blocks[to].own {
			to++
		}
		end := d.Out.C
		if to < len(d.blocks) {
			end = d.blocks[to].own
		}
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), d.blocks[from].own, end})
		}
		from = to
	}
	return parts
}

func (d *tiledDense) Parts() []Part { return d.parts }

func (d *tiledDense) Scratch() int {
	if d.narrow > 0 {
		return ceil(8*len(d.outAt), 32)
	}
	return 0
}

func (d *tiledDense) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y += d.rows {
		rows := min(d.rows, p.YEnd-y)
		for i := range d.blocks {
			if b := &d.blocks[i]; b.own >= p.C && b.own < p.CEnd {
				d.run(a, y, rows, b)
			}
		}
	}
}

// run computes a block for some rows, at most d.rows.
func (d *tiledDense) run(a *Args, y, rows int, b *denseBlock) {
	n := rows * d.Out.W
	from, to := d.Origin(y, 0)-a.AFrom, d.Out.At(y, 0)-a.OutFrom
	in := a.A[from : from+int(d.inAt[n-1])+min(d.window, len(a.A)-from-int(d.inAt[n-1]))]
	args := tileArgs{
		in: unsafe.Pointer(&in[b.in]), inAt: unsafe.Pointer(&d.inAt[0]), outAt: unsafe.Pointer(&d.outAt[0]),
		at: unsafe.Pointer(&d.at[b.at]), weight: unsafe.Pointer(&d.weight[b.weight]), finish: unsafe.Pointer(&d.finish[b.finish]),
		steps: b.steps, lo: d.lo, hi: d.hi,
	}
	if d.narrow > 0 {
		args.out = unsafe.Pointer(&a.Scratch[0])
		d.family.dense(&args, n, b.halves)
		d.spread(a, y, rows, b.c)
		return
	}
	out := a.Out[to+b.c : to+d.Out.At(rows-1, d.Out.W-1)-d.Out.At(0, 0)+d.Out.C]
	args.out = unsafe.Pointer(&out[0])
	d.family.dense(&args, n, b.halves)
}

// spread stores what a narrow block left in scratch.
func (d *tiledDense) spread(a *Args, y, rows, c int) {
	w := words(a.Scratch)
	for r := range rows {
		at := d.Out.At(y+r, 0) - a.OutFrom + c
		for x := range d.Out.W {
			v := w[r*d.Out.W+x]
			for i := range a.Out[at:][:d.narrow] {
				a.Out[at+i] = int8(v >> (8 * i))
			}
			at += d.Out.C
		}
	}
}

// densePacker packs the blocks of a convolution.
type densePacker struct {
	c      *Conv
	length int     // of a segment
	steps  []int32 // each step's distance from a pixel
	k      int
}

// step returns up to four weights of a filter, as they lie in memory.
func (p *densePacker) word(w []int8, k, n int) uint32 {
	if n >= 4 {
		w = w[k : k+4 : k+4]
		return uint32(uint8(w[0])) | uint32(uint8(w[1]))<<8 | uint32(uint8(w[2]))<<16 | uint32(uint8(w[3]))<<24
	}
	var v uint32
	for i := range n {
		v |= uint32(uint8(w[k+i])) << (8 * i)
	}
	return v
}

// pack appends n filters from b.c on.
func (p *densePacker) pack(d *tiledDense, b *denseBlock, n int) {
	var kinds []uint8
	if d.family == familyAVX2 {
		kinds = p.choose(b, n)
	}
	_ = kinds
	c := p.c
	bias := make([]int32, 8*b.halves)
	for i := range n {
		bias[i] = c.Bias[b.c+i]
	}
	for kind := range 1 << b.halves {
		k := 0
		step := 0
		for left := p.length; k < p.k; step++ {
			m := min(left, 4)
			if kinds == nil && kind == 0 || kinds != nil && kinds[step] == uint8(kind) {
				b.steps[kind]++
				d.at = append(d.at, p.steps[step])
				p.weights(d, b, n, k, m, kind, bias)
			}
			k += m
			if left -= m; left == 0 {
				left = p.length
			}
		}
	}
	f := len(d.finish)
	d.finish = append(d.finish, make([]uint64, finishWords(b.halves))...)
	for i := range 8 * b.halves {
		mult := int32(1)
		if i < n {
			mult = c.Mult[b.c+i]
		}
		packFinish(d.finish[f:], i, b.halves, bias[i], mult)
	}
}

// choose returns each step's kind: bit h is set if half h is signed.
func (p *densePacker) choose(b *denseBlock, n int) []uint8 {
	kinds := make([]uint8, len(p.steps))
	for i := range n {
		half, _ := slot(i, b.halves)
		w := p.c.Weight[(b.c+i)*p.k:][:p.k]
		k, step := 0, 0
		for left := p.length; k < p.k; step++ {
			m := min(left, 4)
			for j := 0; j < m; j += 2 {
				s := int(w[k+j])
				if j+1 < m {
					s += int(w[k+j+1])
				}
				if s > 128 || s < -128 {
					kinds[step] |= 1 << half
				}
			}
			k += m
			if left -= m; left == 0 {
				left = p.length
			}
		}
	}
	return kinds
}

// weights appends one step.
func (p *densePacker) weights(d *tiledDense, b *denseBlock, n, k, m, kind int, bias []int32) {
	var at [2]int
	for h := range b.halves {
		at[h] = len(d.weight)
		d.weight = append(d.weight, 0, 0, 0, 0)
		if kind>>h&1 == 1 {
			d.weight = append(d.weight, 0, 0, 0, 0)
		}
	}
	for i := range n {
		half, s := slot(i, b.halves)
		w := p.word(p.c.Weight[(b.c+i)*p.k:][:p.k], k, m)
		to := d.weight[at[half]:]
		if kind>>half&1 == 0 {
			to[s/2] |= uint64(w) << (32 * (s & 1))
			bias[i] -= 128 * (int32(int8(w)) + int32(int8(w>>8)) + int32(int8(w>>16)) + int32(int8(w>>24)))
			continue
		}
		minus := w >> 7 & 0x01010101
		mask := minus * 255
		magnitude := w ^ mask + minus
		to[s/2] |= uint64(magnitude) << (32 * (s & 1))
		to[4+s/2] |= uint64(mask^0x80808080) << (32 * (s & 1))
		lost := magnitude & mask
		bias[i] += int32(lost&255 + lost>>8&255 + lost>>16&255 + lost>>24)
	}
}
