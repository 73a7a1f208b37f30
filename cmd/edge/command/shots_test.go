package command

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shots of a store that kept no quality are listed without any, not with zeros.
func TestShotsWithoutQuality(t *testing.T) {
	packed, err := os.Open("../../../support/testdata/store-1.2.log.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(z)
	dir := t.TempDir()
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "shots.log"), log, 0o666)); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"shots list cow --json": `"quality":null}` + "\n",
		"shots list cow":        ", from picture 5\n",
	} {
		var out, problems strings.Builder
		words := append(strings.Fields(args), "--store", dir)
		if code := Main(words, strings.NewReader(""), &out, &problems); code != 0 || !strings.HasSuffix(out.String(), want) {
			t.Errorf("%s: exit %d, %q, %s; want it to end in %q", args, code, out.String(), problems.String(), want)
		}
	}
}
