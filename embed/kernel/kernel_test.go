package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tiers runs a test for every tier that this processor can run.
func tiers(t *testing.T, f func(t *testing.T, tier *Tier)) {
	for _, tier := range Tiers {
		if tier.Usable() {
			t.Run(tier.Name, func(t *testing.T) { f(t, tier) })
		}
	}
}

// How the numbers of a random operation are drawn.
type drawing int

const (
	ordinary drawing = iota
	extremes         // everything is at one of its ends
	drawings
)

func (d drawing) String() string { return [...]string{"ordinary", "extremes"}[d] }

func (d drawing) int8(rng *rand.Rand, lo, hi int) int8 {
	if d == extremes {
		return int8([]int{lo, hi}[rng.IntN(2)])
	}
	return int8(lo + rng.IntN(hi-lo+1))
}

func (d drawing) values(rng *rand.Rand, n int) []int8 {
	v := make([]int8, n)
	for i := range v {
		v[i] = d.int8(rng, math.MinInt8, math.MaxInt8)
	}
	if d == extremes && rng.IntN(3) == 0 {
		fill(v, v[0]) // sums of one sign reach the accumulator's ends
	}
	return v
}

func (d drawing) clamp(rng *rand.Rand) (lo, hi int8) {
	if rng.IntN(3) == 0 {
		return math.MinInt8, math.MaxInt8
	}
	a, b := d.int8(rng, -128, 127), d.int8(rng, -128, 127)
	return min(a, b), max(a, b)
}

// conv fills in the numbers of a convolution: biases and multipliers as a
// quantizer makes them, or as far out as the definition allows.
func (d drawing) conv(rng *rand.Rand, c *Conv) {
	k := c.K()
	c.Weight = make([]int8, c.Out.C*k)
	c.Bias, c.Mult = make([]int32, c.Out.C), make([]int32, c.Out.C)
	for f := range c.Out.C {
		var reach int64
		w := c.Weight[f*k : (f+1)*k]
		for i := range w {
			w[i] = d.int8(rng, -127, 127)
		}
		if d == extremes && rng.IntN(3) == 0 {
			fill(w, w[0])
		}
		for _, v := range w {
			reach += 128 * int64(max(v, -v))
		}
		room := int32(math.MaxInt32 - reach)
		if d == extremes {
			c.Bias[f] = []int32{room, -room, 0}[rng.IntN(3)]
			c.Mult[f] = []int32{1, math.MaxInt32, 1 << 30}[rng.IntN(3)]
			continue
		}
		// The accumulator's usual reach comes out at some hundreds.
		usual := 64 * 74 * math.Sqrt(float64(k))
		c.Bias[f] = int32(rng.NormFloat64() * usual)
		c.Mult[f] = int32(min(100/usual*(0.5+rng.Float64()), 0.99) * (1 << 31))
	}
	c.Lo, c.Hi = d.clamp(rng)
}

// randomBorder adds up to two pixels of border that nobody asked for: other
// readers of the same value may need them.
func randomBorder(rng *rand.Rand, l Layout) Layout {
	l.Top, l.Left = l.Top+rng.IntN(3), l.Left+rng.IntN(3)
	l.Bottom, l.Right = l.Bottom+rng.IntN(3), l.Right+rng.IntN(3)
	return l
}

// geometry makes a convolution of h×w×channels, and the output that follows
// from its window.
func geometry(rng *rand.Rand, h, w, channels, filters, groups int, win Window) Geometry {
	g := Geometry{Window: win, Groups: groups}
	g.In = Layout{H: h, W: w, C: channels, Top: win.Top, Left: win.Left, Bottom: win.Bottom, Right: win.Right}
	g.In = randomBorder(rng, g.In)
	g.Out = randomBorder(rng, Layout{
		H: (h+win.Top+win.Bottom-(win.KernelH-1)*win.DilationH-1)/win.StrideH + 1,
		W: (w+win.Left+win.Right-(win.KernelW-1)*win.DilationW-1)/win.StrideW + 1,
		C: filters,
	})
	return g
}

func window(k, stride, dilation, top, left, bottom, right int) Window {
	return Window{k, k, stride, stride, dilation, dilation, top, left, bottom, right}
}

func checkConv(t *testing.T, tier *Tier, rng *rand.Rand, g Geometry, d drawing) {
	t.Helper()
	c := &Conv{Geometry: g}
	d.conv(rng, c)
	in, zero := d.values(rng, g.In.H*g.In.W*g.In.C), d.int8(rng, -128, 127)
	want := referenceConv(c, in, zero)

	src, dst := newBuffer(g.In, tier), newBuffer(g.Out, tier)
	src.put(in, zero)
	dst.put(make([]int8, len(want)), canary)
	before := slices.Clone(src.all)
	pack := tier.Dense
	if g.Depthwise() {
		pack = tier.Depthwise
	}
	op := pack(c)
	// What was packed must not lean on the caller's slices.
	clear(c.Weight)
	clear(c.Bias)
	clear(c.Mult)
	clean := run(op, Args{Out: dst.slice(), A: src.slice()}, rng)
	got, kept := dst.get()
	if i := differ(got, want); i >= 0 {
		t.Fatalf("%v %v: element %d (of %d): got %d, want %d", d, name(g), i, len(want), got[i], want[i])
	}
	if !clean || !kept || !slices.Equal(before, src.all) {
		t.Fatalf("%v %v: wrote where it must not", d, name(g))
	}
	if len(op.Parts()) > 1 {
		checkParts(t, op, src.slice(), len(dst.slice()), len(want))
	}
	checkStrips(t, tier, rng, g, op, src, dst)
}

// checkParts wants every output to be written by one part only: two threads
// would race for it. What a part writes is what comes out the same whatever was
// there before.
func checkParts(t *testing.T, op Op, in []int8, size, outputs int) {
	t.Helper()
	scratch := make([]Block, op.Scratch())
	one, two, owner := make([]int8, size), make([]int8, size), make([]int, size)
	written := 0
	for u, p := range op.Parts() {
		fill(one, 1)
		fill(two, 2)
		op.Run(&Args{Out: one, A: in, Scratch: scratch}, p)
		op.Run(&Args{Out: two, A: in, Scratch: scratch}, p)
		for i := range one {
			if one[i] != two[i] {
				continue
			}
			if owner[i] != 0 {
				t.Fatalf("parts %d and %d both write element %d", owner[i]-1, u, i)
			}
			owner[i] = u + 1
			written++
		}
	}
	if written != outputs {
		t.Fatalf("parts write %d elements, want %d", written, outputs)
	}
}

// checkStrips does the operation again in strips of rows, each with only the
// input and output rows it needs in memory, and wants what src gave in dst.
func checkStrips(t *testing.T, tier *Tier, rng *rand.Rand, g Geometry, op Op, src, dst *buffer) {
	t.Helper()
	scratch := make([]Block, op.Scratch())
	w := g.Window
	for y := 0; y < g.Out.H; {
		end := y + 1 + rng.IntN(min(g.Out.H-y, 6))
		top := y*w.StrideH - w.Top
		in, inFrom := src.rows(top, (end-1)*w.StrideH-w.Top+(w.KernelH-1)*w.DilationH+1, tier.Slack)
		out, outFrom := dst.rows(y, end, 0)
		want := slices.Clone(out.all)
		for r := range end - y {
			fill(out.all[guards+r*g.Out.Row()+g.Out.Left*g.Out.C:][:g.Out.W*g.Out.C], guard)
		}
		op.Run(&Args{Out: out.strip(0), OutFrom: outFrom, A: in.strip(tier.Slack), AFrom: inFrom, Scratch: scratch}, Part{y, end, 0, g.Out.C})
		if i := differ(out.all, want); i >= 0 {
			t.Fatalf("%v: rows %d to %d: element %d: got %d, want %d", name(g), y, end, i-guards, out.all[i], want[i])
		}
		y = end
	}
}

func name(g Geometry) string {
	return fmt.Sprintf("%+v groups %d: %dx%dx%d to %dx%dx%d", g.Window, g.Groups, g.In.H, g.In.W, g.In.C, g.Out.H, g.Out.W, g.Out.C)
}

func differ[T comparable](a, b []T) int {
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return len(b)
	}
	return -1
}

func TestDense(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		rng := rand.New(rand.NewPCG(1, 1))
		one := window(1, 1, 1, 0, 0, 0, 0)
		for d := range drawings {
			for _, pixels := range []int{1, 2, 3, 5, 7} {
				for _, channels := range []int{1, 2, 3, 4, 7, 16, 33} {
					for _, filters := range []int{1, 2, 3, 8, 17} {
						checkConv(t, tier, rng, geometry(rng, pixels, pixels, channels, filters, 1, one), d)
					}
				}
			}
			for _, w := range []Window{
				window(3, 1, 1, 1, 1, 1, 1), window(3, 2, 1, 0, 0, 1, 1), window(3, 2, 1, 1, 1, 0, 0),
				window(5, 1, 1, 2, 2, 2, 2), window(5, 2, 1, 1, 2, 2, 1), window(7, 2, 1, 3, 3, 3, 3),
				window(3, 1, 2, 2, 2, 2, 2), window(3, 2, 3, 0, 6, 6, 0), window(1, 2, 1, 0, 0, 0, 0),
				{3, 1, 2, 1, 1, 1, 1, 0, 1, 0}, {1, 5, 1, 3, 1, 2, 0, 8, 0, 1}, {2, 4, 3, 2, 1, 1, 0, 0, 1, 3},
			} {
				for _, groups := range []int{1, 2, 3} {
					checkConv(t, tier, rng, geometry(rng, 9, 8, 6, 9*groups, groups, w), d)
				}
			}
			// Filters as long as what a tier can add up before it must widen.
			for _, channels := range []int{63, 64, 65, 127, 128, 129, 192, 300} {
				for range 4 {
					checkConv(t, tier, rng, geometry(rng, 2, 3, channels, 7, 1, one), d)
				}
			}
			// What is left of a filter, and of filters, after a tier's whole steps.
			for n := 1; n <= 40; n++ {
				checkConv(t, tier, rng, geometry(rng, 1+rng.IntN(3), 1+rng.IntN(3), n, 1+rng.IntN(40), 1, one), d)
				checkConv(t, tier, rng, geometry(rng, 1+rng.IntN(3), 1+rng.IntN(3), 1+rng.IntN(40), n, 1, one), d)
			}
			// Blocks of up to 64 filters, whole and not.
			for _, filters := range []int{24, 33, 40, 48, 56, 64, 80, 81, 96, 112, 144, 150} {
				for range 3 {
					checkConv(t, tier, rng, geometry(rng, 1+rng.IntN(6), 1+rng.IntN(12), 1+rng.IntN(30), filters, 1, one), d)
				}
			}
			// More than one part by pixels and by filters.
			checkConv(t, tier, rng, geometry(rng, 21, 13, 40, 300, 1, one), d)
			// So many products that a part could be less than a tier's vector of
			// filters.
			checkConv(t, tier, rng, geometry(rng, 7, 8, 700, 43, 1, one), d)
			// Depthwise with a channel multiplier.
			checkConv(t, tier, rng, geometry(rng, 6, 6, 5, 10, 5, window(3, 1, 1, 1, 1, 1, 1)), d)
		}
	})
}

func TestDepthwise(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		rng := rand.New(rand.NewPCG(2, 1))
		for d := range drawings {
			for _, w := range []Window{
				window(3, 1, 1, 1, 1, 1, 1), window(3, 2, 1, 0, 0, 1, 1), window(3, 2, 1, 1, 1, 1, 1),
				window(5, 1, 1, 2, 2, 2, 2), window(5, 2, 1, 1, 1, 2, 2), window(7, 1, 1, 3, 3, 3, 3),
				window(7, 2, 1, 3, 2, 1, 3), window(3, 1, 2, 2, 2, 2, 2), window(5, 2, 3, 12, 0, 0, 12),
				window(1, 1, 1, 0, 0, 0, 0), window(3, 1, 1, 0, 0, 0, 0), {2, 3, 3, 1, 1, 2, 0, 4, 1, 0},
				{5, 4, 1, 4, 2, 1, 8, 0, 0, 3},
			} {
				for _, channels := range []int{2, 3, 16, 33, 70} {
					for _, side := range []int{5, 8} {
						checkConv(t, tier, rng, geometry(rng, side+2, side+1, channels, channels, channels, w), d)
					}
				}
			}
			// What is left of a row, and of channels.
			for n := 1; n <= 40; n++ {
				for _, w := range []Window{window(3, 1, 1, 1, 1, 1, 1), window(5, 2, 1, 2, 2, 2, 2)} {
					checkConv(t, tier, rng, geometry(rng, 1+rng.IntN(3), n, 20, 20, 20, w), d)
					checkConv(t, tier, rng, geometry(rng, 1+rng.IntN(3), 1+rng.IntN(9), n+1, n+1, n+1, w), d)
				}
			}
			// Vectors of 64 channels, what is left of them, and several pixels in
			// one; rows too long to be computed at a time.
			for _, channels := range []int{16, 32, 64, 80, 96, 112, 128, 144} {
				for _, w := range []Window{window(3, 1, 1, 1, 1, 1, 1), window(3, 2, 1, 0, 0, 1, 1), window(5, 1, 1, 2, 2, 2, 2), window(5, 2, 1, 1, 1, 2, 2)} {
					for range 3 {
						checkConv(t, tier, rng, geometry(rng, 2+rng.IntN(4), 2+rng.IntN(12), channels, channels, channels, w), d)
					}
				}
			}
			for _, channels := range []int{16, 32, 70} {
				for range 3 {
					checkConv(t, tier, rng, geometry(rng, 3, 113, channels, channels, channels, window(3, 1, 1, 1, 1, 1, 1)), d)
				}
			}
			// More than one part by channels.
			checkConv(t, tier, rng, geometry(rng, 8, 8, 555, 555, 555, window(5, 1, 1, 2, 2, 2, 2)), d)
			// More than one part by rows.
			checkConv(t, tier, rng, geometry(rng, 60, 31, 20, 20, 20, window(3, 1, 1, 1, 1, 1, 1)), d)
			checkConv(t, tier, rng, geometry(rng, 61, 50, 12, 12, 12, window(5, 2, 1, 1, 2, 2, 1)), d)
		}
	})
}

func TestAdd(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		rng := rand.New(rand.NewPCG(3, 1))
		for i := range 300 {
			d := drawing(i % int(drawings))
			shape := Layout{H: 1 + rng.IntN(9), W: 1 + rng.IntN(9), C: 1 + rng.IntN(40)}
			p := &Add{A: randomBorder(rng, shape), B: randomBorder(rng, shape), Out: randomBorder(rng, shape)}
			p.Shift = uint8(1 + rng.IntN(14))
			if d == extremes {
				p.MultA = []int16{math.MinInt16, math.MaxInt16, 0}[rng.IntN(3)]
				p.MultB = []int16{math.MinInt16, math.MaxInt16, 0}[rng.IntN(3)]
				room := int32(math.MaxInt32 - 256*32768 - 1<<13)
				p.Bias = []int32{room, -room, 0}[rng.IntN(3)]
			} else {
				p.MultA, p.MultB = int16(rng.IntN(2<<p.Shift)), int16(rng.IntN(2<<p.Shift))
				p.Bias = int32(rng.IntN(200<<p.Shift) - 100<<p.Shift)
			}
			p.Lo, p.Hi = d.clamp(rng)
			n := shape.H * shape.W * shape.C
			av, bv := d.values(rng, n), d.values(rng, n)
			want := referenceAdd(p, av, bv)
			a, b, out := newBuffer(p.A, tier), newBuffer(p.B, tier), newBuffer(p.Out, tier)
			a.put(av, 1)
			b.put(bv, 2)
			out.put(make([]int8, n), canary)
			clean := run(tier.Add(p), Args{Out: out.slice(), A: a.slice(), B: b.slice()}, rng)
			got, kept := out.get()
			if j := differ(got, want); j >= 0 {
				t.Fatalf("%v %+v: element %d: %d and %d gave %d, want %d", d, p, j, av[j], bv[j], got[j], want[j])
			}
			if !clean || !kept {
				t.Fatalf("%v %+v: wrote where it must not", d, p)
			}
			// Again, from strips.
			y := rng.IntN(shape.H)
			end := y + 1 + rng.IntN(shape.H-y)
			as, af := a.rows(y, end, tier.Slack)
			bs, bf := b.rows(y, end, tier.Slack)
			os, of := out.rows(y, end, 0)
			whole := slices.Clone(os.all)
			for r := range end - y {
				fill(os.all[guards+r*p.Out.Row()+p.Out.Left*p.Out.C:][:p.Out.W*p.Out.C], guard)
			}
			tier.Add(p).Run(&Args{Out: os.strip(0), OutFrom: of, A: as.strip(tier.Slack), AFrom: af, B: bs.strip(tier.Slack), BFrom: bf}, Part{y, end, 0, shape.C})
			if j := differ(os.all, whole); j >= 0 {
				t.Fatalf("%v %+v: rows %d to %d: element %d: got %d, want %d", d, p, y, end, j-guards, os.all[j], whole[j])
			}
		}
	})
}

func TestMean(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		rng := rand.New(rand.NewPCG(4, 1))
		for i := range 200 {
			d := drawing(i % int(drawings))
			shape := Layout{H: 1 + rng.IntN(20), W: 1 + rng.IntN(20), C: 1 + rng.IntN(70)}
			if i >= 190 { // more pixels than 16 bits have room for
				shape = Layout{H: 1 + rng.IntN(3), W: 250 + rng.IntN(20), C: 16 + rng.IntN(9)}
			}
			p := &Mean{In: randomBorder(rng, shape), Zero: d.int8(rng, -128, 127)}
			in := d.values(rng, shape.H*shape.W*shape.C)
			want := referenceMean(p, in)
			src := newBuffer(p.In, tier)
			src.put(in, canary)
			got := make([]int32, shape.C+2)
			fill(got, guard)
			clean := run(tier.Mean(p), Args{A: src.slice(), Sum: got[1 : shape.C+1]}, rng)
			if j := differ(got[1:shape.C+1], want); j >= 0 {
				t.Fatalf("%v %+v: channel %d: got %d, want %d", d, p, j, got[j+1], want[j])
			}
			if !clean || got[0] != guard || got[shape.C+1] != guard {
				t.Fatalf("%v %+v: wrote where it must not", d, p)
			}
		}
	})
}

// TestRequantize compares with big integers where rounding and overflow would
// show.
func TestRequantize(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	accs := []int32{0, 1, -1, math.MaxInt32, math.MinInt32 + 1, 1 << 30, -1 << 30}
	mults := []int32{1, 2, 1 << 23, 1<<23 + 1, 1 << 30, math.MaxInt32}
	for range 20000 {
		acc, mult := int32(rng.Uint32()), int32(rng.Uint32()>>1)
		if rng.IntN(2) == 0 {
			acc = accs[rng.IntN(len(accs))]
		}
		if rng.IntN(2) == 0 {
			mult = mults[rng.IntN(len(mults))]
		}
		if rng.IntN(2) == 0 { // halves: acc·mult is an odd multiple of 2³⁰
			acc, mult = int32(rng.IntN(255)-127)*2+1, 1<<30
		}
		got := requantize(acc, mult, -128, 127)
		if want := bigRequantize(bigInt(acc), mult, -128, 127); got != want {
			t.Fatalf("rdm(%d, %d): got %d, want %d", acc, mult, got, want)
		}
	}
}

func TestBorder(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for range 200 {
		l := randomBorder(rng, Layout{H: 1 + rng.IntN(4), W: 1 + rng.IntN(4), C: 1 + rng.IntN(4)})
		buf := make([]int8, l.Len())
		Border(l, buf, 7)
		for y := -l.Top; y < l.H+l.Bottom; y++ {
			for x := -l.Left; x < l.W+l.Right; x++ {
				want := int8(7)
				if y >= 0 && y < l.H && x >= 0 && x < l.W {
					want = 0
				}
				for _, v := range buf[l.At(y, x):][:l.C] {
					if v != want {
						t.Fatalf("%+v: pixel %d,%d is %d, want %d", l, y, x, v, want)
					}
				}
			}
		}
	}
}

func TestChoose(t *testing.T) {
	best, err := Choose("")
	if err != nil || !best.Usable() {
		t.Fatalf("no tier for this processor: %v", err)
	}
	for i, tier := range Tiers {
		if got, err := Choose(tier.Name); tier.Usable() && (got != tier || err != nil) {
			t.Errorf("Choose(%q) is %v, %v", tier.Name, got, err)
		}
		if tier.Usable() && tier != best && i > slices.Index(Tiers, best) {
			t.Errorf("%s is usable and better than %s", tier.Name, best.Name)
		}
	}
	if Tiers[0].Name != "generic" || !Tiers[0].Usable() {
		t.Error("the first tier is not generic")
	}
	if _, err := Choose("abacus"); err == nil || !strings.Contains(err.Error(), "generic") || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("the error for an unknown tier does not help: %v", err)
	}
}
