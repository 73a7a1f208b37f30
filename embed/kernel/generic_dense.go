package kernel

// genericDense is a matrix product: filters times the windows of the picture,
// which are gathered four pixels at a time. Three filters share a word.
type genericDense struct {
	Geometry
	lo, hi int32

	segments []int // where a window's elements lie, relative to its origin
	length   int   // of each segment
	k        int   // len(segments)·length

	// By group and three filters; a group's last three may be fewer, and zeros.
	weight []int64    // [group·triples][k]
	bias   [][3]int32 // [group·triples]
	mult   [][3]int32 // [group·triples]

	filters, triples int // of a group
	parts            []Part
}

const (
	// Weights of so many triples of filters stay in a second-level cache while
	// a part's pixels pass, and are many enough that gathering the pixels again
	// for the next part does not count.
	genericTriples = 48

	// About how many products make a part: enough that handing it to a thread
	// does not count, few enough that all threads end together.
	genericPart = 1 << 18
)

func newGenericDense(c *Conv) Op {
	d := &genericDense{Geometry: c.Geometry, lo: int32(c.Lo), hi: int32(c.Hi), k: c.K()}
	d.segments, d.length = c.Segments()
	d.filters = c.Out.C / c.Groups
	d.triples = ceil(d.filters, 3)
	d.weight = make([]int64, c.Groups*d.triples*d.k)
	d.bias = make([][3]int32, c.Groups*d.triples)
	d.mult = make([][3]int32, c.Groups*d.triples)
	for ch := range c.Out.C {
		f := ch % d.filters
		triple, third := ch/d.filters*d.triples+f/3, f%3
		for k, w := range c.Weight[ch*d.k : (ch+1)*d.k] {
			d.weight[triple*d.k+k] += int64(w) << (thirdBits * third)
		}
		d.bias[triple][third], d.mult[triple][third] = c.Bias[ch], c.Mult[ch]
	}
	// A part's filters are whole triples of one group.
	triples := ceil(d.triples, ceil(d.triples, genericTriples))
	rows := min(max(genericPart/(3*triples*d.k*d.Out.W), 1), d.Out.H)
	for g := range c.Groups {
		for _, p := range rowParts(d.Out.H, rows, d.filters, 3*triples) {
			p.C, p.CEnd = p.C+g*d.filters, p.CEnd+g*d.filters
			d.parts = append(d.parts, p)
		}
	}
	return d
}

func (d *genericDense) Parts() []Part { return d.parts }

func (d *genericDense) Scratch() int { return d.k }

func (d *genericDense) Run(a *Args, p Part) {
	for c := p.C; c < p.CEnd; {
		group := c / d.filters
		end := min(p.CEnd, (group+1)*d.filters)
		first := (c - group*d.filters) / 3
		last := ceil(end-group*d.filters, 3)
		for ; first < last; first += genericTriples {
			d.run(a, p.Y*d.Out.W, p.YEnd*d.Out.W, group, first, min(first+genericTriples, last))
		}
		c = end
	}
}

// run computes triples of a group for the pixels from one to another.
func (d *genericDense) run(a *Args, from, to, group, first, last int) {
	x := a.Scratch[:d.k]
	for m := from; m < to; m += 4 {
		var origin, out [4]int
		for i := range 4 {
			// Past the last pixel repeat that one: its result is written twice.
			p := min(m+i, to-1)
			origin[i] = d.Origin(p/d.Out.W, p%d.Out.W) + group*d.length - a.AFrom
			out[i] = d.Out.At(p/d.Out.W, p%d.Out.W) + group*d.filters - a.OutFrom
		}
		d.gather(x, a.A, &origin)
		for triple := first; triple < last; triple++ {
			p := group*d.triples + triple
			b := d.bias[p]
			sum := [4][3]int32{b, b, b, b}
			weight := d.weight[p*d.k : (p+1)*d.k]
			for k := 0; k < d.k; k += thirdTerms {
				end := min(k+thirdTerms, d.k)
				s0, s1, s2, s3 := genericDot(weight[k:end], x[k:end])
				addThirds(&sum[0], s0)
				addThirds(&sum[1], s1)
				addThirds(&sum[2], s2)
				addThirds(&sum[3], s3)
			}
			d.store(a.Out, &out, 3*triple, &sum, &d.mult[p])
		}
	}
}

// gather lays the windows of four pixels side by side.
func (d *genericDense) gather(x []Block, in []int8, origin *[4]int) {
	for _, s := range d.segments {
		p0 := in[origin[0]+s:][:d.length]
		p1 := in[origin[1]+s:][:d.length]
		p2 := in[origin[2]+s:][:d.length]
		p3 := in[origin[3]+s:][:d.length]
		to := x[:len(p0)]
		x = x[len(p0):]
		for i := range to {
			to[i] = Block{int64(p0[i]), int64(p1[i]), int64(p2[i]), int64(p3[i])}
		}
	}
}

// genericDot returns Σ weight[k]·x[k][i] for each pixel i. Four sums are what
// the compiler keeps in registers, in a function that is not inlined.
//
//go:noinline
func genericDot(weight []int64, x []Block) (s0, s1, s2, s3 int64) {
	x = x[:len(weight)]
	for k, w := range weight {
		b := &x[k]
		s0 += b[0] * w
		s1 += b[1] * w
		s2 += b[2] * w
		s3 += b[3] * w
	}
	return s0, s1, s2, s3
}

// store writes up to three channels from f on of four pixels.
func (d *genericDense) store(out []int8, at *[4]int, f int, sum *[4][3]int32, mult *[3]int32) {
	if f+3 > d.filters {
		for i := range 4 {
			for c := range d.filters - f {
				out[at[i]+f+c] = requantize(sum[i][c], mult[c], d.lo, d.hi)
			}
		}
		return
	}
	for i := range 4 {
		o, s := out[at[i]+f:][:3], &sum[i]
		o[0] = requantize(s[0], mult[0], d.lo, d.hi)
		o[1] = requantize(s[1], mult[1], d.lo, d.hi)
		o[2] = requantize(s[2], mult[2], d.lo, d.hi)
	}
}
