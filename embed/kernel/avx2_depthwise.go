//go:build amd64 && !purego

package kernel

import "unsafe"

// tiledDepthwise computes a band of rows of 16 channels at a time. The input
// rows it sees are interleaved in groups, so that one multiplication sees
// several rows of a column, and each tap is a step of a tile.
//
// A group begins at every second row of the input. An output row whose window
// begins in between uses the same groups as the row before with weights moved
// down by one, so there are two kinds of output rows where the stride is odd.
type tiledDepthwise struct {
	Geometry
	family family
	lo, hi int8

	group   int // rows in a group: as many as a multiplication adds up
	rows    int // of a band
	width   int // pixels of a band
	columns int // of the input that they see
	kinds   []depthwiseKind
	weight  []uint64 // [block][kind][step][8]
	stride  int      // of weight, by block
	finish  []uint64 // [block][finishWords(2)]
	parts   []Part
	narrow  bool // fewer than 16 channels: stored into scratch first
}

// depthwiseKind is what output rows have in common: every row of a band, or
// every second one.
type depthwiseKind struct {
	weight int     // where in a block's
	at     []int32 // each step's distance from a pixel

	// Pixels of all rows of the kind, row by row.
	inAt, outAt []int32
}

const (
	depthwiseBlock = 16
	depthwiseRows  = 8 // of a band, at most

	// What a band reads and interleaves stays in the first-level cache: of
	// its input the lines that neighbouring blocks share.
	depthwiseBand = 24 << 10
)

func newTiledDepthwise(c *Conv, f family) Op {
	d := &tiledDepthwise{Geometry: c.Geometry, family: f, lo: c.Lo, hi: c.Hi, group: 2}
	if f == familyVNNI {
		d.group = 4
	}
	w := c.Window
	d.narrow = c.Out.C < depthwiseBlock
	d.rows = 1
	if w.DilationH == 1 {
		d.rows = ceil(c.Out.H, ceil(c.Out.H, max(depthwiseRows/w.StrideH, 1)))
	}
	column := 64 * (d.seen(d.rows) + d.groups(d.rows))
	d.width = min(max((depthwiseBand/column-(w.KernelW-1)*w.DilationW)/w.StrideW, 4*tilePixels), c.Out.W)
	d.width = ceil(c.Out.W, ceil(c.Out.W, d.width))
	d.columns = (d.width-1)*w.StrideW + (w.KernelW-1)*w.DilationW + 1

	d.kinds = make([]depthwiseKind, 1, 2)
	if w.StrideH&1 == 1 && d.rows > 1 {
		d.kinds = d.kinds[:2]
	}
	for i := range d.kinds {
		d.kind(i)
	}
	d.pack(c)
	d.parts = d.cut()
	return d
}

// kind fills in all but the weights of a kind of rows.
func (d *tiledDepthwise) kind(i int) {
	w := d.Window
	k := &d.kinds[i]
	groups := ceil(i+w.KernelH, d.group)
	for kx := range w.KernelW {
		for g := range groups {
			k.at = append(k.at, int32((g*d.group/2*d.columns+kx*w.DilationW)*64))
		}
	}
	for r := i; r < d.rows; r += len(d.kinds) {
		for x := range d.width {
			k.inAt = append(k.inAt, int32((r*w.StrideH/2*d.columns+x*w.StrideW)*64))
			if d.narrow {
				k.outAt = append(k.outAt, int32((r*d.width+x)*depthwiseBlock))
			} else {
				k.outAt = append(k.outAt, int32(r*d.Out.Row()+x*d.Out.C))
			}
		}
	}
	k.inAt, k.outAt = withEnd(k.inAt), withEnd(k.outAt)
	k.weight = d.stride
	d.stride += 8 * len(k.at)
}

// seen returns how many rows of the input, or with dilation how many taps,
// rows of a band see.
func (d *tiledDepthwise) seen(rows int) int {
	return (rows-1)*d.Window.StrideH + d.Window.KernelH
}

// groups returns how many groups rows of a band use.
func (d *tiledDepthwise) groups(rows int) int {
	// The last window's groups begin at an even row, d.group/2 apart.
	first := (rows - 1) * d.Window.StrideH
	return first/2 + (ceil(first&1+d.Window.KernelH, d.group)-1)*d.group/2 + 1
}

func (d *tiledDepthwise) pack(c *Conv) {
	k := c.K()
	blocks := ceil(c.Out.C, depthwiseBlock)
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
		for i := range d.kinds {
			d.packKind(d.weight[b*d.stride+d.kinds[i].weight:], filters, i)
		}
	}
}

// packKind packs up to 16 filters for a kind of rows.
func (d *tiledDepthwise) packKind(to []uint64, filters []int8, kind int) {
	w := d.Window
	k := w.KernelH * w.KernelW
	groups := ceil(kind+w.KernelH, d.group)
	n := len(filters) / k
	for t := range k {
		ky, kx := t/w.KernelW+kind, t%w.KernelW
		step := unsafe.Pointer(&to[8*(kx*groups+ky/d.group)])
		if d.group == 2 {
			wide := (*[2][8][2]int16)(step)
			for i, from := 0, t; i < n; i, from = i+1, from+k {
				half, s := slot(i, 2)
				wide[half&1][s&7][ky&1] = int16(filters[from])
			}
			continue
		}
		bytes := (*[2][8][4]int8)(step)
		for i, from := 0, t; i < n; i, from = i+1, from+k {
			half, s := slot(i, 2)
			bytes[half&1][s&7][ky&3] = filters[from]
		}
	}
}

// channel is the first of a block. The last block computes channels of the one
// before again.
func (d *tiledDepthwise) channel(block int) int {
	return max(min(block*depthwiseBlock, d.Out.C-depthwiseBlock), 0)
}

// cut makes parts of bands, and of blocks where bands are few.
func (d *tiledDepthwise) cut() []Part {
	const part = tiledPart / 4
	bands := ceil(d.Out.H, d.rows)
	want := max(d.Out.H*d.Out.W*d.Out.C*d.K()/part, 1)
	rows := ceil(bands, min(want, bands)) * d.rows
	// The last part has what is left of a block.
	whole := max(d.Out.C/depthwiseBlock, 1)
	n := min(ceil(want, bands), whole)
	var parts []Part
	for i := range n {
		from, to := i*whole/n*depthwiseBlock, (i+1)*whole/n*depthwiseBlock
		if i == n-1 {
			to = d.Out.C
		}
		for y := 0; y < d.Out.H; y += rows {
			parts = append(parts, Part{y, min(y+rows, d.Out.H), from, to})
		}
	}
	return parts
}

func (d *tiledDepthwise) Parts() []Part { return d.parts }

func (d *tiledDepthwise) Scratch() int {
	return d.interleaved() + d.rows*ceil(d.width, 2)
}

// interleaved is the blocks of scratch that hold groups.
func (d *tiledDepthwise) interleaved() int { return 2 * d.columns * d.groups(d.rows) }

func (d *tiledDepthwise) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y += d.rows {
		for x := 0; x < d.Out.W; x += d.width {
			// The last pixels may be computed again.
			x := min(x, d.Out.W-d.width)
			d.run(a, y, min(d.rows, p.YEnd-y), x, p.C/depthwiseBlock, ceil(p.CEnd, depthwiseBlock))
		}
	}
}

// run computes blocks of a band.
func (d *tiledDepthwise) run(a *Args, y, rows, x, block, end int) {
	seen, row := d.seen(rows), d.Window.DilationH*d.In.Row()
	from, to := d.Origin(y, x)-a.AFrom, d.Out.At(y, x)-a.OutFrom
	in := a.A[from : from+(seen-1)*row+d.columns*d.In.C]
	out := a.Out[to : to+(rows-1)*d.Out.Row()+d.width*d.Out.C]
	groups := d.groups(rows)
	for ; block < end; block++ {
		c := d.channel(block)
		d.interleave(a.Scratch, in[c:], groups, seen, row)
		for i := range d.kinds {
			k := &d.kinds[i]
			n := ceil(rows-i, len(d.kinds)) * d.width
			if n == 0 {
				break
			}
			args := tileArgs{
				in: unsafe.Pointer(&a.Scratch[0]), inAt: unsafe.Pointer(&k.inAt[0]),
				out: unsafe.Pointer(&out[c]), outAt: unsafe.Pointer(&k.outAt[0]),
				at:     unsafe.Pointer(&k.at[0]),
				weight: unsafe.Pointer(&d.weight[block*d.stride+k.weight]),
				finish: unsafe.Pointer(&d.finish[block*finishWords(2)]),
				steps:  [4]int{len(k.at)}, lo: d.lo, hi: d.hi,
			}
			if d.narrow {
				args.out = unsafe.Pointer(&a.Scratch[d.interleaved()])
			}
			d.family.depthwise(&args, n)
		}
		if d.narrow {
			d.spread(a, out, rows)
		}
	}
}

// interleave makes groups of the rows seen, which are row elements apart.
func (d *tiledDepthwise) interleave(to []Block, in []int8, groups, seen, row int) {
	for g := range groups {
		args := interleaveArgs{to: unsafe.Pointer(&to[2*d.columns*g]), step: d.In.C, n: d.columns}
		for i := range d.group {
			// Past the last row repeat that one: its weight is zero.
			args.row[i] = unsafe.Pointer(&in[min(2*g+i, seen-1)*row])
		}
		d.family.interleave(&args)
	}
}

// spread stores what a narrow block left in scratch.
func (d *tiledDepthwise) spread(a *Args, out []int8, rows int) {
	from := unsafe.Slice((*int8)(unsafe.Pointer(&a.Scratch[d.interleaved()])), rows*d.width*depthwiseBlock)
	for r := range rows {
		for x := range d.width {
			copy(out[r*d.Out.Row()+x*d.Out.C:][:d.Out.C], from[(r*d.width+x)*depthwiseBlock:])
		}
	}
}
