package kernel

// Tile of the inner loop: 4 pixels by 4 output channels, two channels to a
// word.
const (
	tilePixels   = 4
	tileChannels = 4
)

// pair holds the weights of four output channels for one k: lo is
// w0 + w1·2³², hi is w2 + w3·2³². A product with an activation is then two
// products at once, and a sum of products two sums: the lower half of the word
// is the first sum exactly, as its int32 cannot overflow, and what is above it
// (after giving back what a negative lower half borrowed) is the second.
type pair struct{ lo, hi int64 }

// genericDense is a matrix product: filters times the windows of the picture,
// gathered a block of pixels at a time.
type genericDense struct {
	Geometry
	lo, hi int32

	segments []int // where a window's elements lie, relative to its origin
	length   int   // of each segment
	k        int   // len(segments)·length

	// By group and panel of four output channels; the last panel of a group is
	// filled up with zeros.
	weight []pair     // [group·panels][k]
	start  []pair     // [group·panels] biases, as weights are
	mult   [][4]int32 // [group·panels]

	filters      int // output channels of a group
	panels       int // of a group
	panelsUnit   int // panels of one unit
	panelUnits   int // units a group's panels make
	pixelsUnit   int // pixels of one unit, a multiple of tilePixels
	pixelsBlocks int
}

func newGenericDense(c *Conv) Op {
	d := &genericDense{Geometry: c.Geometry, lo: int32(c.Lo), hi: int32(c.Hi), k: c.K()}
	d.segments, d.length = c.Segments()
	d.filters = c.Out.C / c.Groups
	d.panels = (d.filters + tileChannels - 1) / tileChannels
	d.weight = make([]pair, c.Groups*d.panels*d.k)
	d.start = make([]pair, c.Groups*d.panels)
	d.mult = make([][4]int32, c.Groups*d.panels)
	for ch := range c.Out.C {
		group, f := ch/d.filters, ch%d.filters
		panel, lane := group*d.panels+f/tileChannels, f%tileChannels
		for k, w := range c.Weight[ch*d.k : (ch+1)*d.k] {
			d.weight[panel*d.k+k].add(lane, int64(w))
		}
		d.start[panel].add(lane, int64(c.Bias[ch]))
		d.mult[panel][lane] = c.Mult[ch]
	}
	// A unit's gathered pixels stay in the first cache (8 KiB), and are used for
	// 32 panels, so that gathering again for the next unit is nothing beside it.
	pixels := c.Out.H * c.Out.W
	d.pixelsUnit = min(max(8192/d.k, 16), 256) / tilePixels * tilePixels
	d.pixelsBlocks = (pixels + d.pixelsUnit - 1) / d.pixelsUnit
	d.panelUnits = (d.panels + 31) / 32
	d.panelsUnit = (d.panels + d.panelUnits - 1) / d.panelUnits
	return d
}

func (p *pair) add(lane int, v int64) {
	switch lane {
	case 0:
		p.lo += v
	case 1:
		p.lo += v << 32
	case 2:
		p.hi += v
	case 3:
		p.hi += v << 32
	}
}

func (d *genericDense) Units() int { return d.Groups * d.pixelsBlocks * d.panelUnits }

func (d *genericDense) Scratch() int { return d.pixelsUnit * d.k }

func (d *genericDense) Run(a *Args, unit int) {
	panel := unit % d.panelUnits * d.panelsUnit
	unit /= d.panelUnits
	from := unit % d.pixelsBlocks * d.pixelsUnit
	group := unit / d.pixelsBlocks
	to := min(from+d.pixelsUnit, d.Out.H*d.Out.W)
	lastPanel := min(panel+d.panelsUnit, d.panels)

	tile := tilePixels * d.k
	for m := from; m < to; m += tilePixels {
		d.gather(a.Scratch[(m-from)*d.k:][:tile], a.A, m, to, group)
	}
	for ; panel < lastPanel; panel++ {
		p := group*d.panels + panel
		channels := min(tileChannels, d.filters-panel*tileChannels)
		first := group*d.filters + panel*tileChannels
		for m := from; m < to; m += tilePixels {
			var acc [tilePixels]pair
			dot(&acc, d.start[p], d.weight[p*d.k:(p+1)*d.k], a.Scratch[(m-from)*d.k:][:tile])
			for i := range min(tilePixels, to-m) {
				at := d.Out.At((m+i)/d.Out.W, (m+i)%d.Out.W) + first
				acc[i].store(a.Out[at:at+channels], &d.mult[p], d.lo, d.hi)
			}
		}
	}
}

// gather lays the windows of four pixels from m on side by side, [k][4]. Past
// the last pixel it repeats that one.
func (d *genericDense) gather(dst, in []int8, m, end, group int) {
	var origin [tilePixels]int
	for i := range origin {
		p := min(m+i, end-1)
		origin[i] = d.Origin(p/d.Out.W, p%d.Out.W) + group*d.length
	}
	for _, s := range d.segments {
		p0 := in[origin[0]+s:][:d.length]
		p1 := in[origin[1]+s:][:d.length]
		p2 := in[origin[2]+s:][:d.length]
		p3 := in[origin[3]+s:][:d.length]
		q := dst[:len(p0)*4]
		dst = dst[len(p0)*4:]
		for i := range p0 {
			t := q[i*4 : i*4+4 : i*4+4]
			t[0], t[1], t[2], t[3] = p0[i], p1[i], p2[i], p3[i]
		}
	}
}

// dot is acc[i] = start + Σ weight[k]·x[k][i].
func dot(acc *[tilePixels]pair, start pair, weight []pair, x []int8) {
	a0, a1, a2, a3 := start, start, start, start
	for k, w := range weight {
		t := x[k*4 : k*4+4 : k*4+4]
		x0, x1, x2, x3 := int64(t[0]), int64(t[1]), int64(t[2]), int64(t[3])
		a0.lo += x0 * w.lo
		a0.hi += x0 * w.hi
		a1.lo += x1 * w.lo
		a1.hi += x1 * w.hi
		a2.lo += x2 * w.lo
		a2.hi += x2 * w.hi
		a3.lo += x3 * w.lo
		a3.hi += x3 * w.hi
	}
	acc[0], acc[1], acc[2], acc[3] = a0, a1, a2, a3
}

// store takes the four sums apart and writes len(out) of them.
func (p *pair) store(out []int8, mult *[4]int32, lo, hi int32) {
	s0, s2 := int32(p.lo), int32(p.hi)
	s1, s3 := int32((p.lo-int64(s0))>>32), int32((p.hi-int64(s2))>>32)
	q := [4]int8{
		requantize(s0, mult[0], lo, hi), requantize(s1, mult[1], lo, hi),
		requantize(s2, mult[2], lo, hi), requantize(s3, mult[3], lo, hi),
	}
	copy(out, q[:])
}
