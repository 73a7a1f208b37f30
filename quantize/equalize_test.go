package quantize_test

import (
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/quantize"
)

// TestEqualize: where one channel of eight is sixty times as wide as the others
// and read with weights sixty times as small, through a sum and a pool, the
// others get their steps back.
func TestEqualize(t *testing.T) {
	b := embedtest.NewBuilder(16, 3)
	x := b.Pointwise(0, 12, embed.ActReLU6)
	wide := b.Pointwise(x, 8, embed.ActNone)
	other := b.Pointwise(x, 8, embed.ActNone)
	x = b.MaxPool(b.Add(wide, other, embed.ActNone), embedtest.Same(2, 2, 16))
	narrow := b.Pointwise(x, 12, embed.ActReLU6)
	b.GlobalMean(narrow)
	g := b.Graph()
	for i := range 12 {
		g.Nodes[wide-1].Weight[i] *= 60
		g.Nodes[other-1].Weight[i] *= 60
		g.Nodes[narrow-1].Weight[8*i] /= 60
	}
	var lost [2]float64
	for i, method := range []quantize.Method{{Range: quantize.MinMax, Bias: true}, {Range: quantize.MinMax, Bias: true, Equalize: true}} {
		m, _, err := quantize.Quantize(g, pictures(g, 20, 1), quantize.Options{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		lost[i] = 1 - unseen(t, g, m)
	}
	if lost[1] > lost[0]/4 {
		t.Errorf("the cosine loses %.6f equalized, %.6f as it is", lost[1], lost[0])
	}
}
