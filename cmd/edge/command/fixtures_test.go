package command

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/embed/onnx"
	"github.com/edge-camera/edge/support"
)

// The commands below make what scripts work on. A model in them is tiny: 16×16
// pixels in, 24 numbers out, made in milliseconds.

// mkmodel KIND FILE: a tiny model: int8, float (what int8 was made from), other
// (an int8 one whose embeddings mean something else) or wrong (the int8 one
// with a check input that no board computes so).
func mkmodel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mkmodel int8|float|other|wrong FILE")
	}
	m, err := tinyModel(args[0])
	ts.Check(err)
	b, err := m.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o666))
}

func tinyModel(kind string) (*embed.Model, error) {
	switch kind {
	case "int8":
		return embedtest.Tiny(), nil
	case "float":
		return embedtest.TinyFloat(), nil
	case "other":
		m := embedtest.Tiny()
		g := *m.Graph
		g.Input.Mean[0]++
		return &embed.Model{Meta: embed.Meta{Name: "other"}, Precision: m.Precision, Graph: &g, Quant: m.Quant}, nil
	case "wrong":
		m := embedtest.Tiny()
		m.Gold[1].Embedding = slices.Clone(m.Gold[1].Embedding)
		slices.Reverse(m.Gold[1].Embedding)
		return m, nil
	}
	return nil, fmt.Errorf("no kind of model %q", kind)
}

// mkonnx FILE [KIND]: the tiny float model as ONNX, or another network: mixed
// has every operator, classifier ten classes after its mean, open no mean.
func mkonnx(ts *testscript.TestScript, neg bool, args []string) {
	kind := "tiny"
	if len(args) == 2 {
		kind = args[1]
	}
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: mkonnx FILE [KIND]")
	}
	b := bytes.Buffer{}
	g := embedtest.TinyFloat().Graph
	switch kind {
	case "tiny":
	case "mixed":
		g = embedtest.MixedFloat(24).Graph
	case "classifier", "open":
		builder := embedtest.NewBuilder(16, 1)
		x := builder.Conv(0, embedtest.Same(3, 2, 16), 1, 12, embed.ActReLU)
		if kind == "classifier" {
			builder.Dense(builder.GlobalMean(x), 10, embed.ActNone)
		}
		g = builder.Graph()
	default:
		ts.Fatalf("no kind of network %q", kind)
	}
	ts.Check(onnx.Write(&b, g, onnx.WriteOptions{}))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o666))
}

// mkpicture THING FILE…: pictures of a thing, each a little different. The
// same thing and file name give the same picture; the ending says PNG or JPEG.
// The things "black", "white" and "grey" are pictures of nothing.
func mkpicture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mkpicture THING FILE…")
	}
	for _, file := range args[1:] {
		path := ts.MkAbs(file)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
		var b bytes.Buffer
		m := paint(args[0], filepath.Base(file), 64, 48)
		if strings.HasSuffix(file, ".png") {
			ts.Check(png.Encode(&b, m))
		} else {
			ts.Check(jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}))
		}
		ts.Check(os.WriteFile(path, b.Bytes(), 0o666))
	}
}

// paint draws a thing: stripes in colours that its name decides, shifted and
// lit by the variant.
func paint(thing, variant string, w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	plain := map[string]color.RGBA{"black": {0, 0, 0, 255}, "white": {255, 255, 255, 255}, "grey": {128, 128, 128, 255}}
	r := rand.New(rand.NewPCG(hash(thing), 0))
	var colours [3]color.RGBA
	for i := range colours {
		colours[i] = color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
	}
	stripe, slope := 6+r.IntN(12), r.IntN(5)-2
	v := rand.New(rand.NewPCG(hash(variant), 1))
	shift, light := v.IntN(3), v.IntN(9)-4
	for y := range h {
		for x := range w {
			c, ok := plain[thing]
			if !ok {
				c = colours[((x+slope*y+shift)/stripe%3+3)%3]
				lit := func(p uint8) uint8 { return uint8(min(max(int(p)+light+v.IntN(5), 0), 255)) }
				c = color.RGBA{lit(c.R), lit(c.G), lit(c.B), 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// mkclip FILE THING=FRAMES…: a clip that shows one thing after the other.
func mkclip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mkclip FILE THING=FRAMES…")
	}
	ts.Check(writeClip(ts.MkAbs(args[0]), args[1:]...))
}

func writeClip(path string, parts ...string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := camera.NewAVIWriter(f, camera.AVIOptions{Width: 64, Height: 48, FPS: 25, Quality: 95})
	if err != nil {
		return err
	}
	for _, part := range parts {
		thing, frames, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(frames)
		if err != nil {
			return err
		}
		for i := range n {
			m := paint(thing, fmt.Sprint(thing, i), 64, 48)
			frame := camera.Frame{Seq: uint64(i)}
			frame.Reset(64, 48, camera.RGB)
			for at := range 64 * 48 {
				copy(frame.Pix[3*at:], m.Pix[4*at:4*at+3])
			}
			if err := w.WriteFrame(&frame); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// mkbomb FILE.png WIDTH HEIGHT: a PNG of few bytes that claims to be huge.
func mkbomb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mkbomb FILE.png WIDTH HEIGHT")
	}
	width, err := strconv.ParseUint(args[1], 10, 31)
	ts.Check(err)
	height, err := strconv.ParseUint(args[2], 10, 31)
	ts.Check(err)
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		body := append([]byte(kind), data...)
		b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	chunk("IHDR", append(header, 8, 2, 0, 0, 0)) // 8 bits, RGB
	chunk("IDAT", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01"))
	chunk("IEND", nil)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// hold STORE: another program writes to the store, until release STORE.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold STORE")
	}
	set, err := support.Open(ts.MkAbs(args[0]), support.Options{})
	ts.Check(err)
	held.Store(ts.MkAbs(args[0]), set)
	ts.Defer(func() { _ = set.Close() })
}

func release(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: release STORE")
	}
	set, ok := held.LoadAndDelete(ts.MkAbs(args[0]))
	if !ok {
		ts.Fatalf("%s is not held", args[0])
	}
	ts.Check(set.(*support.Set).Close())
}

var held sync.Map // of *support.Set by path

// flip FILE OFFSET: turns every bit of one byte; a negative offset counts from
// the end.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	b, at := bytesAt(ts, args)
	b[at] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// spoil FOLDER: turns the last byte but one of every file in it, at least one.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spoil FOLDER")
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)-2] ^= 0xff
		return os.WriteFile(path, b, 0o666)
	}))
	if files == 0 {
		ts.Fatalf("%s holds no file", args[0])
	}
}

// cut FILE LENGTH: cuts a file off; a negative length leaves so many bytes out.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE LENGTH")
	}
	b, at := bytesAt(ts, args)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b[:at], 0o666))
}

func bytesAt(ts *testscript.TestScript, args []string) ([]byte, int) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	if at < 0 || at >= len(b) {
		ts.Fatalf("%s has %d bytes, no offset %s", args[0], len(b), args[1])
	}
	return b, at
}
