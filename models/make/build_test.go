package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// tiny is a network of the same kind with three blocks, of which the second is
// residual.
var tiny = []stage{{1, 3, 2, 1, 8}, {1, 5, 1, 2, 8}, {1, 3, 1, 1, 12}}

// tinyTensors are the tensors of tiny, with numbers from a generator.
func tinyTensors() []stored {
	random := newPCG(7)
	var all []stored
	add := func(name string, low, high float32, size ...int) {
		n, stride := 1, make([]int, len(size))
		for i := len(size) - 1; i >= 0; i-- {
			stride[i] = n
			n *= size[i]
		}
		s := stored{name: name, size: size, stride: stride, data: make([]float32, n)}
		for i := range s.data {
			s.data[i] = low + (high-low)*float32(random.below(1<<20))/(1<<20)
		}
		all = append(all, s)
	}
	norm := func(name string, c int) {
		add(name+".weight", 0.5, 1.5, c)
		add(name+".bias", -0.5, 1, c)
		add(name+".running_mean", -0.2, 0.2, c)
		add(name+".running_var", 0.5, 1.5, c)
	}
	add("_conv_stem.weight", -0.4, 0.4, 32, 3, 3, 3)
	norm("_bn0", 32)
	add("_blocks.0._depthwise_conv.weight", -0.5, 0.5, 32, 1, 3, 3)
	norm("_blocks.0._bn1", 32)
	add("_blocks.0._project_conv.weight", -0.3, 0.3, 8, 32, 1, 1)
	norm("_blocks.0._bn2", 8)
	add("_blocks.1._expand_conv.weight", -0.5, 0.5, 16, 8, 1, 1)
	norm("_blocks.1._bn0", 16)
	add("_blocks.1._depthwise_conv.weight", -0.3, 0.3, 16, 1, 5, 5)
	norm("_blocks.1._bn1", 16)
	add("_blocks.1._project_conv.weight", -0.4, 0.4, 8, 16, 1, 1)
	norm("_blocks.1._bn2", 8)
	add("_blocks.2._depthwise_conv.weight", -0.5, 0.5, 8, 1, 3, 3)
	norm("_blocks.2._bn1", 8)
	add("_blocks.2._project_conv.weight", -0.5, 0.5, 12, 8, 1, 1)
	norm("_blocks.2._bn2", 12)
	add("_conv_head.weight", -0.5, 0.5, 1280, 12, 1, 1)
	norm("_bn1", 1280)
	add("_fc.weight", -0.1, 0.1, 1000, 1280)
	add("_fc.bias", -0.1, 0.1, 1000)
	return all
}

func TestBuildLite(t *testing.T) {
	w, err := readPth(t, savePth(tinyTensors()))
	if err != nil {
		t.Fatal(err)
	}
	g, err := buildLite(w, tiny, 30)
	if err != nil {
		t.Fatal(err)
	}
	shapes, err := g.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]embed.Shape{}
	padding := map[string][4]int{}
	for i, n := range g.Nodes {
		got[n.Name] = shapes[i+1]
		if n.Op == embed.OpBatchNorm && n.Epsilon != 1e-3 {
			t.Errorf("%s has epsilon %g", n.Name, n.Epsilon)
		}
		padding[n.Name] = [4]int{n.Window.Top, n.Window.Left, n.Window.Bottom, n.Window.Right}
	}
	for name, want := range map[string]embed.Shape{
		"_conv_stem": {H: 15, W: 15, C: 32}, "_blocks.0._bn2": {H: 8, W: 8, C: 8},
		"_blocks.1._expand_conv": {H: 8, W: 8, C: 16}, "_blocks.1.add": {H: 8, W: 8, C: 8}, "_blocks.2._bn2": {H: 8, W: 8, C: 12},
		"head": {H: 8, W: 8, C: 1280}, "mean": {H: 1, W: 1, C: 1280}, "_fc": {H: 1, W: 1, C: 1000},
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"_blocks.0.add", "_blocks.2.add"} {
		if _, is := got[name]; is {
			t.Errorf("%s: a block that changes its shape adds its input", name)
		}
	}
	for name, want := range map[string][4]int{
		"_conv_stem":                {0, 0, 1, 1}, // 30 to 15
		"_blocks.0._depthwise_conv": {1, 1, 1, 1}, // 15 to 8
		"_blocks.1._depthwise_conv": {2, 2, 2, 2},
		"_conv_head":                {0, 0, 0, 0},
	} {
		if padding[name] != want {
			t.Errorf("%s is padded by %v, want %v", name, padding[name], want)
		}
	}
}

func TestBuildLiteRefuses(t *testing.T) {
	all := tinyTensors()
	for i := 0; i < len(all); i += 6 { // a convolution, and each part of a norm
		w, err := readPth(t, savePth(append(append([]stored{}, all[:i]...), all[i+1:]...)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := buildLite(w, tiny, 30); !errors.Is(err, errWeights) || !strings.Contains(err.Error(), all[i].name) {
			t.Errorf("without %s: %v", all[i].name, err)
		}
	}
	w, err := readPth(t, savePth(append(all, stored{name: "_blocks.3._bn0.weight"})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := buildLite(w, tiny, 30); !errors.Is(err, errWeights) || !strings.Contains(err.Error(), "_blocks.3") {
		t.Errorf("with a fourth block: %v", err)
	}
}

// TestRepeatable makes a small model twice, from the file of weights on.
func TestRepeatable(t *testing.T) {
	n := &network{name: "tiny", title: "Tiny", stages: tiny, side: 30, models: []model{{side: 30}, {side: 26}}}
	once := func() []file {
		w, err := readPth(t, savePth(tinyTensors()))
		if err != nil {
			t.Fatal(err)
		}
		g, err := buildLite(w, tiny, 30)
		if err != nil {
			t.Fatal(err)
		}
		var files []file
		mk := maker{out: io.Discard, photos: testPhotos()}
		err = mk.convert(n, g, n.models, func(_ *network, f file) error {
			files = append(files, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	a, b := once(), once()
	var names []string
	for _, f := range a {
		names = append(names, f.name)
	}
	if want := []string{"tiny.onnx", "tiny-30.edge", "tiny-26.edge"}; !slices.Equal(names, want) {
		t.Fatalf("files %q, want %q", names, want)
	}
	for i := range a {
		if !bytes.Equal(a[i].data, b[i].data) {
			t.Errorf("%s: %s", a[i].name, difference(a[i].data, b[i].data))
		}
	}
	for i, side := range []int{30, 26} {
		m, err := embed.Decode(a[i+1].data)
		if err != nil {
			t.Fatal(err)
		}
		if last := m.Graph.Nodes[m.Graph.Output-1]; last.Name != embeddingName || len(m.Gold) != goldCount || m.Precision != embed.Int8 {
			t.Errorf("%v model that ends in %q with %d gold inputs", m.Precision, last.Name, len(m.Gold))
		}
		if m.Graph.Input.Height != side || m.Meta.Name != fmt.Sprint("tiny-", side) {
			t.Errorf("%s sees %d pixels a side, want %d", m.Meta.Name, m.Graph.Input.Height, side)
		}
	}
}

// TestScaled: the stages of EfficientNet-Lite2 as TensorFlow's reference makes
// them, and the rule that a channel count is never rounded down by more than a
// tenth: 11 would be nearer to 8 and becomes 16.
func TestScaled(t *testing.T) {
	want := []stage{
		{1, 3, 1, 1, 16}, {3, 3, 2, 6, 24}, {3, 5, 2, 6, 48}, {4, 3, 2, 6, 88},
		{4, 5, 1, 6, 120}, {5, 5, 2, 6, 208}, {1, 3, 1, 6, 352},
	}
	if !slices.Equal(lite2, want) {
		t.Errorf("Lite2 has stages %v, want %v", lite2, want)
	}
	if got := scaled(lite0, 10, 10); !slices.Equal(got, lite0) {
		t.Errorf("by one: %v, want %v", got, lite0)
	}
	for _, c := range []struct{ out, width, want int }{{10, 11, 16}, {16, 14, 24}, {2, 10, 8}, {112, 11, 120}} {
		if got := scaled([]stage{{1, 3, 1, 1, c.out}}, c.width, 10)[0].out; got != c.want {
			t.Errorf("%d channels times %d/10 are %d, want %d", c.out, c.width, got, c.want)
		}
	}
}

// TestSides: a network's ONNX file, written at one side, holds the padding of
// that side; the models made of it at others need the same.
func TestSides(t *testing.T) {
	for _, n := range networks {
		for _, m := range n.models {
			there, here := n.side, m.side
			for i, s := range append([]stage{{1, 3, 2, 1, liteStem}}, n.stages...) {
				a, b := samePadding(there, s.kernel, s.stride)
				if x, y := samePadding(here, s.kernel, s.stride); x != a || y != b {
					t.Errorf("%s, stage %d: padded by %d and %d, at %d by %d and %d", n.modelName(m.side), i, x, y, n.side, a, b)
				}
				there, here = (there+s.stride-1)/s.stride, (here+s.stride-1)/s.stride
			}
		}
	}
}

// testPhotos are pictures with some structure.
func testPhotos() []photograph {
	var photos []photograph
	for k := range 3 {
		img := image.NewNRGBA(image.Rect(0, 0, 60+10*k, 50))
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				img.SetNRGBA(x, y, color.NRGBA{uint8(x * (3 + k)), uint8(y * 5), uint8(x * y >> k), 255})
			}
		}
		photos = append(photos, photograph{fmt.Sprint(k), toRGB(img)})
	}
	return photos
}

func TestToRGB(t *testing.T) {
	grey := image.NewGray(image.Rect(5, 5, 7, 6))
	grey.Pix = []byte{10, 200}
	if p := toRGB(grey); p.Width != 2 || p.Height != 1 || !bytes.Equal(p.Pix, []byte{10, 10, 10, 200, 200, 200}) {
		t.Errorf("grey became %+v", p)
	}
	rgb := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	rgb.SetNRGBA(0, 0, color.NRGBA{1, 2, 3, 255})
	if p := toRGB(rgb); !bytes.Equal(p.Pix, []byte{1, 2, 3}) {
		t.Errorf("colour became %+v", p)
	}
}

// TestCrops: the pictures depend on nothing but the photographs and the seed.
func TestCrops(t *testing.T) {
	const want = "ffbfc409c7620794099d36070cfef2c6433184acf841c9b75dc64553e568c84c"
	photos := testPhotos()
	var all []byte
	n := 0
	for pix, err := range crops(photos, 32, 12, 1) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pix...)
		n++
	}
	if n != 12 || len(all) != 12*32*32*3 {
		t.Fatalf("%d crops of %d bytes together", n, len(all))
	}
	if got := sum256(all); got != want {
		t.Errorf("the crops have sha256 %s, want %s", got, want)
	}
	same := true
	for pix := range crops(photos, 32, 1, 2) {
		same = bytes.Equal(pix, all[:len(pix)])
	}
	if same {
		t.Error("another seed gives the same crop")
	}
	// Leaving the loop early must be possible.
	for range crops(photos, 32, 12, 1) {
		break
	}
}

// TestPCG compares with the reference implementation's pcg32 for the sequence
// of increment 1442695040888963407 and seed 42.
func TestPCG(t *testing.T) {
	p := newPCG(42)
	for i, want := range []uint32{0xc2f57bd6, 0x6b07c4a9, 0x72b7b29b, 0x44215383} {
		if got := p.next(); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
	seen := map[int]int{}
	for range 6000 {
		seen[p.below(6)]++
	}
	for v := range 6 {
		if seen[v] < 800 || seen[v] > 1200 {
			t.Errorf("%d came %d times of 6000", v, seen[v])
		}
	}
	if len(seen) != 6 {
		t.Errorf("below(6) gave %v", seen)
	}
}

func TestMirror(t *testing.T) {
	pix := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	mirror(pix, 2)
	if want := []byte{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}; !bytes.Equal(pix, want) {
		t.Errorf("%v, want %v", pix, want)
	}
}

func TestReadPhotographs(t *testing.T) {
	members := map[string][]byte{}
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	for _, name := range photographs {
		members["skimage/data/"+name] = b.Bytes()
	}
	photos, err := readPhotographs(zipped(t, members))
	if err != nil || len(photos) != len(photographs) || photos[0].Width != 4 || photos[0].Height != 3 {
		t.Fatalf("%d photographs, %v", len(photos), err)
	}
	last := photographs[len(photographs)-1]
	members["skimage/data/"+last] = b.Bytes()[:20]
	if _, err := readPhotographs(zipped(t, members)); err == nil || !strings.Contains(err.Error(), last) {
		t.Errorf("a photograph cut short: %v", err)
	}
	delete(members, "skimage/data/"+last)
	if _, err := readPhotographs(zipped(t, members)); err == nil || !strings.Contains(err.Error(), last) {
		t.Errorf("a photograph that is not there: %v", err)
	}
}
