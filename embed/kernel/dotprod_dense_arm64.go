//go:build !purego

package kernel

import "unsafe"

// dotDense multiplies panels of 8 filters by tiles of up to 8 pixels. The
// pixels of a 1×1 convolution are read where they lie; other windows are
// gathered first, some rows at a time.
type dotDense struct {
	Geometry
	lo, hi int8

	segments []int // how a window lies in In; a single one needs no gathering
	length   int   // of a segment
	steps    int   // of four products
	step     int   // elements from one pixel's window to the next's
	rowStep  int   // from a row of windows to the next one

	filters int     // of a group
	panels  []int   // the first filter of each, in its group
	size    int     // words of a panel
	packed  []int32 // [Groups][panels] of [8] Bias, [8] Mult, [steps][8][4]int8

	rows  int // computed at a time
	parts []Part
}

const (
	// Pixels that stay in a first-level cache of 64 KiB while all panels pass
	// over them.
	dotBlock = 32 << 10

	// About how many products make a part.
	dotPart = 1 << 19
)

func newDotDense(c *Conv) Op {
	if !dotFits(c) {
		return newNEONDense(c)
	}
	d := &dotDense{Geometry: c.Geometry, lo: c.Lo, hi: c.Hi}
	d.segments, d.length = c.Segments()
	k := c.K()
	d.steps = ceil(k, 4)
	switch {
	case k <= 8: // the kernels end with 8 products or with 16
		d.steps = 2
	case k <= 16:
		d.steps = 4
	}
	d.step, d.rowStep = c.Window.StrideW*c.In.C, c.Window.StrideH*c.In.Row()
	if d.gathers() {
		// A segment is copied 16 elements at a time.
		d.step = max((len(d.segments)-1)*d.length+(d.length+15)&^15, 4*d.steps)
		d.rowStep = d.step * d.Out.W
	}
	d.rows = min(max(dotBlock/(d.step*d.Out.W), 1), d.Out.H)

	d.filters = c.Out.C / c.Groups
	for f := 0; f < d.filters; f += 8 {
		// The last panel has filters in common with the one before it.
		d.panels = append(d.panels, max(min(f, d.filters-8), 0))
	}
	d.size = 16 + 8*d.steps
	d.packed = make([]int32, c.Groups*len(d.panels)*d.size)
	to := d.packed
	for g := range c.Groups {
		for _, f := range d.panels {
			f += g * d.filters
			n := min(8, d.filters)
			copy(to[:n], c.Bias[f:])
			copy(to[8:8+n], c.Mult[f:])
			for i := range n {
				dotPack(to[16+i:], c.Weight[(f+i)*k:(f+i+1)*k])
			}
			to = to[d.size:]
		}
	}
	d.parts = d.cut()
	return d
}

// dotPack writes a filter as words of four weights, eight words apart.
func dotPack(to []int32, filter []int8) {
	at, whole := 0, len(filter)&^3
	from := unsafe.Pointer(unsafe.SliceData(filter))
	for i := 0; i < whole; i += 4 {
		to[at] = *(*int32)(unsafe.Add(from, i))
		at += 8
	}
	for i, w := range filter[whole:] {
		to[at] |= int32(uint8(w)) << (8 * i)
	}
}

// cut makes parts of rows where there are more pixels than weights, and of
// filters where the weights are what is read from far away.
func (d *dotDense) cut() []Part {
	macs := d.Out.H * d.Out.W * d.Out.C * d.K()
	n := max(macs/dotPart, 1)
	if d.Groups > 1 || d.Out.H*d.Out.W > d.filters {
		return rowParts(d.Out.H, ceil(d.Out.H, n), d.Out.C, d.Out.C)
	}
	// Panels that overlap must not be in two parts.
	n = max(min(n, len(d.panels)/2), 1)
	var parts []Part
	for i := range n {
		p := Part{0, d.Out.H, d.panels[i*len(d.panels)/n], d.filters}
		if i+1 < n {
			p.CEnd = d.panels[(i+1)*len(d.panels)/n]
		}
		parts = append(parts, p)
	}
	return parts
}

func (d *dotDense) Parts() []Part { return d.parts }

// gathers reports whether windows are not read where they lie.
func (d *dotDense) gathers() bool { return len(d.segments) > 1 }

// Scratch is for gathered windows, and for the outputs of groups of fewer
// filters than a panel has.
func (d *dotDense) Scratch() int {
	n := 0
	if d.gathers() {
		n += ceil(d.rows*d.rowStep+16, 32)
	}
	if d.filters < 8 {
		n += ceil(d.rows*d.Out.W*8, 32)
	}
	return n
}

// dotDenseArgs are what a kernel works on. Steps and gaps are in elements. The
// kernel counts in panels and at.
type dotDenseArgs struct {
	a     *int8
	out   *int8
	panel *int32

	panels    int // this one and those behind it
	panelStep int // in bytes
	at        int // filters before the panel: 0 for the first

	aStep, outStep int // from pixel to pixel
	aGap, outGap   int // from the end of a row of tiles to the next row
	columns        int // tiles of a row
	tiles          int // of all rows
	first          int // steps before those that come in fours
	sixteens       int // fours of steps; 0 for two steps in all
}

func (d *dotDense) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y += d.rows {
		end := min(y+d.rows, p.YEnd)
		for g := p.C / d.filters; g*d.filters < p.CEnd; g++ {
			d.run(a, y, end, g, max(p.C-g*d.filters, 0), min(p.CEnd-g*d.filters, d.filters))
		}
	}
}

// run computes rows of the filters of group g from one to another.
func (d *dotDense) run(a *Args, y, end, g, from, to int) {
	rows, width := end-y, d.Out.W
	outStep, outRow := d.Out.C, d.Out.Row()
	out := unsafe.Pointer(&a.Out[d.Out.At(y, 0)-a.OutFrom+g*d.filters])
	scratch := unsafe.Pointer(unsafe.SliceData(a.Scratch))
	var in unsafe.Pointer
	if d.gathers() {
		in = scratch
		d.gather(in, a, y, end, g)
	} else {
		in = unsafe.Pointer(&a.A[d.Origin(y, 0)-a.AFrom+g*d.length])
	}
	if d.filters < 8 {
		if d.gathers() {
			scratch = unsafe.Add(scratch, ceil(d.rows*d.rowStep+16, 32)*32)
		}
		out, outStep, outRow = scratch, 8, 8*width
	}
	if d.rowStep == width*d.step && outRow == width*outStep {
		rows, width = 1, rows*width
	}
	args := dotDenseArgs{aStep: d.step, outStep: outStep, panelStep: 4 * d.size, first: d.steps % 4, sixteens: d.steps / 4}
	if d.steps == 2 {
		args.first = 0
	}
	// Whole panels, and one that overlaps or is not whole.
	at := g * len(d.panels)
	whole := (to - from) / 8
	if whole > 0 {
		args.panels, args.panel = whole, &d.packed[(at+from/8)*d.size]
		args.run(in, unsafe.Add(out, from), rows, width, d.rowStep, outRow)
	}
	if from+8*whole < to {
		last := len(d.panels) - 1
		args.panels, args.panel = 1, &d.packed[(at+last)*d.size]
		args.run(in, unsafe.Add(out, d.panels[last]), rows, width, d.rowStep, outRow)
	}
	if d.filters < 8 {
		d.spread(a, y, end, g, unsafe.Slice((*int8)(scratch), (end-y)*d.Out.W*8))
	}
	dotClamp(a, d.Out, Part{y, end, g*d.filters + from, g*d.filters + to}, d.lo, d.hi)
}

// run computes rows of some width, in tiles of about the same height, the
// taller ones first.
func (args *dotDenseArgs) run(a, out unsafe.Pointer, rows, width, aRow, outRow int) {
	tiles := ceil(width, 8)
	height := ceil(width, tiles)
	tall := tiles - (tiles*height - width)
	args.tile(a, out, rows, tall, height, aRow, outRow)
	if tall < tiles {
		at := tall * height
		args.tile(unsafe.Add(a, at*args.aStep), unsafe.Add(out, at*args.outStep), rows, tiles-tall, height-1, aRow, outRow)
	}
}

// tile computes rows of so many tiles of some height.
func (args *dotDenseArgs) tile(a, out unsafe.Pointer, rows, columns, height, aRow, outRow int) {
	args.a, args.out, args.at = (*int8)(a), (*int8)(out), 0
	args.columns, args.tiles = columns, columns*rows
	args.aGap = aRow - columns*height*args.aStep
	args.outGap = outRow - columns*height*args.outStep
	panels := args.panels
	dotTiles(args, height)
	args.panels = panels
}

// gather lays the windows of some rows one after the other. What is between
// the end of one and the start of the next is anything: its weights are 0.
func (d *dotDense) gather(to unsafe.Pointer, a *Args, y, end, g int) {
	for ; y < end; y++ {
		at := 0
		from := d.Origin(y, 0) - a.AFrom + g*d.length
		for _, s := range d.segments {
			for k := 0; k < d.length; k += 16 {
				dotGather(&dotGatherArgs{
					a: &a.A[from+s+k], to: (*int8)(unsafe.Add(to, at+k)),
					aStep: d.Window.StrideW * d.In.C, step: d.step, pixels: d.Out.W,
				})
			}
			at += d.length
		}
		to = unsafe.Add(to, d.rowStep)
	}
}

// dotGatherArgs: elements from pixel to pixel.
type dotGatherArgs struct {
	a, to       *int8
	aStep, step int
	pixels      int
}

// spread copies the outputs of a group that is smaller than a panel.
func (d *dotDense) spread(a *Args, y, end, g int, from []int8) {
	for ; y < end; y++ {
		for x := range d.Out.W {
			copy(a.Out[d.Out.At(y, x)-a.OutFrom+g*d.filters:][:d.filters], from)
			from = from[8:]
		}
	}
}

// dotTiles computes tiles of pixels by 8 filters.
func dotTiles(args *dotDenseArgs, pixels int) {
	switch pixels {
	case 1:
		dotDense1x8(args)
	case 2:
		dotDense2x8(args)
	case 3:
		dotDense3x8(args)
	case 4:
		dotDense4x8(args)
	case 5:
		dotDense5x8(args)
	case 6:
		dotDense6x8(args)
	case 7:
		dotDense7x8(args)
	case 8:
		dotDense8x8(args)
	}
}

//go:noescape
func dotGather(args *dotGatherArgs)

//go:noescape
func dotDense1x8(args *dotDenseArgs)

//go:noescape
func dotDense2x8(args *dotDenseArgs)

//go:noescape
func dotDense3x8(args *dotDenseArgs)

//go:noescape
func dotDense4x8(args *dotDenseArgs)

//go:noescape
func dotDense5x8(args *dotDenseArgs)

//go:noescape
func dotDense6x8(args *dotDenseArgs)

//go:noescape
func dotDense7x8(args *dotDenseArgs)

//go:noescape
func dotDense8x8(args *dotDenseArgs)
