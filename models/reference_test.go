package models_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/onnx"
	"github.com/edge-camera/edge/models"
)

// reference is what reference/reference.py wrote.
type reference struct {
	Models []modelReference `json:"models"`
}

type modelReference struct {
	Model  string           `json:"model"`
	ONNX   string           `json:"onnx_sha256"`
	Side   int              `json:"side"`
	Inputs []inputReference `json:"inputs"`
}

// inputReference is about one input. Only of networks whose ONNX file is here it
// says what is inside.
type inputReference struct {
	Formula int    `json:"formula"`
	SHA256  string `json:"sha256"`
	Top5    []struct {
		Class int     `json:"class"`
		Logit float32 `json:"logit"`
	} `json:"top5"`
	Values []struct {
		Name string  `json:"name"`
		Mean float64 `json:"mean"`
		Abs  float64 `json:"abs"`
	} `json:"values"`
	Embedding []float32 `json:"embedding"`
}

const (
	liteFile = "efficientnet-lite0.onnx"
	liteSide = 224
)

// readReference returns what is known of every shipped model.
func readReference(t *testing.T) []modelReference {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("reference", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range r.Models {
		names = append(names, m.Model)
		if len(m.Inputs) < 2 {
			t.Fatalf("reference of %s has %d inputs, want 2 or more", m.Model, len(m.Inputs))
		}
	}
	if !slices.Equal(names, models.Names()) {
		t.Fatalf("the reference is of %q, the shipped models are %q: run reference/reference.py", names, models.Names())
	}
	return r.Models
}

func readLite(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(liteFile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pixel is the same formula as in reference.py.
func pixel(k, x, y, c, side int) byte {
	v := 0
	switch k {
	case 0:
		v = ((c+1)*x + (3-c)*y) * 255 / (4 * (side - 1))
	case 1:
		dx, dy := x-80, y-120+8*c
		v = max((dx*dx+dy*dy)/12%510-255, -((dx*dx+dy*dy)/12%510 - 255))
	case 2:
		v = ((x/28)*37 + (y/28)*91 + c*53) % 256
	case 3:
		h := (x*7919 + y*104729 + c*1299709) % 65521
		v = (x+y)*191/(2*(side-1)) + h*h%65521%65
	}
	return byte(v)
}

func picture(t *testing.T, side int, in inputReference) []byte {
	t.Helper()
	rgb := make([]byte, 0, side*side*3)
	for y := range side {
		for x := range side {
			for c := range 3 {
				rgb = append(rgb, pixel(in.Formula, x, y, c, side))
			}
		}
	}
	if sum := sha256.Sum256(rgb); hex.EncodeToString(sum[:]) != in.SHA256 {
		t.Fatalf("input %d is not the one the reference saw", in.Formula)
	}
	return rgb
}

// TestFloatNetwork compares the imported float network, at both sides that
// models are made at, with ONNX Runtime: value by value inside, the embedding,
// and the classifier's answer.
func TestFloatNetwork(t *testing.T) {
	refs := readReference(t)
	compareFloat(t, &refs[0], 0, 3) // the smoothest and the roughest; a float run is slow
	compareFloat(t, &refs[1], 3)
}

func compareFloat(t *testing.T, ref *modelReference, formulas ...int) {
	t.Helper()
	b := readLite(t)
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != ref.ONNX {
		t.Fatalf("the reference of %s was made of another %s: run reference/reference.py", ref.Model, liteFile)
	}
	g, err := onnx.Import(b, onnx.ImportOptions{Side: ref.Side})
	if err != nil {
		t.Fatal(err)
	}
	net, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	s := net.NewSession(2)
	defer s.Close()
	compared := 0
	for _, in := range ref.Inputs {
		if !slices.Contains(formulas, in.Formula) {
			continue
		}
		compared++
		rgb := picture(t, ref.Side, in)
		seen := map[string]bool{}
		var mean, logits []float32
		err := s.Trace(rgb, func(v embed.Value, shape embed.Shape, data []float32) {
			if v == 0 {
				return
			}
			name := g.Nodes[v-1].Name
			if v == g.Output {
				logits = slices.Clone(data)
			}
			if name == "mean" {
				mean = slices.Clone(data)
			}
			for _, want := range in.Values {
				if want.Name != name {
					continue
				}
				seen[name] = true
				sum, abs := 0.0, 0.0
				for _, x := range data {
					sum += float64(x)
					abs += math.Abs(float64(x))
				}
				sum, abs = sum/float64(len(data)), abs/float64(len(data))
				if math.Abs(abs-want.Abs) > 2e-5*want.Abs || math.Abs(sum-want.Mean) > 2e-5*want.Abs {
					t.Errorf("%s, input %d, %s: mean %g, mean of magnitudes %g; want %g and %g", ref.Model, in.Formula, name, sum, abs, want.Mean, want.Abs)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(in.Values) < 18 || len(seen) != len(in.Values) {
			t.Errorf("%s, input %d: %d of %d values seen", ref.Model, in.Formula, len(seen), len(in.Values))
		}
		if d := worst(mean, in.Embedding); d > 1e-4 {
			t.Errorf("%s, input %d: the embedding is off by %g of its largest element", ref.Model, in.Formula, d)
		}
		order := make([]int, len(logits))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if logits[a] > logits[b] {
				return -1
			}
			return 1
		})
		for i, want := range in.Top5 {
			if got := logits[order[i]]; order[i] != want.Class || math.Abs(float64(got-want.Logit)) > 1e-4*math.Abs(float64(want.Logit)) {
				t.Errorf("%s, input %d, place %d: class %d with %g, want %d with %g", ref.Model, in.Formula, i+1, order[i], got, want.Class, want.Logit)
			}
		}
	}
	if compared != len(formulas) {
		t.Errorf("%s: %d inputs compared, want %d", ref.Model, compared, len(formulas))
	}
}

// TestInt8Network compares every shipped int8 model with ONNX Runtime's float.
// Input 0 is two slopes and nothing else: without texture a rounding error is
// the same all over a value, and the layers after it do not average it out.
// Blank walls are the worst that int8 can be shown.
func TestInt8Network(t *testing.T) {
	least := map[int]float64{0: 0.90, 1: 0.99, 2: 0.99, 3: 0.99}
	for _, ref := range readReference(t) {
		m, err := models.Load(ref.Model)
		if err != nil {
			t.Fatal(err)
		}
		net, err := embed.NewNetwork(m)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession(2)
		got := make(embed.Embedding, net.Dim())
		for _, in := range ref.Inputs {
			if err := s.EmbedPixels(got, picture(t, ref.Side, in)); err != nil {
				t.Fatal(err)
			}
			c := cosine(got, in.Embedding)
			t.Logf("%s, input %d: cosine %.4f", ref.Model, in.Formula, c)
			if c < least[in.Formula] {
				t.Errorf("%s, input %d: cosine to the float network is %.4f, want %.2f", ref.Model, in.Formula, c, least[in.Formula])
			}
		}
		s.Close()
	}
}

// TestClassifier asks the classifier, which is in the ONNX file alone, about
// photographs: the GOLD inputs are crops of a cup of coffee and of a cat. It
// answers the same for the int8 embedding, at both sides. A wrong order of
// colours, padding or scale shows here, and only here.
func TestClassifier(t *testing.T) {
	for _, name := range []string{"efficientnet-lite0-224", "efficientnet-lite0-160"} {
		classify(t, name)
	}
}

func classify(t *testing.T, name string) {
	t.Helper()
	m, err := models.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	int8s, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	g, err := onnx.Import(readLite(t), onnx.ImportOptions{Side: m.Graph.Input.Height})
	if err != nil {
		t.Fatal(err)
	}
	floats, err := embed.NewNetwork(&embed.Model{Precision: embed.Float32, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	s, q := floats.NewSession(2), int8s.NewSession(2)
	defer s.Close()
	defer q.Close()
	logits, mean := make([]float32, 1000), make([]float32, int8s.Dim())
	last := g.Nodes[g.Output-1]
	for i, want := range [][]int{
		{967, 968},                     // espresso, cup
		{281, 282, 283, 284, 285, 287}, // cats
	} {
		pix := m.Gold[i].Pix
		if err := s.Run(logits, pix); err != nil {
			t.Fatal(err)
		}
		answer := top(logits)
		if !slices.Contains(want, answer) {
			t.Errorf("%s: gold input %d is class %d, want one of %v", name, i, answer, want)
		}
		if err := q.Run(mean, pix); err != nil {
			t.Fatal(err)
		}
		for c := range logits {
			logits[c] = last.Bias[c]
			for j, x := range mean {
				logits[c] += last.Weight[c*len(mean)+j] * x
			}
		}
		if got := top(logits); got != answer {
			t.Errorf("%s: gold input %d is class %d by the int8 embedding, %d by the float one", name, i, got, answer)
		}
	}
}

// top returns the index of the largest element.
func top(v []float32) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
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

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}
