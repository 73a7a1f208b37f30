package onnx

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// external is a tensor whose data are in another file.
func (f *file) external(name string, elem elemType, entries map[string]string, dims ...int) *file {
	return f.with(graphInitializer, func(e *encoder) {
		e.ints(tensorDims, int64s(dims))
		e.int(tensorType, int64(elem))
		e.text(tensorName, name)
		for k, v := range entries {
			e.message(tensorExtern, func(e *encoder) { e.text(entryKey, k); e.text(entryValue, v) })
		}
		e.int(tensorWhere, externalWhere)
	})
}

// TestExternalData: weights in a file beside, as PyTorch writes them, are the
// same as weights inside; what a file says of them is not believed.
func TestExternalData(t *testing.T) {
	weight := make([]byte, 5)
	for i := range 12 {
		weight = append(weight, number(float32(i)/4)...)
	}
	reads := 0
	files := func(name string) ([]byte, error) {
		if name != "net.data" {
			return nil, fs.ErrNotExist
		}
		reads++
		return weight, nil
	}
	at := func(offset, length string) map[string]string {
		m := map[string]string{"location": "net.data", "checksum": "none"}
		if offset != "" {
			m["offset"] = offset
		}
		if length != "" {
			m["length"] = length
		}
		return m
	}
	net := func(entries map[string]string) []byte {
		return newFile().external("w", elemFloat32, entries, 4, 3, 1, 1).external("b", elemFloat32, at("5", "16"), 4).
			node("Conv", "x,w,b", "y").bytes()
	}
	g, err := Import(net(at("5", "48")), ImportOptions{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	inside, err := Import(newFile().tensor("w", elemFloat32, weight[5:], 4, 3, 1, 1).tensor("b", elemFloat32, weight[5:21], 4).
		node("Conv", "x,w,b", "y").bytes(), ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.Nodes[0].Weight, inside.Nodes[0].Weight) || !slices.Equal(g.Nodes[0].Bias, inside.Nodes[0].Bias) || reads != 1 {
		t.Errorf("weights %v and %v in %d reads, want those inside, once read", g.Nodes[0].Weight, g.Nodes[0].Bias, reads)
	}
	for name, entries := range map[string]map[string]string{
		"beyond the end":  at("6", "48"),
		"before it":       at("-1", "48"),
		"another length":  at("5", "44"),
		"no number":       at("five", "48"),
		"a huge offset":   at("9223372036854775807", "48"),
		"only the offset": at("9", ""),
	} {
		if _, err := Import(net(entries), ImportOptions{Files: files}); !errors.Is(err, embed.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	gone := map[string]string{"location": "other.data"}
	if _, err := Import(net(gone), ImportOptions{Files: files}); !errors.Is(err, embed.ErrUnsupported) || !errors.Is(err, fs.ErrNotExist) || Hint(err) == "" {
		t.Errorf("a file that is not there: %v, hint %q", err, Hint(err))
	}
}

// TestWidths: numbers of other widths are the float32 and int64 they stand for.
func TestWidths(t *testing.T) {
	var halves, brains, doubles []byte
	want := []float32{1, -0.5, 65504}
	for i, h := range []uint16{0x3c00, 0xb800, 0x7bff} {
		halves = binary.LittleEndian.AppendUint16(halves, h)
		doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(float64(want[i])))
	}
	for _, b := range []uint16{0x3f80, 0xbf00, 0x4780} {
		brains = binary.LittleEndian.AppendUint16(brains, b)
	}
	for _, c := range []struct {
		elem elemType
		raw  []byte
		want []float32
	}{{elemFloat16, halves, want}, {elemFloat64, doubles, want}, {elemBFloat, brains, []float32{1, -0.5, 65536}}} {
		g, err := Import(newFile().tensor("w", c.elem, c.raw, 3, 1, 1, 1).node("Conv", "x,w", "y", withInt("group", 3)).bytes(), ImportOptions{})
		if err != nil {
			t.Errorf("%v: %v", c.elem, err)
			continue
		}
		if got := g.Nodes[0].Weight; !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.elem, got, c.want)
		}
	}
	for h, want := range map[uint16]float64{0: 0, 1: math.Ldexp(1, -24), 0x8400: -math.Ldexp(1, -14), 0xfc00: math.Inf(-1)} {
		if got := half(h); float64(got) != want {
			t.Errorf("half %#x is %g, want %g", h, got, want)
		}
	}
	if got := half(0x7e00); !math.IsNaN(float64(got)) {
		t.Errorf("half 0x7e00 is %g, want NaN", got)
	}
}

// TestHints: what people meet when they export from PyTorch says what to do.
func TestHints(t *testing.T) {
	for name, f := range map[string]*file{
		"external data":    newFile().external("w", elemFloat32, map[string]string{"location": "net.data"}, 4, 3, 1, 1).node("Conv", "x,w", "y"),
		"training":         newFile().floats("w", 3).node("BatchNormalization", "x,w,w,w,w", "y", withInt("training_mode", 1)),
		"training of old":  (&file{opset: 9, ir: 8, out: "y"}).floats("w", 3).node("BatchNormalization", "x,w,w,w,w", "y,m,v"),
		"quantized":        newFile().node("QuantizeLinear", "x", "y"),
		"another domain":   newFile().node("Gelu", "x", "y", in("com.microsoft")),
		"a function":       newFile().node("aten_relu", "x", "y", in("pkg.onnxscript.torch_lib")),
		"control flow":     newFile().node("If", "x", "y"),
		"an activation":    newFile().node("Erf", "x", "y"),
		"a normalization":  newFile().node("LayerNormalization", "x", "y"),
		"padding":          newFile().tensor("p", 7, longs(0, 0, 1, 1, 0, 0, 1, 1), 8).node("Pad", "x,p", "y", withText("mode", "reflect")),
		"a part of it":     newFile().node("Split", "x", "y,z", withInt("axis", 2)),
		"an old opset":     {opset: 6, ir: 3, out: "y"},
		"computed weights": newFile().node("Relu", "x", "w").node("Conv", "x,w", "y"),
	} {
		if _, err := Import(f.bytes(), ImportOptions{}); err == nil || Hint(err) == "" {
			t.Errorf("%s: error %v, hint %q", name, err, Hint(err))
		}
	}
}
