package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/edge-camera/edge/embed"
)

// TestRoundTrip writes random graphs and reads them back: the same nodes, names,
// numbers and input; only a fused activation comes back as a node of its own.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		var b, again bytes.Buffer
		if err := Write(&b, g, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := Write(&again, g, WriteOptions{}); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatalf("writing it again gives other bytes: %v", err)
		}
		got, err := Import(b.Bytes(), ImportOptions{Mean: g.Input.Mean, Std: g.Input.Std})
		if err != nil {
			t.Fatal(err)
		}
		want := unfused(g)
		if len(got.Nodes) != len(want.Nodes) {
			t.Fatalf("%d nodes, want %d", len(got.Nodes), len(want.Nodes))
		}
		for i := range want.Nodes {
			if !reflect.DeepEqual(got.Nodes[i], want.Nodes[i]) {
				t.Fatalf("node %d is\n%+v, want\n%+v", i, got.Nodes[i], want.Nodes[i])
			}
		}
		if got.Input != want.Input || got.Output != want.Output {
			t.Fatalf("input %+v, output %d, want %+v, %d", got.Input, got.Output, want.Input, want.Output)
		}
	})
}

// drawGraph makes a graph in which every value leads to the output.
func drawGraph(t *rapid.T) *embed.Graph {
	side := rapid.IntRange(1, 24).Draw(t, "side")
	g := &embed.Graph{Input: embed.Input{Height: side, Width: side}}
	for c := range 3 {
		g.Input.Mean[c] = rapid.Float32Range(1, 200).Draw(t, "mean")
		g.Input.Std[c] = rapid.Float32Range(1, 200).Draw(t, "std")
	}
	weight := func(n int) []float32 {
		seed := rapid.Uint32().Draw(t, "weights")
		v := make([]float32, n)
		for i := range v {
			seed = seed*1664525 + 1013904223
			v[i] = float32(int32(seed)) / (1 << 30)
		}
		return v
	}
	positive := func(n int) []float32 {
		v := weight(n)
		for i := range v {
			v[i] = 3 + v[i]
		}
		return v
	}
	act := func() embed.Act { return embed.Act(rapid.IntRange(0, 2).Draw(t, "act")) }
	last := func() embed.Value { return embed.Value(len(g.Nodes)) }
	shape := embed.Shape{H: side, W: side, C: 3}
	add := func(n embed.Node) {
		n.Name = fmt.Sprintf("%v/%d", n.Op, len(g.Nodes))
		g.Nodes = append(g.Nodes, n)
	}
	for range rapid.IntRange(1, 8).Draw(t, "nodes") {
		switch rapid.SampledFrom([]string{"conv", "conv", "norm", "act", "add", "mean", "dense"}).Draw(t, "op") {
		case "conv":
			groups := rapid.SampledFrom([]int{1, 1, shape.C}).Draw(t, "groups")
			n := embed.Node{Op: embed.OpConv, In: []embed.Value{last()}, Act: act(), Groups: groups,
				Out: groups * rapid.IntRange(1, 4).Draw(t, "out")}
			if n.Out > 24 {
				continue
			}
			small := rapid.IntRange(1, 3)
			w := &n.Window
			w.KernelH, w.KernelW = small.Draw(t, "kernel"), small.Draw(t, "kernel")
			w.StrideH, w.StrideW = small.Draw(t, "stride"), small.Draw(t, "stride")
			w.DilationH, w.DilationW = small.Draw(t, "dilation"), small.Draw(t, "dilation")
			high := rapid.IntRange(0, (w.KernelH-1)*w.DilationH)
			wide := rapid.IntRange(0, (w.KernelW-1)*w.DilationW)
			w.Top, w.Left, w.Bottom, w.Right = high.Draw(t, "pad"), wide.Draw(t, "pad"), high.Draw(t, "pad"), wide.Draw(t, "pad")
			next := embed.Shape{
				H: steps(shape.H+w.Top+w.Bottom, w.KernelH, w.StrideH, w.DilationH),
				W: steps(shape.W+w.Left+w.Right, w.KernelW, w.StrideW, w.DilationW), C: n.Out,
			}
			if next.H < 1 || next.W < 1 {
				continue
			}
			n.Weight = weight(n.Out * w.KernelH * w.KernelW * shape.C / groups)
			if rapid.Bool().Draw(t, "bias") {
				n.Bias = weight(n.Out)
			}
			add(n)
			shape = next
		case "norm":
			add(embed.Node{Op: embed.OpBatchNorm, In: []embed.Value{last()}, Epsilon: rapid.Float32Range(1e-6, 1e-2).Draw(t, "epsilon"),
				Weight: weight(shape.C), Bias: weight(shape.C), Mean: weight(shape.C), Var: positive(shape.C)})
		case "act":
			add(embed.Node{Op: embed.OpAct, In: []embed.Value{last()}, Act: embed.Act(rapid.IntRange(1, 2).Draw(t, "act"))})
		case "add":
			// A side branch of one convolution, so that two values meet.
			from := last()
			add(embed.Node{Op: embed.OpConv, In: []embed.Value{from}, Groups: 1, Out: shape.C,
				Window: embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1},
				Weight: weight(shape.C * shape.C)})
			add(embed.Node{Op: embed.OpAdd, In: []embed.Value{last(), from}, Act: act()})
		case "mean":
			add(embed.Node{Op: embed.OpGlobalMean, In: []embed.Value{last()}})
			shape.H, shape.W = 1, 1
		case "dense":
			if shape.H != 1 || shape.W != 1 {
				continue
			}
			n := embed.Node{Op: embed.OpDense, In: []embed.Value{last()}, Act: act(), Out: rapid.IntRange(1, 6).Draw(t, "out")}
			n.Weight = weight(n.Out * shape.C)
			if rapid.Bool().Draw(t, "bias") {
				n.Bias = weight(n.Out)
			}
			add(n)
			shape.C = n.Out
		}
	}
	if len(g.Nodes) == 0 {
		add(embed.Node{Op: embed.OpAct, In: []embed.Value{0}, Act: embed.ActReLU})
	}
	g.Output = last()
	return g
}

// unfused gives each fused activation a node of its own, named as Write names
// them.
func unfused(g *embed.Graph) *embed.Graph {
	u := &embed.Graph{Input: g.Input}
	moved := []embed.Value{0}
	for _, n := range g.Nodes {
		in := n.In
		n.In = nil
		for _, v := range in {
			n.In = append(n.In, moved[v])
		}
		if n.Act == embed.ActNone || n.Op == embed.OpAct {
			u.Nodes = append(u.Nodes, n)
		} else {
			name, act := n.Name, n.Act
			n.Name, n.Act = name+".linear", embed.ActNone
			u.Nodes = append(u.Nodes, n)
			u.Nodes = append(u.Nodes, embed.Node{Op: embed.OpAct, Name: name, Act: act, In: []embed.Value{embed.Value(len(u.Nodes))}})
		}
		moved = append(moved, embed.Value(len(u.Nodes)))
	}
	u.Output = moved[g.Output]
	return u
}

// TestWriteNames: names that are missing, taken, or not UTF-8 become good ones.
func TestWriteNames(t *testing.T) {
	relu := func(name string, in embed.Value) embed.Node {
		return embed.Node{Op: embed.OpAct, Name: name, Act: embed.ActReLU6, In: []embed.Value{in}}
	}
	g := &embed.Graph{
		Input: embed.Input{Height: 4, Width: 4, Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}},
		Nodes: []embed.Node{relu("", 0), relu("input", 1), relu("relu6.min", 2), relu("same", 3), relu("same", 4), relu("\xff", 5)},
	}
	g.Output = 6
	var b bytes.Buffer
	if err := Write(&b, g, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := Import(b.Bytes(), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"node_0", "input_2", "relu6.min_2", "same", "same_2", "?"}
	for i, n := range got.Nodes {
		if n.Name != want[i] || n.Act != embed.ActReLU6 {
			t.Errorf("node %d is %q with activation %d, want %q with ReLU6", i, n.Name, n.Act, want[i])
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, &embed.Graph{}, WriteOptions{}); !errors.Is(err, embed.ErrCorrupt) {
		t.Errorf("an empty graph: %v, want ErrCorrupt", err)
	}
	bare := &embed.Graph{
		Input: embed.Input{Height: 4, Width: 4, Std: [3]float32{1, 1, 1}},
		Nodes: []embed.Node{{Op: embed.OpConv, In: []embed.Value{0}, Groups: 1, Out: 2,
			Window: embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}}},
		Output: 1,
	}
	if err := Write(&b, bare, WriteOptions{}); !errors.Is(err, embed.ErrUnsupported) {
		t.Errorf("a graph without weights: %v, want ErrUnsupported", err)
	}
	if b.Len() != 0 {
		t.Errorf("%d bytes were written", b.Len())
	}
	bare.Nodes[0].Weight = make([]float32, 6)
	want := errors.New("disk full")
	if err := Write(failing{want}, bare, WriteOptions{}); !errors.Is(err, want) {
		t.Errorf("a writer that fails: %v, want its error", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
