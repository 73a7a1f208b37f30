package onnx

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
)

// What the integers mean to a runtime is compared with one: package models,
// build tag onnxruntime.

// quantizedModel is conv → conv → add → mean with one weight a channel, so that
// its numbers can be computed by hand.
func quantizedModel() *embed.Model {
	b := embedtest.NewBuilder(4, 1)
	x := b.Pointwise(0, 2, embed.ActReLU)
	y := b.Pointwise(x, 2, embed.ActNone)
	b.GlobalMean(b.Add(x, y, embed.ActReLU))
	g := b.Graph()
	for i := range g.Nodes {
		g.Nodes[i].Weight, g.Nodes[i].Bias = nil, nil
	}
	return &embed.Model{Precision: embed.Int8, Graph: g, Quant: &embed.Quant{
		Values: []embed.QValue{{Scale: 0.5, Zero: -1}, {Scale: 2, Zero: 3}, {Scale: 4, Zero: 0}, {Scale: 8, Zero: -128}, {Scale: 0.5}},
		Nodes: []embed.QNode{
			{Weight: []int8{1, 2, 3, 4, 5, 6}, Bias: []int32{100, 200}, Mult: []int32{1 << 30, 1 << 29}, Lo: 3, Hi: 127},
			{Weight: []int8{1, 0, 0, 1}, Bias: []int32{0, 0}, Mult: []int32{1 << 28, 1 << 28}, Lo: -128, Hi: 127},
			{MultA: 1 << 13, MultB: 1 << 12, AddBias: -(128 << 14) - 3<<13, Shift: 14, Lo: -128, Hi: 127},
			{},
		},
	}}
}

// TestWriteQuantized looks for the numbers that are not simply copied.
func TestWriteQuantized(t *testing.T) {
	for _, unsigned := range []bool{false, true} {
		var b, again bytes.Buffer
		if err := WriteQuantized(&b, quantizedModel(), WriteOptions{Unsigned: unsigned}); err != nil {
			t.Fatal(err)
		}
		if err := WriteQuantized(&again, quantizedModel(), WriteOptions{Unsigned: unsigned}); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatalf("writing it again gives other bytes: %v", err)
		}
		tensors := initializers(t, b.Bytes())
		offset, elem := 0, elemInt8
		if unsigned {
			offset, elem = 128, elemUint8
		}
		for name, want := range map[string]initializer{
			"input.zero": {elem, []byte{byte(offset - 1)}},
			// r = ½ and ¼ of the scales' quotient 2/½.
			"conv 0.weight.scale": {elemFloat32, floats(2, 1)},
			"conv 0.bias.scale":   {elemFloat32, floats(1, 0.5)},
			// 100 − 1·(1+2+3) − 3/½ and 200 − 1·(4+5+6) − 3/¼.
			"conv 0.bias.q": {elemInt32, []byte{88, 0, 0, 0, 173, 0, 0, 0}},
			"conv 0.lo":     {elem, []byte{byte(offset + 3)}},
			"conv 0.hi":     {elem, []byte{byte(offset + 127)}},
			// 8·2¹³/2¹⁴ and 8·2¹²/2¹⁴, whatever the values' own scales.
			"add 2.a.in.scale": {elemFloat32, floats(4)},
			"add 2.b.in.scale": {elemFloat32, floats(2)},
			"add 2.a.in.zero":  {elem, []byte{byte(offset + 3)}},
		} {
			if got, ok := tensors[name]; !ok || got.elem != want.elem || !bytes.Equal(got.raw, want.raw) {
				t.Errorf("unsigned %v: %s is %v, want %v", unsigned, name, got, want)
			}
		}
		for _, name := range []string{"conv 1.lo", "add 2.lo"} {
			if _, ok := tensors[name]; ok {
				t.Errorf("%s: a clamp to all of eight bits is written", name)
			}
		}
	}
}

func TestWriteQuantizedRefuses(t *testing.T) {
	var b bytes.Buffer
	for name, damage := range map[string]func(*embed.Model){
		"a float model":         func(m *embed.Model) { m.Precision, m.Quant = embed.Float32, nil },
		"a negative multiplier": func(m *embed.Model) { m.Quant.Nodes[2].MultB = -1 },
		"a bias out of range":   func(m *embed.Model) { m.Quant.Nodes[0].Mult[1] = 1 },
	} {
		m := quantizedModel()
		damage(m)
		if err := WriteQuantized(&b, m, WriteOptions{}); !errors.Is(err, embed.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
	m := quantizedModel()
	m.Quant.Nodes[0].Bias = nil
	if err := WriteQuantized(&b, m, WriteOptions{}); !errors.Is(err, embed.ErrCorrupt) {
		t.Errorf("a model without biases: %v, want ErrCorrupt", err)
	}
	if b.Len() != 0 {
		t.Errorf("%d bytes were written", b.Len())
	}
	want := errors.New("disk full")
	if err := WriteQuantized(failing{want}, quantizedModel(), WriteOptions{}); !errors.Is(err, want) {
		t.Errorf("a writer that fails: %v, want its error", err)
	}
}

type initializer struct {
	elem elemType
	raw  []byte
}

func initializers(t *testing.T, file []byte) map[string]initializer {
	t.Helper()
	tensors := map[string]initializer{}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(modelMessage.walk(span{b: file}, func(it item) error {
		if it.num != modelGraph {
			return nil
		}
		return graphMessage.walk(it.data, func(it item) error {
			if it.num != graphInitializer {
				return nil
			}
			var name string
			var x initializer
			must(tensorMessage.walk(it.data, func(it item) error {
				switch it.num {
				case tensorName:
					name = string(it.data.b)
				case tensorType:
					x.elem = elemType(it.v)
				case tensorRaw:
					x.raw = it.data.b
				}
				return nil
			}))
			tensors[name] = x
			return nil
		})
	}))
	return tensors
}

func floats(v ...float32) []byte {
	var e encoder
	for _, x := range v {
		bits := math.Float32bits(x)
		e.b = append(e.b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return e.b
}
