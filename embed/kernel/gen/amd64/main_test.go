package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCommitted wants the files of package kernel to be what this program
// writes.
func TestCommitted(t *testing.T) {
	for name, write := range files {
		want, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		got := generate(write)
		if !bytes.Equal(got, want) {
			at := 1
			a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
			for at <= min(len(a), len(b)) && bytes.Equal(a[at-1], b[at-1]) {
				at++
			}
			t.Errorf("%s is not what go generate ./embed/kernel writes, from line %d on", name, at)
		}
	}
}
