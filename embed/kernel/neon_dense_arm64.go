//go:build !purego

package kernel

import "unsafe"

// neonDense multiplies blocks of 16 or 8 filters by the windows of two pixels
// at a time. A pixel of a 1×1 convolution is read where it lies; other windows
// are gathered first, a few pixels' at a time.
type neonDense struct {
	Geometry
	limits [2][16]int8

	// How a window lies in In; one segment needs no gathering.
	segments []int32
	length   int // of a segment
	k        int // elements of a filter, rounded up to 4, or 8 of short ones

	blocks []neonBlock // of a group
	group  int         // filters in a group
	stride int         // weights of a group
	weight []int8      // [Groups][blocks][k/2][16 or 8][2]
	bias   []int32     // [Groups][blocks][16 or 8]
	mult   []int32

	pixels int // that all blocks read before the next ones are
	parts  []Part
}

// neonBlock is some filters of a group, which start at from. Blocks of a group
// whose filters are no multiple of 8 overlap; a group of fewer than 8 is one
// block of which some are not stored.
type neonBlock struct{ from, size int }

// neonBlocks cuts filters into blocks.
func neonBlocks(filters int) []neonBlock {
	var blocks []neonBlock
	f := 0
	for ; filters-f > 8; f += 16 {
		if filters-f < 16 {
			if filters < 16 { // 9 to 15: twice 8
				return []neonBlock{{0, 8}, {filters - 8, 8}}
			}
			f = filters - 16
		}
		blocks = append(blocks, neonBlock{f, 16})
	}
	if f < filters {
		blocks = append(blocks, neonBlock{max(filters-8, 0), 8})
	}
	return blocks
}

const (
	// The elements of so many pixels, which each block of filters reads once,
	// stay in a second-level cache; the block's weights stay in the first.
	neonPixels = 64 << 10

	// About how many products make a part.
	neonPart = 1 << 19
)

func newNEONDense(c *Conv) Op {
	d := &neonDense{Geometry: c.Geometry, limits: neonLimits(c.Lo, c.Hi), k: max((c.K()+3)&^3, 8)}
	segments, length := c.Segments()
	for _, s := range segments {
		d.segments = append(d.segments, int32(s))
	}
	d.length = length
	d.group = c.Out.C / c.Groups
	d.blocks = neonBlocks(d.group)
	for _, b := range d.blocks {
		d.stride += b.size
	}
	d.weight = make([]int8, c.Groups*d.stride*d.k)
	d.bias = make([]int32, c.Groups*d.stride)
	d.mult = make([]int32, c.Groups*d.stride)
	at := 0
	for g := range c.Groups {
		for _, b := range d.blocks {
			from := g*d.group + b.from
			n := min(b.size, d.group)
			copy(d.bias[at:at+n], c.Bias[from:])
			copy(d.mult[at:at+n], c.Mult[from:])
			neonPack(d.weight[at*d.k:(at+b.size)*d.k], c.Weight[from*c.K():(from+n)*c.K()], c.K(), b.size)
			at += b.size
		}
	}
	d.pixels = min(max(neonPixels/d.k, 16), 512) &^ 1
	d.parts = d.cut()
	return d
}

// neonLimits is what saturated results are held between.
func neonLimits(lo, hi int8) (limits [2][16]int8) {
	fill(limits[0][:], lo)
	fill(limits[1][:], hi)
	return limits
}

// cut makes parts of rows, and of filters where one part of all of them would
// be too large. Small pictures are not cut by rows: every part reads all of
// its weights.
func (d *neonDense) cut() []Part {
	row := d.Out.W * d.Out.C * d.K()
	rows := d.Out.H
	if d.Out.H*d.Out.W > 64 {
		rows = min(max(neonPart/row, ceil(16, d.Out.W)), d.Out.H)
		if d.Out.W%2 == 1 && rows > 1 {
			rows &^= 1 // whole pairs of pixels
		}
	}
	if d.Groups > 1 {
		return rowParts(d.Out.H, rows, d.Out.C, d.Out.C)
	}
	most := len(d.blocks)
	if d.group%8 != 0 { // the last two blocks overlap: they stay together
		most = max(most/2, 1)
	}
	n := min(max(rows*row/neonPart, 1), most)
	var parts []Part
	for i := range n {
		from := d.blocks[i*len(d.blocks)/n].from
		to := d.group
		if i+1 < n {
			to = d.blocks[(i+1)*len(d.blocks)/n].from
		}
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), from, to})
		}
	}
	return parts
}

func (d *neonDense) Parts() []Part { return d.parts }

// gathers reports whether windows are not read where they lie.
func (d *neonDense) gathers() bool { return len(d.segments) > 1 }

// Scratch is for the places of pixels, the windows and the results of groups
// that are smaller than a block.
func (d *neonDense) Scratch() int {
	n := ceil(d.pixels, neonPlaces)
	if d.gathers() {
		n += ceil(d.pixels*d.k+16+d.length, 32)
	}
	if d.group < 8 {
		n += ceil(d.pixels*8, 32)
	}
	return n
}

// neonPlace says where a pixel lies in its buffers: in one in its lower half,
// in the other in its upper half.
type neonPlace uint64

const neonPlaces = 4 // in a Block

type neonDenseArgs struct {
	a      *int8
	w      *int8
	out    *int8
	table  *neonPlace
	tiles  int
	steps  int
	bias   *int32
	mult   *int32
	limits *[2][16]int8
}

type neonGatherArgs struct {
	a        *int8
	out      *int8
	table    *neonPlace
	pixels   int
	segments *int32
	count    int
	length   int
	stride   int
}

func (d *neonDense) Run(a *Args, p Part) {
	end := p.YEnd * d.Out.W
	for m := p.Y * d.Out.W; m < end; m += d.pixels {
		n := min(d.pixels, end-m)
		for g := p.C / d.group; g*d.group < p.CEnd; g++ {
			d.run(a, m, n, g, p.C-g*d.group, p.CEnd-g*d.group)
		}
	}
}

// run computes n pixels from m on of the filters of group g from one to
// another, as far as it has them.
func (d *neonDense) run(a *Args, m, n, g, from, to int) {
	scratch := a.Scratch
	table := unsafe.Slice((*neonPlace)(unsafe.Pointer(unsafe.SliceData(scratch))), neonPlaces*len(scratch))
	scratch = scratch[ceil(d.pixels, neonPlaces):]
	d.places(table, m, n)

	in := unsafe.Pointer(unsafe.SliceData(a.A))
	origin := d.Origin(m/d.Out.W, 0) - a.AFrom + g*d.length
	if d.gathers() {
		windows := unsafe.Pointer(unsafe.SliceData(scratch))
		neonGather(&neonGatherArgs{
			a: (*int8)(unsafe.Add(in, origin)), out: (*int8)(windows), table: &table[0], pixels: n,
			segments: &d.segments[0], count: len(d.segments), length: d.length, stride: d.k,
		})
		for i := range n {
			table[i] = table[i]>>32<<32 | neonPlace(i*d.k)
		}
		in, origin = windows, 0
		scratch = scratch[ceil(d.pixels*d.k+16+d.length, 32):]
	}
	out := unsafe.Pointer(unsafe.SliceData(a.Out))
	first := d.Out.At(m/d.Out.W, 0) - a.OutFrom + g*d.group
	small := d.group < 8
	if small {
		out, first = unsafe.Pointer(unsafe.SliceData(scratch)), 0
		for i := range n {
			table[i] = table[i]<<32>>32 | neonPlace(8*i)<<32
		}
	}

	at := g * d.stride
	for _, b := range d.blocks {
		if b.from >= from && b.from+min(b.size, d.group) <= to {
			args := neonDenseArgs{
				a: (*int8)(unsafe.Add(in, origin)), out: (*int8)(unsafe.Add(out, first+b.from)),
				w: &d.weight[at*d.k], bias: &d.bias[at], mult: &d.mult[at],
				table: &table[0], tiles: n / 2, steps: (d.k - 1) / 8, limits: &d.limits,
			}
			d.tiles(&args, b.size)
			if n%2 == 1 {
				args.table, args.tiles = &table[n-1], 1
				d.tile(&args, b.size)
			}
		}
		at += b.size
	}
	if small {
		d.spread(a, m, n, g, unsafe.Slice((*int8)(out), 8*n))
	}
}

// places says where n pixels from m on lie, relative to the first of m's row.
func (d *neonDense) places(table []neonPlace, m, n int) {
	table = table[:n]
	step := neonPlace(d.Window.StrideW*d.In.C) | neonPlace(d.Out.C)<<32
	row := neonPlace(d.Window.StrideH*d.In.Row()) | neonPlace(d.Out.Row())<<32
	x := m % d.Out.W
	for first := neonPlace(0); len(table) > 0; first += row {
		run := table[:min(d.Out.W-x, len(table))]
		table = table[len(run):]
		at := first + neonPlace(x)*step
		for i := range run {
			run[i] = at
			at += step
		}
		x = 0
	}
}

// spread copies the results of a group smaller than a block.
func (d *neonDense) spread(a *Args, m, n, g int, from []int8) {
	for i := range n {
		p := m + i
		copy(a.Out[d.Out.At(p/d.Out.W, p%d.Out.W)-a.OutFrom+g*d.group:][:d.group], from[8*i:])
	}
}

// tiles computes tiles of two pixels.
func (d *neonDense) tiles(args *neonDenseArgs, size int) {
	switch {
	case args.tiles == 0:
	case size == 16 && args.steps == 0:
		neonDense2x16x8(args)
	case size == 16 && d.k%8 == 0:
		neonDense2x16n8(args)
	case size == 16:
		neonDense2x16n4(args)
	case args.steps == 0:
		neonDense2x8x8(args)
	case d.k%8 == 0:
		neonDense2x8n8(args)
	default:
		neonDense2x8n4(args)
	}
}

// tile computes tiles of one pixel.
func (d *neonDense) tile(args *neonDenseArgs, size int) {
	switch {
	case size == 16 && args.steps == 0:
		neonDense1x16x8(args)
	case size == 16 && d.k%8 == 0:
		neonDense1x16n8(args)
	case size == 16:
		neonDense1x16n4(args)
	case args.steps == 0:
		neonDense1x8x8(args)
	case d.k%8 == 0:
		neonDense1x8n8(args)
	default:
		neonDense1x8n4(args)
	}
}

//go:noescape
func neonGather(args *neonGatherArgs)

//go:noescape
func neonDense2x16x8(args *neonDenseArgs)

//go:noescape
func neonDense2x16n8(args *neonDenseArgs)

//go:noescape
func neonDense2x16n4(args *neonDenseArgs)

//go:noescape
func neonDense1x16x8(args *neonDenseArgs)

//go:noescape
func neonDense1x16n8(args *neonDenseArgs)

//go:noescape
func neonDense1x16n4(args *neonDenseArgs)

//go:noescape
func neonDense2x8x8(args *neonDenseArgs)

//go:noescape
func neonDense2x8n8(args *neonDenseArgs)

//go:noescape
func neonDense2x8n4(args *neonDenseArgs)

//go:noescape
func neonDense1x8x8(args *neonDenseArgs)

//go:noescape
func neonDense1x8n8(args *neonDenseArgs)

//go:noescape
func neonDense1x8n4(args *neonDenseArgs)
