package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed/kernel/peak"
)

// The layers of EfficientNet-Lite0 at 224×224: how often each shape occurs in
// the network.
var lite0 = []struct {
	times                                 int
	k, stride, side, channels, filters, g int
}{
	{1, 3, 2, 224, 3, 32, 1},
	{1, 3, 1, 112, 32, 32, 32}, {1, 1, 1, 112, 32, 16, 1},
	{1, 1, 1, 112, 16, 96, 1}, {1, 3, 2, 112, 96, 96, 96}, {1, 1, 1, 56, 96, 24, 1},
	{2, 1, 1, 56, 24, 144, 1}, {1, 3, 1, 56, 144, 144, 144}, {1, 1, 1, 56, 144, 24, 1},
	{1, 5, 2, 56, 144, 144, 144}, {1, 1, 1, 28, 144, 40, 1},
	{2, 1, 1, 28, 40, 240, 1}, {1, 5, 1, 28, 240, 240, 240}, {1, 1, 1, 28, 240, 40, 1},
	{1, 3, 2, 28, 240, 240, 240}, {1, 1, 1, 14, 240, 80, 1},
	{3, 1, 1, 14, 80, 480, 1}, {2, 3, 1, 14, 480, 480, 480}, {2, 1, 1, 14, 480, 80, 1},
	{1, 5, 1, 14, 480, 480, 480}, {1, 1, 1, 14, 480, 112, 1},
	{3, 1, 1, 14, 112, 672, 1}, {2, 5, 1, 14, 672, 672, 672}, {2, 1, 1, 14, 672, 112, 1},
	{1, 5, 2, 14, 672, 672, 672}, {1, 1, 1, 7, 672, 192, 1},
	{4, 1, 1, 7, 192, 1152, 1}, {3, 5, 1, 7, 1152, 1152, 1152}, {3, 1, 1, 7, 1152, 192, 1},
	{1, 3, 1, 7, 1152, 1152, 1152}, {1, 1, 1, 7, 1152, 320, 1},
	{1, 1, 1, 7, 320, 1280, 1},
}

// segment is called when the measured part of a benchmark begins and when it
// ends: marks for an instruction counter (deploy/bench/count).
//
//go:noinline
func segment() {}

// peaks are measured once, by name of tier.
var peaks = map[string]float64{}

// peakOf returns the most multiply-accumulates a nanosecond that a tier's
// instructions can do, 0 for one that is not written in assembly.
func peakOf(tier *Tier) float64 {
	if _, ok := peaks[tier.Name]; !ok {
		var most float64
		for range 50 {
			start := time.Now()
			macs := peak.Run(tier.Name, 20000)
			most = max(most, float64(macs)/float64(max(time.Since(start), 1)))
		}
		peaks[tier.Name] = most
	}
	return peaks[tier.Name]
}

// multiplied is what is counted of a convolution.
const multiplied = "MAC"

// measure runs an operation b.N times and reports its best time, as n of a
// unit a second and, of multiplications, in percent of what the processor can
// do: what other programs do to it at the same time is not of interest.
func measure(b *testing.B, tier *Tier, op Op, args *Args, n int, unit string) time.Duration {
	most := peakOf(tier)
	args.Scratch = make([]Block, op.Scratch())
	best := time.Duration(1<<63 - 1)
	parts := op.Parts()
	segment()
	for b.Loop() {
		start := time.Now()
		for _, p := range parts {
			op.Run(args, p)
		}
		best = min(best, time.Since(start))
	}
	segment()
	rate := float64(n) / float64(best)
	b.ReportMetric(float64(n)/1e6, "M"+unit)
	b.ReportMetric(rate, "G"+unit+"/s")
	if unit == multiplied && most > 0 {
		b.ReportMetric(100*rate/most, "%peak")
	}
	return best
}

func benchmarkTiers(b *testing.B, f func(b *testing.B, tier *Tier)) {
	for _, tier := range Tiers {
		if tier.Usable() {
			b.Run(tier.Name, func(b *testing.B) { f(b, tier) })
		}
	}
}

// BenchmarkLite0 measures every layer shape of the network, and adds up what
// the whole of it would take.
func BenchmarkLite0(b *testing.B) {
	benchmarkTiers(b, func(b *testing.B, tier *Tier) {
		rng := rand.New(rand.NewPCG(1, 1))
		var total time.Duration
		for _, l := range lite0 {
			pad := l.k / 2
			w := window(l.k, l.stride, 1, pad, pad, pad, pad)
			if l.stride == 2 {
				w.Top, w.Left = (l.k-2)/2, (l.k-2)/2
			}
			c := &Conv{Geometry: Geometry{Window: w, Groups: l.g}}
			c.In = Layout{H: l.side, W: l.side, C: l.channels, Top: w.Top, Left: w.Left, Bottom: w.Bottom, Right: w.Right}
			c.Out = Layout{H: l.side / l.stride, W: l.side / l.stride, C: l.filters}
			if l.filters > l.channels && l.k == 1 { // a depthwise layer follows
				c.Out.Top, c.Out.Left, c.Out.Bottom, c.Out.Right = 1, 1, 1, 1
			}
			ordinary.conv(rng, c)
			c.Lo, c.Hi = -128, 127 // ranges are chosen so that saturation is all the clamp there is
			kind, pack := "dense", tier.Dense
			if c.Depthwise() {
				kind, pack = "depthwise", tier.Depthwise
			}
			in, out := newBuffer(c.In, tier), newBuffer(c.Out, tier)
			in.put(ordinary.values(rng, c.In.H*c.In.W*c.In.C), 0)
			macs := c.Out.H * c.Out.W * c.Out.C * c.K()
			b.Run(fmt.Sprintf("%s/%dx%ds%d-%dx%d-%d-%d", kind, l.k, l.k, l.stride, l.side, l.side, l.channels, l.filters), func(b *testing.B) {
				total += time.Duration(l.times) * measure(b, tier, pack(c), &Args{Out: out.slice(), A: in.slice()}, macs, multiplied)
			})
		}
		b.Logf("%s: %.1f ms a picture without additions", tier.Name, total.Seconds()*1e3)
	})
}

func BenchmarkAdd(b *testing.B) {
	benchmarkTiers(b, func(b *testing.B, tier *Tier) {
		rng := rand.New(rand.NewPCG(1, 1))
		l := Layout{H: 56, W: 56, C: 24}
		x, y, out := newBuffer(l, tier), newBuffer(l, tier), newBuffer(l, tier)
		x.put(ordinary.values(rng, l.Len()), 0)
		y.put(ordinary.values(rng, l.Len()), 0)
		op := tier.Add(&Add{A: l, B: l, Out: l, MultA: 12000, MultB: 9000, Bias: 77, Shift: 14, Lo: -128, Hi: 127})
		measure(b, tier, op, &Args{Out: out.slice(), A: x.slice(), B: y.slice()}, l.Len(), "element")
	})
}

func BenchmarkMean(b *testing.B) {
	benchmarkTiers(b, func(b *testing.B, tier *Tier) {
		l := Layout{H: 7, W: 7, C: 1280}
		x := newBuffer(l, tier)
		x.put(ordinary.values(rand.New(rand.NewPCG(1, 1)), l.Len()), 0)
		measure(b, tier, tier.Mean(&Mean{In: l, Zero: -128}), &Args{A: x.slice(), Sum: make([]int32, l.C)}, l.Len(), "element")
	})
}

// BenchmarkPlain measures what every tier does in plain Go, in shapes of
// MobileNetV3, ResNet-18 and ShuffleNetV2, by elements written.
func BenchmarkPlain(b *testing.B) {
	tier, err := Choose("")
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	wide := Layout{H: 14, W: 14, C: 480}
	stem, pooled := Layout{H: 112, W: 112, C: 64}, Layout{H: 56, W: 56, C: 64}
	half := Layout{H: 28, W: 28, C: 58}
	both := Layout{H: 28, W: 28, C: 116}
	shuffle, slice := make([]int32, 116), make([]int32, 58)
	for c := range shuffle {
		shuffle[c] = int32(c%2*58 + c/2)
	}
	for c := range slice {
		slice[c] = int32(58 + c)
	}
	pool := Pool{In: stem, Out: pooled, Window: window(3, 2, 1, 1, 1, 1, 1)}
	for _, c := range []struct {
		name      string
		op        Op
		a, b, out Layout
	}{
		{"table", tier.Table(&Table{In: wide, Out: wide, Table: ordinary.table(rng)}), wide, Layout{}, wide},
		{"mul", tier.Mul(&Mul{A: wide, B: wide, Out: wide, Mult: 1 << 23, Lo: -128, Hi: 127}), wide, wide, wide},
		{"mul-place", tier.Mul(&Mul{A: wide, B: Layout{H: 1, W: 1, C: 480}, Out: wide, Mult: 1 << 23, Lo: -128, Hi: 127}), wide, Layout{H: 1, W: 1, C: 480}, wide},
		{"max-pool", tier.MaxPool(&pool), stem, Layout{}, pooled},
		{"mean-pool", tier.MeanPool(&MeanPool{Pool: pool}), stem, Layout{}, pooled},
		{"place", tier.Place(&Place{In: half, Out: both, Table: ordinary.table(rng)}), half, Layout{}, both},
		{"place-copy", tier.Place(&Place{In: half, Out: both}), half, Layout{}, both},
		{"select-shuffle", tier.Select(&Select{In: both, Out: both, Channels: shuffle}), both, Layout{}, both},
		{"select-slice", tier.Select(&Select{In: both, Out: half, Channels: slice}), both, Layout{}, half},
	} {
		x, y, out := newBuffer(c.a, tier), newBuffer(c.b, tier), newBuffer(c.out, tier)
		x.put(ordinary.values(rng, c.a.elements()), 0)
		y.put(ordinary.values(rng, c.b.elements()), 0)
		b.Run(c.name+"/"+tier.Name, func(b *testing.B) {
			measure(b, tier, c.op, &Args{Out: out.slice(), A: x.slice(), B: y.slice()}, c.out.elements(), "element")
		})
	}
}
