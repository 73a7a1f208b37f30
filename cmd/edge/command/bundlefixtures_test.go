package command

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// unzip FILE DIR: unpacks a zip, as a person would.
func unzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unzip FILE DIR")
	}
	for _, f := range readZip(ts, args[0]) {
		path := filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(f.header.Name))
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
		ts.Check(os.WriteFile(path, f.data, 0o666))
	}
}

type zipPart struct {
	header zip.FileHeader
	data   []byte
}

func readZip(ts *testscript.TestScript, name string) (parts []zipPart) {
	r, err := zip.OpenReader(ts.MkAbs(name))
	ts.Check(err)
	defer r.Close()
	for _, f := range r.File {
		rc, err := f.Open()
		ts.Check(err)
		b, err := io.ReadAll(rc)
		ts.Check(err)
		parts = append(parts, zipPart{zip.FileHeader{Name: f.Name, Method: f.Method}, b})
	}
	return parts
}

// mkbundle FROM TO HOW: a bundle of two classes of two shots with something
// about it: bare (the first shot has no crop), allbare, nopicture, sum, missing, version,
// path, link, twice, bomb, many, nan or short.
func mkbundle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mkbundle FROM TO HOW")
	}
	parts := readZip(ts, args[0])
	find := func(name string) int {
		i := slices.IndexFunc(parts, func(p zipPart) bool { return strings.HasPrefix(p.header.Name, name) })
		if i < 0 {
			ts.Fatalf("%s holds no %s", args[0], name)
		}
		return i
	}
	var m map[string]any
	manifest := find("manifest.json")
	ts.Check(json.Unmarshal(parts[manifest].data, &m))
	shot := func(class, i int) map[string]any {
		return m["classes"].([]any)[class].(map[string]any)["shots"].([]any)[i].(map[string]any)
	}
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	table := m["embeddings"].([]any)[0].(map[string]any)
	add := func(name string, mode os.FileMode, b []byte) {
		h := zip.FileHeader{Name: name, Method: zip.Deflate}
		if len(b) == 0 {
			h.Method = zip.Store
		}
		h.SetMode(mode)
		parts = append(parts, zipPart{h, b})
	}
	switch args[2] {
	case "bare":
		delete(shot(0, 0), "crop")
		delete(shot(0, 0), "sha256")
	case "allbare":
		for class := range 2 {
			for i := range 2 {
				delete(shot(class, i), "crop")
				delete(shot(class, i), "sha256")
			}
		}
	case "nopicture":
		b := []byte("no picture at all")
		parts[find("mug/4.jpg")].data, shot(1, 1)["sha256"] = b, sum(b)
	case "sum":
		shot(1, 1)["sha256"] = sum(nil)
	case "missing":
		parts[find("mug/4.jpg")].header.Name = "mug/5.jpg"
	case "version":
		m["version"] = 2
	case "path":
		add("../up.jpg", 0o644, nil)
	case "link":
		add("link", os.ModeSymlink|0o777, []byte("/etc/passwd"))
	case "twice":
		add("mug/4.jpg", 0o644, nil)
	case "bomb":
		add("bomb", 0o644, make([]byte, 32<<20))
	case "many":
		for i := range 100_000 {
			add(fmt.Sprint("file", i), 0o644, nil)
		}
	case "nan":
		p := &parts[find("embeddings-")]
		p.data = slices.Clone(p.data)
		copy(p.data, "\xff\xff\xff\xff")
		table["sha256"] = sum(p.data)
	case "short":
		p := &parts[find("embeddings-")]
		p.data = p.data[:len(p.data)-4]
		table["sha256"] = sum(p.data)
	default:
		ts.Fatalf("no bundle %q", args[2])
	}
	var err error
	parts[manifest].data, err = json.Marshal(m)
	ts.Check(err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range parts {
		f, err := w.CreateHeader(&parts[i].header)
		ts.Check(err)
		_, err = f.Write(parts[i].data)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o666))
}
