package onnx

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// file assembles ONNX models by hand, field by field, so that the tests can say
// what no writer would.
type file struct {
	graph  encoder
	opset  int64
	ir     int64
	extra  func(*encoder) // more fields of the model
	noHead bool           // no input and output of its own
	out    string
}

func newFile() *file { return &file{opset: 13, ir: 8, out: "y"} }

func (f *file) node(op, in, out string, attrs ...func(*encoder)) *file {
	f.graph.message(graphNode, func(e *encoder) {
		if in != "" {
			for _, name := range strings.Split(in, ",") {
				e.text(nodeInput, name)
			}
		}
		for _, name := range strings.Split(out, ",") {
			e.text(nodeOutput, name)
		}
		e.text(nodeName, "the "+op)
		e.text(nodeOpType, op)
		for _, a := range attrs {
			a(e)
		}
	})
	return f
}

func (f *file) floats(name string, dims ...int) *file {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return f.tensor(name, elemFloat32, make([]byte, 4*n), dims...)
}

func (f *file) tensor(name string, elem elemType, raw []byte, dims ...int) *file {
	f.graph.message(graphInitializer, func(e *encoder) {
		e.ints(tensorDims, int64s(dims))
		e.int(tensorType, int64(elem))
		e.text(tensorName, name)
		e.bytes(tensorRaw, raw)
	})
	return f
}

func (f *file) input(name string, elem elemType, dims ...int64) *file {
	f.graph.message(graphInput, func(e *encoder) {
		e.text(valueName, name)
		e.message(valueType, func(e *encoder) {
			e.message(typeTensor, func(e *encoder) {
				e.int(typeElem, int64(elem))
				e.message(typeShape, func(e *encoder) {
					for _, d := range dims {
						e.message(shapeDim, func(e *encoder) {
							if d < 0 {
								e.text(dimParam, "open")
							} else {
								e.int(dimValue, d)
							}
						})
					}
				})
			})
		})
	})
	return f
}

func (f *file) bytes() []byte {
	if !f.noHead {
		f.input("x", elemFloat32, -1, 3, 8, 8)
		f.graph.message(graphOutput, func(e *encoder) { e.text(valueName, f.out) })
		f.noHead = true
	}
	var m encoder
	m.int(modelIRVersion, f.ir)
	m.bytes(modelGraph, f.graph.b)
	m.message(modelOpset, func(e *encoder) { e.int(opsetVersion, f.opset) })
	if f.extra != nil {
		f.extra(&m)
	}
	return m.b
}

func withInt(name string, v int) func(*encoder) { return func(e *encoder) { attrOfInt(e, name, v) } }
func withFloat(name string, v float32) func(*encoder) {
	return func(e *encoder) { attrOfFloat(e, name, v) }
}
func withInts(name string, v ...int) func(*encoder) {
	return func(e *encoder) { attrOfInts(e, name, v...) }
}
func withText(name, v string) func(*encoder) {
	return func(e *encoder) {
		e.message(nodeAttribute, func(e *encoder) {
			e.text(attrName, name)
			e.text(attrS, v)
			e.int(attrType, int64(attrTextKind))
		})
	}
}
func in(domain string) func(*encoder) { return func(e *encoder) { e.text(nodeDomain, domain) } }

func number(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

func longs(v ...int64) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name string
		file *file
		want error
		says string // a part of the message
	}{
		{"operator", newFile().node("Conv", "x,w", "c").floats("w", 4, 3, 1, 1).node("LSTM", "c", "y"), embed.ErrUnsupported, `LSTM node "the LSTM"`},
		{"domain", newFile().node("Relu", "x", "y", in("com.example")), embed.ErrUnsupported, `"com.example"`},
		{"old opset", &file{opset: 6, ir: 3, out: "y"}, embed.ErrVersion, "opset 6"},
		{"new opset", &file{opset: 999, ir: 8, out: "y"}, embed.ErrVersion, "opset 999"},
		{"old IR", &file{opset: 9, ir: 2, out: "y"}, embed.ErrVersion, "IR version 2"},
		{"attribute nobody knows", newFile().node("Relu", "x", "y", withInt("leaky", 1)), embed.ErrUnsupported, `"leaky"`},
		{"attribute of the wrong type", newFile().floats("w", 4, 3, 1, 1).node("Conv", "x,w", "y", withFloat("group", 1)), embed.ErrCorrupt, `"group"`},
		{"int8 weights", newFile().tensor("w", 3, make([]byte, 12), 4, 3, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "int8"},
		{"uint16 weights", newFile().tensor("w", 4, make([]byte, 24), 4, 3, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "uint16"},
		{"integer weights", newFile().tensor("w", 7, make([]byte, 96), 4, 3, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "int64"},
		{"computed weights", newFile().node("Relu", "x", "w").node("Conv", "x,w", "y"), embed.ErrUnsupported, `"w" is computed`},
		{"3-D convolution", newFile().floats("w", 4, 3, 1, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "2-D"},
		{"groups that do not divide", newFile().floats("w", 4, 1, 1, 1).node("Conv", "x,w", "y", withInt("group", 3)), embed.ErrCorrupt, "3 groups"},
		{"no groups", newFile().floats("w", 4, 3, 1, 1).node("Conv", "x,w", "y", withInt("group", 0)), embed.ErrCorrupt, "0 groups"},
		{"channels that do not fit", newFile().floats("w", 4, 5, 1, 1).node("Conv", "x,w", "y"), embed.ErrCorrupt, "3 channels"},
		{"kernel_shape that is not", newFile().floats("w", 4, 3, 3, 3).node("Conv", "x,w", "y", withInts("kernel_shape", 1, 1)), embed.ErrCorrupt, "kernel_shape"},
		{"stride 0", newFile().floats("w", 4, 3, 1, 1).node("Conv", "x,w", "y", withInts("strides", 0, 1)), embed.ErrUnsupported, "strides"},
		{"negative pads", newFile().floats("w", 4, 3, 3, 3).node("Conv", "x,w", "y", withInts("pads", -1, 0, 0, 0)), embed.ErrUnsupported, "pads"},
		{"very wide pads", newFile().floats("w", 4, 3, 3, 3).node("Conv", "x,w", "y", withInts("pads", 0, 64, 0, 0)), embed.ErrUnsupported, "padding"},
		{"1-D pads", newFile().floats("w", 4, 3, 3, 3).node("Conv", "x,w", "y", withInts("pads", 1, 1)), embed.ErrUnsupported, "pads"},
		{"kernel above the picture", newFile().floats("w", 4, 3, 9, 9).node("Conv", "x,w", "y"), embed.ErrUnsupported, "0x0"},
		{"giant kernel", newFile().floats("w", 1, 3, 65, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "65x1"},
		{"auto_pad", newFile().floats("w", 4, 3, 1, 1).node("Conv", "x,w", "y", withText("auto_pad", "LEFT")), embed.ErrUnsupported, "LEFT"},
		{"bias of another length", newFile().floats("w", 4, 3, 1, 1).floats("b", 3).node("Conv", "x,w,b", "y"), embed.ErrCorrupt, `"b"`},
		{"training", newFile().floats("w", 3).node("BatchNormalization", "x,w,w,w,w", "y", withInt("training_mode", 1)), embed.ErrUnsupported, "training_mode"},
		{"training dropout", newFile().tensor("r", 1, number(0.5)).tensor("m", 9, []byte{1}).node("Dropout", "x,r,m", "y"), embed.ErrUnsupported, "training"},
		{"a mask that is used", newFile().node("Dropout", "x", "d,m").node("Add", "d,m", "y"), embed.ErrUnsupported, `"m" is used`},
		{"clip to nothing", newFile().tensor("lo", 1, number(1)).tensor("hi", 1, number(-1)).node("Clip", "x,lo,hi", "y"), embed.ErrUnsupported, "1 and -1"},
		{"clip by a list", newFile().floats("lo", 2).node("Clip", "x,lo", "y"), embed.ErrCorrupt, "one number"},
		{"add a picture of constants", newFile().floats("c", 8, 8).node("Add", "x,c", "y"), embed.ErrUnsupported, "a constant of [8 8]"},
		{"add another shape", newFile().floats("w", 4, 3, 1, 1).node("Conv", "x,w", "c").node("Add", "x,c", "y"), embed.ErrUnsupported, "[1 3 8 8] and [1 4 8 8]"},
		{"mean over channels", newFile().node("ReduceMean", "x", "y", withInts("axes", 1)), embed.ErrUnsupported, "[1]"},
		{"mean over everything", newFile().node("ReduceMean", "x", "y"), embed.ErrUnsupported, "axes"},
		{"flatten a picture", newFile().node("Flatten", "x", "y"), embed.ErrUnsupported, "computes nothing"},
		{"flatten another axis", newFile().node("GlobalAveragePool", "x", "p").node("Flatten", "p", "y", withInt("axis", 5)), embed.ErrCorrupt, "axis 5"},
		{"reshape apart", newFile().node("GlobalAveragePool", "x", "p").tensor("s", 7, longs(2, 2), 2).node("Reshape", "p,s", "y"), embed.ErrUnsupported, "[2 2]"},
		{"reshape overflow", newFile().node("GlobalAveragePool", "x", "p").tensor("s", 7, longs(-1, math.MaxInt64, math.MaxInt64, 2), 4).node("Reshape", "p,s", "y"), embed.ErrUnsupported, "to shape"},
		{"reshape twice open", newFile().node("GlobalAveragePool", "x", "p").tensor("s", 7, longs(-1, -1), 2).node("Reshape", "p,s", "y"), embed.ErrUnsupported, "to shape"},
		{"gemm of a picture", newFile().floats("w", 3, 2).node("Gemm", "x,w", "y"), embed.ErrUnsupported, "rank 4"},
		{"gemm that does not fit", newFile().node("ReduceMean", "x", "p", withInts("axes", 2, 3), withInt("keepdims", 0)).floats("w", 4, 2).node("Gemm", "p,w", "y"), embed.ErrCorrupt, "[4 2] do not fit [1 3]"},
		{"gemm transA", newFile().node("ReduceMean", "x", "p", withInts("axes", 2, 3), withInt("keepdims", 0)).floats("w", 3, 2).node("Gemm", "p,w", "y", withInt("transA", 1)), embed.ErrUnsupported, "transA"},
		{"convolve a vector", newFile().node("ReduceMean", "x", "p", withInts("axes", 2, 3), withInt("keepdims", 0)).floats("w", 4, 3, 1, 1).node("Conv", "p,w", "y"), embed.ErrUnsupported, "rank 2"},
		{"constant output", newFile().floats("c", 1).node("Identity", "c", "y"), embed.ErrUnsupported, "constant"},
		{"nothing computed", newFile().node("Identity", "x", "y"), embed.ErrUnsupported, "computes nothing"},
		{"NaN weights", newFile().tensor("w", 1, number(float32(math.NaN())), 1).node("BatchNormalization", "x,w,w,w,w", "y"), embed.ErrCorrupt, "NaN"},
		{"empty tensor", newFile().tensor("w", 1, nil, 0, 3, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "[0 3 1 1]"},
		{"dimensions that overflow", newFile().tensor("w", 1, nil, math.MaxInt32, math.MaxInt32, 4, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "dimensions"},
		{"negative dimension", newFile().tensor("w", 1, make([]byte, 12), -3, -1, 1, 1).node("Conv", "x,w", "y"), embed.ErrUnsupported, "dimensions"},
		{"fewer data than dimensions", newFile().tensor("w", 1, make([]byte, 12), 1000, 1000, 1, 1).node("Conv", "x,w", "y"), embed.ErrCorrupt, "12 bytes, want 4000000"},
		{"a value made twice", newFile().node("Relu", "x", "y").node("Relu", "x", "y"), embed.ErrCorrupt, "twice"},
		{"a value made later", newFile().node("Relu", "z", "y").node("Relu", "x", "z"), embed.ErrCorrupt, "before"},
		{"a circle", newFile().node("Relu", "y", "y"), embed.ErrCorrupt, "before"},
		{"an output nobody makes", newFile().node("Relu", "x", "z"), embed.ErrCorrupt, `"y"`},
		{"too few inputs", newFile().node("Conv", "x", "y"), embed.ErrCorrupt, "1 inputs"},
		{"no inputs", newFile().node("Relu", "", "y"), embed.ErrCorrupt, "0 inputs"},
		{"two tensors of a name", newFile().floats("w", 1).floats("w", 1).node("Relu", "x", "y"), embed.ErrCorrupt, `"w"`},
		{"the decoder's own name", newFile().node("Relu", "x", "the Constant/input").node("Constant", "", "c").node("Relu", "the Constant/input", "y"), embed.ErrUnsupported, "the Constant/input"},
		{"a constant without value", newFile().node("Constant", "", "c").node("Conv", "x,c", "y"), embed.ErrCorrupt, "no value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g, err := Import(test.file.bytes(), ImportOptions{})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("graph %v, error %v; want %v that says %q", g, err, test.want, test.says)
			}
		})
	}
}

// TestRefusesWire is about single fields that no writer writes so.
func TestRefusesWire(t *testing.T) {
	relu := func() *file { return newFile().node("Relu", "x", "y") }
	raw := func(field int, fill func(*encoder)) *file {
		f := newFile()
		f.graph.message(field, fill)
		return f.node("Relu", "x", "y")
	}
	tests := []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"nothing", nil, embed.ErrCorrupt, "empty"},
		{"text", []byte("this is no model, it is a letter"), embed.ErrCorrupt, "offset"},
		{"no graph", []byte{8, 8}, embed.ErrCorrupt, "no graph"},
		{"two graphs", append(relu().bytes(), relu().bytes()...), embed.ErrCorrupt, "twice"},
		{"sparse initializer", raw(graphSparse, func(*encoder) {}).bytes(), embed.ErrUnsupported, "sparse"},
		{"an operator as a number", raw(graphNode, func(e *encoder) { e.int(nodeOpType, 1) }).bytes(), embed.ErrCorrupt, "field 4 is stored as varint"},
		{"a node without an operator", raw(graphNode, func(e *encoder) { e.text(nodeOutput, "z") }).bytes(), embed.ErrCorrupt, "no operator"},
		{"a node without outputs", raw(graphNode, func(e *encoder) { e.text(nodeOpType, "Relu"); e.text(nodeInput, "x") }).bytes(), embed.ErrCorrupt, "no output"},
		{"a name that is no text", raw(graphNode, func(e *encoder) { e.text(nodeOpType, "Relu\xff") }).bytes(), embed.ErrCorrupt, "UTF-8"},
		{"a tensor without type", raw(graphInitializer, func(e *encoder) { e.text(tensorName, "w"); e.bytes(tensorRaw, []byte{1}) }).bytes(), embed.ErrCorrupt, "element type"},
		{"a tensor without name", raw(graphInitializer, func(e *encoder) { e.int(tensorType, 1); e.bytes(tensorRaw, number(1)) }).bytes(), embed.ErrCorrupt, "no name"},
		{"data in two places", raw(graphInitializer, func(e *encoder) {
			e.text(tensorName, "w")
			e.int(tensorType, 1)
			e.bytes(tensorRaw, number(1))
			e.bytes(tensorFloats, number(1))
		}).bytes(), embed.ErrCorrupt, "two places"},
		{"floats as int64", raw(graphInitializer, func(e *encoder) {
			e.text(tensorName, "w")
			e.int(tensorType, 7)
			e.bytes(tensorFloats, number(1))
		}).bytes(), embed.ErrCorrupt, "wrong one"},
		{"external data", newFile().node("Conv", "x,w", "y").with(graphInitializer, func(e *encoder) {
			e.text(tensorName, "w")
			e.int(tensorType, 1)
			e.ints(tensorDims, []int64{4, 3, 1, 1})
			e.int(tensorWhere, externalWhere)
			e.bytes(tensorExtern, nil)
		}).bytes(), embed.ErrUnsupported, "external data"},
		{"an attribute that is another", newFile().node("Flatten", "x", "y", func(e *encoder) {
			e.message(nodeAttribute, func(e *encoder) {
				e.text(attrName, "axis")
				e.float(attrF, 1)
				e.int(attrType, int64(attrIntKind))
			})
		}).bytes(), embed.ErrCorrupt, `"axis"`},
		{"a subgraph", newFile().node("If", "x", "y", func(e *encoder) {
			e.message(nodeAttribute, func(e *encoder) {
				e.text(attrName, "then_branch")
				e.bytes(attrG, nil)
				e.int(attrType, 5)
			})
		}).bytes(), embed.ErrUnsupported, "no such operator"},
		{"two opsets", append(relu().bytes(), 0x42, 2, 16, 13), embed.ErrCorrupt, "two opsets"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Import(test.b, ImportOptions{})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v; want %v that says %q", err, test.want, test.says)
			}
		})
	}
}

func (f *file) with(field int, fill func(*encoder)) *file {
	f.graph.message(field, fill)
	return f
}

func TestInput(t *testing.T) {
	relu := func() *file {
		f := newFile().node("Relu", "x", "y")
		f.noHead = true
		f.graph.message(graphOutput, func(e *encoder) { e.text(valueName, "y") })
		return f
	}
	for _, test := range []struct {
		name string
		file *file
		says string
	}{
		{"channels last", relu().input("x", elemFloat32, 1, 8, 8, 4), "second place"},
		{"a batch", relu().input("x", elemFloat32, 4, 3, 8, 8), "4 pictures"},
		{"not square", relu().input("x", elemFloat32, 1, 3, 8, 9), "square"},
		{"giant", relu().input("x", elemFloat32, 1, 3, 1<<40, 1<<40), "square"},
		{"open side", relu().input("x", elemFloat32, -1, 3, -1, -1), "open"},
		{"bytes", relu().input("x", 2, 1, 3, 8, 8), "uint8"},
		{"a vector", relu().input("x", elemFloat32, 1, 3), "[1 3]"},
		{"two", relu().input("x", elemFloat32, 1, 3, 8, 8).input("z", elemFloat32, 1, 3, 8, 8), "2 inputs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Import(test.file.bytes(), ImportOptions{})
			if !errors.Is(err, embed.ErrUnsupported) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v; want ErrUnsupported that says %q", err, test.says)
			}
		})
	}

	open := relu().input("x", elemFloat32, -1, 3, -1, -1).bytes()
	g, err := Import(open, ImportOptions{Side: 16})
	if err != nil {
		t.Fatal(err)
	}
	want := embed.Input{Height: 16, Width: 16, Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}}
	if g.Input != want {
		t.Errorf("input %+v, want %+v", g.Input, want)
	}
	opt := ImportOptions{Side: 8, Mean: [3]float32{1, 2, 3}, Std: [3]float32{4, 5, 6}}
	if g, err = Import(open, opt); err != nil || g.Input.Mean != opt.Mean || g.Input.Std != opt.Std || g.Input.Width != 8 {
		t.Errorf("with mean and std: %+v, %v", g, err)
	}
	for _, std := range []float32{0, -1, float32(math.Inf(1))} {
		if _, err := Import(open, ImportOptions{Side: 8, Mean: [3]float32{1, 1, 1}, Std: [3]float32{1, std, 1}}); err == nil {
			t.Errorf("std %v was taken", std)
		}
	}
}

func TestCut(t *testing.T) {
	b := func() []byte {
		return newFile().floats("w", 4, 3, 1, 1).
			node("Conv", "x,w", "c").
			node("Relu", "c", "r").
			node("LSTM", "r", "y").bytes()
	}()
	for _, test := range []struct {
		cut   string
		nodes int
	}{{"c", 1}, {"r", 2}, {"the Conv", 1}, {"the Relu", 2}} {
		g, err := Import(b, ImportOptions{Cut: test.cut})
		if err != nil {
			t.Errorf("cut at %q: %v", test.cut, err)
			continue
		}
		if len(g.Nodes) != test.nodes || g.Output != embed.Value(test.nodes) {
			t.Errorf("cut at %q: %d nodes, output %d, want %d", test.cut, len(g.Nodes), g.Output, test.nodes)
		}
	}
	for _, cut := range []string{"", "y", "the LSTM"} {
		if _, err := Import(b, ImportOptions{Cut: cut}); !errors.Is(err, embed.ErrUnsupported) {
			t.Errorf("cut at %q: %v, want ErrUnsupported", cut, err)
		}
	}
	for _, cut := range []string{"w", "x", "nowhere"} {
		if _, err := Import(b, ImportOptions{Cut: cut}); err == nil || !strings.Contains(err.Error(), cut) {
			t.Errorf("cut at %q: %v, want an error that names it", cut, err)
		}
	}
}

// TestMeanOfScores: a network that ends in the mean of a 1×1 convolution ends in
// features or in scores, and only names and numbers tell which.
func TestMeanOfScores(t *testing.T) {
	end := func(name string, out, kernel int, after ...string) *file {
		f := newFile().floats("w", 4, 3, 1, 1).floats(name, out, 4, kernel, kernel).
			node("Conv", "x,w", "c").node("Relu", "c", "r").
			node("Conv", "r,"+name, "s")
		last := "s"
		for _, op := range after {
			f.node(op, last, last+"'")
			last += "'"
		}
		return f.node("GlobalAveragePool", last, "y")
	}
	for _, c := range []struct {
		name string
		file *file
		dim  int
		note string
	}{
		{"scores by name", end("classifier.1.weight", 10, 1, "Relu"), 4, `cut at "r"; the classifier after it, "the Conv" and the mean of its 10 scores, is left out`},
		{"scores without an activation", end("classifier.1.weight", 10, 1), 4, "10 scores"},
		{"ImageNet's classes", end("w2", 1000, 1, "Relu"), 4, "1000 scores"},
		{"ImageNet's classes and one for the rest", end("w2", 1001, 1), 4, "1001 scores"},
		{"features", end("features.18.0.weight", 1280, 1, "Relu"), 1280, ""},
		{"a larger window", end("w2", 1000, 3), 1000, "if they are scores"},
	} {
		var notes []string
		note := func(s string) { notes = append(notes, s) }
		b := c.file.bytes()
		g, err := Import(b, ImportOptions{Embedding: true, Note: note})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		shapes, err := g.Shapes()
		if got := shapes[g.Output]; err != nil || got != (embed.Shape{H: 1, W: 1, C: c.dim}) {
			t.Errorf("%s: output %v, want %d numbers; %v", c.name, got, c.dim, err)
		}
		if got := strings.Join(notes, "; "); !strings.Contains(got, c.note) || c.note == "" && got != "" {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
		if g, err = Import(b, ImportOptions{}); err != nil || len(g.Nodes) < 4 {
			t.Errorf("%s, whole: %v", c.name, err)
		}
	}
}

// TestSharedWeights: a small file whose nodes all name one large initializer
// must not become a large graph.
func TestSharedWeights(t *testing.T) {
	f := newFile().floats("first", 256, 3, 1, 1).floats("w", 256, 256, 1, 1).node("Conv", "x,first", "v0")
	name := "v0"
	for i := range 2000 {
		next := "v" + strconv.Itoa(i+1)
		f.node("Conv", name+",w", next)
		name = next
	}
	f.node("Relu", name, "y")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Import(f.bytes(), ImportOptions{})
	runtime.ReadMemStats(&after)
	if !errors.Is(err, embed.ErrCorrupt) || !strings.Contains(err.Error(), "more weights") {
		t.Fatalf("error %v, want ErrCorrupt about the weights", err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 32*uint64(len(f.graph.b)) {
		t.Errorf("%d bytes were allocated for a file of %d", spent, len(f.graph.b))
	}
}

// TestDamage gives every truncation of good files and a flipped bit in each of
// their bytes to Import: an error, or a graph that holds together.
func TestDamage(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			if _, err := Import(b[:n], ImportOptions{}); !known(err) {
				t.Fatalf("%s cut to %d bytes: %v", path, n, err)
			}
		}
		survived := 0
		for i := range b {
			bit := byte(1) << (i % 8)
			b[i] ^= bit
			g, err := Import(b, ImportOptions{})
			b[i] ^= bit
			if err == nil {
				survived++
				_, err = g.Shapes()
			} else if known(err) {
				err = nil
			}
			if err != nil {
				t.Fatalf("%s, byte %d ^ %#x: %v", path, i, bit, err)
			}
		}
		t.Logf("%s: %d of %d flips left a network (ONNX has no checksum)", path, survived, len(b))
	}
}

// known reports whether err is of the kinds that Import promises.
func known(err error) bool {
	return errors.Is(err, embed.ErrCorrupt) || errors.Is(err, embed.ErrUnsupported) || errors.Is(err, embed.ErrVersion)
}

func FuzzImport(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no files: %v", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Import(b, ImportOptions{})
		if err != nil {
			if !known(err) {
				t.Fatal(err)
			}
			return
		}
		if _, err := g.Shapes(); err != nil {
			t.Fatal(err)
		}
	})
}
