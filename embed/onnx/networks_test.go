package onnx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// TestNetworks imports architectures as PyTorch exports them and compares the
// float network with ONNX Runtime; testdata/networks.py made both. The weights
// are not in the files but made from what these name: see uniform.
func TestNetworks(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "networks", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][]float32
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "networks", "*.onnx.gz"))
	if err != nil || len(files) != len(golden) {
		t.Fatalf("%d files, %d goldens, %v", len(files), len(golden), err)
	}
	for name, want := range golden {
		// Nothing of an import is concurrent: with the race detector the small
		// ones are enough, which have every form.
		if raced && large[name] {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, err := Import(readNetwork(t, name), ImportOptions{Files: uniform})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range g.Nodes {
				if err := simple(&e); err != nil {
					t.Errorf("node %q: %v", e.Name, err)
				}
			}
			d := worst(run(t, g, pixels(g.Input.Height)), want)
			t.Logf("off by %.1e of the largest element", d)
			if !(d <= 1e-4) {
				t.Errorf("off by %g of the largest element", d)
			}
		})
	}
}

// large are networks that take a second and more.
var large = map[string]bool{
	"efficientnet-b0": true, "efficientnet-lite0": true, "efficientnet-lite1": true, "efficientnet-lite2": true,
	"googlenet": true, "mobilenet-v1": true, "mobilenet-v3-large": true, "resnet18": true, "resnet50": true,
}

// simple wants what exporters wrote as one activation to be one.
func simple(e *embed.Node) error {
	if e.Op == embed.OpBatchNorm && e.Epsilon == 0 {
		return fmt.Errorf("an affine function is left of a composite")
	}
	return nil
}

func readNetwork(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "networks", name+".onnx.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return b
}

// uniform makes the weights that COUNT:LOW:HIGH:SEED names: splitmix64, of each
// number 24 bits, as testdata/networks.py does.
func uniform(name string) ([]byte, error) {
	var count int
	var low, high float64
	var seed uint64
	if _, err := fmt.Sscanf(name, "%d:%g:%g:%d", &count, &low, &high, &seed); err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	b := make([]byte, 0, 4*count)
	for range count {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		u := float64(z>>40) / (1 << 24)
		x := float32(low + float64((high-low)*u))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b, nil
}

// TestEmbedding: where Import is asked for an embedding network, the classifier
// goes and the last global mean stays.
func TestEmbedding(t *testing.T) {
	for name, dim := range map[string]int{
		"mobilenet-v2": 1280, "mobilenet-v3-small": 576, "efficientnet-lite1": 1280, "resnet18": 512, "shufflenet-v2-dynamo": 1024,
		"squeezenet1.1": 512, // its classes come before the mean
	} {
		var notes []string
		g, err := Import(readNetwork(t, name), ImportOptions{Files: uniform, Embedding: true, Note: func(s string) { notes = append(notes, s) }})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		last := g.Nodes[len(g.Nodes)-1]
		if last.Op != embed.OpGlobalMean || int(g.Output) != len(g.Nodes) {
			t.Errorf("%s ends in %v %q", name, last.Op, last.Name)
		}
		shapes, err := g.Shapes()
		if err != nil || shapes[g.Output].Len() != dim {
			t.Errorf("%s: output %v, %v, want %d numbers", name, shapes[g.Output], err, dim)
		}
		want := 1
		if name == "squeezenet1.1" {
			want = 2 // and the mean
		}
		if len(notes) != want || !strings.HasPrefix(notes[0], "cut at ") {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}
