package embed_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/embed/kernel"
)

func network(t testing.TB, m *embed.Model) *embed.Network {
	t.Helper()
	n, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func session(t testing.TB, n *embed.Network, threads int) *embed.Session {
	t.Helper()
	s := n.NewSession(threads)
	t.Cleanup(s.Close)
	return s
}

func float32Model(g *embed.Graph) *embed.Model {
	return &embed.Model{Precision: embed.Float32, Graph: g}
}

// TestFloatReference compares every value of random graphs with the
// definition, bit for bit, whatever the number of threads.
func TestFloatReference(t *testing.T) {
	seen := map[embed.Op]int{}
	acts := map[embed.Act]int{}
	for seed := range uint64(200) {
		g := embedtest.Random(seed, false)
		for i := range g.Nodes {
			seen[g.Nodes[i].Op]++
			acts[g.Nodes[i].Act]++
		}
		n := network(t, float32Model(g))
		shapes, err := g.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		s := session(t, n, 1+int(seed%4))
		rgb := embedtest.Pixels(shapes[0].Len(), seed)
		want := referenceFloat(g, shapes, rgb)
		next := 0
		err = s.Trace(rgb, func(v embed.Value, shape embed.Shape, data []float32) {
			if int(v) != next || shape != shapes[v] || len(data) != shape.Len() {
				t.Fatalf("seed %d: value %d of %v with %d elements, want value %d of %v", seed, v, shape, len(data), next, shapes[v])
			}
			next++
			for i := range data {
				// Adding zero makes 0 of −0, which are as good as each other.
				if math.Float32bits(data[i]+0) != math.Float32bits(want[v][i]+0) {
					t.Fatalf("seed %d: value %d element %d is %g, want %g (%+v)", seed, v, i, data[i], want[v][i], g.Nodes[v-1].Op)
				}
			}
		})
		if err != nil || next != len(shapes) {
			t.Fatalf("seed %d: %d of %d values, %v", seed, next, len(shapes), err)
		}
		got := make([]float32, n.Dim())
		if err := s.Run(got, rgb); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want[g.Output]) {
			t.Fatalf("seed %d: Run gave another output than Trace", seed)
		}
		var squares float64
		for _, v := range got {
			squares += float64(v) * float64(v)
		}
		e := make(embed.Embedding, n.Dim())
		if err := s.EmbedPixels(e, rgb); err != nil {
			t.Fatal(err)
		}
		for i, v := range e {
			unit := 0.0
			if squares > 0 {
				unit = float64(got[i]) / math.Sqrt(squares)
			}
			if math.Abs(float64(v)-unit) > 1e-7 {
				t.Fatalf("seed %d: dimension %d is %g, want %g", seed, i, v, unit)
			}
		}
	}
	for op := embed.OpConv; op <= embed.OpSelect; op++ {
		if seen[op] == 0 {
			t.Errorf("no random graph has a %v", op)
		}
	}
	for act := range embed.ActTanh + 1 {
		if acts[act] == 0 {
			t.Errorf("no random graph has a %v", act)
		}
	}
}

// TestInt8Reference compares every value of random int8 networks with the
// definition in big integers, for every tier and number of threads.
func TestInt8Reference(t *testing.T) {
	for _, tier := range kernel.Tiers {
		if !tier.Usable() {
			continue
		}
		t.Run(tier.Name, func(t *testing.T) {
			t.Setenv(embed.KernelEnv, tier.Name)
			seen := map[string]int{}
			for seed := range uint64(120) {
				testInt8Reference(t, seed, seen)
			}
			for _, what := range []string{
				"conv", "act", "add", "add of a place", "mul", "mul of a place", "global mean", "max pool", "mean pool",
				"mean pool with padding", "concat", "concat without tables", "select",
			} {
				if seen[what] < 3 {
					t.Errorf("random graphs have %d of %s", seen[what], what)
				}
			}
		})
	}
}

func testInt8Reference(t *testing.T, seed uint64, seen map[string]int) {
	m := embedtest.Int8(embedtest.Random(seed, true), seed)
	if seed%4 == 0 {
		byChannel(m)
	}
	n := network(t, m)
	shapes, err := m.Graph.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Graph.Nodes[:len(m.Graph.Nodes)-1] {
		n := &m.Graph.Nodes[i]
		what := n.Op.String()
		switch {
		case len(n.In) == 2 && n.Op != embed.OpConcat && shapes[n.In[1]] != shapes[n.In[0]]:
			what += " of a place"
		case n.CountPadding:
			what += " with padding"
		case n.Op == embed.OpConcat && len(m.Quant.Nodes[i].Table) == 0:
			what += " without tables"
		}
		seen[what]++
	}
	s := session(t, n, 1+int(seed%4))
	rgb := embedtest.Pixels(shapes[0].Len(), seed)
	values, sums := referenceInt8(m, shapes, rgb)
	last := len(shapes) - 1
	in := m.Graph.Nodes[last-1].In[0]
	err = s.Trace(rgb, func(v embed.Value, shape embed.Shape, data []float32) {
		q := m.Quant.Values[v]
		for i, got := range data {
			var want float64
			if int(v) == last {
				want = float64(sums[i]) * float64(m.Quant.Values[in].Scale) / float64(shapes[in].H*shapes[in].W)
				if math.Abs(float64(got)-want) > 1e-6*math.Abs(want) {
					t.Fatalf("seed %d: mean %d is %g, want %g", seed, i, got, want)
				}
				continue
			}
			want = float64(q.Scale) * float64(int(values[v][i])-int(q.Zero))
			if float64(got) != float64(float32(want)) {
				t.Fatalf("seed %d: value %d element %d is %g, want %g (%d)", seed, v, i, got, want, values[v][i])
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	e := make(embed.Embedding, n.Dim())
	if err := s.EmbedPixels(e, rgb); err != nil {
		t.Fatal(err)
	}
	checkUnit(t, e, sums)
}

// byChannel gives a model's input another mean and deviation in each channel,
// as PyTorch's networks have: one scale and zero point hold all three.
func byChannel(m *embed.Model) {
	m.Graph.Input.Mean, m.Graph.Input.Std = [3]float32{123.675, 116.28, 103.53}, [3]float32{129.5, 120.25, 131}
}

// TestInt8Input compares the input of an int8 network with the definition in
// rational numbers, halves and what must be clamped among it.
func TestInt8Input(t *testing.T) {
	b := embedtest.NewBuilder(16, 1) // 256 pixels: every byte once a channel
	b.GlobalMean(0)
	g := b.Graph()
	rgb := make([]byte, 16*16*3)
	for i := range rgb {
		rgb[i] = byte(i / 3)
	}
	for _, c := range []struct {
		mean, std [3]float32
		q         embed.QValue
	}{
		{[3]float32{127, 127, 127}, [3]float32{128, 128, 128}, embed.QValue{Scale: 1.0 / 128, Zero: -1}},
		{[3]float32{127.5, 0.5, 254.5}, [3]float32{128, 128, 128}, embed.QValue{Scale: 1.0 / 128, Zero: 0}},
		{[3]float32{123.675, 116.28, 103.53}, [3]float32{58.395, 57.12, 57.375}, embed.QValue{Scale: 0.0186584, Zero: -14}},
		{[3]float32{0, 300, -300}, [3]float32{1, 255, 0.01}, embed.QValue{Scale: 1, Zero: 100}},
	} {
		g.Input.Mean, g.Input.Std = c.mean, c.std
		m := &embed.Model{Precision: embed.Int8, Graph: g, Quant: &embed.Quant{
			Values: []embed.QValue{c.q, {}}, Nodes: make([]embed.QNode, 1),
		}}
		s := session(t, network(t, m), 1)
		err := s.Trace(rgb, func(v embed.Value, _ embed.Shape, data []float32) {
			for i, got := range data {
				if v > 0 {
					break
				}
				mean, std := new(big.Rat).SetFloat64(float64(c.mean[i%3])), new(big.Rat).SetFloat64(float64(c.std[i%3]))
				real := new(big.Rat).Sub(big.NewRat(int64(rgb[i]), 1), mean)
				real.Quo(real, std.Mul(std, new(big.Rat).SetFloat64(float64(c.q.Scale))))
				want := min(max(roundHalfEven(real)+int64(c.q.Zero), -128), 127) - int64(c.q.Zero)
				if got != c.q.Scale*float32(want) {
					t.Fatalf("%+v: %d of channel %d is %g, want %g", c, rgb[i], i%3, got, c.q.Scale*float32(want))
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func roundHalfEven(r *big.Rat) int64 {
	half := new(big.Rat).Add(r, big.NewRat(1, 2))
	n := new(big.Int).Div(half.Num(), half.Denom()) // rounds down: the denominator is positive
	if half.IsInt() && n.Bit(0) == 1 {
		n.Sub(n, big.NewInt(1))
	}
	return n.Int64()
}

// checkUnit compares an embedding with n/‖n‖ to within the two roundings that
// the definition allows it.
func checkUnit(t *testing.T, e embed.Embedding, sums []int64) {
	t.Helper()
	squares := new(big.Int)
	for _, n := range sums {
		squares.Add(squares, new(big.Int).Mul(big.NewInt(n), big.NewInt(n)))
	}
	norm := new(big.Float).SetPrec(200).SetInt(squares)
	norm.Sqrt(norm)
	for i, n := range sums {
		var want float32
		if squares.Sign() > 0 {
			want, _ = new(big.Float).SetPrec(200).Quo(new(big.Float).SetInt64(n), norm).Float32()
		}
		if d := int64(math.Float32bits(e[i])) - int64(math.Float32bits(want)); d < -1 || d > 1 {
			t.Fatalf("dimension %d is %g, want %g", i, e[i], want)
		}
	}
}

// TestGolden holds the bits of an embedding: they are the same on every
// architecture and for ever.
func TestGolden(t *testing.T) {
	for _, tier := range kernel.Tiers {
		if !tier.Usable() {
			continue
		}
		t.Run(tier.Name, func(t *testing.T) {
			t.Setenv(embed.KernelEnv, tier.Name)
			for _, c := range []struct {
				model *embed.Model
				want  string
			}{
				{embedtest.Tiny(), "c895e5688f38fb74"},
				{embedtest.TinyFloat(), "6e51dbffeb54f4d4"},
				{embedtest.Int8(embedtest.Lite0(64, 3), 3), "a2b95c78e24db13d"},
				{embedtest.Mixed(21), "cfe8d06ada5d6ef7"},
				{embedtest.MixedFloat(21), "219ab5998619e166"},
			} {
				n := network(t, c.model)
				e := make(embed.Embedding, n.Dim())
				in := n.Input()
				if err := session(t, n, 2).EmbedPixels(e, embedtest.Pixels(in.Height*in.Width*3, 9)); err != nil {
					t.Fatal(err)
				}
				h := sha256.New()
				for _, v := range e {
					_ = binary.Write(h, binary.LittleEndian, v)
				}
				if got := hex.EncodeToString(h.Sum(nil)[:8]); got != c.want {
					t.Errorf("%s: the embedding's hash is %s, want %s", c.model.Meta.Name, got, c.want)
				}
			}
		})
	}
}

// TestGold runs the gold inputs of the test models as `edge doctor` does.
func TestGold(t *testing.T) {
	for _, m := range []*embed.Model{embedtest.Tiny(), embedtest.TinyFloat(), embedtest.Mixed(16), embedtest.MixedFloat(16)} {
		n := network(t, m)
		s := session(t, n, 1)
		for i, gold := range m.Gold {
			e := make(embed.Embedding, n.Dim())
			if err := s.EmbedPixels(e, gold.Pix); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(e, gold.Embedding) {
				t.Errorf("%s: gold %d differs", m.Meta.Name, i)
			}
		}
	}
}

// TestThreads wants the same bits from one to four threads, over and over, as
// who computes what differs each time.
func TestThreads(t *testing.T) {
	b := embedtest.NewBuilder(48, 1) // large enough for several units in every layer
	x := b.Conv(0, embedtest.Same(3, 2, 48), 1, 16, embed.ActReLU6)
	x = b.Depthwise(b.Pointwise(x, 64, embed.ActReLU6), 3, 1, embed.ActReLU6)
	y := b.Pointwise(x, 24, embed.ActNone)
	x = b.Depthwise(b.Pointwise(y, 96, embed.ActReLU6), 5, 1, embed.ActReLU6)
	x = b.Add(y, b.Pointwise(x, 24, embed.ActNone), embed.ActNone)
	b.GlobalMean(b.Pointwise(x, 200, embed.ActReLU))
	g := b.Graph()
	for _, m := range []*embed.Model{embedtest.Int8(g, 1), float32Model(g), embedtest.Mixed(150), embedtest.MixedFloat(150)} {
		n := network(t, m)
		rgb := embedtest.Pixels(n.Input().Height*n.Input().Width*3, 5)
		want := make(embed.Embedding, n.Dim())
		if err := session(t, n, 1).EmbedPixels(want, rgb); err != nil {
			t.Fatal(err)
		}
		got := make(embed.Embedding, n.Dim())
		for threads := -1; threads <= 4; threads++ {
			s := session(t, n, threads)
			for round := range 2 {
				clear(got)
				if err := s.EmbedPixels(got, rgb); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%v: %d threads, round %d: another embedding", m.Precision, threads, round)
				}
			}
			s.Close()
		}
	}
}

// TestConcurrentSessions runs many sessions of one network at once.
func TestConcurrentSessions(t *testing.T) {
	m := embedtest.Tiny()
	n := network(t, m)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			s := n.NewSession(1 + g%3)
			defer s.Close()
			e := make(embed.Embedding, n.Dim())
			for i := range 20 {
				gold := &m.Gold[(g+i)%len(m.Gold)]
				if err := s.EmbedPixels(e, gold.Pix); err != nil || !slices.Equal(e, gold.Embedding) {
					t.Errorf("session %d round %d: another embedding, %v", g, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestEmbedAllocatesNothing(t *testing.T) {
	for _, m := range []*embed.Model{embedtest.Tiny(), embedtest.TinyFloat(), embedtest.Mixed(40), embedtest.MixedFloat(40)} {
		n := network(t, m)
		for threads := 1; threads <= 2; threads++ {
			s := session(t, n, threads)
			e := make(embed.Embedding, n.Dim())
			p := embed.Picture{Pix: embedtest.Pixels(40*30*3, 1), Width: 40, Height: 30, Stride: 120, Format: embed.RGB}
			if err := s.Embed(e, p, embed.Region{}); err != nil {
				t.Fatal(err)
			}
			rgb := slices.Clone(s.Pixels())
			var failed error
			allocs := testing.AllocsPerRun(20, func() {
				failed = errors.Join(failed, s.Embed(e, p, embed.Region{}), s.EmbedPixels(e, rgb), s.Run(e, rgb))
			})
			if failed != nil || allocs != 0 {
				t.Errorf("%v with %d threads: %g allocations a frame, %v", m.Precision, threads, allocs, failed)
			}
		}
	}
}

// TestEmbed wants Embed to be Preprocess and EmbedPixels.
func TestEmbed(t *testing.T) {
	n := network(t, embedtest.Tiny())
	s := session(t, n, 1)
	side := n.Input().Height
	p := embed.Picture{Pix: embedtest.Pixels(40*30*3, 1), Width: 40, Height: 30, Stride: 120, Format: embed.RGB}
	r := embed.Region{X: 0.25, Y: 0.25, W: 0.5, H: 0.5}
	var scratch embed.Scratch
	rgb := make([]byte, side*side*3)
	if err := embed.Preprocess(rgb, side, p, r, &scratch); err != nil {
		t.Fatal(err)
	}
	got, want := make(embed.Embedding, n.Dim()), make(embed.Embedding, n.Dim())
	if err := s.Embed(got, p, r); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Pixels(), rgb) {
		t.Error("Pixels is not what Preprocess makes")
	}
	if err := s.EmbedPixels(want, rgb); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Error("Embed and EmbedPixels differ")
	}
	if err := s.Embed(got, embed.Picture{}, r); !errors.Is(err, embed.ErrPicture) {
		t.Errorf("no picture: %v", err)
	}
	if !slices.Equal(got, want) {
		t.Error("a bad picture changed the embedding")
	}
}

func TestSessionErrors(t *testing.T) {
	for _, m := range []*embed.Model{embedtest.Tiny(), embedtest.TinyFloat()} {
		n := network(t, m)
		s := n.NewSession(2)
		e, rgb := make(embed.Embedding, n.Dim()), m.Gold[0].Pix
		visit := func(embed.Value, embed.Shape, []float32) { t.Error("visited a value of a bad input") }
		for _, bad := range [][]byte{nil, rgb[1:], append(slices.Clone(rgb), 0)} {
			for what, err := range map[string]error{
				"EmbedPixels": s.EmbedPixels(e, bad), "Run": s.Run(e, bad), "Trace": s.Trace(bad, visit),
			} {
				if !errors.Is(err, embed.ErrPicture) {
					t.Errorf("%s of %d bytes: %v", what, len(bad), err)
				}
			}
		}
		for _, bad := range []embed.Embedding{nil, e[1:], append(slices.Clone(e), 0)} {
			if s.EmbedPixels(bad, rgb) == nil || s.Run(bad, rgb) == nil {
				t.Errorf("no error for a destination of %d elements", len(bad))
			}
		}
		s.Close()
		s.Close()
		if s.EmbedPixels(e, rgb) == nil || s.Run(e, rgb) == nil || s.Trace(rgb, visit) == nil {
			t.Error("a closed session still computes")
		}
	}
}

// TestZeroOutput wants zeros, not NaN, where there is nothing to normalize.
func TestZeroOutput(t *testing.T) {
	b := embedtest.NewBuilder(4, 1)
	b.GlobalMean(b.Pointwise(0, 5, embed.ActReLU))
	g := b.Graph()
	clear(g.Nodes[0].Weight)
	clear(g.Nodes[0].Bias)
	m := embedtest.Int8(embedtest.Random(1, true), 1)
	for i := range m.Quant.Nodes {
		if q := &m.Quant.Nodes[i]; m.Graph.Nodes[i].Op != embed.OpGlobalMean {
			q.Lo, q.Hi = m.Quant.Values[i+1].Zero, m.Quant.Values[i+1].Zero
		}
	}
	for _, m := range []*embed.Model{float32Model(g), m} {
		n := network(t, m)
		e := make(embed.Embedding, n.Dim())
		e[0] = 1
		in := n.Input()
		if err := session(t, n, 1).EmbedPixels(e, embedtest.Pixels(in.Height*in.Width*3, 1)); err != nil {
			t.Fatal(err)
		}
		for i, v := range e {
			if v != 0 {
				t.Errorf("%v: dimension %d is %g, want 0", m.Precision, i, v)
			}
		}
	}
}

// TestOverflow wants an error where finite weights give no finite output.
func TestOverflow(t *testing.T) {
	b := embedtest.NewBuilder(4, 1)
	x := b.Pointwise(0, 5, embed.ActNone)
	b.GlobalMean(b.Pointwise(x, 5, embed.ActNone))
	g := b.Graph()
	for i := range 2 {
		for j := range g.Nodes[i].Weight {
			g.Nodes[i].Weight[j] = math.MaxFloat32
		}
	}
	n := network(t, float32Model(g))
	e := make(embed.Embedding, n.Dim())
	if err := session(t, n, 1).EmbedPixels(e, make([]byte, 4*4*3)); !errors.Is(err, embed.ErrCorrupt) {
		t.Errorf("got %v and %v", e, err)
	}
	for i, v := range e {
		if v != 0 {
			t.Errorf("dimension %d is %g after the error", i, v)
		}
	}
}

func TestNetwork(t *testing.T) {
	m := embedtest.Tiny()
	n := network(t, m)
	if n.Model() != m || n.Dim() != 24 || n.Precision() != embed.Int8 || n.Input() != m.Graph.Input || n.Fingerprint() != m.Fingerprint() {
		t.Errorf("the network does not describe its model: dim %d, %v, %+v", n.Dim(), n.Precision(), n.Input())
	}
	best, err := kernel.Choose("")
	if err != nil || n.Kernel() != best.Name {
		t.Errorf("kernel %q, want %q (%v)", n.Kernel(), best.Name, err)
	}
	if f := network(t, embedtest.TinyFloat()); f.Kernel() != "reference" || f.Precision() != embed.Float32 {
		t.Errorf("a float network has kernel %q and %v", f.Kernel(), f.Precision())
	}
}

// TestNetworkOfCopy wants a model that was read from a file, copied and changed
// to be checked like any other.
func TestNetworkOfCopy(t *testing.T) {
	file, err := embedtest.Tiny().Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := embed.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	quant := *m.Quant
	quant.Nodes = slices.Clone(quant.Nodes)
	quant.Nodes[1].Mult = slices.Clone(quant.Nodes[1].Mult)
	quant.Nodes[1].Mult[0] = -1
	broken := *m
	broken.Quant = &quant
	if _, err := embed.NewNetwork(&broken); !errors.Is(err, embed.ErrCorrupt) {
		t.Errorf("a negative multiplier: %v", err)
	}
	if _, err := embed.NewNetwork(nil); !errors.Is(err, embed.ErrCorrupt) {
		t.Errorf("no model: %v", err)
	}
}

func TestKernelEnv(t *testing.T) {
	tiny := embedtest.Tiny()
	t.Setenv(embed.KernelEnv, "abacus")
	_, err := embed.NewNetwork(tiny)
	if !errors.Is(err, embed.ErrKernel) || !strings.Contains(err.Error(), "abacus") || !strings.Contains(err.Error(), "generic") {
		t.Errorf("the error for an unknown kernel does not name the known ones: %v", err)
	}
	for _, tier := range kernel.Tiers {
		t.Setenv(embed.KernelEnv, tier.Name)
		n, err := embed.NewNetwork(tiny)
		if tier.Usable() && (err != nil || n.Kernel() != tier.Name) {
			t.Errorf("kernel %s: %v", tier.Name, err)
		}
	}
}

// BenchmarkNetwork measures a picture through EfficientNet-Lite0 with random
// weights, on every tier: from pixels to embedding.
func BenchmarkNetwork(b *testing.B) {
	for _, side := range []int{160, 224} {
		g := embedtest.Lite0(side, 1)
		benchmarkNetwork(b, "lite0", side, float32Model(g))
		benchmarkTiers(b, "lite0", side, embedtest.Int8(g, 1))
	}
}

// BenchmarkOthers measures networks of other kinds in int8.
func BenchmarkOthers(b *testing.B) {
	benchmarkTiers(b, "mobilenet-v3-large", 224, embedtest.Int8(embedtest.MobileNetV3Large(224, 1), 1))
	benchmarkTiers(b, "resnet-18", 224, embedtest.Int8(embedtest.ResNet18(224, 1), 1))
}

func benchmarkTiers(b *testing.B, name string, side int, m *embed.Model) {
	for _, tier := range kernel.Tiers {
		if tier.Usable() {
			b.Setenv(embed.KernelEnv, tier.Name)
			benchmarkNetwork(b, name, side, m)
		}
	}
}

func benchmarkNetwork(b *testing.B, name string, side int, m *embed.Model) {
	n := network(b, m)
	rgb := embedtest.Pixels(side*side*3, 1)
	e := make(embed.Embedding, n.Dim())
	for threads := 1; threads <= min(4, runtime.NumCPU()); threads *= 2 {
		b.Run(fmt.Sprintf("%s-%d/%v/%s/threads-%d", name, side, m.Precision, n.Kernel(), threads), func(b *testing.B) {
			s := session(b, n, threads)
			for b.Loop() {
				if err := s.EmbedPixels(e, rgb); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(m.Graph.MACs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
