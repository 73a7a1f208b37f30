package kernel

// genericDense is a matrix product: filters times the windows of the picture,
// which are gathered four pixels at a time. Two filters share a word.
type genericDense struct {
	Geometry
	lo, hi int32

	segments []int // where a window's elements lie, relative to its origin
	length   int   // of each segment
	k        int   // len(segments)·length

	// By group and pair of filters; a group's last pair may have one filter and
	// zeros.
	weight []int64    // [group·pairs][k]
	start  []int64    // [group·pairs], biases
	mult   [][2]int32 // [group·pairs]

	filters, pairs int // of a group
	pairsUnit      int // pairs of a unit
	pairBlocks     int // units to do all pairs of a group
	pixelsUnit     int // pixels of a unit
	pixelBlocks    int // units to do all pixels
}

// Weights of so many pairs of filters stay in a second-level cache while a
// unit's pixels pass, and are many enough that gathering the pixels again for
// the next unit does not count.
const genericPairs = 64

func newGenericDense(c *Conv) Op {
	d := &genericDense{Geometry: c.Geometry, lo: int32(c.Lo), hi: int32(c.Hi), k: c.K()}
	d.segments, d.length = c.Segments()
	d.filters = c.Out.C / c.Groups
	d.pairs = (d.filters + 1) / 2
	d.weight = make([]int64, c.Groups*d.pairs*d.k)
	d.start = make([]int64, c.Groups*d.pairs)
	d.mult = make([][2]int32, c.Groups*d.pairs)
	for ch := range c.Out.C {
		f := ch % d.filters
		pair, half := ch/d.filters*d.pairs+f/2, f%2
		for k, w := range c.Weight[ch*d.k : (ch+1)*d.k] {
			d.weight[pair*d.k+k] += int64(w) << (32 * half)
		}
		d.start[pair] += int64(c.Bias[ch]) << (32 * half)
		d.mult[pair][half] = c.Mult[ch]
	}
	d.pairBlocks = ceil(d.pairs, genericPairs)
	d.pairsUnit = ceil(d.pairs, d.pairBlocks)
	d.pixelsUnit = min(max(unitWork/(2*d.pairsUnit*d.k), 4), 1024) / 4 * 4
	d.pixelBlocks = ceil(c.Out.H*c.Out.W, d.pixelsUnit)
	return d
}

// unitWork is about how many products make a unit: enough that handing it to a
// thread does not count, few enough that all threads end together.
const unitWork = 1 << 18

func ceil(a, b int) int { return (a + b - 1) / b }

func (d *genericDense) Units() int { return d.Groups * d.pairBlocks * d.pixelBlocks }

func (d *genericDense) Scratch() int { return d.k }

func (d *genericDense) Run(a *Args, unit int) {
	from := unit % d.pixelBlocks * d.pixelsUnit
	to := min(from+d.pixelsUnit, d.Out.H*d.Out.W)
	unit /= d.pixelBlocks
	group := unit / d.pairBlocks
	first := unit % d.pairBlocks * d.pairsUnit
	last := min(first+d.pairsUnit, d.pairs)

	x := a.Scratch[:d.k]
	for m := from; m < to; m += 4 {
		var origin, out [4]int
		for i := range 4 {
			// Past the last pixel repeat that one: its result is written twice.
			p := min(m+i, to-1)
			origin[i] = d.Origin(p/d.Out.W, p%d.Out.W) + group*d.length
			out[i] = d.Out.At(p/d.Out.W, p%d.Out.W) + group*d.filters
		}
		d.gather(x, a.A, &origin)
		for pair := first; pair < last; pair++ {
			p := group*d.pairs + pair
			s0, s1, s2, s3 := genericDot(d.start[p], d.weight[p*d.k:(p+1)*d.k], x)
			mult := &d.mult[p]
			f := 2 * pair
			if f+1 == d.filters {
				for i, s := range [4]int64{s0, s1, s2, s3} {
					u, _ := split(s)
					a.Out[out[i]+f] = requantize(u, mult[0], d.lo, d.hi)
				}
				continue
			}
			for i, s := range [4]int64{s0, s1, s2, s3} {
				u, v := split(s)
				o := a.Out[out[i]+f:][:2]
				o[0] = requantize(u, mult[0], d.lo, d.hi)
				o[1] = requantize(v, mult[1], d.lo, d.hi)
			}
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

// genericDot returns start + Σ weight[k]·x[k][i] for each pixel i. Four sums
// are what the compiler keeps in registers, in a function that is not inlined.
//
//go:noinline
func genericDot(start int64, weight []int64, x []Block) (s0, s1, s2, s3 int64) {
	s0, s1, s2, s3 = start, start, start, start
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
