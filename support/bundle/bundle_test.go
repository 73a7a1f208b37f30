package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

var (
	printA = embed.Fingerprint{0xaa, 1}
	printB = embed.Fingerprint{0xbb, 1}
)

// memory is a Source that need not be a store.
type memory struct {
	ways  []support.Way
	shots []support.Shot
	crops map[uint64][]byte
	bad   map[uint64]bool
}

func (m *memory) Ways() []support.Way { return m.ways }

func (m *memory) Shots(class string) (out []support.Shot) {
	for _, s := range m.shots {
		if s.Class == class {
			out = append(out, s)
		}
	}
	return out
}

func (m *memory) Crop(id uint64) ([]byte, error) {
	switch {
	case m.bad[id]:
		return nil, fmt.Errorf("%w: the picture of shot %d", support.ErrCorrupt, id)
	case m.crops[id] == nil:
		return nil, support.ErrNotFound
	}
	return m.crops[id], nil
}

// example has three classes, a shot without a crop and one of another model. Of
// the pictures every other one was measured.
func example() *memory {
	m := &memory{crops: map[uint64][]byte{}}
	at := time.Date(2026, 3, 1, 12, 0, 0, 123, time.UTC)
	for i, class := range []string{"cup", "cup", "a:b", "☕ or tea", "cup"} {
		s := support.Shot{ID: uint64(i + 1), Class: class, Time: at.Add(time.Duration(i) * time.Hour), Source: "camera:0", Fingerprint: printA, Embedding: embed.Embedding{float32(i) + 0.1, -1, 2}}
		if i == 3 {
			s.Fingerprint, s.Embedding = printB, embed.Embedding{7, 8}
		}
		if i%2 == 0 {
			s.Quality = &support.Quality{Light: 0.1 * float32(i), Dark: 0.3, Bright: 0.2, Contrast: 0.25, Sharpness: 1234.5}
		}
		if i != 1 {
			m.crops[s.ID] = bytes.Repeat([]byte{0xff, 0xd8, byte(i)}, 10*i+10)
		}
		m.shots = append(m.shots, s)
	}
	for i, class := range []string{"cup", "a:b", "☕ or tea"} {
		m.ways = append(m.ways, support.Way{Class: class, Shots: len(m.Shots(class)), Created: at.Add(time.Duration(i))})
	}
	return m
}

func options() Options {
	return Options{Program: "edge test", Model: func(f embed.Fingerprint) string {
		if f == printA {
			return "model a"
		}
		return ""
	}}
}

func pack(t testing.TB, src Source, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(&b, src, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte) (*Bundle, error) { return Open(bytes.NewReader(b), int64(len(b))) }

func TestRoundTrip(t *testing.T) {
	src := example()
	packed := pack(t, src, options())
	if again := pack(t, src, options()); !bytes.Equal(packed, again) {
		t.Error("the same content makes other bytes")
	}
	b, err := open(packed)
	if err != nil {
		t.Fatal(err)
	}
	m := b.Manifest
	if m.Program != "edge test" || m.Shots() != 5 || len(m.Classes) != 3 || len(m.Embeddings) != 2 {
		t.Errorf("the manifest is %+v", m)
	}
	if a := m.Embeddings[0]; a.Fingerprint != printA || a.Model != "model a" || a.Dim != 3 || a.Rows != 4 || a.File != "embeddings-aa010000.f32" {
		t.Errorf("the table is %+v", a)
	}
	for i, c := range m.Classes {
		if w := src.ways[i]; c.Class != w.Class || !c.Created.Equal(w.Created) || len(c.Shots) != w.Shots {
			t.Errorf("class %d is %+v, want %+v", i, c, w)
		}
		for j, s := range c.Shots {
			want := src.Shots(c.Class)[j]
			if s.ID != want.ID || !s.Time.Equal(want.Time) || s.Source != want.Source || *s.Fingerprint != want.Fingerprint {
				t.Errorf("shot %d is %+v, want %+v", j, s, want)
			}
			if got := s.Quality; (got == nil) != (want.Quality == nil) || got != nil && *got != *want.Quality {
				t.Errorf("the quality of shot %d is %+v, want %+v", s.ID, got, want.Quality)
			}
			if got := b.Embedding(&s); !slices.Equal(got, want.Embedding) {
				t.Errorf("shot %d is %v, want %v", s.ID, got, want.Embedding)
			}
			crop, err := b.Crop(&s)
			if err != nil || !bytes.Equal(crop, src.crops[s.ID]) {
				t.Errorf("the crop of shot %d is %d bytes, %v", s.ID, len(crop), err)
			}
		}
	}

	// What a person finds in it.
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	want := []string{"cup/1.jpg", "cup/5.jpg", "a_b/3.jpg", "☕ or tea/4.jpg", "embeddings-aa010000.f32", "embeddings-bb010000.f32", "manifest.json"}
	if !slices.Equal(names, want) {
		t.Errorf("the zip holds %q, want %q", names, want)
	}
	if got := z.File[0].Modified.UTC(); !got.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the crop is of %s", got)
	}
}

func TestWriteSome(t *testing.T) {
	opt := options()
	opt.Classes = []string{"a:b"}
	steps := 0
	opt.Progress = func(done, of int) {
		if steps++; done != steps || of != 1 {
			t.Errorf("step %d of %d", done, of)
		}
	}
	b, err := open(pack(t, example(), opt))
	if err != nil || b.Manifest.Shots() != 1 || steps != 1 {
		t.Fatalf("%v after %d steps", err, steps)
	}
	opt.Classes = []string{"a:b", "nothing"}
	if _, err := Write(io.Discard, example(), opt); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("a class that is not there: %v", err)
	}
	if b, err := open(pack(t, &memory{}, Options{})); err != nil || b.Manifest.Shots() != 0 {
		t.Errorf("an empty store: %v", err)
	}

	src := example()
	src.bad = map[uint64]bool{3: true}
	if _, err := Write(io.Discard, src, options()); !errors.Is(err, support.ErrCorrupt) {
		t.Errorf("a damaged crop: %v", err)
	}
	told := uint64(0)
	opt = options()
	opt.Damaged = func(s support.Shot, _ error) { told = s.ID }
	b, err = open(pack(t, src, opt))
	if err != nil || told != 3 || b.Manifest.Shots() != 5 || b.Manifest.Classes[1].Shots[0].Crop != "" {
		t.Errorf("a damaged crop, told of shot %d: %v", told, err)
	}

	src = example()
	src.shots[4].Embedding = embed.Embedding{1}
	if _, err := Write(io.Discard, src, options()); !errors.Is(err, support.ErrCorrupt) {
		t.Errorf("embeddings of two lengths: %v", err)
	}
	want := errors.New("disk full")
	if _, err := Write(failing{want}, example(), options()); !errors.Is(err, want) {
		t.Errorf("a full disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestFolders(t *testing.T) {
	f := folders{manifestName: true}
	for _, c := range []struct{ class, want string }{
		{"cup", "cup"},
		{"Cup", "Cup~2"},
		{"CUP", "CUP~3"},
		{"a:b", "a_b"},
		{"a?b", "a_b~2"},
		{".git", "_.git"},
		{"end.", "end"},
		{"...", "_"},
		{"con", "_con"},
		{"Lpt1.txt", "_Lpt1.txt"},
		{"console", "console"},
		{"manifest.json", "manifest.json~2"},
		{"☕", "☕"},
	} {
		if got := f.take(c.class); got != c.want {
			t.Errorf("%q gets the folder %q, want %q", c.class, got, c.want)
		}
		if err := checkPath(c.want + "/1.jpg"); err != nil {
			t.Error(err)
		}
	}
}

// part is an entry of a zip that a test puts together.
type part struct {
	header zip.FileHeader
	data   []byte
}

// take apart a bundle, and zip parts together again, with right sums.
func parts(t testing.TB, packed []byte) (out []part) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, part{zip.FileHeader{Name: f.Name, Method: f.Method}, b})
	}
	return out
}

func join(t testing.TB, ps []part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range ps {
		f, err := w.CreateHeader(&ps[i].header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(ps[i].data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// edit changes the manifest as JSON.
func edit(t testing.TB, packed []byte, change func(m map[string]any)) []byte {
	t.Helper()
	ps := parts(t, packed)
	last := &ps[len(ps)-1]
	var m map[string]any
	if err := json.Unmarshal(last.data, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	var err error
	if last.data, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return join(t, ps)
}

func class(m map[string]any, i int) map[string]any {
	return m["classes"].([]any)[i].(map[string]any)
}

func shot(m map[string]any, c, i int) map[string]any {
	return class(m, c)["shots"].([]any)[i].(map[string]any)
}

func quality(m map[string]any) map[string]any { return shot(m, 0, 0)["quality"].(map[string]any) }

func table(m map[string]any, i int) map[string]any {
	return m["embeddings"].([]any)[i].(map[string]any)
}

func TestRefusesManifest(t *testing.T) {
	good := pack(t, example(), options())
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		kind   error
		text   string
	}{
		{"another format", func(m map[string]any) { m["format"] = "edge store" }, ErrCorrupt, `"edge store"`},
		{"a newer version", func(m map[string]any) { m["version"] = 2 }, ErrVersion, "2, this program reads 1"},
		{"a newer version of another shape", func(m map[string]any) { m["version"], m["classes"] = 2, "cup" }, ErrVersion, "2"},
		{"no version", func(m map[string]any) { delete(m, "version") }, ErrCorrupt, "version is 0"},
		{"another shape", func(m map[string]any) { m["classes"] = "cup" }, ErrCorrupt, "manifest.json"},
		{"a class that no store takes", func(m map[string]any) { class(m, 0)["class"] = "../up" }, ErrCorrupt, "bad class name"},
		{"the class unknown", func(m map[string]any) { class(m, 0)["class"] = "unknown" }, ErrCorrupt, "unknown"},
		{"a class twice", func(m map[string]any) { class(m, 1)["class"] = "cup" }, ErrCorrupt, `"cup" is there twice`},
		{"a shot twice", func(m map[string]any) { shot(m, 0, 1)["id"] = 1 }, ErrCorrupt, "shot 1 is there twice"},
		{"a negative shot", func(m map[string]any) { shot(m, 0, 1)["id"] = -1 }, ErrCorrupt, "manifest.json"},
		{"no time", func(m map[string]any) { shot(m, 0, 1)["time"] = "noon" }, ErrCorrupt, "manifest.json"},
		{"a long source", func(m map[string]any) { shot(m, 0, 1)["source"] = strings.Repeat("x", maxSource+1) }, ErrCorrupt, "shot 2 has a source"},
		{"no quality", func(m map[string]any) { shot(m, 0, 0)["quality"] = 2 }, ErrCorrupt, "manifest.json"},
		{"a quality that cannot be", func(m map[string]any) { quality(m)["light"] = 1.5 }, ErrCorrupt, "shot 1: quality: light is 1.5, want 0 to 1"},
		{"a quality beyond numbers", func(m map[string]any) { quality(m)["sharpness"] = 1e300 }, ErrCorrupt, "manifest.json"},
		{"a missing crop", func(m map[string]any) { shot(m, 0, 0)["crop"] = "cup/9.jpg" }, ErrCorrupt, `the crop of shot 1, "cup/9.jpg", is not in the zip`},
		{"a crop outside", func(m map[string]any) { shot(m, 0, 0)["crop"] = "../../etc/passwd" }, ErrCorrupt, "not in the zip"},
		{"a crop of two", func(m map[string]any) { shot(m, 0, 2)["crop"] = "cup/1.jpg" }, ErrCorrupt, "shot 5 has the crop of another"},
		{"a crop without its sum", func(m map[string]any) { delete(shot(m, 0, 0), "sha256") }, ErrCorrupt, "shot 1"},
		{"a short sum", func(m map[string]any) { shot(m, 0, 0)["sha256"] = "abcd" }, ErrCorrupt, "4 digits"},
		{"nothing of a shot", func(m map[string]any) { delete(shot(m, 0, 1), "fingerprint") }, ErrCorrupt, "neither a crop nor an embedding"},
		{"an unlisted model", func(m map[string]any) { shot(m, 0, 1)["fingerprint"] = strings.Repeat("cc", 32) }, ErrCorrupt, "model cccccccc are none"},
		{"a row beyond", func(m map[string]any) { shot(m, 0, 1)["row"] = 4 }, ErrCorrupt, "shot 2: row 4 of 4"},
		{"a row before", func(m map[string]any) { shot(m, 0, 1)["row"] = -1 }, ErrCorrupt, "row -1"},
		{"a row of two", func(m map[string]any) { shot(m, 0, 1)["row"] = 0 }, ErrCorrupt, "is that of shot 1"},
		{"a wrong length", func(m map[string]any) { table(m, 0)["dim"] = 4 }, ErrCorrupt, "48 bytes"},
		{"no numbers", func(m map[string]any) { table(m, 0)["dim"] = 0 }, ErrCorrupt, "0 numbers"},
		{"too many numbers", func(m map[string]any) { table(m, 0)["dim"] = 1 << 17 }, ErrCorrupt, "numbers"},
		{"too many rows", func(m map[string]any) { table(m, 0)["rows"] = 1 << 30 }, ErrLimit, "bytes of embeddings"},
		{"no rows", func(m map[string]any) { table(m, 0)["rows"] = 0 }, ErrCorrupt, "0 rows"},
		{"fewer rows", func(m map[string]any) { table(m, 0)["rows"] = 3 }, ErrCorrupt, "48 bytes"},
		{"a table's wrong sum", func(m map[string]any) { table(m, 0)["sha256"] = strings.Repeat("00", 32) }, ErrCorrupt, "sha256"},
		{"a missing table", func(m map[string]any) { table(m, 0)["file"] = "e.f32" }, ErrCorrupt, "e.f32 is not in it"},
		{"a table twice", func(m map[string]any) { table(m, 1)["fingerprint"] = printA.String() }, ErrCorrupt, "are there twice"},
	} {
		_, err := open(edit(t, good, c.change))
		if !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: %v, want %q", c.name, err, c.text)
		}
	}
	// What is not known yet is passed over.
	if _, err := open(edit(t, good, func(m map[string]any) { m["later"], shot(m, 0, 0)["later"], quality(m)["later"] = 1, 2, 3 })); err != nil {
		t.Errorf("unknown keys: %v", err)
	}
}

func TestRefusesContent(t *testing.T) {
	good := pack(t, example(), options())
	// Numbers that are not finite, with the right sum.
	for _, bits := range []uint32{math.Float32bits(float32(math.NaN())), math.Float32bits(float32(math.Inf(-1)))} {
		src := example()
		src.shots[1].Embedding = slices.Clone(src.shots[1].Embedding)
		src.shots[1].Embedding[2] = math.Float32frombits(bits)
		if _, err := open(pack(t, src, options())); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "shot 2: a number in it is not finite") {
			t.Errorf("%x: %v", bits, err)
		}
	}
	src := example()
	src.shots[1].Embedding = make(embed.Embedding, 3)
	if _, err := open(pack(t, src, options())); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "shot 2: is all zero") {
		t.Errorf("zero: %v", err)
	}
	// Another crop under the name.
	ps := parts(t, good)
	ps[0].data = []byte("\xff\xd8 another picture")
	b, err := open(join(t, ps))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Crop(&b.Manifest.Classes[0].Shots[0]); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "cup/1.jpg has another sha256") {
		t.Errorf("another crop: %v", err)
	}
	if _, err := b.Crop(&b.Manifest.Classes[0].Shots[2]); err != nil {
		t.Errorf("the crop beside it: %v", err)
	}
	// A manifest that is none.
	ps = parts(t, good)
	ps[len(ps)-1].data = []byte("{")
	if _, err := open(join(t, ps)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), manifestName) {
		t.Errorf("half a manifest: %v", err)
	}
	if _, err := open(join(t, ps[:len(ps)-1])); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "manifest.json is not in it") {
		t.Errorf("no manifest: %v", err)
	}
}

func TestRefusesPaths(t *testing.T) {
	good := parts(t, pack(t, example(), options()))
	for _, name := range []string{"../up.jpg", "a/../../up.jpg", "/etc/passwd", "a\\b.jpg", "C:/x", "a//b", "./a", "..", "a\x00b", "a\nb", "\xff", "cup/1.jpg", "cup/1.jpg/"} {
		_, err := open(join(t, append(slices.Clone(good), part{zip.FileHeader{Name: name, Method: zip.Store}, nil})))
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("an entry %q: %v", name, err)
		}
	}
	for _, mode := range []os.FileMode{os.ModeSymlink, os.ModeDevice, os.ModeNamedPipe, os.ModeDir} {
		h := zip.FileHeader{Name: "thing", Method: zip.Store}
		h.SetMode(mode | 0o777)
		if _, err := open(join(t, append(slices.Clone(good), part{h, []byte("../../etc")}))); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "no file") {
			t.Errorf("a %v: %v", mode, err)
		}
	}
	// What other programs put into a zip does no harm.
	for _, name := range []string{"cup/", ".DS_Store", "__MACOSX/cup/._1.jpg", "note.txt", "a…b"} {
		if _, err := open(join(t, append(slices.Clone(good), part{zip.FileHeader{Name: name, Method: zip.Store}, nil}))); err != nil {
			t.Errorf("an entry %q: %v", name, err)
		}
	}
}

func TestRefusesBombs(t *testing.T) {
	good := parts(t, pack(t, example(), options()))
	zeros := func(n int) part {
		return part{zip.FileHeader{Name: "zeros", Method: zip.Deflate}, make([]byte, n)}
	}
	wantLimit := func(what string, packed []byte, text string) {
		t.Helper()
		if _, err := open(packed); !errors.Is(err, ErrLimit) || !strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("%s: %v, want %q", what, err, text)
		}
	}
	wantLimit("zeros", join(t, append(slices.Clone(good), zeros(2<<20))), "claim to be 2097152")

	// So many entries that the directory alone is large, and a little fewer.
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range MaxEntries + 1 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i), Method: zip.Store}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	wantLimit("too many entries", b.Bytes(), "50001 entries")
	b.Reset()
	w = zip.NewWriter(&b)
	for i := range 300 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d%s", i, strings.Repeat("x", 60_000)), Method: zip.Store}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	wantLimit("long names", b.Bytes(), "directory of more")

	// Sizes in the directory that are not those of the data.
	packed := join(t, good)
	claim := func(name string, size, compressed uint32) []byte {
		p := slices.Clone(packed)
		at := bytes.LastIndex(p, []byte(name)) - 46
		if string(p[at:at+4]) != "PK\x01\x02" {
			t.Fatal("no directory entry of", name)
		}
		if compressed > 0 {
			binary.LittleEndian.PutUint32(p[at+20:], compressed)
		}
		binary.LittleEndian.PutUint32(p[at+24:], size)
		return p
	}
	wantLimit("a claim of 4 GB", claim("cup/1.jpg", 0xfffffff0, 0), "claims 4294967280 bytes")
	wantLimit("overlapping entries", claim("cup/1.jpg", 900, uint32(len(packed))), "more than the")
	wantLimit("a large manifest", claim(manifestName, MaxManifest+1, uint32(len(packed))/4), "bytes")
	for _, size := range []uint32{1, 29, 31, 2000} {
		p := claim("cup/1.jpg", size, 0)
		bundle, err := open(p)
		if err == nil {
			_, err = bundle.Crop(&bundle.Manifest.Classes[0].Shots[0])
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("a crop of 30 bytes that claims %d: %v", size, err)
		}
	}
	if _, err := Open(bytes.NewReader(nil), MaxBytes+1); !errors.Is(err, ErrLimit) {
		t.Errorf("a file of %d bytes: %v", MaxBytes+1, err)
	}

	// Many tables that together come to too much; none is there to be read.
	m := &Manifest{Format: format, Version: version}
	for i := range 300 {
		m.Embeddings = append(m.Embeddings, Table{Fingerprint: embed.Fingerprint{byte(i), byte(i >> 8)}, Dim: smallEntry / 4 / 16, Rows: 16})
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	wantLimit("many tables", join(t, []part{{zip.FileHeader{Name: manifestName}, raw}}), "bytes of embeddings")
}

func TestRefusesOthers(t *testing.T) {
	good := pack(t, example(), options())
	for n := range good {
		if _, err := open(good[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	for _, s := range []string{"", "no zip", strings.Repeat("no zip", 1000), "PK\x05\x06" + strings.Repeat("\xff", 18)} {
		if _, err := open([]byte(s)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%.10q: %v", s, err)
		}
	}
	secret := parts(t, good)
	secret[0].header.Flags |= 1
	if _, err := open(join(t, secret)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("an encrypted entry: %v", err)
	}
	p := slices.Clone(good)
	at := bytes.LastIndex(p, []byte(manifestName)) - 46
	p[at+10] = 12
	if _, err := open(p); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "method 12") {
		t.Errorf("another method: %v", err)
	}
	want := errors.New("stick pulled out")
	if _, err := Open(failingReader{want}, 1000); !errors.Is(err, want) || errors.Is(err, ErrCorrupt) {
		t.Errorf("a stick pulled out: %v", err)
	}
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// Every byte that is flipped is noticed or harms nothing that is used.
func TestFlips(t *testing.T) {
	src := example()
	good := pack(t, src, options())
	noticed, tried := 0, 0
	for i := range good {
		if i >= 64 && i < len(good)-256 && i%3 != 0 {
			continue // in the middle every third byte tells as much
		}
		tried++
		p := slices.Clone(good)
		p[i] ^= 0x20
		b, err := open(p)
		if err == nil {
			err = b.all(func(c *Class, s *Shot, crop []byte, e embed.Embedding) {
				j := slices.IndexFunc(src.shots, func(w support.Shot) bool { return w.ID == s.ID })
				if j < 0 || !slices.Equal(e, src.shots[j].Embedding) || !bytes.Equal(crop, src.crops[s.ID]) || c.Class != src.shots[j].Class {
					t.Errorf("byte %d: shot %d of %q became another", i, s.ID, c.Class)
				}
			})
		}
		if err != nil {
			noticed++
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) && !errors.Is(err, ErrVersion) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	if noticed < tried/2 { // local headers, times and the like are nobody's
		t.Errorf("%d of %d flips were noticed", noticed, tried)
	}
}

// all reads everything.
func (b *Bundle) all(visit func(*Class, *Shot, []byte, embed.Embedding)) error {
	for i := range b.Manifest.Classes {
		c := &b.Manifest.Classes[i]
		for j := range c.Shots {
			crop, err := b.Crop(&c.Shots[j])
			if err != nil {
				return err
			}
			visit(c, &c.Shots[j], crop, b.Embedding(&c.Shots[j]))
		}
	}
	return nil
}

// A real store's shots go through a bundle unchanged.
func TestStore(t *testing.T) {
	set, err := support.Open(filepath.Join(t.TempDir(), "store"), support.Options{Fingerprint: printA, Dim: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	crop := []byte("\xff\xd8 a picture")
	if _, err := set.Add("cup", embed.Embedding{1, 2, 3}, crop, "camera:0", time.Time{}); err != nil {
		t.Fatal(err)
	}
	b, err := open(pack(t, set, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	s := &b.Manifest.Classes[0].Shots[0]
	got, err := b.Crop(s)
	if err != nil || !bytes.Equal(got, crop) || !slices.Equal(b.Embedding(s), embed.Embedding{1, 2, 3}) {
		t.Errorf("%q %v, %v", got, b.Embedding(s), err)
	}
}
