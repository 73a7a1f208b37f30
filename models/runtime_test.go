//go:build onnxruntime

package models_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/embed/onnx"
	"github.com/edge-camera/edge/models"
	"github.com/edge-camera/edge/quantize"
)

// The tests in this file compare exported networks with ONNX Runtime. They run
// with the build tag onnxruntime and need, in $PYTHON, a Python that has the
// packages onnxruntime, onnx and numpy: deploy/onnxruntime.sh sees to it.

// TestExportFloat: a float network is the same in both.
func TestExportFloat(t *testing.T) {
	g, err := onnx.Import(readLite(t), onnx.ImportOptions{Cut: "mean", Side: liteSide})
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]*embed.Graph{
		"shipped": g, "random": randomGraph(7), "mixed": embedtest.MixedFloat(32).Graph, "acts": actsGraph(7),
	} {
		t.Run(name, func(t *testing.T) {
			rgb := texture(g.Input.Height, 1)
			dir := t.TempDir()
			f, err := os.Create(filepath.Join(dir, "network.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(onnx.Write(f, g, onnx.WriteOptions{}), f.Close()); err != nil {
				t.Fatal(err)
			}
			got := inRuntime(t, dir, g.Input, rgb, task{})
			want := run(t, &embed.Model{Precision: embed.Float32, Graph: g}, rgb)
			if d := distance(got, want); d > 1e-4 {
				t.Errorf("the outputs are %.2g apart, of their length", d)
			}
		})
	}
}

// TestExportInt8: given the same input, each layer of an int8 network makes the
// same integers in ONNX Runtime as here, but where a value lies so near to a
// half that the definitions part (see onnx.WriteQuantized): there, by one.
func TestExportInt8(t *testing.T) {
	for _, name := range models.Names() {
		m, err := models.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		// A sum that lies on a half is rounded one way as int8 and the other
		// as uint8; the layers after it make more of that.
		for i, gold := range m.Gold {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) { compareInt8(t, m, gold.Pix, 1e-4, 0.05) })
		}
	}
	for seed := range uint64(4) {
		m := quantized(t, randomGraph(seed), seed)
		if seed == 1 { // clamps that saturation does not do
			for i := range m.Quant.Nodes {
				m.Quant.Nodes[i].Lo, m.Quant.Nodes[i].Hi = -120, 40
			}
		}
		t.Run(fmt.Sprint("random ", seed), func(t *testing.T) { compareInt8(t, m, m.Gold[0].Pix, 2e-3, 1e-6) })
	}
	// Every operator of format 1.1 and every activation. They lie on halves more
	// often, such as the mean of four numbers, and the runtime has kernels of its
	// own for each type, which round some of those halves otherwise.
	for name, g := range map[string]*embed.Graph{"mixed": embedtest.MixedFloat(32).Graph, "acts": actsGraph(3)} {
		m := quantized(t, g, 9)
		t.Run(name, func(t *testing.T) { compareInt8(t, m, m.Gold[0].Pix, 1e-2, 5e-3) })
	}
}

// compareInt8 lets a part of the integers differ, by one where they lie on a
// half, and the outputs of the two types of activations by a part of their
// length.
func compareInt8(t *testing.T, m *embed.Model, rgb []byte, halves, types float64) {
	dir, unsigned := t.TempDir(), t.TempDir()
	writeQuantized(t, dir, m, onnx.WriteOptions{})
	writeQuantized(t, unsigned, m, onnx.WriteOptions{Unsigned: true})
	values := trace(t, m, rgb)
	mean := inRuntime(t, dir, m.Graph.Input, rgb, task{Values: values})
	if d := distance(inRuntime(t, unsigned, m.Graph.Input, rgb, task{Unsigned: true}), mean); d > types {
		t.Errorf("written with uint8, it gives something else: %.2g apart, of its length", d)
	}
	// The few layers' values that are off by one lead to others.
	d := distance(mean, run(t, m, rgb))
	t.Logf("from the picture on, the outputs are %.2g apart, of their length", d)
	if d > 0.1 {
		t.Error("that is too much")
	}
	all, ties := 0, 0
	for i, v := range values {
		got, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i, ".out")))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(v.ints) {
			t.Fatalf("%s: %d numbers, want %d", v.Tensor, len(got), len(v.ints))
		}
		all += len(got)
		wrong := 0
		for at, b := range got {
			theirs, ours := int8(b), v.ints[at]
			if theirs == ours {
				continue
			}
			ties++
			exact, slack := 0.0, 0.0
			if i > 0 {
				exact, slack = exactly(m, values, i, at)
			}
			if off := int(theirs) - int(ours); off*off != 1 || i == 0 || math.Abs(exact-math.Floor(exact)-0.5) > slack {
				if wrong++; wrong < 5 {
					t.Errorf("%s: element %d is %d there and %d here, exactly %.5f ± %.5f", v.Tensor, at, theirs, ours, exact, slack)
				}
			}
		}
	}
	t.Logf("%d of %d integers are the same, %.3f %%", all-ties, all, 100*float64(all-ties)/float64(all))
	if float64(ties) > halves*float64(all) {
		t.Errorf("%d of %d integers differ", ties, all)
	}
}

func writeQuantized(t *testing.T, dir string, m *embed.Model, opt onnx.WriteOptions) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "network.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(onnx.WriteQuantized(f, m, opt), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// exactly returns what an element of a value is before it is rounded, by the
// int8 definition, and how far ONNX Runtime may be from that: half a unit of
// the accumulator, and its float32 arithmetic.
func exactly(m *embed.Model, values []value, v, at int) (exact, slack float64) {
	n, q := &m.Graph.Nodes[v-1], &m.Quant.Nodes[v-1]
	const float = 1e-4
	a := values[n.In[0]]
	from, to := m.Quant.Values[n.In[0]], m.Quant.Values[v]
	scale := func(from embed.QValue, q int8) float64 { return float64(from.Scale) * float64(int(q)-int(from.Zero)) }
	product := func(acc int64) (float64, float64) {
		return math.Ldexp(float64(acc)*float64(q.Mult[0]), int(q.Shift)-31) + float64(to.Zero), float
	}
	place, channel := at/values[v].Shape[2], at%values[v].Shape[2]
	second := func() (embed.QValue, int8) { // of a second operand that may hold for every place
		b := values[n.In[1]].ints
		return m.Quant.Values[n.In[1]], b[min(at, len(b)-values[v].Shape[2]+channel)]
	}
	switch n.Op {
	case embed.OpAdd:
		_, b := second()
		acc := int32(a.ints[at])*int32(q.MultA) + int32(b)*int32(q.MultB) + q.AddBias
		return float64(acc) / float64(int(1)<<q.Shift), float
	case embed.OpMul:
		from2, b := second()
		return product(int64(int(a.ints[at])-int(from.Zero)) * int64(int(b)-int(from2.Zero)))
	case embed.OpGlobalMean:
		acc := int64(0)
		for i := channel; i < len(a.ints); i += a.Shape[2] {
			acc += int64(a.ints[i]) - int64(from.Zero)
		}
		return product(acc)
	case embed.OpAct:
		return n.Activate(scale(from, a.ints[at]))/float64(to.Scale) + float64(to.Zero), float
	case embed.OpConcat:
		for _, v := range n.In {
			c := values[v].Shape[2]
			if channel < c {
				q := values[v].ints[place*c+channel]
				return scale(m.Quant.Values[v], q)/float64(to.Scale) + float64(to.Zero), float
			}
			channel -= c
		}
	case embed.OpMaxPool, embed.OpSelect:
		return 0, 0 // nothing is rounded
	case embed.OpMeanPool:
		w := n.Window
		x, y := place%values[v].Shape[1], place/values[v].Shape[1]
		sum, count := 0, 0
		for ky := range w.KernelH {
			for kx := range w.KernelW {
				iy, ix := y*w.StrideH+ky*w.DilationH-w.Top, x*w.StrideW+kx*w.DilationW-w.Left
				inside := iy >= 0 && iy < a.Shape[0] && ix >= 0 && ix < a.Shape[1]
				if inside {
					sum += int(a.ints[(iy*a.Shape[1]+ix)*a.Shape[2]+channel]) - int(from.Zero)
				}
				if inside || n.CountPadding && iy < a.Shape[0]+w.Bottom-n.UncountedBottom && ix < a.Shape[1]+w.Right-n.UncountedRight {
					count++
				}
			}
		}
		return float64(sum)/float64(count) + float64(to.Zero), float
	}
	c := at % n.Out
	x := at / n.Out % values[v].Shape[1]
	y := at / n.Out / values[v].Shape[1]
	acc := int64(q.Bias[c])
	w := n.Window
	depth := a.Shape[2] / n.Groups
	first := c / (n.Out / n.Groups) * depth
	weight := q.Weight[c*w.KernelH*w.KernelW*depth:]
	for ky := range w.KernelH {
		for kx := range w.KernelW {
			iy, ix := y*w.StrideH+ky*w.DilationH-w.Top, x*w.StrideW+kx*w.DilationW-w.Left
			for d := range depth {
				in := m.Quant.Values[n.In[0]].Zero
				if iy >= 0 && iy < a.Shape[0] && ix >= 0 && ix < a.Shape[1] {
					in = a.ints[(iy*a.Shape[1]+ix)*a.Shape[2]+first+d]
				}
				acc += int64(in) * int64(weight[(ky*w.KernelW+kx)*depth+d])
			}
		}
	}
	r := float64(q.Mult[c]) / (1 << 31)
	return float64(acc) * r, r/2 + float
}

// task is what runtime.py is asked.
type task struct {
	Unsigned bool    `json:"unsigned"`
	Values   []value `json:"values"`
}

// value is one of a network's values, in integers, and its tensor in the file.
type value struct {
	Tensor string `json:"tensor"`
	Shape  [3]int `json:"shape"`
	ints   []int8
}

// trace returns the values of a network on a picture, but for its output.
func trace(t *testing.T, m *embed.Model, rgb []byte) []value {
	t.Helper()
	s := session(t, m)
	var values []value
	err := s.Trace(rgb, func(v embed.Value, shape embed.Shape, data []float32) {
		if v == m.Graph.Output {
			return
		}
		tensor := "input.q"
		if v > 0 {
			tensor = m.Graph.Nodes[v-1].Name + ".q"
			q := m.Quant.Nodes[v-1]
			switch m.Graph.Nodes[v-1].Op {
			case embed.OpConv, embed.OpAdd, embed.OpMul, embed.OpGlobalMean:
				if q.Lo == -128 && q.Hi == 127 {
					break
				}
				tensor = m.Graph.Nodes[v-1].Name + ".clamped"
			}
		}
		q := m.Quant.Values[v]
		ints := make([]int8, len(data))
		for i, x := range data {
			ints[i] = int8(math.Round(float64(x)/float64(q.Scale)) + float64(q.Zero))
		}
		values = append(values, value{tensor, [3]int{shape.H, shape.W, shape.C}, ints})
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// inRuntime runs dir/network.onnx on a picture and returns its output; see
// reference/runtime.py.
func inRuntime(t *testing.T, dir string, in embed.Input, rgb []byte, work task) []float32 {
	t.Helper()
	work.Values = append([]value{}, work.Values...) // [] and not null
	b, err := json.Marshal(work)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"task.json": b}
	var planes []byte
	for c := range 3 {
		for i := c; i < len(rgb); i += 3 {
			real := (float32(rgb[i]) - in.Mean[c]) / in.Std[c]
			planes = binary.LittleEndian.AppendUint32(planes, math.Float32bits(real))
		}
	}
	files["input"] = planes
	for i, v := range work.Values {
		b := make([]byte, len(v.ints))
		for j, q := range v.ints {
			b[j] = byte(q)
		}
		files[fmt.Sprint(i)] = b
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, filepath.Join("reference", "runtime.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", python, err, out)
	}
	b, err = os.ReadFile(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(b)/4)
	for i := range got {
		got[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return got
}

func session(t *testing.T, m *embed.Model) *embed.Session {
	t.Helper()
	n, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	s := n.NewSession(2)
	t.Cleanup(s.Close)
	return s
}

func run(t *testing.T, m *embed.Model, rgb []byte) []float32 {
	t.Helper()
	shapes, err := m.Graph.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, shapes[m.Graph.Output].Len())
	if err := session(t, m).Run(dst, rgb); err != nil {
		t.Fatal(err)
	}
	return dst
}

// distance returns ‖a − b‖/‖b‖.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var apart, length float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		apart += float64(d * d)
		length += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(apart / length)
}

// texture is a picture with something going on everywhere.
func texture(side int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	rgb := make([]byte, side*side*3)
	for i := range rgb {
		x, y := i/3%side, i/3/side
		rgb[i] = byte(max(0, min(255, 128+60*math.Sin(float64(x)/5+float64(seed)+float64(i%3))+50*math.Cos(float64(y)/7)+20*rng.NormFloat64())))
	}
	return rgb
}

// randomGraph has what the shipped networks do not: odd sizes, groups,
// dilation, no activation or ReLU, additions with clamps.
func randomGraph(seed uint64) *embed.Graph {
	side := 33 + 10*int(seed%3)
	b := embedtest.NewBuilder(side, seed)
	x := b.Conv(0, embedtest.Same(3, 2, side), 1, 24, embed.ActReLU6)
	for i := range 3 {
		acts := []embed.Act{embed.ActReLU6, embed.ActReLU, embed.ActNone}
		act := acts[(i+int(seed))%3]
		y := b.Pointwise(x, 40, act)
		y = b.Depthwise(y, 3+2*(i%2), 1, act)
		w := embedtest.Same(3, 1, b.Shape(y).W)
		w.DilationH, w.DilationW, w.Top, w.Left, w.Bottom, w.Right = 2, 2, 2, 2, 2, 2
		y = b.Conv(y, w, 4, 24, embed.ActNone)
		x = b.Add(x, y, act)
	}
	x = b.Conv(x, embedtest.Same(5, 2, b.Shape(x).W), 1, 48, embed.ActReLU)
	b.GlobalMean(x)
	return b.Graph()
}

// actsGraph has every activation after a convolution, and a product of values.
func actsGraph(seed uint64) *embed.Graph {
	b := embedtest.NewBuilder(24, seed)
	x := b.Conv(0, embedtest.Same(3, 2, 24), 1, 12, embed.ActNone)
	for _, act := range []struct {
		act    embed.Act
		params []float32
	}{
		{act: embed.ActLeakyReLU, params: []float32{0.2}}, {act: embed.ActSigmoid}, {act: embed.ActHardSigmoid, params: []float32{0.2, 0.5}},
		{act: embed.ActHardSwish}, {act: embed.ActSiLU}, {act: embed.ActTanh}, {act: embed.ActClip, params: []float32{-1, 2}},
	} {
		y := b.Act(b.Pointwise(x, 12, embed.ActNone), act.act, act.params...)
		x = b.Add(x, y, embed.ActNone)
	}
	x = b.Mul(x, b.Pointwise(x, 12, embed.ActReLU), embed.ActNone)
	b.GlobalMean(b.Pointwise(x, 20, embed.ActReLU))
	return b.Graph()
}

func quantized(t *testing.T, g *embed.Graph, seed uint64) *embed.Model {
	t.Helper()
	pictures := func(yield func([]byte, error) bool) {
		for i := range uint64(20) {
			if !yield(texture(g.Input.Height, 100*seed+i), nil) {
				return
			}
		}
	}
	m, _, err := quantize.Quantize(g, pictures, quantize.Options{Meta: embed.Meta{Name: "random"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
