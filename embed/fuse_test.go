package embed_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/embed/kernel"
)

// TestFused compares every value that is whole, and the embedding, of networks
// in strips with the same networks value by value, for every tier: strips of
// one row to all rows, on one to four threads, twice, as a session's strips
// hold the last picture's rows.
func TestFused(t *testing.T) {
	for _, tier := range kernel.Tiers {
		if !tier.Usable() {
			continue
		}
		t.Run(tier.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			joined := 0
			for seed := range uint64(60) {
				g := embedtest.Random(seed, true)
				if seed%3 == 0 {
					g = blocks(rng, seed)
				}
				m := embedtest.Int8(g, seed)
				if seed%4 == 1 {
					byChannel(m)
				}
				joined += testFused(t, m, tier, seed, rng)
			}
			if joined < 120 {
				t.Errorf("only %d values were inside of a chain", joined)
			}
		})
	}
}

func testFused(t *testing.T, m *embed.Model, tier *kernel.Tier, seed uint64, rng *rand.Rand) int {
	t.Helper()
	units := []int{1, 2, 5, 100}[rng.IntN(4)]
	fused, inside, err := embed.NewNetworkFused(m, tier, rng.IntN(1<<13), units)
	if err != nil {
		t.Fatal(err)
	}
	if inside != fused.Inside() {
		t.Fatalf("%d values joined, %d are inside", inside, fused.Inside())
	}
	s := session(t, fused, 1+rng.IntN(4))
	in := m.Graph.Input
	got, want := make(embed.Embedding, fused.Dim()), make(embed.Embedding, fused.Dim())
	for round := range uint64(2) {
		rgb := embedtest.Pixels(in.Height*in.Width*3, 10*seed+round)
		var values [][]float32
		err := s.Trace(rgb, func(_ embed.Value, _ embed.Shape, data []float32) { values = append(values, slices.Clone(data)) })
		if err != nil {
			t.Fatal(err)
		}
		s.Steps(rgb, func(v embed.Value, data []float32) {
			for i := range data {
				if data[i] != values[v][i] {
					t.Fatalf("seed %d, round %d: value %d element %d is %g, want %g", seed, round, v, i, data[i], values[v][i])
				}
			}
		})
		plain, err := embed.NewNetworkUnfused(m, tier)
		if err != nil {
			t.Fatal(err)
		}
		if err := session(t, plain, 1).EmbedPixels(want, rgb); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := s.EmbedPixels(got, rgb); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, round %d: another embedding than value by value", seed, round)
			}
		}
	}
	return inside
}

// blocks is a few inverted residual blocks of random sizes.
func blocks(rng *rand.Rand, seed uint64) *embed.Graph {
	side := 9 + rng.IntN(24)
	b := embedtest.NewBuilder(side, seed)
	x := b.Conv(0, embedtest.Same(3, 1+rng.IntN(2), side), 1, 1+rng.IntN(24), embed.ActReLU6)
	for range 2 + rng.IntN(2) {
		in, stride := x, 1+rng.IntN(2)
		out := 1 + rng.IntN(20)
		if rng.IntN(2) == 0 {
			stride, out = 1, b.Shape(in).C
		}
		x = b.Pointwise(x, 2+rng.IntN(70), embed.ActReLU6)
		x = b.Depthwise(x, 3+2*rng.IntN(3), stride, embed.ActReLU6)
		x = b.Pointwise(x, out, embed.ActNone)
		if b.Shape(x) == b.Shape(in) {
			x = b.Add(in, x, embed.ActNone)
		}
	}
	b.GlobalMean(x)
	return b.Graph()
}

// TestFusedNetwork wants the network that is shipped to fuse what is large, and
// its memory to show it.
func TestFusedNetwork(t *testing.T) {
	m, err := embed.Open("../models/efficientnet-lite0-224.edge")
	if err != nil {
		t.Fatal(err)
	}
	fused := network(t, m)
	tier, err := kernel.Choose(fused.Kernel())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := embed.NewNetworkUnfused(m, tier)
	if err != nil {
		t.Fatal(err)
	}
	before, none := plain.Arena()
	after, strips := fused.Arena()
	t.Logf("%d values inside; %d KB whole, %d KB of strips a worker; without strips %d KB", fused.Inside(), after>>10, strips>>10, before>>10)
	if none != 0 || plain.Inside() != 0 {
		t.Errorf("value by value, %d are inside of a chain in %d bytes", plain.Inside(), none)
	}
	if fused.Inside() < 8 || after > before/2 || strips > 256<<10 {
		t.Errorf("%d values are inside, %d bytes whole of %d, %d of strips", fused.Inside(), after, before, strips)
	}
	got, want := make(embed.Embedding, fused.Dim()), make(embed.Embedding, fused.Dim())
	s, p := session(t, fused, 2), session(t, plain, 2)
	for seed := range uint64(1) {
		rgb := embedtest.Pixels(224*224*3, seed)
		if err := s.EmbedPixels(got, rgb); err != nil {
			t.Fatal(err)
		}
		if err := p.EmbedPixels(want, rgb); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("picture %d: another embedding than value by value", seed)
		}
	}
}

// TestFusedActs wants a block whose activations could not be fused to be made
// in strips together with them: two layers wide, three activations, and the
// picture with the first layer.
func TestFusedActs(t *testing.T) {
	b := embedtest.NewBuilder(96, 1)
	x := b.Act(b.Conv(0, embedtest.Same(3, 1, 96), 1, 64, embed.ActNone), embed.ActHardSwish)
	x = b.Act(b.Depthwise(x, 3, 1, embed.ActNone), embed.ActHardSwish)
	x = b.Pointwise(x, 8, embed.ActNone)
	in := x
	x = b.Act(b.Pointwise(x, 48, embed.ActNone), embed.ActHardSwish)
	x = b.Act(b.Depthwise(x, 5, 1, embed.ActNone), embed.ActHardSwish)
	x = b.Add(in, b.Pointwise(x, 8, embed.ActNone), embed.ActNone)
	b.GlobalMean(x)
	m := embedtest.Int8(b.Graph(), 1)
	fused := network(t, m)
	// All but the two blocks' last values, and the mean.
	if want := len(m.Graph.Nodes) + 1 - 3; fused.Inside() != want {
		t.Errorf("%d of %d values are inside of a chain, want %d", fused.Inside(), len(m.Graph.Nodes)+1, want)
	}
	tier, err := kernel.Choose(fused.Kernel())
	if err != nil {
		t.Fatal(err)
	}
	plain, err := embed.NewNetworkUnfused(m, tier)
	if err != nil {
		t.Fatal(err)
	}
	got, want := make(embed.Embedding, fused.Dim()), make(embed.Embedding, fused.Dim())
	rgb := embedtest.Pixels(96*96*3, 1)
	if err := session(t, plain, 1).EmbedPixels(want, rgb); err != nil {
		t.Fatal(err)
	}
	if err := session(t, fused, 2).EmbedPixels(got, rgb); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Error("another embedding than value by value")
	}
}

// BenchmarkFused times a network in strips and the same value by value in
// turn, and reports medians and their ratio: above 1, strips are faster.
func BenchmarkFused(b *testing.B) {
	for _, side := range []int{160, 224} {
		m := embedtest.Int8(embedtest.Lite0(side, 1), 1)
		fused := network(b, m)
		tier, err := kernel.Choose(fused.Kernel())
		if err != nil {
			b.Fatal(err)
		}
		plain, err := embed.NewNetworkUnfused(m, tier)
		if err != nil {
			b.Fatal(err)
		}
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("lite0-%d/%s/threads-%d", side, tier.Name, threads), func(b *testing.B) {
				inTurn(b, side, [2]string{"strips", "plain"}, session(b, fused, threads), session(b, plain, threads))
			})
		}
	}
}

// BenchmarkScaling times one thread and two in turn.
func BenchmarkScaling(b *testing.B) {
	for _, side := range []int{160, 224} {
		n := network(b, embedtest.Int8(embedtest.Lite0(side, 1), 1))
		b.Run(fmt.Sprintf("lite0-%d/%s", side, n.Kernel()), func(b *testing.B) {
			inTurn(b, side, [2]string{"two", "one"}, session(b, n, 2), session(b, n, 1))
		})
	}
}

// inTurn runs two sessions A B A B … b.N times and reports the median of each,
// in milliseconds, and the second's over the first's.
func inTurn(b *testing.B, side int, names [2]string, sessions ...*embed.Session) {
	rgb := embedtest.Pixels(side*side*3, 1)
	e := make(embed.Embedding, 1280)
	var took [2][]float64
	for b.Loop() {
		for i, s := range sessions {
			for warm := range 2 { // the other session's leavings are in the cache
				start := time.Now()
				if err := s.EmbedPixels(e, rgb); err != nil {
					b.Fatal(err)
				}
				if warm == 1 {
					took[i] = append(took[i], time.Since(start).Seconds()*1e3)
				}
			}
		}
	}
	var median [2]float64
	for i := range took {
		slices.Sort(took[i])
		median[i] = took[i][len(took[i])/2]
		b.ReportMetric(median[i], names[i]+"-ms")
		b.ReportMetric(took[i][0], names[i]+"-best-ms")
	}
	b.ReportMetric(median[1]/median[0], "ratio")
	b.ReportMetric(0, "ns/op")
}
