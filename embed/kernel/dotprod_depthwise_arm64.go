//go:build !purego

package kernel

// dotDepthwise convolves 8 channels at a time, with windows of 3×3 or 5×5.
type dotDepthwise struct {
	Geometry
	lo, hi int8

	panels []int   // the first channel of each
	size   int     // words of a panel
	packed []int32 // [panels] of [8] Bias, [8] Mult, [len(taps)][8][4]int8
	parts  []Part
}

// dotTaps are the taps of a window that a word of weights holds, row by row
// from 0; a negative one is zero.
type dotTaps [4]int

// What the kernels multiply with, in order; gen/arm64/dot_depthwise.go says
// why. The second half of the tables of stride 1 is for a second row of
// outputs.
var (
	dotTaps3x3 = []dotTaps{
		{0, 3, 6, -1}, {1, 4, 7, -1}, {2, 5, 8, -1},
		{-1, 0, 3, 6}, {-1, 1, 4, 7}, {-1, 2, 5, 8},
	}
	dotTaps5x5 = []dotTaps{
		{0, 5, 10, 15}, {1, 6, 11, 16}, {2, 7, 12, 17}, {3, 8, 13, 18}, {4, 9, 14, 19},
		{20, -1, 21, -1}, {22, -1, 23, -1}, {-1, -1, 24, -1},
		{-1, 0, 5, 10}, {-1, 1, 6, 11}, {-1, 2, 7, 12}, {-1, 3, 8, 13}, {-1, 4, 9, 14},
		{15, 20, 16, 21}, {17, 22, 18, 23}, {-1, -1, 19, 24},
	}
	dotTaps5x5s2 = []dotTaps{
		{0, 5, 10, 15}, {1, 6, 11, 16}, {2, 7, 12, 17}, {3, 8, 13, 18}, {4, 9, 14, 19},
		{-1, 20, -1, -1}, {21, 22, 23, 24},
	}
)

// About how many products make a part: their cost is that of dotPart products
// of a dense layer.
const dotDepthwisePart = dotPart / 3

func newDotDepthwise(c *Conv) Op {
	taps := dotDepthwiseTaps(c)
	if taps == nil {
		return newNEONDepthwise(c)
	}
	d := &dotDepthwise{Geometry: c.Geometry, lo: c.Lo, hi: c.Hi, size: 16 + 8*len(taps)}
	k, n := c.K(), c.In.C
	for ch := 0; ch < n; ch += 8 {
		// The last panel has channels in common with the one before it.
		d.panels = append(d.panels, min(ch, n-8))
	}
	d.packed = make([]int32, len(d.panels)*d.size)
	to := d.packed
	var window [32]int8 // one channel's taps from 1 on; 0 stands for none
	for _, ch := range d.panels {
		copy(to[:8], c.Bias[ch:])
		copy(to[8:16], c.Mult[ch:])
		for i := range 8 {
			copy(window[1:1+k], c.Weight[(ch+i)*k:])
			for j := range taps {
				t := &taps[j]
				w := func(lane int) uint32 { return uint32(uint8(window[(t[lane]+1)&31])) }
				to[16+8*j+i] = int32(w(0) | w(1)<<8 | w(2)<<16 | w(3)<<24)
			}
		}
		to = to[d.size:]
	}
	d.parts = d.cut()
	return d
}

// dotDepthwiseTaps returns what a kernel multiplies with, or nil for a
// convolution that there is no kernel for.
func dotDepthwiseTaps(c *Conv) []dotTaps {
	w := c.Window
	if w.KernelH != w.KernelW || w.StrideH != w.StrideW || w.DilationH != 1 || w.DilationW != 1 || c.In.C < 8 || !dotFits(c) {
		return nil
	}
	switch [2]int{w.KernelH, w.StrideH} {
	case [2]int{3, 1}:
		return dotTaps3x3
	case [2]int{3, 2}:
		return dotTaps3x3[:3]
	case [2]int{5, 1}:
		return dotTaps5x5
	case [2]int{5, 2}:
		return dotTaps5x5s2
	}
	return nil
}

// cut makes parts of rows, or of channels where the picture is small.
func (d *dotDepthwise) cut() []Part {
	n := max(d.Out.H*d.Out.W*d.Out.C*d.K()/dotDepthwisePart, 1)
	if d.Out.H*d.Out.W > 64 {
		rows := ceil(d.Out.H, n)
		return rowParts(d.Out.H, rows+rows&1, d.Out.C, d.Out.C)
	}
	// Panels that overlap must not be in two parts.
	n = max(min(n, len(d.panels)/2), 1)
	var parts []Part
	for i := range n {
		p := Part{0, d.Out.H, d.panels[i*len(d.panels)/n], d.Out.C}
		if i+1 < n {
			p.CEnd = d.panels[(i+1)*len(d.panels)/n]
		}
		parts = append(parts, p)
	}
	return parts
}

func (d *dotDepthwise) Parts() []Part { return d.parts }

func (d *dotDepthwise) Scratch() int { return 0 }

// dotDepthwiseArgs are what a kernel works on. Steps are in elements.
type dotDepthwiseArgs struct {
	a     *int8
	out   *int8
	panel *int32

	inRow, outRow   int
	inStep, outStep int // from pixel to pixel
	width           int // of the output
	blocks          int // of 8 channels
}

func (d *dotDepthwise) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; {
		rows := 1
		if d.Window.StrideH == 1 {
			rows = min(p.YEnd-y, 2)
		}
		// Whole panels, and one that overlaps.
		whole := (p.CEnd - p.C) / 8
		d.row(a, y, rows, p.C, whole, p.C/8)
		if p.C+8*whole < p.CEnd {
			d.row(a, y, rows, p.CEnd-8, 1, len(d.panels)-1)
		}
		dotClamp(a, d.Out, Part{y, y + rows, p.C, p.CEnd}, d.lo, d.hi)
		y += rows
	}
}

// row computes blocks of 8 channels, from channel c on, of one or two rows.
func (d *dotDepthwise) row(a *Args, y, rows, c, blocks, panel int) {
	dotDepthwiseRows(&dotDepthwiseArgs{
		a: &a.A[d.Origin(y, 0)-a.AFrom+c], out: &a.Out[d.Out.At(y, 0)-a.OutFrom+c],
		panel: &d.packed[panel*d.size],
		inRow: d.In.Row(), outRow: d.Out.Row(), inStep: d.In.C, outStep: d.Out.C,
		width: d.Out.W, blocks: blocks,
	}, d.Window.KernelH, d.Window.StrideH, rows)
}

// dotDepthwiseRows computes one or two rows.
func dotDepthwiseRows(args *dotDepthwiseArgs, size, stride, rows int) {
	switch {
	case size == 3 && stride == 2:
		dotDepthwise3x3s2(args)
	case size == 3 && rows == 2:
		dotDepthwise3x3s1r2(args)
	case size == 3:
		dotDepthwise3x3s1r1(args)
	case stride == 2:
		dotDepthwise5x5s2(args)
	case rows == 2:
		dotDepthwise5x5s1r2(args)
	default:
		dotDepthwise5x5s1r1(args)
	}
}

//go:noescape
func dotDepthwise3x3s1r2(args *dotDepthwiseArgs)

//go:noescape
func dotDepthwise3x3s1r1(args *dotDepthwiseArgs)

//go:noescape
func dotDepthwise3x3s2(args *dotDepthwiseArgs)

//go:noescape
func dotDepthwise5x5s1r2(args *dotDepthwiseArgs)

//go:noescape
func dotDepthwise5x5s1r1(args *dotDepthwiseArgs)

//go:noescape
func dotDepthwise5x5s2(args *dotDepthwiseArgs)
