package embed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata anew (only together with a new format version)")

// smallInt8 is a valid int8 model of every operator such a model may hold.
func smallInt8() *Model {
	pointwise := Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	same := Window{KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Left: 1, Bottom: 1, Right: 1}
	weight := func(n, seed int) []int8 {
		w := make([]int8, n)
		for i := range w {
			w[i] = int8((i*37+seed*11)%255 - 127)
		}
		return w
	}
	return &Model{
		Meta: Meta{Name: "small", Origin: "a test", License: "Apache-2.0", Recipe: "<by hand> & “unquoted”"},
		Graph: &Graph{
			Input: Input{Height: 4, Width: 4, Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}},
			Nodes: []Node{
				{Op: OpConv, Name: "stem", In: []Value{0}, Act: ActReLU6, Window: same, Groups: 1, Out: 4},
				{Op: OpConv, Name: "depthwise", In: []Value{1}, Act: ActReLU, Window: same, Groups: 4, Out: 4},
				{Op: OpConv, Name: "project", In: []Value{2}, Window: pointwise, Groups: 1, Out: 4},
				{Op: OpAdd, Name: "residual", In: []Value{1, 3}},
				{Op: OpGlobalMean, Name: "mean", In: []Value{4}},
			},
			Output: 5,
		},
		Precision: Int8,
		Quant: &Quant{
			Values: []QValue{{1. / 128, -1}, {6. / 255, -128}, {0.01, -128}, {0.05, 3}, {0.06, -7}, {0.06, -7}},
			Nodes: []QNode{
				{Weight: weight(108, 1), Bias: []int32{1, -2, 3, -4}, Mult: []int32{1 << 20, 1 << 21, 1 << 22, 1<<31 - 1}, Lo: -128, Hi: 127},
				{Weight: weight(36, 2), Bias: []int32{1 << 20, 0, 0, -1 << 20}, Mult: []int32{1, 2, 3, 4}, Lo: -128, Hi: 100},
				{Weight: weight(16, 3), Bias: []int32{5, 6, 7, 8}, Mult: []int32{9, 10, 11, 12}, Lo: -128, Hi: 127},
				{MultA: 300, MultB: -301, AddBias: 1 << 20, Shift: 10, Lo: -128, Hi: 127},
				{},
			},
		},
		Gold: []Gold{
			{Pix: bytes.Repeat([]byte{1, 2, 3}, 16), Embedding: Embedding{0.5, 0.5, 0.5, 0.5}},
			{Pix: bytes.Repeat([]byte{255, 0, 128}, 16), Embedding: Embedding{1, 0, 0, 0}},
		},
	}
}

// smallFloat is a valid float32 model of every operator.
func smallFloat() *Model {
	ramp := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(i-n/2) / 8
		}
		return w
	}
	same := Window{KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Bottom: 1, Right: 1}
	return &Model{
		Meta:      Meta{Name: "small float"},
		Precision: Float32,
		Graph: &Graph{
			Input: Input{Height: 4, Width: 4, Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}},
			Nodes: []Node{
				{Op: OpConv, In: []Value{0}, Window: same, Groups: 1, Out: 2, Weight: ramp(54)},
				{Op: OpBatchNorm, In: []Value{1}, Epsilon: 1e-3, Weight: ramp(2), Bias: ramp(2), Mean: ramp(2), Var: []float32{1, 2}},
				{Op: OpAct, In: []Value{2}, Act: ActReLU6},
				{Op: OpAdd, In: []Value{2, 3}, Act: ActReLU},
				{Op: OpGlobalMean, In: []Value{4}},
				{Op: OpDense, In: []Value{5}, Out: 3, Weight: ramp(6), Bias: ramp(3)},
			},
			Output: 6,
		},
	}
}

// mixedInt8 is a valid int8 model of every operator of format 1.1.
func mixedInt8() *Model {
	pointwise := Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	pool := Window{KernelH: 2, KernelW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Bottom: 1, Right: 1}
	table := func(inputs, seed int) []int8 {
		t := make([]int8, 256*inputs)
		for i := range t {
			t[i] = int8(i*seed>>4 - 128)
		}
		return t
	}
	joined := QValue{0.05, 3}
	return &Model{
		Meta: Meta{Name: "mixed"},
		Graph: &Graph{
			Input: Input{Height: 4, Width: 4, Mean: [3]float32{123, 116, 103}, Std: [3]float32{58, 57, 57.5}},
			Nodes: []Node{
				{Op: OpConv, In: []Value{0}, Act: ActClip, Alpha: -3, Beta: 3.5, Window: pointwise, Groups: 1, Out: 4},
				{Op: OpAct, In: []Value{1}, Act: ActHardSwish},
				{Op: OpMaxPool, In: []Value{2}, Window: pool},
				{Op: OpMeanPool, In: []Value{3}, Window: pool, CountPadding: true, UncountedBottom: 1, UncountedRight: 1},
				{Op: OpSelect, In: []Value{4}, Channels: []int32{3, 0, 0}},
				{Op: OpConcat, In: []Value{1, 5}},
				{Op: OpConcat, In: []Value{6, 6}},
				{Op: OpGlobalMean, In: []Value{7}},
				{Op: OpMul, In: []Value{7, 8}, Act: ActReLU},
				{Op: OpAdd, In: []Value{9, 8}},
				{Op: OpAct, In: []Value{10}, Act: ActLeakyReLU, Alpha: 0.25},
				{Op: OpGlobalMean, In: []Value{11}},
			},
			Output: 12,
		},
		Precision: Int8,
		Quant: &Quant{
			Values: []QValue{
				{0.02, 1}, {0.03, 2}, joined, joined, joined, joined, {0.06, -7}, {0.06, -7},
				{0.01, 5}, {0.02, -128}, {0.03, -1}, {0.03, -100}, {},
			},
			Nodes: []QNode{
				{Weight: []int8{1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 127, -127}, Bias: []int32{1, -2, 3, -4}, Mult: []int32{1 << 30, 1 << 29, 1 << 28, 1 << 27}, Lo: -98, Hi: 119},
				{Table: table(1, 16)},
				{}, {}, {},
				{Table: table(2, 8)},
				{},
				{Mult: []int32{1 << 28}, Shift: 2, Lo: -128, Hi: 127},
				{Mult: []int32{1<<31 - 1}, Lo: -128, Hi: 127},
				{MultA: 300, MultB: -301, AddBias: 1 << 20, Shift: 10, Lo: -128, Hi: 127},
				{Table: table(1, 15)},
				{},
			},
		},
		Gold: []Gold{{Pix: bytes.Repeat([]byte{1, 2, 3}, 16), Embedding: make(Embedding, 14)}},
	}
}

// mixedFloat is a valid float32 model of every operator and activation of
// format 1.1.
func mixedFloat() *Model {
	m := mixedInt8()
	m.Meta.Name, m.Precision, m.Quant, m.Gold = "mixed float", Float32, nil, nil
	g := m.Graph
	g.Nodes[0].Weight = []float32{1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, 12}
	for act := ActClip; act < acts; act++ {
		n := Node{Op: OpAct, In: []Value{Value(len(g.Nodes))}, Act: act}
		switch act {
		case ActClip:
			n.Alpha, n.Beta = float32(math.Inf(-1)), 1
		case ActLeakyReLU:
			n.Alpha = -0.5
		case ActHardSigmoid:
			n.Alpha, n.Beta = 0.2, 0.5
		}
		g.Nodes = append(g.Nodes, n)
	}
	g.Output = Value(len(g.Nodes))
	return m
}

// models are those that a damaged file is made of.
func models() []*Model { return []*Model{smallInt8(), smallFloat(), mixedInt8(), mixedFloat()} }

func encode(t testing.TB, m *Model) []byte {
	t.Helper()
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameModel compares all that a file keeps.
func sameModel(t interface{ Fatalf(string, ...any) }, got, want *Model) {
	g, w := *got, *want
	g.stored, w.stored = nil, nil
	g.checked, w.checked = nil, nil
	if !reflect.DeepEqual(g, w) {
		t.Fatalf("got %+v, want %+v", g, w)
	}
}

// reseal makes all checksums right again, as far as the table makes sense.
func reseal(b []byte) []byte {
	if len(b) < headerSize {
		return b
	}
	count := int(min(binary.LittleEndian.Uint32(b[12:]), uint32((len(b)-headerSize)/entrySize)))
	for i := range count {
		entry := b[headerSize+i*entrySize:]
		at, length := binary.LittleEndian.Uint64(entry[8:]), binary.LittleEndian.Uint64(entry[16:])
		if at <= uint64(len(b)) && length <= uint64(len(b))-at {
			binary.LittleEndian.PutUint32(entry[4:], crc32.Checksum(b[at:at+length], castagnoli))
		}
	}
	binary.LittleEndian.PutUint32(b[24:], headerCRC(b[:headerSize+count*entrySize]))
	return b
}

func TestEncodeDecode(t *testing.T) {
	for _, m := range models() {
		b := encode(t, m)
		if again := encode(t, m); !bytes.Equal(b, again) {
			t.Errorf("%s: two encodings differ", m.Meta.Name)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		sameModel(t, got, m)
		if again := encode(t, got); !bytes.Equal(b, again) {
			t.Errorf("%s: what was decoded encodes to other bytes", m.Meta.Name)
		}
		if got.stored == nil || *got.stored != m.Fingerprint() {
			t.Errorf("%s: fingerprint %v, want %v", m.Meta.Name, got.stored, m.Fingerprint())
		}
		if err := got.CheckFingerprint(); err != nil {
			t.Error(err)
		}
	}
}

// A file of today is read, and written again bit for bit, by every later
// version.
func TestFormatFiles(t *testing.T) {
	for name, m := range map[string]*Model{
		"int8.edge": smallInt8(), "float32.edge": smallFloat(),
		"int8-1.1.edge": mixedInt8(), "float32-1.1.edge": mixedFloat(),
	} {
		path := filepath.Join("testdata", name)
		b := encode(t, m)
		if *update {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		sameModel(t, got, m)
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s: Encode makes other bytes", path)
		}
		if later := strings.Contains(name, "1.1"); later != (want[10] == 1) {
			t.Errorf("%s: minor version %d", path, want[10])
		}
	}
}

// TestFormatShipped wants a model that needs only 1.0 to be the file that the
// first version wrote.
func TestFormatShipped(t *testing.T) {
	want, err := os.ReadFile("../models/efficientnet-lite0-224.edge")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckFingerprint(); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(encode(t, m), want) || want[10] != 0 {
		t.Errorf("minor version %d: other bytes", want[10])
	}
}

// TestFormatMinor wants each thing that 1.0 does not have to raise the version
// by itself, and a file that claims 1.0 and has it to be refused.
func TestFormatMinor(t *testing.T) {
	one := Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	ramp := func(i int) int8 { return int8(i - 128) }
	identity := make([]int8, 256)
	for i := range identity {
		identity[i] = ramp(i)
	}
	for name, add := range map[string]func(m *Model, node func(Node, QNode)){
		"nothing": nil,
		"max pool": func(_ *Model, node func(Node, QNode)) {
			node(Node{Op: OpMaxPool, Window: one}, QNode{})
		},
		"a clip": func(m *Model, _ func(Node, QNode)) {
			n := &m.Graph.Nodes[0]
			n.Act, n.Beta = ActClip, 1
		},
		"a clip to zero": func(m *Model, _ func(Node, QNode)) { m.Graph.Nodes[0].Act = ActClip },
		"an activation of 1.0 by itself": func(_ *Model, node func(Node, QNode)) {
			node(Node{Op: OpAct, Act: ActReLU}, QNode{Table: identity})
		},
		"a mean in the middle": func(_ *Model, node func(Node, QNode)) {
			node(Node{Op: OpGlobalMean}, QNode{Mult: []int32{1}})
		},
		"an addition of one place": func(m *Model, node func(Node, QNode)) {
			node(Node{Op: OpGlobalMean}, QNode{Mult: []int32{1}})
			node(Node{Op: OpAdd, In: []Value{4, 5}}, QNode{Shift: 1})
		},
	} {
		m := smallInt8()
		g, q := m.Graph, m.Quant
		last, qlast := g.Nodes[4], q.Nodes[4]
		g.Nodes, q.Nodes, q.Values = g.Nodes[:4], q.Nodes[:4], q.Values[:5]
		node := func(n Node, qn QNode) {
			if n.In == nil {
				n.In = []Value{Value(len(g.Nodes))}
			}
			g.Nodes, q.Nodes, q.Values = append(g.Nodes, n), append(q.Nodes, qn), append(q.Values, q.Values[4])
		}
		if add != nil {
			add(m, node)
		}
		last.In = []Value{Value(len(g.Nodes))}
		node(last, qlast)
		g.Output = Value(len(g.Nodes))
		b := encode(t, m)
		if later := add != nil; later != (b[10] == 1) {
			t.Errorf("%s: minor version %d", name, b[10])
		}
		if got, err := Decode(b); err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			sameModel(t, got, m)
		}
		b[10] = 0
		if _, err := Decode(reseal(b)); (err == nil) != (add == nil) || err != nil && !strings.Contains(err.Error(), "format 1.0") {
			t.Errorf("%s: as 1.0: error %v", name, err)
		}
	}
}

// handBuilt is a file put together from format.go's tables alone.
type handBuilt struct{ b []byte }

func (h *handBuilt) text(s string)    { h.b = append(h.b, s...) }
func (h *handBuilt) u8(v ...uint8)    { h.b = append(h.b, v...) }
func (h *handBuilt) u16(v uint16)     { h.b = binary.LittleEndian.AppendUint16(h.b, v) }
func (h *handBuilt) u32(v ...uint32)  { h.b = appendAll(h.b, v, binary.LittleEndian.AppendUint32) }
func (h *handBuilt) u64(v uint64)     { h.b = binary.LittleEndian.AppendUint64(h.b, v) }
func (h *handBuilt) f32(v ...float32) { h.b = appendAll(h.b, v, appendFloat) }
func (h *handBuilt) zeros(n int)      { h.b = append(h.b, make([]byte, n)...) }
func appendFloat(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

func appendAll[T any](b []byte, v []T, f func([]byte, T) []byte) []byte {
	for _, x := range v {
		b = f(b, x)
	}
	return b
}

func TestFormatBytes(t *testing.T) {
	m := &Model{
		Meta:      Meta{Name: "tiny", License: "CC0-1.0"},
		Precision: Int8,
		Graph: &Graph{
			Input: Input{Height: 1, Width: 1, Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}},
			Nodes: []Node{
				{Op: OpConv, Name: "c", In: []Value{0}, Act: ActReLU6, Groups: 1, Out: 2,
					Window: Window{KernelH: 1, KernelW: 2, StrideH: 3, StrideW: 4, DilationH: 5, DilationW: 6, Left: 1}},
				{Op: OpGlobalMean, In: []Value{1}},
			},
			Output: 2,
		},
		Quant: &Quant{
			Values: []QValue{{0.5, -1}, {0.25, 2}, {0.125, -3}},
			Nodes: []QNode{
				{Weight: []int8{1, 2, 3, 4, 5, 6, -7, -8, -9, -10, -11, -12}, Bias: []int32{-1, 1000}, Mult: []int32{7, 8}, Lo: -5, Hi: 6},
				{MultA: -2, MultB: 3, AddBias: -4, Shift: 5},
			},
		},
		Gold: []Gold{{Pix: []byte{10, 20, 30}, Embedding: Embedding{0.6, 0.8}}},
	}

	var meta, graph, weights, quant, gold handBuilt
	meta.text(`{"name":"tiny","license":"CC0-1.0","nodes":["c",""]}`)

	graph.u16(1)            // preprocessing
	graph.u8(2)             // int8
	graph.u8(0)             //
	graph.u32(1, 1)         // height, width
	graph.f32(1, 2, 3)      // mean
	graph.f32(4, 5, 6)      // std
	graph.u32(2)            // output
	graph.u32(2)            // nodes
	graph.u8(1, 2)          // conv, ReLU6
	graph.u16(1)            // one input:
	graph.u32(0)            // the picture
	graph.u32(1, 2)         // kernel
	graph.u32(3, 4)         // stride
	graph.u32(5, 6)         // dilation
	graph.u32(0, 1, 0, 0)   // top, left, bottom, right
	graph.u32(1, 2)         // groups, out
	graph.f32(0)            // epsilon
	graph.u32(0, 0, 0, 0)   // float weights: none
	graph.u8(5, 0)          // global mean, no activation
	graph.u16(1)            // one input:
	graph.u32(1)            // the convolution
	graph.zeros(40 + 8 + 4) // window, groups, out, epsilon
	graph.zeros(16)         // float weights: none

	weights.u8(1, 2, 3, 4, 5, 6, 0xf9, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4) // Weight
	weights.zeros(64 - 12)
	weights.u32(0xffffffff, 1000) // Bias
	weights.zeros(64 - 8)
	weights.u32(7, 8) // Mult

	quant.u32(3) // values
	quant.f32(0.5)
	quant.u8(0xff)
	quant.f32(0.25)
	quant.u8(2)
	quant.f32(0.125)
	quant.u8(0xfd)
	quant.u32(2)          // nodes
	quant.u32(12, 2, 2)   // lengths of Weight, Bias, Mult
	quant.u16(0)          // MultA
	quant.u16(0)          // MultB
	quant.u32(0)          // AddBias
	quant.u8(0, 0xfb, 6)  // Shift, Lo, Hi
	quant.u32(0, 0, 0)    // lengths
	quant.u16(0xfffe)     // MultA
	quant.u16(3)          // MultB
	quant.u32(0xfffffffc) // AddBias
	quant.u8(5, 0, 0)     // Shift, Lo, Hi

	gold.u32(1)    // inputs
	gold.u32(3, 2) // bytes, dimensions
	gold.u8(10, 20, 30)
	gold.f32(0.6, 0.8)

	var hashed handBuilt
	hashed.text("edge fingerprint 1\n")
	hashed.u64(uint64(len(graph.b)))
	hashed.b = append(hashed.b, graph.b...)
	hashed.u64(uint64(len(quant.b)))
	hashed.b = append(hashed.b, quant.b...)
	hashed.b = slices.Concat(hashed.b, weights.b[:12], weights.b[64:72], weights.b[128:136])
	fingerprint := sha256.Sum256(hashed.b)

	const table = 64 + 5*24 // 184
	var body, entries handBuilt
	body.zeros(192 - table)
	for _, s := range []struct {
		tag string
		b   []byte
	}{{"META", meta.b}, {"GRPH", graph.b}, {"WGTS", weights.b}, {"QNTP", quant.b}, {"GOLD", gold.b}} {
		body.zeros(-(table + len(body.b)) & 63)
		entries.text(s.tag)
		entries.u32(crc32.Checksum(s.b, crc32.MakeTable(crc32.Castagnoli)))
		entries.u64(uint64(table + len(body.b)))
		entries.u64(uint64(len(s.b)))
		body.b = append(body.b, s.b...)
	}

	var file handBuilt
	file.u8(0x89, 'E', 'D', 'G', '\r', '\n', 0x1a, '\n')
	file.u16(1)                           // major
	file.u16(0)                           // minor
	file.u32(5)                           // sections
	file.u64(uint64(table + len(body.b))) // length
	file.u32(0)                           // checksum, below
	file.u32(0)                           // zero
	file.b = append(file.b, fingerprint[:]...)
	file.b = append(file.b, entries.b...)
	binary.LittleEndian.PutUint32(file.b[24:], crc32.Checksum(file.b, crc32.MakeTable(crc32.Castagnoli)))
	file.b = append(file.b, body.b...)

	got, err := m.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, file.b) {
		i := 0
		for i < min(len(got), len(file.b)) && got[i] == file.b[i] {
			i++
		}
		t.Fatalf("%d bytes, want %d; the first difference is at offset %d", len(got), len(file.b), i)
	}
	back, err := unmarshal(file.b)
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, back, m)
}

// TestFormatOptions compares section OPTS, what it adds to the fingerprint and
// the version with bytes put together by hand.
func TestFormatOptions(t *testing.T) {
	m := &Model{
		Precision: Int8,
		Graph: &Graph{
			Input: Input{Height: 1, Width: 1, Std: [3]float32{1, 1, 1}},
			Nodes: []Node{
				{Op: OpMeanPool, In: []Value{0}, Window: Window{Bottom: 7, Right: 8}, CountPadding: true, UncountedBottom: 5, UncountedRight: 6},
				{Op: OpGlobalMean, In: []Value{1}},
				{Op: OpSelect, In: []Value{2}, Channels: []int32{2, 1}},
				{Op: OpAct, In: []Value{3}, Act: ActHardSigmoid, Alpha: 0.25, Beta: -0.5},
			},
			Output: 4,
		},
		Quant: &Quant{Values: []QValue{}, Nodes: []QNode{{}, {}, {}, {Table: []int8{-128, 1, 127}}}},
	}

	var options handBuilt
	options.u32(3)         // entries
	options.u32(0)         // node
	options.f32(0, 0)      // Alpha, Beta
	options.u32(1)         // CountPadding
	options.u32(5, 6)      // UncountedBottom, UncountedRight
	options.u32(0, 0)      // lengths of Channels, Table
	options.u32(2)         // node
	options.f32(0, 0)      // Alpha, Beta
	options.u32(0)         // flags
	options.u32(0, 0)      // uncounted
	options.u32(2, 0)      // lengths of Channels, Table
	options.u32(2, 1)      // Channels
	options.u32(3)         // node
	options.f32(0.25, -.5) // Alpha, Beta
	options.u32(0)         // flags
	options.u32(0, 0)      // uncounted
	options.u32(0, 3)      // lengths of Channels, Table
	options.u8(0x80, 1, 0x7f)

	file, err := m.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if file[10] != 1 || file[11] != 0 {
		t.Errorf("minor version %d.%d, want 1", file[10], file[11])
	}
	sections, err := readTable(file)
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := func(tag string) []byte { return file[sections[tag].at:sections[tag].end] }
	if got := bytesOf("OPTS"); !bytes.Equal(got, options.b) {
		t.Errorf("OPTS is %x, want %x", got, options.b)
	}
	codes := []byte{
		bytesOf("GRPH")[44], bytesOf("GRPH")[44+76], bytesOf("GRPH")[44+2*76], bytesOf("GRPH")[44+3*76], bytesOf("GRPH")[44+3*76+1],
	}
	if want := []byte{9, 5, 11, 3, 6}; !bytes.Equal(codes, want) { // mean pool, global mean, select, act, hard sigmoid
		t.Errorf("operators and activation are %d, want %d", codes, want)
	}

	var hashed handBuilt
	hashed.text("edge fingerprint 1\n")
	for _, tag := range []string{"GRPH", "QNTP"} {
		hashed.u64(uint64(len(bytesOf(tag))))
		hashed.b = append(hashed.b, bytesOf(tag)...)
	}
	hashed.u64(uint64(len(options.b))) // there are no tensors between
	hashed.b = append(hashed.b, options.b...)
	if want := sha256.Sum256(hashed.b); !bytes.Equal(file[32:64], want[:]) {
		t.Errorf("fingerprint %x, want %x", file[32:64], want)
	}
	back, err := unmarshal(file)
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, back, m)
}

func TestWeightsAreAligned(t *testing.T) {
	b := encode(t, smallInt8())
	sections, err := readTable(b)
	if err != nil {
		t.Fatal(err)
	}
	for tag, s := range sections {
		if s.at%alignment != 0 {
			t.Errorf("section %s at offset %d", tag, s.at)
		}
	}
	m, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !fileOrder {
		return
	}
	// Used where they are: a change of the file shows in the model.
	w := m.Quant.Nodes[1].Weight
	at := bytes.Index(b, fileBytes(w))
	if at%alignment != 0 {
		t.Errorf("weights at offset %d", at)
	}
	b[at]++
	if w[0] != int8(b[at]) {
		t.Error("the weights were copied")
	}
}

func TestDecodeTruncated(t *testing.T) {
	for _, m := range models() {
		b := encode(t, m)
		for n := range b {
			if _, err := Decode(b[:n:n]); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%s: %d of %d bytes: error %v", m.Meta.Name, n, len(b), err)
			}
		}
		if _, err := Decode(append(slices.Clip(b), 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: a byte more: error %v", m.Meta.Name, err)
		}
	}
}

func TestDecodeFlipped(t *testing.T) {
	for _, m := range models() {
		b := encode(t, m)
		for i := range b {
			for _, flip := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255} {
				b[i] ^= flip
				_, err := Decode(b)
				b[i] ^= flip
				want := ErrCorrupt
				if i == 8 || i == 9 {
					want = ErrVersion
				}
				if !errors.Is(err, want) {
					t.Fatalf("%s: byte %d ^ %#x: error %v, want %v", m.Meta.Name, i, flip, err, want)
				}
			}
		}
	}
}

// settles asserts that a decoded model keeps being the same one.
func settles(t *testing.T, m *Model) {
	t.Helper()
	once, err := m.Encode()
	if err != nil {
		t.Fatalf("what was decoded does not encode: %v", err)
	}
	again, err := Decode(once)
	if err != nil {
		t.Fatalf("what was encoded does not decode: %v", err)
	}
	if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
		t.Fatalf("encoded twice: %v, equal: %t", err, bytes.Equal(once, twice))
	}
	if err := again.CheckFingerprint(); err != nil {
		t.Fatal(err)
	}
}

// Bytes that a hostile writer changed, checksums included, make an error or a
// sound model.
func TestDecodeForged(t *testing.T) {
	for _, m := range models() {
		good := encode(t, m)
		values := []byte{0, 1, 0x7f, 0x80, 0xff}
		if good[10] > 0 {
			values = []byte{1, 0xff} // these files are longer
		}
		for i := range good {
			for _, v := range values {
				b := slices.Clone(good)
				b[i] = v
				got, err := Decode(reseal(b))
				if err == nil {
					settles(t, got)
				} else if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrUnsupported) {
					t.Fatalf("byte %d = %#x: error %v", i, v, err)
				}
			}
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	good := encode(t, smallInt8())
	sections, err := readTable(good)
	if err != nil {
		t.Fatal(err)
	}
	put32 := func(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
	entry := func(b []byte, i int) []byte { return b[headerSize+i*entrySize:][:entrySize] }
	meta, graph, weights, quant, gold := sections[tagMeta], sections[tagGraph], sections[tagWeights], sections[tagQuant], sections[tagGold]
	for _, c := range []struct {
		name  string
		forge func(b []byte) []byte
		want  error
		says  string
	}{
		{"newer major", func(b []byte) []byte { b[8] = 2; return b }, ErrVersion, "format 2.0"},
		{"major 0", func(b []byte) []byte { b[8] = 0; return b }, ErrVersion, "format 0.0"},
		{"shorter than its header", func(b []byte) []byte { return b[:40] }, ErrCorrupt, "cut short"},
		{"cut short", func(b []byte) []byte { return b[:len(b)-100] }, ErrCorrupt, "cut short"},
		{"appended to", func(b []byte) []byte { return append(b, "tail"...) }, ErrCorrupt, "something follows"},
		{"damaged header", func(b []byte) []byte { b[40] ^= 1; return b }, ErrCorrupt, "header"},
		{"damaged table", func(b []byte) []byte { b[headerSize+entrySize] ^= 1; return b }, ErrCorrupt, "section table"},
		{"damaged weights", func(b []byte) []byte { b[weights.at+100] ^= 1; return b }, ErrCorrupt, `section "WGTS"`},
		{"dirty padding", func(b []byte) []byte { b[meta.end] = 1; return b }, ErrCorrupt, "padding"},
		{"dirty padding of a tensor", func(b []byte) []byte { b[weights.at+108] = 1; return reseal(b) }, ErrCorrupt, "padding"},
		{"a million sections", func(b []byte) []byte { put32(b, 12, 1e6); return reseal(b) }, ErrCorrupt, "sections"},
		{"more sections than bytes", func(b []byte) []byte {
			put32(b, 16, headerSize)
			return reseal(b[:headerSize])
		}, ErrCorrupt, "the header says 5 sections"},
		{"no sections", func(b []byte) []byte { put32(b, 12, 0); return reseal(b) }, ErrCorrupt, "belong to no section"},
		{"missing META", func(b []byte) []byte { copy(entry(b, 0), "QNTX"); b[10] = 9; return reseal(b) }, ErrCorrupt, "META is missing"},
		{"unknown section", func(b []byte) []byte { copy(entry(b, 0), "QNTX"); return reseal(b) }, ErrCorrupt, "QNTX"},
		{"a section twice", func(b []byte) []byte { copy(entry(b, 0), "GRPH"); return reseal(b) }, ErrCorrupt, "there are two"},
		{"overlapping sections", func(b []byte) []byte { copy(entry(b, 1)[8:16], entry(b, 0)[8:16]); return reseal(b) }, ErrCorrupt, "out of place"},
		{"section beyond the end", func(b []byte) []byte { entry(b, 4)[17] = 0xff; return reseal(b) }, ErrCorrupt, "out of place"},
		{"section of 2⁶³ bytes", func(b []byte) []byte { entry(b, 4)[23] = 0x80; return reseal(b) }, ErrCorrupt, "out of place"},
		{"section ends early", func(b []byte) []byte { entry(b, 4)[16]--; return reseal(b) }, ErrCorrupt, "belong to no section"},
		{"no JSON", func(b []byte) []byte { b[meta.at] = '['; return reseal(b) }, ErrCorrupt, "META"},
		{"a name short", func(b []byte) []byte {
			return reseal(bytes.Replace(b, []byte(`"project",`), []byte(`          `), 1))
		}, ErrCorrupt, "names 4 of 5 nodes"},
		{"later preprocessing", func(b []byte) []byte { b[graph.at] = 2; return reseal(b) }, ErrVersion, "preprocessing 2"},
		{"reserved byte", func(b []byte) []byte { b[graph.at+3] = 1; return reseal(b) }, ErrCorrupt, "reserved"},
		{"precision", func(b []byte) []byte { b[graph.at+2] = 1; return reseal(b) }, ErrCorrupt, "QNTP"},
		{"4 billion nodes", func(b []byte) []byte { put32(b, graph.at+40, math.MaxUint32); return reseal(b) }, ErrCorrupt, "entries"},
		{"a node more", func(b []byte) []byte { put32(b, graph.at+40, 6); return reseal(b) }, ErrCorrupt, "GRPH"},
		{"a node less", func(b []byte) []byte { put32(b, graph.at+40, 4); return reseal(b) }, ErrCorrupt, "too many"},
		{"65535 inputs", func(b []byte) []byte { b[graph.at+46], b[graph.at+47] = 0xff, 0xff; return reseal(b) }, ErrCorrupt, "65535 inputs"},
		{"operator of the future", func(b []byte) []byte { b[graph.at+44] = 200; return reseal(b) }, ErrUnsupported, "stem"},
		{"tensor of 16 GB", func(b []byte) []byte { put32(b, graph.at+44+4+4+52, math.MaxUint32); return reseal(b) }, ErrCorrupt, "WGTS"},
		{"4 billion values", func(b []byte) []byte { put32(b, quant.at, math.MaxUint32); return reseal(b) }, ErrCorrupt, "QNTP"},
		{"weights too many", func(b []byte) []byte { put32(b, quant.at+4+6*5+4, 1); return reseal(b) }, ErrCorrupt, ""},
		{"4 billion gold inputs", func(b []byte) []byte { put32(b, gold.at, math.MaxUint32); return reseal(b) }, ErrCorrupt, "GOLD"},
		{"no gold input", func(b []byte) []byte { put32(b, gold.at, 0); return reseal(b) }, ErrCorrupt, "GOLD"},
		{"gold of 4 GB", func(b []byte) []byte { put32(b, gold.at+4, math.MaxUint32); return reseal(b) }, ErrCorrupt, "longer than the section"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Decode(c.forge(slices.Clone(good)))
			if !errors.Is(err, c.want) || m != nil {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
		})
	}
}

// Sections OPTS that say what they cannot.
func TestDecodeOptionErrors(t *testing.T) {
	good := encode(t, mixedInt8())
	sections, err := readTable(good)
	if err != nil {
		t.Fatal(err)
	}
	at := sections[tagOptions].at
	// Entries: 0 at 4, 1 with a table at 36, 3 at 324, 4 with 3 channels at 356, …
	for _, c := range []struct {
		name  string
		forge func(options []byte)
		says  string
	}{
		{"no entries", func(o []byte) { copy(o, make([]byte, 4)) }, "no entries"},
		{"4 billion entries", func(o []byte) { copy(o, "\xff\xff\xff\xff") }, "entries, there is room for"},
		{"an entry less", func(o []byte) { o[0]-- }, "too many"},
		{"an entry more", func(o []byte) { o[0]++ }, "ends"},
		{"the same node twice", func(o []byte) { o[36] = 0 }, "node 0 after node 0"},
		{"no such node", func(o []byte) { o[324] = 12 }, "there is no node 12"},
		{"flags of the future", func(o []byte) { o[4+12] = 2 }, "flags 0x2"},
		{"nothing", func(o []byte) { copy(o[4+4:], make([]byte, 8)) }, "says nothing"},
		{"4 billion channels", func(o []byte) { copy(o[356+24:], "\xff\xff\xff\xff") }, "4294967295 channels"},
		{"a table of 4 GB", func(o []byte) { copy(o[36+28:], "\xff\xff\xff\xff") }, "a table of 4294967295"},
		{"a channel that is not there", func(o []byte) { o[356+32] = 4 }, "channel 0 is channel 4 of 4"},
		{"not a number", func(o []byte) { copy(o[8:], "\xff\xff\xff\xff") }, "clips to NaN"},
	} {
		b := slices.Clone(good)
		c.forge(b[at:sections[tagOptions].end])
		m, err := Decode(reseal(b))
		if !errors.Is(err, ErrCorrupt) || m != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.says)
		}
	}
	if _, err := Decode(good); err != nil {
		t.Error(err)
	}
}

// TestDecodeAllocates wants memory bounded by the length of what is read,
// whatever it claims: of a file as it is, and of files whose every number, one
// at a time, says that there are four billion of something.
func TestDecodeAllocates(t *testing.T) {
	allocated := func(b []byte) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = Decode(b)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, m := range models() {
		good := encode(t, m)
		// A node is 72 bytes in the file and 400 in memory. The rest is for
		// messages and for what each goroutine that validates needs.
		limit := uint64(16*len(good) + 64<<10)
		if got := allocated(good); got > limit {
			t.Errorf("%s: %d bytes for a file of %d", m.Meta.Name, got, len(good))
		}
		for i := 0; i+4 <= len(good); i += 4 {
			b := slices.Clone(good)
			copy(b[i:], "\xff\xff\xff\xff")
			reseal(b)
			if got := allocated(b); got > limit {
				t.Fatalf("%s: four billion at offset %d: %d bytes for a file of %d", m.Meta.Name, i, got, len(good))
			}
			// As far as an int32 goes.
			b[i+3] = 0x7f
			if got := allocated(reseal(b)); got > limit {
				t.Fatalf("%s: two billion at offset %d: %d bytes for a file of %d", m.Meta.Name, i, got, len(good))
			}
		}
	}
}

// What a later minor version added is skipped.
func TestDecodeNewerMinor(t *testing.T) {
	m := smallInt8()
	old := encode(t, m)
	sections, err := readTable(old)
	if err != nil {
		t.Fatal(err)
	}
	table := headerSize + 7*entrySize
	b := make([]byte, table)
	copy(b, old[:headerSize])
	for i, tag := range []string{"NEW1", tagMeta, tagGraph, tagWeights, tagQuant, tagGold, "NEW2"} {
		s := sections[tag]
		body := old[s.at:s.end]
		if strings.HasPrefix(tag, "NEW") {
			body = []byte("something from the future")
		}
		b = appendPadding(b)
		entry := b[headerSize+i*entrySize:]
		copy(entry, tag)
		binary.LittleEndian.PutUint64(entry[8:], uint64(len(b)))
		binary.LittleEndian.PutUint64(entry[16:], uint64(len(body)))
		b = append(b, body...)
	}
	b[10] = 2
	binary.LittleEndian.PutUint32(b[12:], 7)
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
	got, err := Decode(reseal(b))
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, got, m)
	if got.Fingerprint() != m.Fingerprint() {
		t.Error("another fingerprint")
	}
	for b[10] = range 2 {
		if _, err := Decode(reseal(b)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("as version 1.%d: error %v", b[10], err)
		}
	}
}

// Any graph whatsoever survives, whether or not it makes a network.
func TestFormatProperty(t *testing.T) {
	number := rapid.IntRange(math.MinInt32, math.MaxInt32)
	floats := func(t *rapid.T, label string) []float32 {
		n := rapid.IntRange(0, 40).Draw(t, label)
		if n == 0 {
			return nil
		}
		return rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := &Model{
			Meta: Meta{
				Name: rapid.String().Draw(t, "name"), Origin: rapid.String().Draw(t, "origin"), License: rapid.String().Draw(t, "license"),
				Recipe: rapid.String().Draw(t, "recipe"), Accuracy: rapid.String().Draw(t, "accuracy"),
			},
			Precision: rapid.SampledFrom([]Precision{Float32, Int8}).Draw(t, "precision"),
			Graph:     &Graph{Nodes: []Node{}},
		}
		g := m.Graph
		g.Input.Height, g.Input.Width = number.Draw(t, "height"), number.Draw(t, "width")
		for i := range 3 {
			g.Input.Mean[i], g.Input.Std[i] = rapid.Float32().Draw(t, "mean"), rapid.Float32().Draw(t, "std")
		}
		g.Output = Value(number.Draw(t, "output"))
		for range rapid.IntRange(0, 6).Draw(t, "nodes") {
			n := Node{
				Op: Op(rapid.Uint8().Draw(t, "op")), Act: Act(rapid.Uint8().Draw(t, "act")), Name: rapid.String().Draw(t, "node"),
				Groups: number.Draw(t, "groups"), Out: number.Draw(t, "out"), Epsilon: rapid.Float32().Draw(t, "epsilon"),
			}
			for range rapid.IntRange(0, 3).Draw(t, "inputs") {
				n.In = append(n.In, Value(number.Draw(t, "in")))
			}
			w := reflect.ValueOf(&n.Window).Elem()
			for i := range w.NumField() {
				w.Field(i).SetInt(int64(number.Draw(t, "window")))
			}
			n.Alpha, n.Beta = rapid.Float32().Draw(t, "alpha"), rapid.Float32().Draw(t, "beta")
			n.CountPadding = rapid.Bool().Draw(t, "counted")
			n.UncountedBottom, n.UncountedRight = number.Draw(t, "bottom"), number.Draw(t, "right")
			if k := rapid.IntRange(0, 9).Draw(t, "channels"); k > 0 {
				n.Channels = rapid.SliceOfN(rapid.Int32(), k, k).Draw(t, "channels")
			}
			if rapid.Bool().Draw(t, "plain") {
				n.Alpha, n.Beta, n.CountPadding, n.UncountedBottom, n.UncountedRight, n.Channels = 0, 0, false, 0, 0, nil
			}
			n.Weight, n.Bias = floats(t, "weight"), floats(t, "bias")
			n.Mean, n.Var = floats(t, "mean"), floats(t, "var")
			g.Nodes = append(g.Nodes, n)
		}
		if m.Precision == Int8 {
			q := &Quant{Values: []QValue{}, Nodes: []QNode{}}
			for range rapid.IntRange(0, 6).Draw(t, "values") {
				q.Values = append(q.Values, QValue{rapid.Float32().Draw(t, "scale"), rapid.Int8().Draw(t, "zero")})
			}
			for range rapid.IntRange(0, 6).Draw(t, "qnodes") {
				n := QNode{
					MultA: rapid.Int16().Draw(t, "multA"), MultB: rapid.Int16().Draw(t, "multB"), AddBias: rapid.Int32().Draw(t, "addBias"),
					Shift: rapid.Uint8().Draw(t, "shift"), Lo: rapid.Int8().Draw(t, "lo"), Hi: rapid.Int8().Draw(t, "hi"),
				}
				if k := rapid.IntRange(0, 70).Draw(t, "k"); k > 0 {
					n.Weight = rapid.SliceOfN(rapid.Int8(), k, k).Draw(t, "weight")
					n.Bias = rapid.SliceOfN(rapid.Int32(), k, k).Draw(t, "bias")
					n.Mult = rapid.SliceOfN(rapid.Int32(), 1, k).Draw(t, "mult")
				}
				if k := rapid.IntRange(0, 9).Draw(t, "table"); k > 5 {
					n.Table = rapid.SliceOfN(rapid.Int8(), k, k).Draw(t, "table")
				}
				q.Nodes = append(q.Nodes, n)
			}
			m.Quant = q
		}
		for range rapid.IntRange(0, 2).Draw(t, "gold") {
			m.Gold = append(m.Gold, Gold{
				Pix:       rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "pix"),
				Embedding: rapid.SliceOfN(rapid.Float32(), 1, 9).Draw(t, "embedding"),
			})
		}

		b, err := m.marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := unmarshal(b)
		if err != nil {
			t.Fatal(err)
		}
		sameModel(t, got, m)
		if got.Fingerprint() != m.Fingerprint() || got.CheckFingerprint() != nil {
			t.Fatal("another fingerprint")
		}
	})
}

func TestEncodeErrors(t *testing.T) {
	changes := map[string]func(*Model){
		"no graph":              func(m *Model) { m.Graph = nil },
		"invalid":               func(m *Model) { m.Quant.Nodes[0].Mult[0] = 0 },
		"description not UTF-8": func(m *Model) { m.Meta.Recipe = "caf\xe9" },
		"node's name not UTF-8": func(m *Model) { m.Graph.Nodes[4].Name = "\xff" },
	}
	if beyond := math.MaxInt; beyond > math.MaxInt32 {
		changes["a number beyond 32 bits"] = func(m *Model) { m.Graph.Nodes[4].Window.KernelH = beyond }
	}
	for name, change := range changes {
		m := smallInt8()
		change(m)
		if b, err := m.Encode(); !errors.Is(err, ErrCorrupt) || b != nil {
			t.Errorf("%s: %d bytes, error %v", name, len(b), err)
		}
	}
}

// On a machine of the other byte order every element is turned around, both
// ways, and misaligned tensors are copied.
func TestTensorOrder(t *testing.T) {
	was := fileOrder
	defer func() { fileOrder = was }()
	want := []int32{1, -2, 0x01020304, math.MinInt32}
	for _, fileOrder = range []bool{true, false} {
		b := fileBytes(want)
		for offset := range 5 {
			at := append(make([]byte, offset, offset+len(b)), b...)[offset:]
			if got := tensor[int32](at); !slices.Equal(got, want) {
				t.Errorf("file's order %t, offset %d: %v, want %v", fileOrder, offset, got, want)
			}
		}
	}
	// fileOrder is false here: these are not the order of memory.
	memory := rawBytes(want)
	for i, v := range fileBytes(want) {
		if mirror := memory[i/4*4+3-i%4]; v != mirror {
			t.Fatalf("byte %d is %#x, want %#x", i, v, mirror)
		}
	}
	if got := fileBytes([]int8{1, -2}); !bytes.Equal(got, []byte{1, 0xfe}) {
		t.Errorf("int8: %v", got)
	}
	if tensor[float32](nil) != nil {
		t.Error("no bytes make a tensor")
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range models() {
		b := encode(f, m)
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(b[:headerSize])
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Decode(slices.Clone(b)); err == nil {
			settles(t, m)
		}
		// Past the checksums.
		if m, err := Decode(reseal(slices.Clone(b))); err == nil {
			settles(t, m)
		}
	})
}

// lite0 is an int8 model of EfficientNet-Lite0's size and shape with random
// weights.
func lite0() *Model {
	rng := rand.New(rand.NewPCG(1, 1))
	m := &Model{
		Meta: Meta{Name: "random"}, Precision: Int8,
		Graph: &Graph{Input: Input{Height: 224, Width: 224, Std: [3]float32{1, 1, 1}}},
		Quant: &Quant{Values: []QValue{{Scale: 1}}},
	}
	g, q := m.Graph, m.Quant
	conv := func(in, out, groups, kernel, stride int) {
		p := kernel / 2
		g.Nodes = append(g.Nodes, Node{
			Op: OpConv, In: []Value{Value(len(g.Nodes))}, Groups: groups, Out: out,
			Window: Window{kernel, kernel, stride, stride, 1, 1, p, p, p, p},
		})
		n := QNode{Weight: make([]int8, out*kernel*kernel*(in/groups)), Bias: make([]int32, out), Mult: make([]int32, out), Lo: -128, Hi: 127}
		for i := range n.Weight {
			n.Weight[i] = int8(rng.IntN(255) - 127)
		}
		for i := range n.Mult {
			n.Bias[i], n.Mult[i] = rng.Int32()>>8, rng.Int32()|1
		}
		q.Nodes = append(q.Nodes, n)
		q.Values = append(q.Values, QValue{Scale: 1})
	}
	conv(3, 32, 1, 3, 2)
	in := 32
	for _, b := range [...]struct{ repeat, kernel, stride, expand, out int }{
		{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24}, {2, 5, 2, 6, 40}, {3, 3, 2, 6, 80}, {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
	} {
		for i := range b.repeat {
			mid, stride := in*b.expand, b.stride
			if i > 0 {
				stride = 1
			}
			entry := Value(len(g.Nodes))
			if b.expand > 1 {
				conv(in, mid, 1, 1, 1)
			}
			conv(mid, mid, mid, b.kernel, stride)
			conv(mid, b.out, 1, 1, 1)
			if i > 0 {
				g.Nodes = append(g.Nodes, Node{Op: OpAdd, In: []Value{entry, Value(len(g.Nodes))}})
				q.Nodes = append(q.Nodes, QNode{MultA: 1, MultB: 1, Shift: 1, Lo: -128, Hi: 127})
				q.Values = append(q.Values, QValue{Scale: 1})
			}
			in = b.out
		}
	}
	conv(in, 1280, 1, 1, 1)
	g.Nodes = append(g.Nodes, Node{Op: OpGlobalMean, In: []Value{Value(len(g.Nodes))}})
	q.Nodes = append(q.Nodes, QNode{})
	q.Values = append(q.Values, QValue{Scale: 1})
	g.Output = Value(len(g.Nodes))
	return m
}

func BenchmarkDecode(b *testing.B) {
	file := encode(b, lite0())
	b.Run("Checksums", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := unmarshal(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Open", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "random.edge")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Open(path); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFingerprint(b *testing.B) {
	m := lite0()
	for b.Loop() {
		m.Fingerprint()
	}
}
