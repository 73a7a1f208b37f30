//go:build !purego

package kernel

import "unsafe"

// neonDepthwise convolves 16 channels of some rows at a time.
type neonDepthwise struct {
	Geometry
	limits [2][16]int8

	weight []int8      // [blocks][KernelH][KernelW][16]
	params []neonScale // [blocks]
	rows   int         // of one call
	parts  []Part
}

// neonScale is 16 channels' biases and multipliers.
type neonScale struct{ bias, mult [16]int32 }

const (
	// What is read of the rows that a call sees has to stay in a first-level
	// cache of 32 KiB while the next blocks of channels pass, which lie in the
	// same cache lines.
	neonRows = 20 << 10
	neonLine = 64

	// About how many products make a part.
	neonDepthwisePart = 1 << 17
)

// newNEONDepthwise packs windows of 3×3 and 5×5, of any stride and dilation.
// Others, fewer than 16 channels and a 5×5 window that fits in only once are
// rare, and left to the generic tier, which stores values in the same way.
func newNEONDepthwise(c *Conv) Op {
	n, k := c.In.C, c.Window.KernelH
	if c.Window.KernelW != k || k != 3 && k != 5 || n < 16 || k == 5 && c.Out.W < 2 {
		return newGenericDepthwise(c)
	}
	blocks := ceil(n, 16)
	d := &neonDepthwise{
		Geometry: c.Geometry,
		limits:   neonLimits(c.Lo, c.Hi),
		weight:   make([]int8, blocks*k*k*16),
		params:   make([]neonScale, blocks),
	}
	for b := range blocks {
		from := d.channel(b)
		copy(d.params[b].bias[:], c.Bias[from:])
		copy(d.params[b].mult[:], c.Mult[from:])
		to := d.weight[b*k*k*16:]
		for i := range 16 {
			for t, w := range c.Weight[(from+i)*k*k : (from+i+1)*k*k] {
				to[t*16+i] = w
			}
		}
	}
	seen := neonRows / (neonLine * (c.In.Left + c.In.W + c.In.Right))
	w := c.Window
	d.rows = min(max((seen-(k-1)*w.DilationH-1)/w.StrideH+1, 1), c.Out.H)
	d.parts = d.cut()
	return d
}

// channel returns the first channel of a block: the last block overlaps the
// one before it if there are not 16 channels more.
func (d *neonDepthwise) channel(block int) int { return min(16*block, d.In.C-16) }

// cut makes parts of rows, and small pictures' of channels.
func (d *neonDepthwise) cut() []Part {
	row := d.Out.W * d.In.C * d.K()
	if d.Out.H*d.Out.W > 64 {
		return rowParts(d.Out.H, min(max(neonDepthwisePart/row, 1), d.Out.H), d.In.C, d.In.C)
	}
	// A part is 5 blocks or more, so that the last two, which may overlap, are
	// in the same.
	n := max(d.Out.H*row/neonDepthwisePart, 1)
	var parts []Part
	for i := range n {
		from, to := d.channel(i*len(d.params)/n), d.In.C
		if i+1 < n {
			to = d.channel((i + 1) * len(d.params) / n)
		}
		parts = append(parts, Part{0, d.Out.H, from, to})
	}
	return parts
}

func (d *neonDepthwise) Parts() []Part { return d.parts }

func (d *neonDepthwise) Scratch() int { return 0 }

type neonDepthwiseArgs struct {
	a       *int8
	w       *int8
	out     *int8
	params  *neonScale
	limits  *[2][16]int8
	width   int
	rows    int
	tapStep int // from one tap to the next
	tapRow  int // to the one below
	step    int // from one pixel's window to the next
	row     int // to the one below
	outStep int
	outRow  int
}

func (d *neonDepthwise) Run(a *Args, p Part) {
	w := d.Window
	in, out := unsafe.Pointer(unsafe.SliceData(a.A)), unsafe.Pointer(unsafe.SliceData(a.Out))
	args := neonDepthwiseArgs{
		limits:  &d.limits,
		width:   d.Out.W,
		tapStep: w.DilationW * d.In.C,
		tapRow:  w.DilationH * d.In.Row(),
		step:    w.StrideW * d.In.C,
		row:     w.StrideH * d.In.Row(),
		outStep: d.Out.C,
		outRow:  d.Out.Row(),
	}
	taps := w.KernelH * w.KernelW
	for y := p.Y; y < p.YEnd; y += d.rows {
		args.rows = min(d.rows, p.YEnd-y)
		origin, at := d.Origin(y, 0)-a.AFrom, d.Out.At(y, 0)-a.OutFrom
		for b := p.C / 16; b < len(d.params); b++ {
			c := d.channel(b)
			if c >= p.CEnd {
				break
			}
			args.a, args.out = (*int8)(unsafe.Add(in, origin+c)), (*int8)(unsafe.Add(out, at+c))
			args.w, args.params = &d.weight[b*taps*16], &d.params[b]
			switch {
			case taps == 9:
				neonDepthwise3x3(&args)
			case args.step == args.tapStep:
				neonDepthwise5x5near(&args)
			default:
				neonDepthwise5x5(&args)
			}
		}
	}
}

//go:noescape
func neonDepthwise3x3(args *neonDepthwiseArgs)

//go:noescape
func neonDepthwise5x5(args *neonDepthwiseArgs)

//go:noescape
func neonDepthwise5x5near(args *neonDepthwiseArgs)
