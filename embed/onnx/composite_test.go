package onnx

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// TestComposites: an activation that is written as several operators becomes
// one node, and nothing is left of its parts.
func TestComposites(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"acts": {
			"conv": 3, "global mean": 1, "mul": 2,
			"hard swish": 3, "silu": 1, "leaky relu": 1, "hard sigmoid": 2, "tanh": 1,
			"relu": 1, "clip": 3, "batch norm": 1, "add": 1, // PRelu is four of these
		},
		"arithmetic": {"conv": 1, "relu": 1, "batch norm": 4, "add": 3, "global mean": 1, "max pool": 1},
	} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		g, err := Import(b, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, e := range g.Nodes {
			what := e.Op.String()
			if e.Op == embed.OpAct {
				what = e.Act.String()
			}
			got[what]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestNormalization: what a network does to the picture first is a part of its
// preprocessing.
func TestNormalization(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "arithmetic.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	notes := 0
	g, err := Import(b, ImportOptions{Note: func(string) { notes++ }})
	if err != nil {
		t.Fatal(err)
	}
	// ((rgb − 127)/128 − m)/s = (rgb − (127 + 128·m))/(128·s)
	want := embed.Input{Height: 6, Width: 6, Mean: [3]float32{139.8, 152.6, 114.2}, Std: [3]float32{64, 32, 96}}
	for c := range 3 {
		if d := g.Input.Mean[c] - want.Mean[c]; d > 1e-4 || d < -1e-4 || g.Input.Std[c] != want.Std[c] {
			t.Errorf("input %+v, want %+v", g.Input, want)
		}
	}
	if notes != 2 {
		t.Errorf("%d notes, want one for each of Sub and Div", notes)
	}
	if _, err = Import(b, ImportOptions{Std: [3]float32{1, 1, 1}, Note: func(s string) { t.Error(s) }}); err != nil {
		t.Error(err)
	}
}

// TestCastLike: constants that PyTorch's dynamo exporter leaves to be made of
// the type of a computed value.
func TestCastLike(t *testing.T) {
	g, err := Import(newFile().
		tensor("zero", elemInt64, longs(0)).tensor("six", elemInt64, longs(6)).
		node("Relu", "x", "r").
		node("CastLike", "zero,r", "lo").node("CastLike", "six,r", "hi").
		node("Clip", "r,lo,hi", "y").bytes(), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	last := g.Nodes[len(g.Nodes)-1]
	if last.Act != embed.ActReLU6 {
		t.Errorf("%v, want relu6", last.Act)
	}
}
