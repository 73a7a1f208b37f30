package quantize_test

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/quantize"
)

// pictures yields n pictures of noise over a colour.
func pictures(g *embed.Graph, n int, seed uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(embedtest.Pixels(g.Input.Height*g.Input.Width*3, seed+uint64(i)), nil) {
				return
			}
		}
	}
}

// outputs runs g over a picture in float32.
func outputs(t *testing.T, g *embed.Graph, pix []byte) []float32 {
	t.Helper()
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	out := make([]float32, net.Dim())
	if err := s.Run(out, pix); err != nil {
		t.Fatal(err)
	}
	return out
}

// awkward is a graph in which normalizations and activations stand where
// nothing can take them in: after a sum, after a value used twice, twice in a
// row, behind the input.
func awkward() *embed.Graph {
	b := embedtest.NewBuilder(16, 7)
	x := b.BatchNorm(0)
	x = b.Conv(x, embedtest.Same(3, 2, 16), 1, 8, embed.ActNone)
	x = b.BatchNorm(x)
	x = b.Act(x, embed.ActReLU6)
	y := b.Depthwise(x, 3, 1, embed.ActNone)
	z := b.BatchNorm(y) // y has two users
	x = b.Add(y, z, embed.ActNone)
	x = b.BatchNorm(x)
	x = b.Act(x, embed.ActReLU)
	x = b.Act(x, embed.ActReLU6)
	b.Pointwise(x, 4, embed.ActNone) // leads nowhere
	x = b.Pointwise(x, 12, embed.ActNone)
	x = b.BatchNorm(x)
	b.GlobalMean(x)
	return b.Graph()
}

func TestFoldKeepsTheOutput(t *testing.T) {
	g := awkward()
	folded, err := quantize.Fold(g)
	if err != nil {
		t.Fatal(err)
	}
	for i := range folded.Nodes {
		if op := folded.Nodes[i].Op; op == embed.OpBatchNorm || op == embed.OpAct {
			t.Errorf("node %d is still a %v", i, op)
		}
	}
	if len(folded.Nodes) >= len(g.Nodes) {
		t.Errorf("%d nodes of %d are left", len(folded.Nodes), len(g.Nodes))
	}
	pix := embedtest.Pixels(16*16*3, 3)
	want, got := outputs(t, g, pix), outputs(t, folded, pix)
	for i := range want {
		if d := math.Abs(float64(want[i] - got[i])); d > 1e-5*(1+math.Abs(float64(want[i]))) {
			t.Errorf("output %d is %g folded, %g before", i, got[i], want[i])
		}
	}
}

func TestFoldRefusesANegativeVariance(t *testing.T) {
	b := embedtest.NewBuilder(8, 1)
	x := b.Pointwise(0, 4, embed.ActNone)
	x = b.BatchNorm(x)
	b.GlobalMean(x)
	g := b.Graph()
	g.Nodes[1].Name = "stem/bn"
	g.Nodes[1].Var[2] = -1
	if _, err := quantize.Fold(g); err == nil || !strings.Contains(err.Error(), "stem/bn") {
		t.Errorf("got %v, want an error that names the node", err)
	}
}

func TestQuantizeIsCloseToFloat(t *testing.T) {
	g := awkward()
	model, report, err := quantize.Quantize(g, pictures(g, 32, 1), quantize.Options{Meta: embed.Meta{Name: "awkward"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := model.Validate(); err != nil {
		t.Fatal(err)
	}
	if report.Cosine < 0.995 || report.CosineP5 > report.Cosine {
		t.Errorf("cosine %.4f, 5th percentile %.4f", report.Cosine, report.CosineP5)
	}
	for _, l := range report.Layers {
		if l.SQNR < 15 {
			t.Errorf("layer %s: %.1f dB", l.Node, l.SQNR)
		}
	}
	if len(model.Gold) != 3 {
		t.Errorf("%d gold inputs, want 3", len(model.Gold))
	}
	// On pictures that were not calibrated with.
	net, err := embed.NewNetwork(model)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	e := make(embed.Embedding, net.Dim())
	for i := range 8 {
		pix := embedtest.Pixels(16*16*3, 1000+uint64(i))
		if err := s.EmbedPixels(e, pix); err != nil {
			t.Fatal(err)
		}
		want := outputs(t, g, pix)
		var dot, norm float64
		for j := range want {
			dot += float64(e[j]) * float64(want[j])
			norm += float64(want[j]) * float64(want[j])
		}
		if c := dot / math.Sqrt(norm); c < 0.99 {
			t.Errorf("picture %d: cosine to float %.4f", i, c)
		}
	}
}

func TestBiasCorrectionMovesTheMeanBack(t *testing.T) {
	// A pointwise layer whose weights all round the same way: without
	// correction its mean output is off by far more than one step.
	b := embedtest.NewBuilder(8, 1)
	x := b.Pointwise(0, 64, embed.ActReLU6)
	x = b.Pointwise(x, 4, embed.ActNone)
	b.GlobalMean(x)
	g := b.Graph()
	w := g.Nodes[1].Weight
	for i := range w {
		w[i] = 0.4 / 127
		if i%64 == 0 {
			w[i] = 1
		}
	}
	var errs [2]float64
	for k, off := range []bool{true, false} {
		model, _, err := quantize.Quantize(g, pictures(g, 24, 1), quantize.Options{Method: quantize.Method{Range: quantize.MinMax, Bias: !off}})
		if err != nil {
			t.Fatal(err)
		}
		net, err := embed.NewNetwork(model)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession(1)
		got := make([]float32, net.Dim())
		for i := range 8 {
			pix := embedtest.Pixels(8*8*3, 500+uint64(i))
			if err := s.Run(got, pix); err != nil {
				t.Fatal(err)
			}
			for j, want := range outputs(t, g, pix) {
				errs[k] += math.Abs(float64(got[j] - want))
			}
		}
		s.Close()
	}
	if errs[1] > errs[0]/2 {
		t.Errorf("mean error %.4f with correction, %.4f without", errs[1], errs[0])
	}
}

func TestQuantizeIsDeterministic(t *testing.T) {
	g := awkward()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []byte
	for i := range 3 {
		runtime.GOMAXPROCS(1 + 2*i)
		model, _, err := quantize.Quantize(g, pictures(g, 20, 9), quantize.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := model.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Fatal("the same graph and pictures gave other bytes")
		}
	}
}

// TestQuantizeSurvivesExtremes gives channels what trained networks sometimes
// have: all-zero weights, a huge bias on tiny weights, a dead output, two
// inputs that cancel.
func TestQuantizeSurvivesExtremes(t *testing.T) {
	b := embedtest.NewBuilder(8, 1)
	x := b.Pointwise(0, 8, embed.ActNone)
	y := b.Pointwise(x, 8, embed.ActReLU6)
	z := b.Pointwise(x, 8, embed.ActNone)
	x = b.Add(y, z, embed.ActReLU)
	b.GlobalMean(x)
	g := b.Graph()
	clear(g.Nodes[0].Weight[:3]) // channel 0
	for i := range 3 {
		g.Nodes[0].Weight[3+i] = 1e-12 // channel 1
	}
	if g.Nodes[0].Bias == nil {
		g.Nodes[0].Bias = make([]float32, 8)
	}
	g.Nodes[0].Bias[1] = 5
	for i := range g.Nodes[1].Weight {
		g.Nodes[1].Weight[i] = 0 // y is dead
	}
	clear(g.Nodes[1].Bias)
	for i := range g.Nodes[2].Weight[:8] {
		g.Nodes[2].Weight[i] = 1e9 // one channel of z dwarfs the rest
	}
	model, report, err := quantize.Quantize(g, pictures(g, 16, 1), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := model.Validate(); err != nil {
		t.Fatal(err)
	}
	if math.IsNaN(report.Cosine) {
		t.Error("cosine is not a number")
	}
}

// TestTinyChannels holds channels to their float values whose weights ask for
// a scale that 32 bits could not carry.
func TestTinyChannels(t *testing.T) {
	b := embedtest.NewBuilder(8, 1)
	b.GlobalMean(b.Pointwise(0, 4, embed.ActNone))
	g := b.Graph()
	copy(g.Nodes[0].Weight, []float32{0, 0, 0, 1e-12, 1e-12, 1e-12, 1e-12, 0, 0, -3, 1, 1})
	g.Nodes[0].Bias = []float32{0, 0, 2, 0}
	model, _, err := quantize.Quantize(g, pictures(g, 16, 1), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	net, err := embed.NewNetwork(model)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	pix := embedtest.Pixels(8*8*3, 77)
	got := make([]float32, net.Dim())
	if err := s.Run(got, pix); err != nil {
		t.Fatal(err)
	}
	step := float64(model.Quant.Values[1].Scale)
	for i, want := range outputs(t, g, pix) {
		if math.Abs(float64(got[i]-want)) > step {
			t.Errorf("channel %d is %g, want %g within a step of %g", i, got[i], want, step)
		}
	}
}

func TestQuantizeRefuses(t *testing.T) {
	good := awkward()
	flat := embedtest.NewBuilder(8, 1)
	flat.Pointwise(0, 4, embed.ActNone)
	logits := embedtest.NewBuilder(8, 1)
	logits.Dense(logits.GlobalMean(logits.Pointwise(0, 4, embed.ActNone)), 3, embed.ActNone)
	failing := errors.New("no such picture")
	short := func(yield func([]byte, error) bool) { yield(make([]byte, 5), nil) }
	broken := func(yield func([]byte, error) bool) { yield(nil, failing) }
	lg := logits.Graph()
	for _, c := range []struct {
		name     string
		g        *embed.Graph
		pictures iter.Seq2[[]byte, error]
		is       error
		says     string
	}{
		{"a classifier", lg, pictures(lg, 16, 1), embed.ErrUnsupported, `cut the graph at "global mean 1"`},
		{"no mean", flat.Graph(), pictures(good, 16, 1), embed.ErrUnsupported, "none to cut the graph at"},
		{"too few pictures", good, pictures(good, 15, 1), quantize.ErrPictures, "got 15, want at least 16"},
		{"a picture of another size", good, short, quantize.ErrPictures, "5 bytes, want 768"},
		{"a picture that cannot be read", good, broken, failing, "no such picture"},
	} {
		_, _, err := quantize.Quantize(c.g, c.pictures, quantize.Options{})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
}
