package quantize

import (
	"math"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
)

// mobile is two inverted residuals, of whose first chain channels 1 and 6 are
// dead, the latter leaving a constant behind, and 5 is nearly dead: a picture
// brighter than any could bring it to life.
func mobile() *embed.Graph {
	b := embedtest.NewBuilder(16, 5)
	x := b.Conv(0, embedtest.Same(3, 1, 16), 1, 8, embed.ActReLU6)
	x = b.Depthwise(x, 3, 1, embed.ActReLU6)
	x = b.Pointwise(x, 4, embed.ActNone)
	y := b.Pointwise(x, 8, embed.ActReLU6)
	y = b.Depthwise(y, 3, 1, embed.ActReLU6)
	y = b.Pointwise(y, 4, embed.ActNone)
	x = b.Add(x, y, embed.ActNone)
	b.GlobalMean(b.Pointwise(x, 16, embed.ActReLU6))
	g := b.Graph()
	stem, depthwise := &g.Nodes[0], &g.Nodes[1]
	for _, n := range []*embed.Node{stem, depthwise} {
		if n.Bias == nil {
			n.Bias = make([]float32, n.Out)
		}
	}
	for _, c := range []int{1, 6} {
		clear(stem.Weight[c*27 : (c+1)*27])
		stem.Bias[c] = -1
	}
	depthwise.Bias[1], depthwise.Bias[6] = -0.5, 1.5
	for i := range 27 {
		stem.Weight[5*27+i] = 0.001
	}
	stem.Bias[5] = -0.03
	return g
}

// dull are pictures with large smooth parts.
func dull(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = embedtest.Pixels(16*16*3, uint64(i))
		for j := range all[i][:12*16*3] {
			all[i][j] = all[i][j%3]
		}
	}
	return all
}

func TestSplitKeepsTheNetwork(t *testing.T) {
	g := mobile()
	shapes, err := g.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	known := make([][]normal, len(g.Nodes))
	known[0] = make([]normal, 8)
	for c := range known[0] {
		known[0][c].mean = float64(c)
	}
	before := slices.Clone(g.Nodes[0].Weight)
	pix := dull(16)
	out, knows, shift, err := split(g, known, shapes, pix)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, g.Nodes[0].Weight) {
		t.Error("the graph that was handed in has changed")
	}
	// Places 1 and 6 now hold copies of others, a quarter of a step apart.
	for _, at := range []int{1, 6} {
		of := int(knows[0][at].mean)
		if of == at || of == 5 {
			t.Errorf("place %d holds channel %d", at, of)
		}
		if !slices.Equal(out.Nodes[0].Weight[at*27:(at+1)*27], g.Nodes[0].Weight[of*27:(of+1)*27]) {
			t.Errorf("place %d does not compute channel %d", at, of)
		}
	}
	var sum float64
	for _, s := range shift[0] {
		sum += s
	}
	if sum != 0 || !slices.Equal(shift[0], shift[1]) || shift[2] != nil {
		t.Errorf("moved by %v, %v, %v steps", shift[0], shift[1], shift[2])
	}
	want, got := run(t, g, pix), run(t, out, pix)
	for i := range want {
		for j, x := range want[i] {
			if d := math.Abs(float64(x - got[i][j])); d > 1e-5*(1+math.Abs(float64(x))) {
				t.Fatalf("picture %d: output %d is %g, %g before", i, j, got[i][j], x)
			}
		}
	}
}

// TestSplitWhatMayLive: a channel that has been zero in all pictures is kept if
// another picture could bring it to life.
func TestSplitWhatMayLive(t *testing.T) {
	n := &embed.Node{Op: embed.OpConv, Out: 3, Groups: 1, Window: pixel, Weight: []float32{1, -1, 1, -1, 0, 0}, Bias: []float32{-7, -9, 0}}
	// The first two reach −7 + 2 and −9 + 2 on what was seen, and four times
	// that makes 1 and −1.
	if got := dead(n, []channel{{0, 2}, {0, 3}}); !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("dead: %v", got)
	}
}

func TestAllot(t *testing.T) {
	for _, c := range []struct {
		cost         []float64
		dead         []bool
		from, copies []int
	}{
		{[]float64{1, 2, 3}, []bool{false, false, false}, nil, nil},
		{[]float64{0, 2, 3}, []bool{true, false, false}, []int{2, 1, 2}, []int{0, 1, 2}},
		// A third copy takes 5/36 off a cost, a second 3/4.
		{[]float64{0, 0, 40, 4, 1}, []bool{true, true, false, false, false}, []int{2, 2, 2, 3, 4}, []int{0, 0, 3, 1, 1}},
		{[]float64{0, 0, 20, 4, 1}, []bool{true, true, false, false, false}, []int{2, 3, 2, 3, 4}, []int{0, 0, 2, 2, 1}},
		{[]float64{0, 0}, []bool{true, true}, nil, nil},
	} {
		from, copies := allot(c.cost, c.dead)
		if !slices.Equal(from, c.from) || !slices.Equal(copies, c.copies) && from != nil {
			t.Errorf("costs %v, dead %v: %v and %v copies, want %v and %v", c.cost, c.dead, from, copies, c.from, c.copies)
		}
	}
}

// TestSplitHalvesTheError: the mean of two copies is half as far from the float
// value as one rounded channel.
func TestSplitHalvesTheError(t *testing.T) {
	b := embedtest.NewBuilder(16, 5)
	x := b.Pointwise(0, 2, embed.ActReLU6)
	x = b.Depthwise(x, 1, 1, embed.ActReLU6)
	b.GlobalMean(b.Pointwise(x, 4, embed.ActNone))
	g := b.Graph()
	g.Nodes[0].Weight, g.Nodes[0].Bias = []float32{0, 0, 0, 1.5, -1, 0.25}, []float32{-1, 3}
	pix := dull(20)
	want := make([][]float32, len(pix))
	trace(t, &embed.Model{Precision: embed.Float32, Graph: g}, pix, func(p int, data []float32) {
		for i := 1; i < len(data); i += 2 {
			want[p] = append(want[p], data[i])
		}
	})
	var lost [2]float64
	for i, method := range []Method{{Range: MinMax, Bias: true}, {Range: MinMax, Bias: true, Split: true}} {
		m, _, err := Quantize(g, func(yield func([]byte, error) bool) {
			for _, p := range pix {
				if !yield(p, nil) {
					return
				}
			}
		}, Options{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		trace(t, m, pix, func(p int, data []float32) {
			for j, x := range want[p] {
				got := data[2*j+1]
				if method.Split {
					got = (data[2*j] + got) / 2
				}
				lost[i] += float64(x-got) * float64(x-got)
			}
		})
	}
	if ratio := math.Sqrt(lost[1] / lost[0]); ratio > 0.6 {
		t.Errorf("the error is %.2f of what it is without a copy", ratio)
	}
}

// trace hands out what the first node makes of each picture.
func trace(t *testing.T, m *embed.Model, pictures [][]byte, see func(picture int, data []float32)) {
	t.Helper()
	net, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	for p, pix := range pictures {
		err := s.Trace(pix, func(v embed.Value, _ embed.Shape, data []float32) {
			if v == 1 {
				see(p, data)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run returns the float network's outputs.
func run(t *testing.T, g *embed.Graph, pictures [][]byte) [][]float32 {
	t.Helper()
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	all := make([][]float32, len(pictures))
	for i, p := range pictures {
		all[i] = make([]float32, net.Dim())
		if err := s.Run(all[i], p); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
