//go:build amd64 && !purego

package kernel

import "unsafe"

// tiledDepthwise computes one or two rows of 16 channels at a time: the input
// rows they see are interleaved once, so that one multiplication sees several
// rows of a column, and then each tap is a step of a tile.
type tiledDepthwise struct {
	Geometry
	family family
	lo, hi int8

	group   int // rows in a step: what one multiplication adds up
	columns int // of the input
	two     bool
	taps    [2]depthwiseTaps // of the first and of the second row
	weight  []uint64         // [block][row][step][8]
	finish  []uint64         // [block][40]
	stride  int              // of weight, by block
	parts   []Part

	inAt, outAt []int32
	narrow      bool // fewer than 16 channels: stored into scratch first
}

// depthwiseTaps are the steps of an output row.
type depthwiseTaps struct {
	at     []int32 // each step's distance from a pixel's first column
	weight int     // of a block's weights
}

const depthwiseBlock = 16

func newTiledDepthwise(c *Conv, f family) Op {
	d := &tiledDepthwise{Geometry: c.Geometry, family: f, lo: c.Lo, hi: c.Hi, group: 2}
	if f == familyVNNI {
		d.group = 4
	}
	w := c.Window
	d.columns = (c.Out.W-1)*w.StrideW + (w.KernelW-1)*w.DilationW + 1
	d.two = w.DilationH == 1 && c.Out.H > 1
	d.narrow = c.Out.C < depthwiseBlock
	for x := range c.Out.W {
		d.inAt = append(d.inAt, int32(x*w.StrideW*64))
		if d.narrow {
			d.outAt = append(d.outAt, int32(x*depthwiseBlock))
		} else {
			d.outAt = append(d.outAt, int32(x*c.Out.C))
		}
	}
	d.pack(c)
	d.parts = d.cut()
	return d
}

// seen returns how many rows of the input rows of the output see.
func (d *tiledDepthwise) seen(rows int) int {
	return (rows-1)*d.Window.StrideH + d.Window.KernelH
}

func (d *tiledDepthwise) outputs() int {
	if d.two {
		return 2
	}
	return 1
}

func (d *tiledDepthwise) pack(c *Conv) {
	w := c.Window
	k := c.K()
	blocks := ceil(c.Out.C, depthwiseBlock)
	for r := range d.outputs() {
		first := r * w.StrideH // the input row of the first tap
		from, to := first/d.group, ceil(first+w.KernelH, d.group)
		d.taps[r].weight = d.stride
		for kx := range w.KernelW {
			for g := from; g < to; g++ {
				d.taps[r].at = append(d.taps[r].at, int32((g*d.columns+kx*w.DilationW)*64))
			}
		}
		if r == 1 && w.StrideH%d.group == 0 { // the same weights
			d.taps[1].weight = 0
			continue
		}
		d.stride += 8 * len(d.taps[r].at)
	}
	d.weight = make([]uint64, blocks*d.stride)
	d.finish = make([]uint64, blocks*finishWords(2))
	n := min(depthwiseBlock, c.Out.C)
	for b := range blocks {
		filters := c.Weight[d.channel(b)*k:][:n*k]
		finish := d.finish[b*finishWords(2):]
		for i := range n {
			sum := int32(0)
			for _, v := range filters[i*k:][:k] {
				sum += int32(v)
			}
			packFinish(finish, i, 2, c.Bias[d.channel(b)+i]-128*sum, c.Mult[d.channel(b)+i])
		}
		for r := range d.outputs() {
			if r == 0 || d.taps[1].weight != 0 {
				d.packRow(d.weight[b*d.stride+d.taps[r].weight:], filters, r)
			}
		}
	}
}

// packRow packs up to 16 filters for output row r.
func (d *tiledDepthwise) packRow(to []uint64, filters []int8, r int) {
	w := d.Window
	k := w.KernelH * w.KernelW
	first := r * w.StrideH
	groups := len(d.taps[r].at) / w.KernelW
	for t := range k {
		ky, kx := t/w.KernelW+first, t%w.KernelW
		step := kx*groups + ky/d.group - first/d.group
		words := to[8*step:][:8]
		if d.group == 2 { // 16 bits each
			for i := 0; i*k < len(filters); i++ {
				half, s := slot(i, 2)
				words[4*half+s/2] |= uint64(uint16(filters[i*k+t])) << (16*(ky&1) + 32*(s&1))
			}
			continue
		}
		for i := 0; i*k < len(filters); i++ {
			half, s := slot(i, 2)
			words[4*half+s/2] |= uint64(uint8(filters[i*k+t])) << (8*(ky&3) + 32*(s&1))
		}
	}
}

// channel is the first of a block. The last block computes channels of the one
// before again.
func (d *tiledDepthwise) channel(block int) int {
	return max(min(block*depthwiseBlock, d.Out.C-depthwiseBlock), 0)
}

func (d *tiledDepthwise) cut() []Part {
	want := max(d.Out.H*d.Out.W*d.Out.C*d.K()/(tiledPart/4), 1)
	blocks := d.Out.C / depthwiseBlock // whole ones
	if blocks == 0 {
		return rowParts(d.Out.H, d.even(ceil(d.Out.H, want)), d.Out.C, d.Out.C)
	}
	// The last part has what is left of a block.
	var parts []Part
	n := min(want, blocks)
	rows := d.even(ceil(d.Out.H, ceil(want, n)))
	for i := range n {
		from, to := i*blocks/n*depthwiseBlock, (i+1)*blocks/n*depthwiseBlock
		if i == n-1 {
			to = d.Out.C
		}
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), from, to})
		}
	}
	return parts
}

func (d *tiledDepthwise) even(rows int) int {
	if d.two {
		return (rows + 1) &^ 1
	}
	return rows
}

func (d *tiledDepthwise) Parts() []Part { return d.parts }

func (d *tiledDepthwise) Scratch() int {
	return 2*d.columns*ceil(d.seen(d.outputs()), d.group) + ceil(d.Out.W, 2)
}

func (d *tiledDepthwise) Run(a *Args, p Part) {
	for b := range ceil(d.Out.C, depthwiseBlock) {
		if own := b * depthwiseBlock; own < p.C || own >= p.CEnd {
			continue
		}
		for y := p.Y; y < p.YEnd; y += d.outputs() {
			d.run(a, y, min(d.outputs(), p.YEnd-y), b)
		}
	}
}

// run computes one or two rows of a block.
func (d *tiledDepthwise) run(a *Args, y, rows, block int) {
	w := d.Window
	c := d.channel(block)
	seen := d.seen(rows)
	row := w.DilationH * d.In.Row()
	from := d.Origin(y, 0) - a.AFrom + c
	in := a.A[from : from+(seen-1)*row+(d.columns-1)*d.In.C+1]
	to := a.Scratch
	for g := 0; g < seen; g += d.group {
		args := interleaveArgs{to: unsafe.Pointer(&to[0]), step: d.In.C, n: d.columns}
		for i := range d.group {
			// Past the last row repeat that one: its weight is zero.
			args.row[i] = unsafe.Pointer(&in[min(g+i, seen-1)*row])
		}
		d.family.interleave(&args)
		to = to[2*d.columns:]
	}
	for r := range rows {
		taps := &d.taps[r]
		args := tileArgs{
			in: unsafe.Pointer(&a.Scratch[0]), inAt: unsafe.Pointer(&d.inAt[0]), outAt: unsafe.Pointer(&d.outAt[0]),
			at:     unsafe.Pointer(&taps.at[0]),
			weight: unsafe.Pointer(&d.weight[block*d.stride+taps.weight]),
			finish: unsafe.Pointer(&d.finish[block*finishWords(2)]),
			steps:  [4]int{len(taps.at)}, lo: d.lo, hi: d.hi,
		}
		at := d.Out.At(y+r, 0) - a.OutFrom
		out := a.Out[at:][:d.Out.W*d.Out.C]
		if d.narrow {
			args.out = unsafe.Pointer(&to[0])
			d.family.depthwise(&args, d.Out.W)
			bytes := unsafe.Slice((*int8)(args.out), d.Out.W*depthwiseBlock)
			for x := range d.Out.W {
				copy(out[x*d.Out.C:][:d.Out.C], bytes[x*depthwiseBlock:])
			}
			continue
		}
		args.out = unsafe.Pointer(&out[c])
		d.family.depthwise(&args, d.Out.W)
	}
}
