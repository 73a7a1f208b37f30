package onnx

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// TestGolden imports files that the onnx package wrote and compares the float
// network with ONNX Runtime; testdata/make.py made both.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]struct {
		Shape  []int     `json:"shape"`
		Output []float32 `json:"output"`
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) != len(golden) {
		t.Fatalf("%d files, %d goldens, %v", len(files), len(golden), err)
	}
	for name, want := range golden {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			g, err := Import(b, ImportOptions{})
			if err != nil {
				t.Fatal(err)
			}
			shapes, err := g.Shapes()
			if err != nil {
				t.Fatal(err)
			}
			shape := shapes[g.Output]
			if s := []int{shape.H, shape.W, shape.C}; len(want.Shape) == 3 && !slices.Equal(s, want.Shape) || shape.Len() != len(want.Output) {
				t.Fatalf("shape %v, want %v", shape, want.Shape)
			}
			if d := worst(run(t, g, pixels(g.Input.Height)), want.Output); d > 1e-5 {
				t.Errorf("off by %g of the largest element", d)
			}
		})
	}
}

// pixels is the formula in testdata/make.py.
func pixels(side int) []byte {
	rgb := make([]byte, 0, side*side*3)
	for y := range side {
		for x := range side {
			for c := range 3 {
				rgb = append(rgb, byte((x*37+y*59+c*83+x*y*7)%256))
			}
		}
	}
	return rgb
}

// run returns the graph's raw output.
func run(t testing.TB, g *embed.Graph, rgb []byte) []float32 {
	t.Helper()
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(1)
	defer s.Close()
	var out []float32
	err = s.Trace(rgb, func(v embed.Value, _ embed.Shape, data []float32) {
		if v == g.Output {
			out = slices.Clone(data)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// worst returns the largest difference as a part of want's largest magnitude.
func worst(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	d, top := 0.0, 0.0
	for i := range want {
		d = max(d, math.Abs(float64(got[i])-float64(want[i])))
		top = max(top, math.Abs(float64(want[i])))
	}
	return d / top
}
