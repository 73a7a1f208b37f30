package embed_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
)

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

// badGraphs change a good float model (nodes: 0 stem, 1 expand, 2 depthwise,
// 3 project, 4 add, 5 depthwise, 6 expand, 7 mean) into one that must be
// refused, with what the message must say.
var badGraphs = []struct {
	change func(m *embed.Model)
	says   string
}{
	{func(m *embed.Model) { m.Graph = nil }, "no graph"},
	{func(m *embed.Model) { m.Graph.Nodes = nil }, "0 nodes"},
	{func(m *embed.Model) { m.Graph.Nodes = make([]embed.Node, 1<<15) }, "32768 nodes"},
	{func(m *embed.Model) { m.Graph.Output = 0 }, "output"},
	{func(m *embed.Model) { m.Graph.Output = -1 }, "output"},
	{func(m *embed.Model) { m.Graph.Output = 9 }, "output"},
	{func(m *embed.Model) { m.Graph.Input.Width = 17 }, "input 16x17"},
	{func(m *embed.Model) { m.Graph.Input.Height, m.Graph.Input.Width = 0, 0 }, "input 0x0"},
	{func(m *embed.Model) { m.Graph.Input.Height, m.Graph.Input.Width = math.MaxInt, math.MaxInt }, "input"},
	{func(m *embed.Model) { m.Graph.Input.Std[2] = 0 }, "channel 2"},
	{func(m *embed.Model) { m.Graph.Input.Mean[1] = nan }, "channel 1"},
	{func(m *embed.Model) { m.Precision = 0 }, "precision"},
	{func(m *embed.Model) { m.Quant = &embed.Quant{} }, "int8 weights"},

	{func(m *embed.Model) { m.Graph.Nodes[1].Op = 0 }, `node 1 "conv 1"`},
	{func(m *embed.Model) { m.Graph.Nodes[1].Op = 77 }, "operator 77"},
	{func(m *embed.Model) { m.Graph.Nodes[1].In = nil }, "0 inputs"},
	{func(m *embed.Model) { m.Graph.Nodes[1].In = []embed.Value{0, 1} }, "2 inputs"},
	{func(m *embed.Model) { m.Graph.Nodes[4].In = []embed.Value{1} }, "1 inputs"},
	{func(m *embed.Model) { m.Graph.Nodes[1].In = []embed.Value{2} }, "value 2"},
	{func(m *embed.Model) { m.Graph.Nodes[1].In = []embed.Value{-1} }, "value -1"},
	{func(m *embed.Model) { m.Graph.Nodes[1].Act = 10 }, "activation 10"},
	{func(m *embed.Model) { m.Graph.Nodes[7].Act = embed.ActReLU }, "activation relu"},
	{func(m *embed.Model) { m.Graph.Nodes[4].In = []embed.Value{0, 4} }, "inputs of"},

	{func(m *embed.Model) { m.Graph.Nodes[0].Out = 0 }, "output channels"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Out = math.MaxInt }, "output channels"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Groups = 0 }, "groups"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Groups = -3 }, "groups"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Groups = 2 }, "groups"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Groups = 3 }, "groups"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.KernelH = 0 }, "kernel height 0"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.KernelW = math.MaxInt }, "kernel width"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.StrideH = 0 }, "stride 0"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.StrideW = -1 }, "stride -1"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.DilationW = math.MinInt }, "dilation"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.DilationH = 40 }, "does not fit"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.Top = -1 }, "padding -1"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.Right = 3 }, "padding 3"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Window.Bottom = math.MaxInt }, "padding"},

	{func(m *embed.Model) { m.Graph.Nodes[0].Weight = m.Graph.Nodes[0].Weight[1:] }, "215 of weight"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Weight = nil }, "0 of weight"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Bias = m.Graph.Nodes[0].Bias[1:] }, "7 of bias"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Bias[2] = inf }, "bias 2"},
	{func(m *embed.Model) { m.Graph.Nodes[2].Weight[5] = nan }, "weight 5"},
	{func(m *embed.Model) {
		for i := range m.Graph.Nodes {
			m.Graph.Nodes[i].Weight, m.Graph.Nodes[i].Bias = nil, nil
		}
	}, "no weights"},

	{func(m *embed.Model) { m.Gold[1].Pix = m.Gold[1].Pix[1:] }, "gold 1"},
	{func(m *embed.Model) { m.Gold[0].Embedding = nil }, "gold 0"},
	{func(m *embed.Model) { m.Gold[0].Embedding[3] = nan }, "dimension 3"},
}

var badBatchNorms = []struct {
	change func(n *embed.Node)
	says   string
}{
	{func(n *embed.Node) { n.Epsilon = -1 }, "epsilon"},
	{func(n *embed.Node) { n.Epsilon = nan }, "epsilon"},
	{func(n *embed.Node) { n.Var[1] = -2 }, "variance 1"},
	{func(n *embed.Node) { n.Var[1], n.Epsilon = 0, 0 }, "variance 1"},
	{func(n *embed.Node) { n.Mean = n.Mean[:1] }, "1 of mean"},
	{func(n *embed.Node) { n.Var = nil }, "0 of variance"},
	{func(n *embed.Node) { n.Bias = nil }, "0 of bias"},
	{func(n *embed.Node) { n.Act = embed.ActReLU }, "activation"},
}

// mixed is a graph of the operators of format 1.1: 0 act, 1 max pool, 2 mean
// pool, 3 select, 4 concat, 5 global mean, 6 mul, 7 add, 8 global mean.
func mixed() *embed.Graph {
	b := embedtest.NewBuilder(6, 1)
	w := embed.Window{KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Top: 1, Left: 1, Bottom: 1, Right: 1}
	x := b.Act(0, embed.ActHardSigmoid, 0.2, 0.5)
	x = b.MaxPool(x, w)
	w.StrideH, w.StrideW = 1, 1
	x = b.MeanPool(x, w, true)
	y := b.Select(x, 2, 0)
	x = b.Concat(x, y)
	y = b.GlobalMean(x)
	x = b.Mul(x, y, embed.ActReLU)
	b.GlobalMean(b.Add(x, y, embed.ActNone))
	return b.Graph()
}

var badMixed = []struct {
	change func(g *embed.Graph)
	says   string
}{
	{func(g *embed.Graph) { g.Nodes[0].Alpha = nan }, "hard sigmoid of alpha NaN"},
	{func(g *embed.Graph) { g.Nodes[0].Beta = inf }, "hard sigmoid"},
	{func(g *embed.Graph) { g.Nodes[0].Act, g.Nodes[0].Beta = embed.ActLeakyReLU, 0; g.Nodes[0].Alpha = inf }, "leaky relu of alpha +Inf"},
	{func(g *embed.Graph) { g.Nodes[0].Act = embed.ActLeakyReLU }, "leaky relu has no alpha 0.2 or beta 0.5"},
	{func(g *embed.Graph) { g.Nodes[0].Act = embed.ActTanh }, "tanh has no alpha 0.2"},
	{func(g *embed.Graph) { g.Nodes[0].Act, g.Nodes[0].Alpha = embed.ActClip, 1 }, "clips to 1 … 0.5"},
	{func(g *embed.Graph) { g.Nodes[0].Act, g.Nodes[0].Beta = embed.ActClip, nan }, "clips to 0.2"},
	{func(g *embed.Graph) { g.Nodes[6].Act = embed.ActSiLU }, "activation silu where it cannot be fused"},
	{func(g *embed.Graph) { g.Nodes[1].Act = embed.ActReLU }, "activation relu where it cannot be fused"},
	{func(g *embed.Graph) { g.Nodes[4].Act = embed.ActReLU }, "activation relu where it cannot be fused"},
	{func(g *embed.Graph) { g.Nodes[1].Alpha = 1 }, "none has no alpha 1"},

	{func(g *embed.Graph) { g.Nodes[1].Window.KernelH = 65 }, "kernel height 65"},
	{func(g *embed.Graph) { g.Nodes[1].Window.Top = 3 }, "padding 3"},
	{func(g *embed.Graph) { w := &g.Nodes[1].Window; w.KernelH, w.DilationH, w.Bottom = 2, 8, 2 }, "the windows of row 0 have no place"},
	{func(g *embed.Graph) { w := &g.Nodes[1].Window; w.KernelW, w.DilationW, w.Right = 2, 8, 2 }, "the windows of column 0 have no place"},
	{func(g *embed.Graph) { g.Nodes[1].CountPadding = true }, "counts padding"},
	{func(g *embed.Graph) { g.Nodes[1].UncountedRight = 1 }, "counts padding"},
	{func(g *embed.Graph) { g.Nodes[2].UncountedBottom = 2 }, "2 and 0 of the padding are not counted"},
	{func(g *embed.Graph) { g.Nodes[2].UncountedRight = -1 }, "0 and -1 of the padding are not counted"},
	{func(g *embed.Graph) { g.Nodes[2].CountPadding, g.Nodes[2].UncountedRight = false, 1 }, "as none is"},

	{func(g *embed.Graph) { g.Nodes[3].Channels = nil }, "0 channels"},
	{func(g *embed.Graph) { g.Nodes[3].Channels = make([]int32, 65537) }, "65537 channels"},
	{func(g *embed.Graph) { g.Nodes[3].Channels[1] = 3 }, "channel 1 is channel 3 of 3"},
	{func(g *embed.Graph) { g.Nodes[3].Channels[0] = -1 }, "channel 0 is channel -1"},
	{func(g *embed.Graph) { g.Nodes[4].Channels = []int32{1} }, "selects channels"},
	{func(g *embed.Graph) { g.Nodes[3].In = []embed.Value{3, 3} }, "2 inputs, want 1"},

	{func(g *embed.Graph) { g.Nodes[4].In = []embed.Value{3} }, "1 inputs, want 2 to 1024"},
	{func(g *embed.Graph) { g.Nodes[4].In = make([]embed.Value, 1025) }, "1025 inputs"},
	{func(g *embed.Graph) { g.Nodes[4].In[1] = 0 }, "inputs of 3x3x3 and 6x6x3"},
	{func(g *embed.Graph) { g.Nodes[4].In[1] = 5 }, "input is value 5"},
	{func(g *embed.Graph) { g.Nodes[6].In = g.Nodes[6].In[:1] }, "1 inputs, want 2"},
	{func(g *embed.Graph) { g.Nodes[6].In[0], g.Nodes[6].In[1] = 6, 5 }, "inputs of 1x1x5 and 3x3x5"},
	{func(g *embed.Graph) { g.Nodes[7].In[1] = 4 }, "inputs of 3x3x5 and 3x3x2"},
	{func(g *embed.Graph) { g.Nodes[7].Op = embed.OpSelect + 1 }, "operator 12"},
}

var badMixedQuants = []struct {
	change func(q *embed.Quant)
	says   string
}{
	{func(q *embed.Quant) { q.Nodes[0].Table = nil }, "a table of 0 entries, want 256"},
	{func(q *embed.Quant) { q.Nodes[0].Table = make([]int8, 257) }, "a table of 257"},
	{func(q *embed.Quant) { q.Nodes[1].Table = make([]int8, 256) }, "has a table"},
	{func(q *embed.Quant) { q.Values[2].Zero++ }, "want the same"},
	{func(q *embed.Quant) { q.Values[3].Scale *= 2 }, "want the same"},
	{func(q *embed.Quant) { q.Values[4].Zero++; q.Nodes[4].Table = make([]int8, 512) }, "want the same"},
	{func(q *embed.Quant) { q.Nodes[4].Table = make([]int8, 256) }, "tables of 256 entries, want none or 512"},
	{func(q *embed.Quant) { q.Nodes[4].Table = nil; q.Values[5].Zero = 77 }, "of input 0"},
	{func(q *embed.Quant) { q.Nodes[5].Mult = nil }, "0 multipliers"},
	{func(q *embed.Quant) { q.Nodes[5].Mult[0] = 0 }, "single positive"},
	{func(q *embed.Quant) { q.Nodes[5].Shift = 15 }, "shift 15"},
	{func(q *embed.Quant) { q.Nodes[5].Lo, q.Nodes[5].Hi = 127, 126 }, "clamps to 127"},
	{func(q *embed.Quant) { q.Nodes[6].Mult[0] = -1 }, "single positive"},
	{func(q *embed.Quant) { q.Nodes[6].Mult = append(q.Nodes[6].Mult, 1) }, "2 multipliers"},
	{func(q *embed.Quant) { q.Nodes[6].Shift = 15 }, "shift 15"},
	{func(q *embed.Quant) { q.Nodes[6].Lo, q.Nodes[6].Hi = 5, 4 }, "clamps to 5"},
	{func(q *embed.Quant) { q.Nodes[7].Shift = 0 }, "shift 0"},
}

// TestValidateMixed is TestValidate for the operators of format 1.1.
func TestValidateMixed(t *testing.T) {
	check := func(m *embed.Model, says string) {
		t.Helper()
		err := m.Validate()
		if err == nil || !errors.Is(err, embed.ErrCorrupt) && !errors.Is(err, embed.ErrUnsupported) {
			t.Errorf("%v, must fail with %q", err, says)
		} else if !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "node") {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	if err := float32Model(mixed()).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range badMixed {
		g := mixed()
		c.change(g)
		check(float32Model(g), c.says)
	}
	for _, c := range badMixedQuants {
		m := embedtest.Int8(mixed(), 1)
		c.change(m.Quant)
		check(m, c.says)
	}
	// The sum of a mean before the last fits 32 bits with its shift.
	b := embedtest.NewBuilder(64, 1)
	b.GlobalMean(b.GlobalMean(0))
	m := embedtest.Int8(b.Graph(), 1)
	for shift, good := range map[uint8]bool{11: true, 12: false, 14: false} { // 255·64·64<<11 < 2³¹
		m.Quant.Nodes[0].Shift = shift
		if err := m.Validate(); (err == nil) != good {
			t.Errorf("shift %d: %v", shift, err)
		}
	}
}

// badQuants change a good int8 model of the same nodes.
var badQuants = []struct {
	change func(m *embed.Model)
	says   string
}{
	{func(m *embed.Model) { m.Quant = nil }, "int8 parameters"},
	{func(m *embed.Model) { m.Quant.Nodes = m.Quant.Nodes[1:] }, "int8 parameters"},
	{func(m *embed.Model) { m.Quant.Values = m.Quant.Values[1:] }, "int8 parameters"},
	{func(m *embed.Model) { m.Graph.Nodes[0].Weight = make([]float32, 216) }, "weight"},
	{func(m *embed.Model) { m.Quant.Values[2].Scale = 0 }, "value 2"},
	{func(m *embed.Model) { m.Quant.Values[0].Scale = nan }, "value 0"},
	{func(m *embed.Model) { m.Quant.Values[3].Scale = inf }, "value 3"},
	{func(m *embed.Model) { m.Quant.Values[8].Scale = -1 }, "value 8"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Weight = nil }, "0 weights"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Bias = m.Quant.Nodes[0].Bias[1:] }, "7 biases"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Mult = append(m.Quant.Nodes[0].Mult, 1) }, "9 multipliers"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Mult[3] = 0 }, "channel 3"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Mult[3] = -5 }, "channel 3"},
	{func(m *embed.Model) { m.Quant.Nodes[0].Weight[30] = -128 }, "channel 1"},
	{func(m *embed.Model) { m.Quant.Nodes[1].Bias[4] = math.MaxInt32 }, "channel 4"},
	{func(m *embed.Model) { m.Quant.Nodes[1].Bias[4] = math.MinInt32 }, "channel 4"},
	{func(m *embed.Model) { m.Quant.Nodes[1].Lo, m.Quant.Nodes[1].Hi = 3, 2 }, "clamps"},
	{func(m *embed.Model) { m.Quant.Nodes[4].Shift = 0 }, "shift 0"},
	{func(m *embed.Model) { m.Quant.Nodes[4].Shift = 15 }, "shift 15"},
	{func(m *embed.Model) { m.Quant.Nodes[4].AddBias = math.MinInt32 }, "overflow"},
	{func(m *embed.Model) { m.Quant.Nodes[4].Lo, m.Quant.Nodes[4].Hi = 1, 0 }, "clamps"},
	{func(m *embed.Model) { m.Graph.Output = 7 }, "ends in a global mean"},
	{func(m *embed.Model) {
		m.Graph.Nodes[7].Op, m.Graph.Nodes[7].Act = embed.OpAct, embed.ActReLU
	}, "ends in a global mean"},
	{func(m *embed.Model) { m.Graph.Nodes[1].Op = embed.OpAct }, "groups"},
	{func(m *embed.Model) { m.Graph.Nodes[6].Op = embed.OpAct }, "a table of 0 entries"},
	{func(m *embed.Model) { m.Graph.Nodes[6].Op, m.Graph.Nodes[6].Act = embed.OpGlobalMean, 0 }, "24 multipliers"},
}

func TestValidate(t *testing.T) {
	check := func(m *embed.Model, says string) {
		t.Helper()
		err := m.Validate()
		if err == nil {
			t.Errorf("accepted a model that must fail with %q", says)
			return
		}
		if !errors.Is(err, embed.ErrCorrupt) && !errors.Is(err, embed.ErrUnsupported) {
			t.Errorf("%v wraps no sentinel", err)
		}
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
		if _, err := embed.NewNetwork(m); err == nil {
			t.Errorf("NewNetwork took a model that must fail with %q", says)
		}
	}
	for _, m := range []*embed.Model{embedtest.Tiny(), embedtest.TinyFloat()} {
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range badGraphs {
		m := embedtest.TinyFloat()
		c.change(m)
		check(m, c.says)
	}
	for _, c := range badQuants {
		m := embedtest.Tiny()
		c.change(m)
		check(m, c.says)
	}
	for _, c := range badBatchNorms {
		b := embedtest.NewBuilder(4, 1)
		b.BatchNorm(0)
		m := float32Model(b.Graph())
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		c.change(&m.Graph.Nodes[0])
		check(m, c.says)
	}
	check(nil, "no model")
}

// TestValidateLarge wants graphs refused whose sizes would overflow or take
// all memory, and none of it allocated on the way.
func TestValidateLarge(t *testing.T) {
	window := embed.Window{KernelH: 64, KernelW: 64, StrideH: 1, StrideW: 1, DilationH: 64, DilationW: 64}
	conv := func(in embed.Value, out int, w embed.Window) embed.Node {
		return embed.Node{Op: embed.OpConv, In: []embed.Value{in}, Out: out, Groups: 1, Window: w}
	}
	one := embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	padded := window
	padded.Top, padded.Bottom, padded.Left, padded.Right = 4000, 4000, 4000, 4000
	chain := make([]embed.Node, 1000)
	for i := range chain {
		chain[i] = conv(embed.Value(i), 65536, one)
	}
	// Concats of 1,024 inputs of one channel, one after the other.
	concats := []embed.Node{{Op: embed.OpSelect, In: []embed.Value{0}, Channels: []int32{0}}}
	for range 65 {
		in := make([]embed.Value, embed.MaxInputs)
		for i := range in {
			in[i] = 1
		}
		concats = append(concats, embed.Node{Op: embed.OpConcat, In: in})
	}
	pools := make([]embed.Node, 1000)
	for i := range pools {
		pools[i] = embed.Node{Op: embed.OpMaxPool, In: []embed.Value{embed.Value(i)}, Window: embed.Window{
			KernelH: 63, KernelW: 63, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 31, Left: 31, Bottom: 31, Right: 31,
		}}
	}
	wide := embed.Node{Op: embed.OpSelect, In: []embed.Value{0}, Channels: make([]int32, 65536)}
	for what, c := range map[string]struct {
		side  int
		nodes []embed.Node
	}{
		"inputs":      {1, concats},
		"pools":       {1024, pools},
		"select":      {64, []embed.Node{wide}},
		"concat":      {1, []embed.Node{wide, {Op: embed.OpConcat, In: []embed.Value{0, 1}}}},
		"output":      {4096, []embed.Node{conv(0, 65536, one)}},
		"padding":     {1, []embed.Node{conv(0, 65536, one), conv(1, 1, padded)}},
		"two windows": {4096, []embed.Node{conv(0, 1, padded), conv(0, 1, window)}},
		"weights":     {1, chain},
		"filter":      {1, []embed.Node{conv(0, 65536, one), conv(1, 65536, padded)}},
		"work":        {2048, []embed.Node{conv(0, 16, one), conv(1, 16, embed.Window{KernelH: 64, KernelW: 64, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1})}},
	} {
		g := &embed.Graph{
			Input: embed.Input{Height: c.side, Width: c.side, Std: [3]float32{1, 1, 1}},
			Nodes: c.nodes, Output: embed.Value(len(c.nodes)),
		}
		if _, err := g.Shapes(); !errors.Is(err, embed.ErrCorrupt) || !strings.Contains(err.Error(), "node") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestShapes(t *testing.T) {
	g := embedtest.TinyFloat().Graph
	shapes, err := g.Shapes()
	want := []embed.Shape{
		{H: 16, W: 16, C: 3}, {H: 8, W: 8, C: 8}, {H: 8, W: 8, C: 20}, {H: 8, W: 8, C: 20}, {H: 8, W: 8, C: 8},
		{H: 8, W: 8, C: 8}, {H: 4, W: 4, C: 8}, {H: 4, W: 4, C: 24}, {H: 1, W: 1, C: 24},
	}
	if err != nil || !slices.Equal(shapes, want) {
		t.Errorf("got %v, %v", shapes, err)
	}
	macs := int64(64*8*27 + 64*20*8 + 64*20*9 + 64*8*20 + 16*8*25 + 16*24*8)
	params := int64(8*27 + 8 + 20*8 + 20 + 20*9 + 20 + 8*20 + 8 + 8*25 + 8 + 24*8 + 24)
	for _, g := range []*embed.Graph{g, embedtest.Tiny().Graph} {
		if g.MACs() != macs || g.Params() != params {
			t.Errorf("%d MACs and %d parameters, want %d and %d", g.MACs(), g.Params(), macs, params)
		}
	}
	if bad := (&embed.Graph{}); bad.MACs() != 0 || bad.Params() != 0 {
		t.Error("an empty graph has work to do")
	}
}

// reader makes numbers of fuzzed bytes.
type reader struct{ b []byte }

func (r *reader) byte() int {
	if len(r.b) == 0 {
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return int(v)
}

// int returns a small number more often than any.
func (r *reader) int() int {
	v := r.byte()
	if v < 250 || len(r.b) < 8 {
		return v%24 - 2
	}
	n := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return int(n >> (8 * (v - 250)))
}

func (r *reader) float() float32 {
	return []float32{0, -1, 1, 1e-30, math.MaxFloat32, inf, nan, float32(r.int())}[r.byte()%8]
}

// shorten cuts a slice, or makes it one longer.
func shorten[T any](r *reader, s *[]T) {
	if n := r.byte() % 4; n == 0 {
		*s = append(*s, make([]T, 1)...)
	} else {
		*s = (*s)[:len(*s)*(n-1)/3]
	}
}

// pick returns an element of s, or a place where writing does no harm.
func pick[T any](r *reader, s []T) *T {
	if len(s) == 0 {
		return new(T)
	}
	return &s[r.byte()%len(s)]
}

// edit changes one thing about a model.
func (r *reader) edit(m *embed.Model) {
	g := m.Graph
	n := pick(r, g.Nodes)
	w := &n.Window
	kind := r.byte() % 28
	if m.Quant != nil && r.byte()%2 == 0 {
		kind += 100
	}
	switch kind {
	case 0:
		n.Op = embed.Op(r.byte() % 13)
	case 1:
		n.Act = embed.Act(r.byte() % 11)
	case 2:
		*pick(r, n.In) = embed.Value(r.int())
	case 3:
		shorten(r, &n.In)
	case 4:
		n.Groups = r.int()
	case 5:
		n.Out = r.int()
	case 6:
		n.Epsilon = r.float()
	case 7:
		shorten(r, *pick(r, []*[]float32{&n.Weight, &n.Bias, &n.Mean, &n.Var}))
	case 8:
		*pick(r, n.Weight) = r.float()
	case 9:
		*pick(r, n.Bias) = r.float()
	case 10:
		*pick(r, n.Var) = r.float()
	case 11:
		g.Output = embed.Value(r.int())
	case 12:
		g.Input.Height = r.int()
		g.Input.Width = g.Input.Height
	case 13:
		g.Input.Std[r.byte()%3] = r.float()
	case 14:
		shorten(r, &g.Nodes)
	case 15:
		n.Alpha = r.float()
	case 16:
		n.Beta = r.float()
	case 17:
		n.CountPadding = !n.CountPadding
	case 18:
		n.UncountedBottom, n.UncountedRight = r.int(), r.int()
	case 19:
		*pick(r, n.Channels) = int32(r.int())
	case 20:
		shorten(r, &n.Channels)
	case 115:
		shorten(r, &pick(r, m.Quant.Nodes).Table)
	case 116:
		*pick(r, pick(r, m.Quant.Nodes).Table) = int8(r.int())
	case 100:
		pick(r, m.Quant.Values).Scale = r.float()
	case 101:
		pick(r, m.Quant.Values).Zero = int8(r.int())
	case 102:
		shorten(r, &m.Quant.Values)
	case 103:
		shorten(r, &m.Quant.Nodes)
	case 104:
		*pick(r, pick(r, m.Quant.Nodes).Weight) = int8(r.int())
	case 105:
		*pick(r, pick(r, m.Quant.Nodes).Bias) = int32(r.int())
	case 106:
		*pick(r, pick(r, m.Quant.Nodes).Mult) = int32(r.int())
	case 107:
		shorten(r, &pick(r, m.Quant.Nodes).Weight)
	case 108:
		shorten(r, &pick(r, m.Quant.Nodes).Mult)
	case 109, 110, 111, 112:
		q := pick(r, m.Quant.Nodes)
		q.MultA, q.MultB, q.AddBias, q.Shift = int16(r.int()), int16(r.int()), int32(r.int()), uint8(r.int())
	case 113, 114:
		q := pick(r, m.Quant.Nodes)
		q.Lo, q.Hi = int8(r.int()), int8(r.int())
	default:
		**pick(r, []*int{
			&w.KernelH, &w.KernelW, &w.StrideH, &w.StrideW, &w.DilationH, &w.DilationW,
			&w.Top, &w.Left, &w.Bottom, &w.Right,
		}) = r.int()
	}
}

// taps returns the elements that the windows of pools look at, and what all
// nodes write.
func taps(g *embed.Graph) (sum int) {
	shapes, err := g.Shapes()
	if err != nil {
		return 0
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		sum += shapes[i+1].Len()
		if n.Op == embed.OpMaxPool || n.Op == embed.OpMeanPool {
			sum += shapes[i+1].Len() * n.Window.KernelH * n.Window.KernelW
		}
	}
	return sum
}

// FuzzValidate edits good models. Whatever Validate then lets pass must run,
// and give a finite embedding or an error, with no panic.
func FuzzValidate(f *testing.F) {
	for seed := range uint64(24) {
		edits := make([]byte, seed)
		for i := range edits {
			edits[i] = byte(i*i*int(seed+7) + int(seed)*31)
		}
		f.Add(seed, seed%2 == 0, edits)
	}
	f.Fuzz(func(t *testing.T, seed uint64, int8s bool, edits []byte) {
		g := embedtest.Random(seed, int8s)
		m := float32Model(g)
		if int8s {
			m = embedtest.Int8(g, seed)
		}
		for r := (&reader{edits}); len(r.b) > 0; {
			r.edit(m)
		}
		if err := m.Validate(); err != nil {
			if !errors.Is(err, embed.ErrCorrupt) && !errors.Is(err, embed.ErrUnsupported) {
				t.Fatalf("%v wraps no sentinel", err)
			}
			return
		}
		if m.Graph.MACs() > 1<<24 || taps(m.Graph) > 1<<24 {
			return // right, but it would take too long
		}
		n, err := embed.NewNetwork(m)
		if err != nil {
			if !errors.Is(err, embed.ErrUnsupported) {
				t.Fatalf("Validate took what NewNetwork refuses: %v", err)
			}
			return
		}
		s := n.NewSession(1)
		defer s.Close()
		e := make(embed.Embedding, n.Dim())
		in := n.Input()
		err = s.EmbedPixels(e, embedtest.Pixels(in.Height*in.Width*3, seed))
		if err != nil && !errors.Is(err, embed.ErrCorrupt) {
			t.Fatal(err)
		}
		for i, v := range e {
			if !(math.Abs(float64(v)) <= 1) {
				t.Fatalf("dimension %d is %g", i, v)
			}
		}
	})
}
