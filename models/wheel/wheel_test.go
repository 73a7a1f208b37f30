package wheel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
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
	good := []byte("a wheel")
	w := Wheel{Name: "some-package", Version: "1.2.3", File: "some.whl", SHA256: sum(good), Pip: []string{"--abi", "cp311"}}
	src := filepath.Join(t.TempDir(), w.File)
	if err := os.WriteFile(src, good, 0o600); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), "a", "b")
	log := pipBrings(t, src)
	for range 2 {
		b, err := w.Fetch(t.Context(), cache, io.Discard)
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
	for _, b := range [][]byte{nil, good[:4], append(bytes.Clone(good), 0)} {
		if err := os.WriteFile(filepath.Join(cache, w.File), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Fetch(t.Context(), cache, io.Discard); err != nil || !bytes.Equal(got, good) {
			t.Errorf("with a damaged copy of %d bytes: %v", len(b), err)
		}
	}
	if c := calls(); len(c) != 4 {
		t.Errorf("pip was called %d times, want 4", len(c))
	}
}

func TestFetchRefuses(t *testing.T) {
	w := Wheel{Name: "some-package", Version: "1.2.3", File: "some.whl", SHA256: sum([]byte("good"))}
	src := filepath.Join(t.TempDir(), w.File)
	if err := os.WriteFile(src, []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipBrings(t, src)
	if _, err := w.Fetch(t.Context(), t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "sha256") || !strings.Contains(err.Error(), w.SHA256) {
		t.Errorf("another file under the name: %v", err)
	}
	w.File = "other.whl"
	if _, err := w.Fetch(t.Context(), t.TempDir(), io.Discard); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "another file") {
		t.Errorf("another name: %v", err)
	}
	pipBrings(t, "")
	if _, err := w.Fetch(t.Context(), t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("pip fails: %v", err)
	}
	pips = [][]string{{"no-such-program"}}
	if _, err := w.Fetch(t.Context(), t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "pip is needed") {
		t.Errorf("no pip: %v", err)
	}
}
