package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var word = regexp.MustCompile(`WORD \$0x[0-9a-f]{8}`)

// TestCommitted wants the files of package kernel to be what this program
// writes. The text is compared everywhere, the words beside it where GNU as is
// installed to say what they are.
func TestCommitted(t *testing.T) {
	_, missing := exec.LookPath(assembler)
	if missing != nil {
		t.Logf("only the text is compared: %v", missing)
	}
	for name, write := range files {
		want, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		as := assemble
		if missing != nil {
			as = func(k *kernel) ([]uint32, error) { return make([]uint32, len(k.text)), nil }
			want = word.ReplaceAll(want, []byte("WORD $$0x00000000"))
		}
		got, err := generate(write, as)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
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
