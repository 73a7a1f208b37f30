package kernel

import (
	"math/big"
	"math/rand/v2"
)

// The reference is the int8 definition of package embed as it is written
// there, in big integers: nothing is packed, padded, tiled or able to
// overflow.

// bigRequantize is clamp(rdm(acc, mult), lo, hi).
func bigRequantize(acc *big.Int, mult int32, lo, hi int8) int8 {
	v := new(big.Int).Mul(acc, big.NewInt(int64(mult)))
	v.Add(v, big.NewInt(1<<30))
	v.Rsh(v, 31) // rounds down, as >> does
	return bigClamp(v, lo, hi)
}

func bigClamp(v *big.Int, lo, hi int8) int8 {
	switch {
	case v.Cmp(big.NewInt(int64(lo))) < 0:
		return lo
	case v.Cmp(big.NewInt(int64(hi))) > 0:
		return hi
	}
	return int8(v.Int64())
}

// referenceConv convolves in, a dense [H][W][C] value, with zero outside it.
func referenceConv(c *Conv, in []int8, zero int8) []int8 {
	out := make([]int8, c.Out.H*c.Out.W*c.Out.C)
	channels, filters := c.In.C/c.Groups, c.Out.C/c.Groups
	w := c.Window
	for y := range c.Out.H {
		for x := range c.Out.W {
			for f := range c.Out.C {
				acc := big.NewInt(int64(c.Bias[f]))
				for ky := range w.KernelH {
					for kx := range w.KernelW {
						for ch := range channels {
							iy, ix := y*w.StrideH+ky*w.DilationH-w.Top, x*w.StrideW+kx*w.DilationW-w.Left
							q := int64(zero)
							if iy >= 0 && iy < c.In.H && ix >= 0 && ix < c.In.W {
								q = int64(in[(iy*c.In.W+ix)*c.In.C+f/filters*channels+ch])
							}
							weight := int64(c.Weight[((f*w.KernelH+ky)*w.KernelW+kx)*channels+ch])
							acc.Add(acc, big.NewInt(q*weight))
						}
					}
				}
				out[(y*c.Out.W+x)*c.Out.C+f] = bigRequantize(acc, c.Mult[f], c.Lo, c.Hi)
			}
		}
	}
	return out
}

func referenceAdd(p *Add, a, b []int8) []int8 {
	out := make([]int8, len(a))
	for i := range out {
		v := big.NewInt(int64(a[i])*int64(p.MultA) + int64(b[i])*int64(p.MultB) + int64(p.Bias) + 1<<(p.Shift-1))
		out[i] = bigClamp(v.Rsh(v, uint(p.Shift)), p.Lo, p.Hi)
	}
	return out
}

func referenceMean(p *Mean, in []int8) []int32 {
	sum := make([]int32, p.In.C)
	for i, q := range in {
		sum[i%p.In.C] += int32(q) - int32(p.Zero)
	}
	return sum
}

// guard is what surrounds every buffer of a test, and what it must still hold
// afterwards; canary is what the border holds, which no Op may write.
const (
	guard  = 85
	canary = 42
	guards = 64
)

// buffer is a value in its layout between guards.
type buffer struct {
	layout Layout
	all    []int8
	flip   uint8
}

func newBuffer(l Layout, t *Tier) *buffer {
	b := &buffer{layout: l, flip: t.Flip, all: make([]int8, guards+l.Len()+max(guards, t.Slack))}
	fill(b.all, guard)
	return b
}

// slice is the buffer itself; what slack a tier may read lies behind it.
func (b *buffer) slice() []int8 { return b.all[guards:][:b.layout.Len():b.layout.Len()] }

// put writes a dense value and its border.
func (b *buffer) put(dense []int8, border int8) {
	fill(b.slice(), int8(uint8(border)^b.flip))
	l := b.layout
	for y := range l.H {
		for i, q := range dense[y*l.W*l.C : (y+1)*l.W*l.C] {
			b.slice()[l.At(y, 0)+i] = int8(uint8(q) ^ b.flip)
		}
	}
}

// get reads the dense value back. clean reports that guards and border are as
// they were.
func (b *buffer) get() (dense []int8, clean bool) {
	l := b.layout
	rest := append([]int8(nil), b.all...)
	for y := range l.H {
		row := rest[guards+l.At(y, 0):][:l.W*l.C]
		for _, q := range row {
			dense = append(dense, int8(uint8(q)^b.flip))
		}
		fill(row, int8(uint8(canary)^b.flip))
	}
	for i, q := range rest {
		want := int8(guard)
		if i >= guards && i < guards+l.Len() {
			want = int8(uint8(canary) ^ b.flip)
		}
		if q != want {
			return dense, false
		}
	}
	return dense, true
}

// rows copies rows of a value, borders included, to where guards are around
// them, and returns what Args want.
func (b *buffer) rows(y, end, slack int) (strip *buffer, from int) {
	l := b.layout
	from = l.At(y, -l.Left)
	strip = &buffer{layout: l, flip: b.flip, all: make([]int8, guards+(end-y)*l.Row()+slack+guards)}
	fill(strip.all, guard)
	copy(strip.all[guards:], b.slice()[from:from+(end-y)*l.Row()])
	return strip, from
}

// strip is the memory of a strip that has slack elements after it.
func (b *buffer) strip(slack int) []int8 {
	end := len(b.all) - guards - slack
	return b.all[guards:end:end]
}

// run does every part of an operation, in a random order, with scratch full of
// another's leavings. It reports whether what it must not write is unharmed.
func run(op Op, args Args, rng *rand.Rand) bool {
	n := op.Scratch()
	scratch := make([]Block, n+2)
	noise := Block{-1, 1 << 40, 12345, -1 << 50}
	fill(scratch, noise)
	args.Scratch = scratch[1 : n+1 : n+1]
	parts := op.Parts()
	for _, i := range rng.Perm(len(parts)) {
		op.Run(&args, parts[i])
	}
	return scratch[0] == noise && scratch[n+1] == noise
}

func bigInt(v int32) *big.Int { return big.NewInt(int64(v)) }
