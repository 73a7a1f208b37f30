package embed

import (
	"errors"
	"math"
	"testing"
)

// Everything that can change an embedding changes the fingerprint; what people
// read does not.
func TestFingerprint(t *testing.T) {
	same := map[string]func(*Model){
		"nothing":     func(*Model) {},
		"name":        func(m *Model) { m.Meta.Name = "renamed" },
		"recipe":      func(m *Model) { m.Meta.Recipe = "" },
		"node's name": func(m *Model) { m.Graph.Nodes[0].Name = "renamed" },
		"gold":        func(m *Model) { m.Gold = nil },
	}
	other := map[string]func(*Model){
		"precision":    func(m *Model) { m.Precision = Float32 },
		"height":       func(m *Model) { m.Graph.Input.Height++ },
		"width":        func(m *Model) { m.Graph.Input.Width++ },
		"mean":         func(m *Model) { m.Graph.Input.Mean[2]++ },
		"std":          func(m *Model) { m.Graph.Input.Std[0]++ },
		"output":       func(m *Model) { m.Graph.Output-- },
		"a node less":  func(m *Model) { m.Graph.Nodes = m.Graph.Nodes[:4] },
		"operator":     func(m *Model) { m.Graph.Nodes[4].Op = OpAct },
		"activation":   func(m *Model) { m.Graph.Nodes[0].Act = ActReLU },
		"input":        func(m *Model) { m.Graph.Nodes[3].In = []Value{3, 1} },
		"kernel":       func(m *Model) { m.Graph.Nodes[0].Window.KernelH++ },
		"padding":      func(m *Model) { m.Graph.Nodes[0].Window.Right++ },
		"groups":       func(m *Model) { m.Graph.Nodes[0].Groups++ },
		"out":          func(m *Model) { m.Graph.Nodes[0].Out++ },
		"epsilon":      func(m *Model) { m.Graph.Nodes[0].Epsilon = math.SmallestNonzeroFloat32 },
		"float weight": func(m *Model) { m.Graph.Nodes[0].Weight = []float32{1} },
		"float bias":   func(m *Model) { m.Graph.Nodes[0].Bias = []float32{1} },
		"BN mean":      func(m *Model) { m.Graph.Nodes[0].Mean = []float32{1} },
		"BN var":       func(m *Model) { m.Graph.Nodes[0].Var = []float32{1} },
		"no quant":     func(m *Model) { m.Quant = nil },
		"scale":        func(m *Model) { m.Quant.Values[1].Scale *= 2 },
		"zero":         func(m *Model) { m.Quant.Values[1].Zero++ },
		"weight":       func(m *Model) { m.Quant.Nodes[0].Weight[107]++ },
		"bias":         func(m *Model) { m.Quant.Nodes[0].Bias[0]++ },
		"multiplier":   func(m *Model) { m.Quant.Nodes[2].Mult[3]++ },
		"MultA":        func(m *Model) { m.Quant.Nodes[3].MultA++ },
		"MultB":        func(m *Model) { m.Quant.Nodes[3].MultB++ },
		"AddBias":      func(m *Model) { m.Quant.Nodes[3].AddBias++ },
		"shift":        func(m *Model) { m.Quant.Nodes[3].Shift++ },
		"lo":           func(m *Model) { m.Quant.Nodes[3].Lo++ },
		"hi":           func(m *Model) { m.Quant.Nodes[3].Hi-- },
		"moved weight": func(m *Model) {
			n := m.Quant.Nodes
			n[1].Weight = append(append([]int8{}, n[0].Weight[107]), n[1].Weight...)
			n[0].Weight = n[0].Weight[:107]
		},
	}
	want := smallInt8().Fingerprint()
	seen := map[Fingerprint]string{want: "the model itself"}
	for name, change := range same {
		m := smallInt8()
		change(m)
		if m.Fingerprint() != want {
			t.Errorf("%s: another fingerprint", name)
		}
	}
	for name, change := range other {
		m := smallInt8()
		change(m)
		f := m.Fingerprint()
		if before, ok := seen[f]; ok {
			t.Errorf("%s: the fingerprint of %s", name, before)
		}
		seen[f] = name
	}
	mixed := map[string]func(*Model){
		"the other model": func(*Model) {},
		"alpha":           func(m *Model) { m.Graph.Nodes[0].Alpha = -2 },
		"beta":            func(m *Model) { m.Graph.Nodes[0].Beta = 4 },
		"its sign":        func(m *Model) { m.Graph.Nodes[1].Beta = float32(math.Copysign(0, -1)) },
		"counted":         func(m *Model) { m.Graph.Nodes[3].CountPadding = false },
		"uncounted down":  func(m *Model) { m.Graph.Nodes[3].UncountedBottom = 0 },
		"uncounted right": func(m *Model) { m.Graph.Nodes[3].UncountedRight = 0 },
		"channels":        func(m *Model) { m.Graph.Nodes[4].Channels[1] = 1 },
		"a channel less":  func(m *Model) { m.Graph.Nodes[4].Channels = m.Graph.Nodes[4].Channels[:2] },
		"table":           func(m *Model) { m.Quant.Nodes[1].Table[255]++ },
		"table elsewhere": func(m *Model) { m.Quant.Nodes[2].Table, m.Quant.Nodes[1].Table = m.Quant.Nodes[1].Table, nil },
		"no table":        func(m *Model) { m.Quant.Nodes[1].Table = nil },
	}
	for name, change := range mixed {
		m := mixedInt8()
		change(m)
		f := m.Fingerprint()
		if before, ok := seen[f]; ok {
			t.Errorf("%s: the fingerprint of %s", name, before)
		}
		seen[f] = name
	}
	const goldenMixed = "2131e4d5380cfb6a3b853943d9f7063bdb641407b2a26fc7c181b64d1f78d905"
	if f := mixedInt8().Fingerprint(); f.String() != goldenMixed {
		t.Errorf("fingerprint %v, want %v", f, goldenMixed)
	}
	// For ever: stores hold it.
	const golden = "0baf91f792fcff48666ca176581c80fb500b3cfac7515543b92f5d48c6d13b03"
	if want.String() != golden {
		t.Errorf("fingerprint %v, want %v", want, golden)
	}
}

func TestCheckFingerprint(t *testing.T) {
	m := smallInt8()
	if err := m.CheckFingerprint(); err != nil {
		t.Errorf("not from a file: %v", err)
	}
	b := encode(t, m)
	b[32] ^= 1 // a forged header
	m, err := Decode(reseal(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckFingerprint(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want %v", err, ErrCorrupt)
	}
	// What is written is right again.
	m, err = Decode(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckFingerprint(); err != nil {
		t.Error(err)
	}
	if (&Model{}).Fingerprint() == (Fingerprint{}) {
		t.Error("an empty model has no fingerprint")
	}
}
