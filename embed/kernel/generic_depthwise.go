package kernel

// genericDepthwise computes two neighbouring pixels of a row in one word. The
// words of a band of rows are put together once and used by every tap that
// sees them.
type genericDepthwise struct {
	Geometry
	lo, hi int32

	weight []int64 // [KernelH][KernelW][C]
	start  []int64 // [C], biases, for both pixels
	mult   []int32 // [C]

	channels int // of a band
	rows     int // output rows of a band
	pairs    int // of pixels, in a row
	columns  int // input columns that they see
}

// A band's words fit a second-level cache.
const genericBand = 1 << 13

func newGenericDepthwise(c *Conv) Op {
	d := &genericDepthwise{Geometry: c.Geometry, lo: int32(c.Lo), hi: int32(c.Hi)}
	k, n, w := c.K(), c.In.C, c.Window
	d.weight = make([]int64, k*n)
	d.start = make([]int64, n)
	d.mult = append(d.mult, c.Mult...)
	for ch := range n {
		for t, v := range c.Weight[ch*k : (ch+1)*k] {
			d.weight[t*n+ch] = int64(v)
		}
		d.start[ch] = both(int64(c.Bias[ch]), int64(c.Bias[ch]))
	}
	d.pairs = ceil(c.Out.W, 2)
	d.columns = 2*(d.pairs-1)*w.StrideW + (w.KernelW-1)*w.DilationW + 1
	d.channels = min(n, 32)
	inputRows := genericBand / (d.columns * d.channels)
	d.rows = min(max((inputRows-(w.KernelH-1)*w.DilationH-1)/w.StrideH+1, 1), c.Out.H)
	return d
}

func (d *genericDepthwise) Parts() []Part {
	return rowParts(d.Out.H, d.rows, d.In.C, d.channels)
}

// inputRows returns how many rows of the input a band of output rows sees.
func (d *genericDepthwise) inputRows(rows int) int {
	return (rows-1)*d.Window.StrideH + (d.Window.KernelH-1)*d.Window.DilationH + 1
}

func (d *genericDepthwise) Scratch() int {
	return ceil((d.inputRows(d.rows)*d.columns+1)*d.channels, 4)
}

func (d *genericDepthwise) Run(a *Args, p Part) {
	for c := p.C; c < p.CEnd; c += d.channels {
		for y := p.Y; y < p.YEnd; y += d.rows {
			d.run(a, y, min(y+d.rows, p.YEnd), c, min(d.channels, p.CEnd-c))
		}
	}
}

// run computes a band of output rows, of n channels from c on.
func (d *genericDepthwise) run(a *Args, y, last, c, n int) {
	band := words(a.Scratch)
	sum, band := band[:n], band[n:]
	d.pack(band, a.A, d.Origin(y, 0)+c-a.AFrom, d.inputRows(last-y), n)
	w := d.Window
	for row := 0; y < last; row, y = row+w.StrideH, y+1 {
		for pair := range d.pairs {
			copy(sum, d.start[c:c+n])
			for ky := range w.KernelH {
				x := band[((row+ky*w.DilationH)*d.columns+2*pair*w.StrideW)*n:]
				genericTaps(sum, x, w.DilationW*n, d.weight[ky*w.KernelW*d.In.C+c:], d.In.C, w.KernelW)
			}
			d.store(a, sum, y, 2*pair, c)
		}
	}
}

// pack puts rows of the input into words: the pixel that the first of two
// neighbours sees, and the one that the second sees.
func (d *genericDepthwise) pack(band []int64, in []int8, from, rows, n int) {
	step := d.Window.StrideW * d.In.C
	// The last neighbour of an odd row is not there, and what it would see may
	// lie beyond the end of the input.
	seen := (d.Out.W-1)*d.Window.StrideW + (d.Window.KernelW-1)*d.Window.DilationW + 1
	for range rows {
		for x := range d.columns {
			to := band[x*n : (x+1)*n]
			u := in[from+x*d.In.C:][:n]
			if x+d.Window.StrideW >= seen {
				for i := range to {
					to[i] = int64(u[i])
				}
				continue
			}
			v := in[from+x*d.In.C+step:][:n]
			for i := range to {
				to[i] = both(int64(u[i]), int64(v[i]))
			}
		}
		band = band[d.columns*n:]
		from += d.In.Row()
	}
}

// genericTaps adds a row of taps: sum[c] += Σ x[t·dx+c]·w[t·dw+c], t < taps.
func genericTaps(sum, x []int64, dx int, w []int64, dw, taps int) {
	n := len(sum)
	for ; taps >= 3; taps -= 3 {
		x0, x1, x2 := x[:n], x[dx:][:n], x[2*dx:][:n]
		w0, w1, w2 := w[:n], w[dw:][:n], w[2*dw:][:n]
		for c := range sum {
			sum[c] += x0[c]*w0[c] + x1[c]*w1[c] + x2[c]*w2[c]
		}
		if taps > 3 {
			x, w = x[3*dx:], w[3*dw:]
		}
	}
	for ; taps > 0; taps-- {
		x0, w0 := x[:n], w[:n]
		for c := range sum {
			sum[c] += x0[c] * w0[c]
		}
		if taps > 1 {
			x, w = x[dx:], w[dw:]
		}
	}
}

// store writes one or two pixels.
func (d *genericDepthwise) store(a *Args, sum []int64, y, x, c int) {
	mult := d.mult[c:][:len(sum)]
	out := a.Out[d.Out.At(y, x)+c-a.OutFrom:]
	o := out[:len(sum)]
	if x+1 == d.Out.W {
		for i, s := range sum {
			u, _ := halves(s)
			o[i] = requantize(u, mult[i], d.lo, d.hi)
		}
		return
	}
	p := out[d.Out.C:][:len(sum)]
	for i, s := range sum {
		u, v := halves(s)
		o[i] = requantize(u, mult[i], d.lo, d.hi)
		p[i] = requantize(v, mult[i], d.lo, d.hi)
	}
}
