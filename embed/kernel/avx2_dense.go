//go:build amd64 && !purego

package kernel

import "unsafe"

// tiledDense is a matrix product: blocks of filters times tiles of pixels. A
// pixel's window is read where it lies, four elements at a time, at distances
// from its first element that all pixels have in common.
type tiledDense struct {
	Geometry
	family family
	lo, hi int8

	blocks []denseBlock
	weight []uint64 // of all blocks, step by step
	finish []uint64 // of all blocks; see packFinish
	at     []int32  // of all blocks: each step's distance from a pixel
	parts  []Part

	// The pixels of some rows, which are computed together: where their
	// windows begin and where they are stored, from the first one on.
	rows        int
	inAt, outAt []int32
	window      int // elements from the first of a window to its end, all groups

	// Filters of a group are fewer than a tile stores: it stores into scratch.
	narrow int
}

// denseBlock is 16 or 8 channels. The last block of a group that is not a
// whole number of blocks begins earlier and computes some of the channels of
// the block before again.
type denseBlock struct {
	c, own             int    // first channel; first that no block before has
	in                 int    // distance of its group's inputs from those of group 0
	halves             int    // of 8 channels
	at, weight, finish int    // where in the slices of that name
	steps              [4]int // of each kind; see gen/amd64/avx2.go
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
	d.inAt, d.outAt = withEnd(d.inAt), withEnd(d.outAt)
	d.pack(c, filters)
	d.parts = d.cut()
	return d
}

// pack cuts the filters into blocks and packs each.
func (d *tiledDense) pack(c *Conv, filters int) {
	segments, length := c.Segments()
	d.window = segments[len(segments)-1] + length*c.Groups
	for group := range c.Groups {
		for own := 0; own < filters; {
			b := denseBlock{halves: 2, in: group * length}
			if filters-own <= 8 || filters < 16 {
				b.halves = 1
			}
			first := max(min(own, filters-8*b.halves), 0)
			b.c, b.own = group*filters+first, group*filters+own
			own = first + 8*b.halves
			d.blocks = append(d.blocks, b)
		}
	}
	p := newDensePacker(c, segments, length, d.family == familyAVX2)
	for i := range d.blocks {
		p.measure(&d.blocks[i], min(filters, 8*d.blocks[i].halves))
	}
	d.at = make([]int32, len(p.steps)*len(d.blocks))
	d.weight, d.finish = make([]uint64, p.words), make([]uint64, p.finish)
	at, words, finish := d.at, d.weight, d.finish
	for i := range d.blocks {
		b := &d.blocks[i]
		b.at, b.weight, b.finish = len(d.at)-len(at), len(d.weight)-len(words), len(d.finish)-len(finish)
		at, words, finish = p.pack(b, min(filters, 8*b.halves), at, words, finish)
	}
}

// cut makes parts of rows where there are many, of blocks otherwise, and of
// halves of the rows where blocks are few: threads should end together.
func (d *tiledDense) cut() []Part {
	want := max(d.Out.H*d.Out.W*d.Out.C*d.K()/tiledPart, 1)
	each, rows := len(d.blocks), d.Out.H
	if d.Out.H*d.Out.W >= 2*tiledPixels {
		rows = max(ceil(d.Out.H, want), 1)
	} else {
		each = ceil(len(d.blocks), want)
		if parts := ceil(len(d.blocks), each); parts < 8 && parts < want {
			rows = ceil(d.Out.H, 2)
		}
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
		return ceil(8*d.rows*d.Out.W, 32)
	}
	return 0
}

func (d *tiledDense) Run(a *Args, p Part) {
	first, end := 0, len(d.blocks)
	for d.blocks[first].own < p.C {
		first++
	}
	for d.blocks[end-1].own >= p.CEnd {
		end--
	}
	for y := p.Y; y < p.YEnd; y += d.rows {
		d.run(a, y, min(d.rows, p.YEnd-y), d.blocks[first:end])
	}
}

// run computes blocks for some rows, at most d.rows.
func (d *tiledDense) run(a *Args, y, rows int, blocks []denseBlock) {
	n := rows * d.Out.W
	from, to := d.Origin(y, 0)-a.AFrom, d.Out.At(y, 0)-a.OutFrom
	in := a.A[from : from+int(d.inAt[n-1])+d.window]
	out := a.Out[to : to+(rows-1)*d.Out.Row()+d.Out.W*d.Out.C]
	for i := range blocks {
		b := &blocks[i]
		args := tileArgs{
			in: unsafe.Pointer(&in[b.in]), inAt: unsafe.Pointer(&d.inAt[0]),
			out: unsafe.Pointer(&out[b.c]), outAt: unsafe.Pointer(&d.outAt[0]),
			at:     unsafe.Pointer(&d.at[b.at]),
			weight: unsafe.Pointer(&d.weight[b.weight]),
			finish: unsafe.Pointer(&d.finish[b.finish]),
			steps:  b.steps, lo: d.lo, hi: d.hi,
		}
		if d.narrow > 0 {
			args.out = unsafe.Pointer(&a.Scratch[0])
		}
		d.family.dense(&args, n, b.halves)
		if d.narrow > 0 {
			d.spread(a, y, rows, b.c)
		}
	}
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
