package embed

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.edge")
	want := smallInt8()
	if err := os.WriteFile(path, encode(t, want), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, got, want)
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	huge := file("huge.edge", nil)
	if err := os.Truncate(huge, maxFile+1); err != nil { // a sparse file
		t.Fatal(err)
	}
	flipped := encode(t, smallInt8())
	flipped[1000] ^= 1
	for _, c := range []struct {
		path string
		want error
		says string
	}{
		{filepath.Join(dir, "missing.edge"), fs.ErrNotExist, ""},
		{filepath.Join(huge, "below-a-file.edge"), nil, ""},
		{dir, ErrCorrupt, "folder"},
		{os.DevNull, ErrCorrupt, "not a regular file"},
		{file("empty.edge", nil), ErrCorrupt, "empty"},
		{huge, ErrCorrupt, "at most"},
		{file("flipped.edge", flipped), ErrCorrupt, "checksum"},
		{file("page.edge", []byte("\n<!DOCTYPE html><title>404</title>")), ErrCorrupt, "web page"},
	} {
		m, err := Open(c.path)
		if err == nil || m != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.path, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %q does not say %q and %q", err, c.path, c.says)
		}
	}
}

// A file that is cut while it is read is a damaged file, no crash.
func TestReadFileShrunk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(path, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{3, 10} {
		if b, err := readFile(path, size); err != nil || string(b) != "abc" {
			t.Errorf("%d bytes: %q, %v", size, b, err)
		}
	}
}

func TestNotModel(t *testing.T) {
	text := bytes.ReplaceAll([]byte(magic), []byte("\r\n"), []byte("\n"))
	for _, c := range []struct{ head, says string }{
		{"", "empty"},
		{magic[:3], "cut short"},
		{string(text), "text mode"},
		{strings.ReplaceAll(magic, "\n", "\r\n"), "text mode"},
		{"\x09EDG\r\n\x1a\n", "text mode"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00", "LFS"},
		{"<html><body>", "web page"},
		{"  <!doctype HTML>", "web page"},
		{"\x08\x07\x12\x07pytorch", "ONNX"},
		{"\x08\x0a:\x80\x01", "ONNX"},
		{"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"},
		{"PK\x03\x04....", "ZIP"},
		{"\x80\x02\x8a\nl\xfc\x9c", "PyTorch"},
		{"\x1f\x8b\x08", "compressed"},
		{"\x89HDF\r\n\x1a\n", "HDF5"},
		{"\xff\xd8\xff\xe0", "picture"},
		{"\x89PNG\r\n\x1a\n", "picture"},
		{"\x7fELF", "program"},
		{"hello, this is no model", "not an .edge model"},
		{"\x08\x00\x12", "not an .edge model"},
	} {
		if _, err := Decode([]byte(c.head)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: error %v, want one that says %q", c.head, err, c.says)
		}
	}
}
