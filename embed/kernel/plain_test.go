package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainCase is an operation that every tier does in plain Go, with what it must
// give by the definition in package embed.
type plainCase struct {
	op   Op
	a, b *buffer // b is nil of one operand
	out  *buffer
	want []int8

	// rows of a that rows y to end of the output come from; nil if they are the
	// same ones. b goes with them, or is one place.
	rows func(y, end int) (from, to int)
}

// checkPlain does all parts in a random order, with guards around everything,
// and then strips of rows.
func checkPlain(t *testing.T, tier *Tier, rng *rand.Rand, c *plainCase, what any) {
	t.Helper()
	l := c.out.layout
	c.out.put(make([]int8, len(c.want)), canary)
	args := Args{Out: c.out.slice(), A: c.a.slice()}
	before := slices.Clone(c.a.all)
	if c.b != nil {
		args.B = c.b.slice()
	}
	clean := run(c.op, args, rng)
	got, kept := c.out.get()
	if i := differ(got, c.want); i >= 0 {
		t.Fatalf("%+v: element %d of %dx%dx%d: got %d, want %d", what, i, l.H, l.W, l.C, got[i], c.want[i])
	}
	if !clean || !kept || !slices.Equal(before, c.a.all) {
		t.Fatalf("%+v: wrote where it must not", what)
	}
	for y := 0; y < l.H; {
		end := y + 1 + rng.IntN(min(l.H-y, 4))
		from, to := y, end
		if c.rows != nil {
			from, to = c.rows(y, end)
		}
		as, af := c.a.rows(from, to, tier.Slack)
		os, of := c.out.rows(y, end, 0)
		whole := slices.Clone(os.all)
		for r := range end - y {
			fill(os.all[guards+r*l.Row()+l.Left*l.C:][:l.W*l.C], guard)
		}
		args := Args{Out: os.strip(0), OutFrom: of, A: as.strip(tier.Slack), AFrom: af, Scratch: make([]Block, c.op.Scratch())}
		if c.b != nil {
			args.B = c.b.slice()
			if c.b.layout.H == l.H {
				bs, bf := c.b.rows(y, end, tier.Slack)
				args.B, args.BFrom = bs.strip(tier.Slack), bf
			}
		}
		c.op.Run(&args, Part{y, end, 0, l.C})
		if len(args.Scratch) != c.op.Scratch() || args.Sum != nil {
			t.Fatalf("%+v: changed its arguments", what)
		}
		if i := differ(os.all, whole); i >= 0 {
			t.Fatalf("%+v: rows %d to %d: element %d: got %d, want %d", what, y, end, i-guards, os.all[i], whole[i])
		}
		y = end
	}
}

func (l Layout) elements() int { return l.H * l.W * l.C }

// filled is a buffer of random values, and the values.
func (d drawing) filled(rng *rand.Rand, l Layout, tier *Tier) (*buffer, []int8) {
	b, v := newBuffer(randomBorder(rng, l), tier), d.values(rng, l.elements())
	b.put(v, d.int8(rng, -128, 127))
	return b, v
}

// bigProduct is clamp(rdm(acc<<shift, mult) + zero, lo, hi).
func bigProduct(acc int64, shift uint8, mult int32, zero, lo, hi int8) int8 {
	v := new(big.Int).Lsh(big.NewInt(acc), uint(shift))
	v.Mul(v, bigInt(mult)).Add(v, big.NewInt(1<<30)).Rsh(v, 31)
	return bigClamp(v.Add(v, big.NewInt(int64(zero))), lo, hi)
}

// multiplier draws a multiplier and shift for accumulators of up to most that
// are usually about as far.
func (d drawing) multiplier(rng *rand.Rand, most int64) (mult int32, shift uint8) {
	for shift = uint8(rng.IntN(15)); most<<shift > math.MaxInt32; shift-- {
	}
	if d == extremes {
		return []int32{1, math.MaxInt32, 1 << 30}[rng.IntN(3)], shift
	}
	r := 400 / float64(most) * rng.Float64() / float64(int(1)<<shift)
	return int32(max(min(r, 0.99)*(1<<31), 1)), shift
}

// plains draws an operation of each kind over a shape.
var plains = []struct {
	name string
	draw func(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any)
}{
	{"mul", drawMul}, {"add-place", drawAddPlace}, {"global-mean", drawGlobalMean}, {"table", drawTable},
	{"select", drawSelect}, {"max-pool", drawMaxPool}, {"mean-pool", drawMeanPool},
}

func TestPlain(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		for k, kind := range plains {
			t.Run(kind.name, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(8, uint64(k)))
				for i := range 250 {
					shape := Layout{H: 1 + rng.IntN(12), W: 1 + rng.IntN(12), C: 1 + rng.IntN(40)}
					if i%10 == 0 {
						shape.C = 60 + rng.IntN(140)
					}
					if i%10 == 5 { // windows of more places than sums of 16 bits have room for
						shape.H, shape.W = 17+rng.IntN(4), 17+rng.IntN(4)
					}
					c, what := kind.draw(rng, drawing(i%int(drawings)), tier, shape)
					checkPlain(t, tier, rng, c, what)
				}
			})
		}
	})
}

// FuzzPlain does the same for shapes that the fuzzer chooses. The numbers are
// drawn from seed.
func FuzzPlain(f *testing.F) {
	rng := rand.New(rand.NewPCG(9, 1))
	for i := range 140 {
		f.Add(rng.Uint64(), byte(i), byte(rng.IntN(12)), byte(rng.IntN(12)), byte(rng.IntN(80)))
	}
	f.Fuzz(func(t *testing.T, seed uint64, kind, h, w, channels byte) {
		shape := Layout{H: 1 + int(h)%18, W: 1 + int(w)%18, C: 1 + int(channels)%40}
		for _, tier := range Tiers {
			if !tier.Usable() {
				continue
			}
			rng := rand.New(rand.NewPCG(seed, 1))
			c, what := plains[int(kind)%len(plains)].draw(rng, drawing(seed%uint64(drawings)), tier, shape)
			checkPlain(t, tier, rng, c, what)
		}
	})
}

func drawMul(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	one := shape
	if rng.IntN(2) == 0 {
		one.H, one.W = 1, 1
	}
	a, av := d.filled(rng, shape, tier)
	b, bv := d.filled(rng, one, tier)
	m := &Mul{A: a.layout, B: b.layout, Out: randomBorder(rng, shape)}
	m.ZeroA, m.ZeroB, m.ZeroO = d.int8(rng, -128, 127), d.int8(rng, -128, 127), d.int8(rng, -128, 127)
	m.Mult, m.Shift = d.multiplier(rng, 255*255)
	m.Lo, m.Hi = d.clamp(rng)
	want := make([]int8, len(av))
	for j := range want {
		acc := (int64(av[j]) - int64(m.ZeroA)) * (int64(bv[j%len(bv)]) - int64(m.ZeroB))
		want[j] = bigProduct(acc, m.Shift, m.Mult, m.ZeroO, m.Lo, m.Hi)
	}
	return &plainCase{op: tier.Mul(m), a: a, b: b, out: newBuffer(m.Out, tier), want: want}, m
}

func drawAddPlace(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	a, av := d.filled(rng, shape, tier)
	b, bv := d.filled(rng, Layout{H: 1, W: 1, C: shape.C}, tier)
	p := &Add{A: a.layout, B: b.layout, Out: randomBorder(rng, shape), Shift: uint8(1 + rng.IntN(14))}
	p.MultA, p.MultB = int16(rng.IntN(2<<p.Shift)-1<<p.Shift), int16(rng.IntN(2<<p.Shift))
	p.Bias = int32(rng.IntN(200<<p.Shift) - 100<<p.Shift)
	if d == extremes {
		p.MultA, p.MultB = math.MinInt16, []int16{math.MinInt16, math.MaxInt16}[rng.IntN(2)]
		p.Bias = int32(math.MaxInt32 - 256*32768 - 1<<13)
	}
	p.Lo, p.Hi = d.clamp(rng)
	all := make([]int8, len(av))
	for j := range all {
		all[j] = bv[j%shape.C]
	}
	return &plainCase{op: tier.AddPlace(p), a: a, b: b, out: newBuffer(p.Out, tier), want: referenceAdd(p, av, all)}, p
}

func drawGlobalMean(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	a, av := d.filled(rng, shape, tier)
	m := &GlobalMean{In: a.layout, Out: randomBorder(rng, Layout{H: 1, W: 1, C: shape.C})}
	m.Zero, m.ZeroO = d.int8(rng, -128, 127), d.int8(rng, -128, 127)
	m.Mult, m.Shift = d.multiplier(rng, 255*int64(shape.H*shape.W))
	m.Lo, m.Hi = d.clamp(rng)
	want := make([]int8, shape.C)
	for c := range want {
		var acc int64
		for j := c; j < len(av); j += shape.C {
			acc += int64(av[j]) - int64(m.Zero)
		}
		want[c] = bigProduct(acc, m.Shift, m.Mult, m.ZeroO, m.Lo, m.Hi)
	}
	return &plainCase{
		op: tier.GlobalMean(m), a: a, out: newBuffer(m.Out, tier), want: want,
		rows: func(int, int) (int, int) { return 0, shape.H },
	}, m
}

func (d drawing) table(rng *rand.Rand) []int8 {
	table := make([]int8, 256)
	for i := range table {
		table[i] = d.int8(rng, -128, 127)
	}
	if rng.IntN(4) == 0 {
		for i := range table {
			table[i] = int8(i - 128)
		}
	}
	return table
}

func drawTable(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	a, av := ordinary.filled(rng, shape, tier)
	x := &Table{In: a.layout, Out: randomBorder(rng, shape), Table: d.table(rng)}
	want := make([]int8, len(av))
	for j, q := range av {
		want[j] = x.Table[int(q)+128]
	}
	op := tier.Table(x)
	clear(x.Table) // what was packed must not lean on it
	return &plainCase{op: op, a: a, out: newBuffer(x.Out, tier), want: want}, shape
}

func drawSelect(rng *rand.Rand, _ drawing, tier *Tier, shape Layout) (*plainCase, any) {
	a, av := ordinary.filled(rng, shape, tier)
	channels := make([]int32, 1+rng.IntN(shape.C+8))
	kind := rng.IntN(3)
	for c := range channels {
		switch from := rng.IntN(shape.C); kind {
		case 0:
			channels[c] = int32(from)
		case 1: // two slices
			channels[c] = int32((c + shape.C/2) % shape.C)
		default: // a shuffle of two groups
			channels[c] = int32((c%2*(shape.C+1)/2 + c/2) % shape.C)
		}
	}
	s := &Select{In: a.layout, Out: randomBorder(rng, Layout{H: shape.H, W: shape.W, C: len(channels)}), Channels: channels}
	want := make([]int8, s.Out.elements())
	for j := range want {
		want[j] = av[j/len(channels)*shape.C+int(channels[j%len(channels)])]
	}
	return &plainCase{op: tier.Select(s), a: a, out: newBuffer(s.Out, tier), want: want}, s
}

func drawMaxPool(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	p := randomPool(rng, shape)
	a, av := d.filled(rng, shape, tier)
	p.In = a.layout
	want := make([]int8, p.Out.elements())
	for o := range want {
		want[o] = -128
		p.eachPlace(o, func(at int) { want[o] = max(want[o], av[at]) })
	}
	return &plainCase{op: tier.MaxPool(&p), a: a, out: newBuffer(p.Out, tier), want: want, rows: p.seen}, p
}

func drawMeanPool(rng *rand.Rand, d drawing, tier *Tier, shape Layout) (*plainCase, any) {
	p := &MeanPool{Pool: randomPool(rng, shape), Zero: d.int8(rng, -128, 127)}
	if p.CountPadding = rng.IntN(2) == 0; p.CountPadding {
		p.UncountedBottom, p.UncountedRight = rng.IntN(p.Window.Bottom+1), rng.IntN(p.Window.Right+1)
	}
	a, av := d.filled(rng, shape, tier)
	p.In = a.layout
	want := make([]int8, p.Out.elements())
	for o := range want {
		var sum int64
		n := p.eachPlace(o, func(at int) { sum += int64(av[at]) - int64(p.Zero) })
		want[o] = int8(int64(p.Zero) + floorHalf(sum, int64(n)))
	}
	return &plainCase{op: tier.MeanPool(p), a: a, out: newBuffer(p.Out, tier), want: want, rows: p.seen}, p
}

// TestPlace wants the inputs of a concatenation each in its place, whatever
// their order, and nothing written beside it.
func TestPlace(t *testing.T) {
	tiers(t, func(t *testing.T, tier *Tier) {
		rng := rand.New(rand.NewPCG(13, 1))
		for i := range 100 {
			shape := Layout{H: 1 + rng.IntN(9), W: 1 + rng.IntN(9), C: 1 + rng.IntN(40)}
			before, after := rng.IntN(9), rng.IntN(9)
			a, av := ordinary.filled(rng, shape, tier)
			p := &Place{In: a.layout, Channel: before}
			shape.C += before + after
			p.Out = randomBorder(rng, shape)
			if i%3 > 0 {
				p.Table = ordinary.table(rng)
			}
			rest := ordinary.values(rng, shape.elements())
			want := slices.Clone(rest)
			for j, q := range av {
				to := &want[j/p.In.C*shape.C+before+j%p.In.C]
				if *to = q; p.Table != nil {
					*to = p.Table[int(q)+128]
				}
			}
			out := newBuffer(p.Out, tier)
			out.put(rest, canary)
			clean := run(tier.Place(p), Args{Out: out.slice(), A: a.slice()}, rng)
			got, kept := out.get()
			if j := differ(got, want); j >= 0 || !clean || !kept {
				t.Fatalf("%+v: element %d: got %d, want %d; clean: %t", p, j, got[max(j, 0)], want[max(j, 0)], clean && kept)
			}
		}
	})
}

// randomPool draws a pool of shape whose windows all have a place in it.
func randomPool(rng *rand.Rand, shape Layout) Pool {
	for {
		w := Window{
			KernelH: 1 + rng.IntN(4), KernelW: 1 + rng.IntN(4),
			StrideH: 1 + rng.IntN(3), StrideW: 1 + rng.IntN(3),
			DilationH: 1 + rng.IntN(2), DilationW: 1 + rng.IntN(2),
		}
		if rng.IntN(8) == 0 {
			w.KernelH, w.KernelW = shape.H, shape.W // all of it: sums of more than 16 bits
		}
		reachH, reachW := (w.KernelH-1)*w.DilationH, (w.KernelW-1)*w.DilationW
		w.Top, w.Bottom = rng.IntN(reachH+1), rng.IntN(reachH+1)
		w.Left, w.Right = rng.IntN(reachW+1), rng.IntN(reachW+1)
		p := Pool{In: shape, Window: w, Out: Layout{
			H: (shape.H + w.Top + w.Bottom - reachH - 1 + w.StrideH) / w.StrideH,
			W: (shape.W + w.Left + w.Right - reachW - 1 + w.StrideW) / w.StrideW,
			C: shape.C,
		}}
		if shape.H+w.Top+w.Bottom <= reachH || shape.W+w.Left+w.Right <= reachW {
			continue
		}
		all := true
		sees := func(y, x int) {
			places := 0
			p.eachPlace((y*p.Out.W+x)*p.Out.C, func(int) { places++ })
			all = all && places > 0
		}
		for y := range p.Out.H {
			sees(y, 0)
		}
		for x := range p.Out.W {
			sees(0, x)
		}
		if all {
			p.Out = randomBorder(rng, p.Out)
			return p
		}
	}
}

// eachPlace visits the input elements, dense, in the window of an output
// element, and returns how many places a mean counts.
func (p *Pool) eachPlace(o int, visit func(at int)) (counted int) {
	y, x, c := o/(p.Out.W*p.Out.C), o/p.Out.C%p.Out.W, o%p.Out.C
	w := p.Window
	for ky := range w.KernelH {
		for kx := range w.KernelW {
			iy, ix := y*w.StrideH-w.Top+ky*w.DilationH, x*w.StrideW-w.Left+kx*w.DilationW
			inside := iy >= 0 && iy < p.In.H && ix >= 0 && ix < p.In.W
			if inside {
				visit((iy*p.In.W+ix)*p.In.C + c)
			}
			if inside || p.CountPadding && iy < p.In.H+w.Bottom-p.UncountedBottom && ix < p.In.W+w.Right-p.UncountedRight {
				counted++
			}
		}
	}
	return counted
}

// seen returns the rows of the picture that rows y to end are made of.
func (p *Pool) seen(y, end int) (from, to int) {
	from, to = p.In.H, 0
	for ; y < end; y++ {
		for ky := range p.Window.KernelH {
			if iy := y*p.Window.StrideH - p.Window.Top + ky*p.Window.DilationH; iy >= 0 && iy < p.In.H {
				from, to = min(from, iy), max(to, iy+1)
			}
		}
	}
	return from, to
}

// floorHalf is ⌊(2·sum + n)/2n⌋.
func floorHalf(sum, n int64) int64 {
	q := new(big.Int) // Div rounds down, as 2n is positive
	return q.Div(big.NewInt(2*sum+n), big.NewInt(2*n)).Int64()
}

// TestMeanDivision compares the quotient for every size of a window with
// division, where rounding changes and at both ends.
func TestMeanDivision(t *testing.T) {
	for n := 1; n <= 64*64; n++ {
		d := meanDivisor(n)
		for mean := -255; mean <= 255; mean++ {
			half := n*mean + n/2 // the last sum that may round to mean, about
			for sum := half - 1; sum <= half+1; sum++ {
				if sum < -255*n || sum > 255*n {
					continue
				}
				if got, want := d.quotient(int32(sum)), floorDivide(2*sum+n, 2*n); got != want {
					t.Fatalf("%d/%d: got %d, want %d", sum, n, got, want)
				}
			}
		}
	}
}

func floorDivide(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
