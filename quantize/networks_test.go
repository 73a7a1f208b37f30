package quantize_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/quantize"
)

// conv adds a convolution and its batch normalization.
func conv(b *embedtest.Builder, x embed.Value, k, stride, out int) embed.Value {
	return b.BatchNorm(b.Conv(x, embedtest.Same(k, stride, b.Shape(x).W), 1, out, embed.ActNone))
}

// channels are so many from the first, every step-th.
func channels(first, n, step int) []int32 {
	c := make([]int32, n)
	for i := range c {
		c[i] = int32(first + i*step)
	}
	return c
}

// resNet has residual blocks with ReLU after the sum, a strided shortcut and a
// max pool (He et al., Deep Residual Learning, 2016).
func resNet() *embed.Graph {
	b := embedtest.NewBuilder(32, 21)
	x := b.Act(conv(b, 0, 7, 2, 12), embed.ActReLU)
	x = b.MaxPool(x, embedtest.Same(3, 2, 16))
	for _, out := range []int{12, 20} {
		stride := 1 + (out-12)/8
		y := b.Act(conv(b, x, 3, stride, out), embed.ActReLU)
		y = conv(b, y, 3, 1, out)
		if stride > 1 {
			x = conv(b, x, 1, stride, out)
		}
		x = b.Act(b.Add(x, y, embed.ActNone), embed.ActReLU)
	}
	b.GlobalMean(x)
	return b.Graph()
}

// squeezeNet has fire modules, whose two expansions are joined (Iandola et al.,
// SqueezeNet, 2016), and a mean pool.
func squeezeNet() *embed.Graph {
	b := embedtest.NewBuilder(32, 22)
	x := b.Conv(0, embedtest.Same(3, 2, 32), 1, 16, embed.ActReLU)
	for range 2 {
		x = b.MaxPool(x, embedtest.Same(3, 2, b.Shape(x).W))
		s := b.Pointwise(x, 8, embed.ActReLU)
		x = b.Concat(b.Pointwise(s, 12, embed.ActReLU), b.Conv(s, embedtest.Same(3, 1, b.Shape(s).W), 1, 12, embed.ActReLU))
	}
	x = b.MeanPool(x, embedtest.Same(2, 2, b.Shape(x).W), false)
	b.GlobalMean(b.Pointwise(x, 24, embed.ActReLU))
	return b.Graph()
}

// shuffleNet splits channels, works on one half and shuffles both together (Ma
// et al., ShuffleNet V2, 2018).
func shuffleNet() *embed.Graph {
	b := embedtest.NewBuilder(32, 23)
	x := b.Act(conv(b, 0, 3, 2, 16), embed.ActReLU)
	for range 3 {
		left := b.Select(x, channels(0, 8, 1)...)
		right := b.Select(x, channels(8, 8, 1)...)
		right = b.Pointwise(right, 8, embed.ActReLU)
		right = b.BatchNorm(b.Depthwise(right, 3, 1, embed.ActNone))
		right = b.Pointwise(right, 8, embed.ActReLU)
		x = b.Concat(left, right)
		order := make([]int32, 16)
		for i := range order {
			order[i] = int32(i%2*8 + i/2)
		}
		x = b.Select(x, order...)
	}
	b.GlobalMean(b.Pointwise(x, 24, embed.ActReLU))
	return b.Graph()
}

// mobileNetV3 has hard swishes and squeeze-and-excite with a dense layer
// (Howard et al., Searching for MobileNetV3, 2019).
func mobileNetV3() *embed.Graph {
	b := embedtest.NewBuilder(32, 24)
	x := b.Act(conv(b, 0, 3, 2, 12), embed.ActHardSwish)
	for range 2 {
		y := b.Act(b.BatchNorm(b.Pointwise(x, 32, embed.ActNone)), embed.ActHardSwish)
		y = b.Act(b.BatchNorm(b.Depthwise(y, 5, 1, embed.ActNone)), embed.ActHardSwish)
		s := b.Dense(b.GlobalMean(y), 8, embed.ActReLU)
		s = b.Act(b.Dense(s, 32, embed.ActNone), embed.ActHardSigmoid, 1./6, 0.5)
		y = b.Mul(y, s, embed.ActNone)
		x = b.Add(x, b.BatchNorm(b.Pointwise(y, 12, embed.ActNone)), embed.ActNone)
	}
	x = b.Act(b.Pointwise(x, 24, embed.ActNone), embed.ActHardSwish)
	b.GlobalMean(x)
	return b.Graph()
}

// activations has every activation that does not clamp, and a sum and a product
// of [1 1 C].
func activations() *embed.Graph {
	b := embedtest.NewBuilder(24, 25)
	x := b.Conv(0, embedtest.Same(3, 2, 24), 1, 10, embed.ActNone)
	for i, act := range []embed.Act{embed.ActSiLU, embed.ActTanh, embed.ActLeakyReLU, embed.ActSigmoid} {
		y := b.Pointwise(x, 10, embed.ActNone)
		if act == embed.ActLeakyReLU {
			y = b.Act(y, act, 0.2)
		} else {
			y = b.Act(y, act)
		}
		switch i % 2 {
		case 0:
			x = b.Add(x, b.GlobalMean(y), embed.ActNone)
		case 1:
			x = b.Mul(x, y, embed.ActNone)
		}
	}
	b.GlobalMean(b.Pointwise(x, 20, embed.ActReLU6))
	return b.Graph()
}

// imageNet normalizes channels as PyTorch's networks do: means and deviations
// of their own, no whole numbers.
func imageNet() *embed.Graph {
	g := resNet()
	g.Input.Mean = [3]float32{123.675, 116.28, 103.53}
	g.Input.Std = [3]float32{58.395, 57.12, 57.375}
	return g
}

// cosines returns those of the int8 model's embeddings to g's: of n pictures,
// whose seeds begin with first. It is 1 where g's is all zero and nothing can be
// compared.
func cosines(t *testing.T, g *embed.Graph, m *embed.Model, first uint64, n int) (all []float64) {
	t.Helper()
	net, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	got := make([]float32, net.Dim())
	for i := range n {
		pix := embedtest.Pixels(g.Input.Height*g.Input.Width*3, first+uint64(i))
		if err := s.Run(got, pix); err != nil {
			t.Fatal(err)
		}
		var ab, aa, bb float64
		for j, w := range outputs(t, g, pix) {
			ab += float64(got[j]) * float64(w)
			aa += float64(got[j]) * float64(got[j])
			bb += float64(w) * float64(w)
		}
		cosine := 1.0
		if bb > 0 {
			cosine = ab / math.Sqrt(max(aa*bb, 1e-300))
		}
		all = append(all, cosine)
	}
	return all
}

// unseen returns the least cosine of the int8 model to g on pictures that it
// was not made with.
func unseen(t *testing.T, g *embed.Graph, m *embed.Model) float64 {
	t.Helper()
	return slices.Min(cosines(t, g, m, 7000, 6))
}

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		name string
		g    *embed.Graph
	}{
		{"residual", resNet()}, {"fire modules", squeezeNet()}, {"shuffles", shuffleNet()},
		{"squeeze and excite", mobileNetV3()}, {"activations", activations()}, {"means of channels", imageNet()},
		{"mixed", embedtest.MixedFloat(32).Graph},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, report, err := quantize.Quantize(c.g, pictures(c.g, 24, 1), quantize.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Validate(); err != nil {
				t.Fatal(err)
			}
			if cos := unseen(t, c.g, m); cos < 0.995 {
				t.Errorf("cosine %.5f on pictures that were not seen", cos)
			}
			if report.HeldOutCosine < 0.997 {
				t.Errorf("cosine %.5f on pictures held out", report.HeldOutCosine)
			}
			for i, l := range report.Layers {
				if l.SQNR < 20 && i < len(report.Layers)-1 {
					t.Errorf("%s: %.1f dB", l.Node, l.SQNR)
				}
			}
		})
	}
}

// TestRandomGraphs: whatever the graph, the model is valid, and nearly all are
// close to what they were made of.
func TestRandomGraphs(t *testing.T) {
	const n = 16
	far := 0
	for seed := range uint64(n) {
		g := embedtest.Random(seed, true)
		for _, method := range []string{"auto", "mse,equalize"} {
			parsed, err := quantize.ParseMethod(method)
			if err != nil {
				t.Fatal(err)
			}
			m, _, err := quantize.Quantize(g, pictures(g, 20, seed), quantize.Options{Method: parsed})
			if err != nil {
				t.Fatal(fmt.Errorf("seed %d: %w", seed, err))
			}
			if err := m.Validate(); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
			if cos := unseen(t, g, m); cos < 0.99 {
				t.Logf("seed %d, %s: cosine %.4f", seed, method, cos)
				far++
			}
		}
	}
	if far > n/6 {
		t.Errorf("%d of %d networks are far from what they were made of", far, 2*n)
	}
}
