package command

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// workbench is a folder with the tiny model in it, for tests that need edge as a
// process of its own.
type workbench struct {
	dir   string
	store string
}

func newWorkbench(t *testing.T) workbench {
	t.Helper()
	m, err := tinyModel("int8")
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w := workbench{dir: t.TempDir()}
	w.store = filepath.Join(w.dir, "store")
	w.write(t, "tiny.edge", b)
	return w
}

func (w workbench) write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// edge is a command that runs this test binary as edge: testscript.Main goes
// by the name.
func (w workbench) edge(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = append([]string{"edge"}, args...)
	c.Dir = w.dir
	c.Env = append(os.Environ(), "EDGE_MODEL=tiny.edge", "EDGE_STORE="+w.store, "EDGE_THREADS=1", "GORACE="+raceOptions)
	return c
}

// begin starts c and returns what it prints, line by line, and what it says.
func begin(t *testing.T, c *exec.Cmd) (lines *bufio.Scanner, stderr *bytes.Buffer) {
	t.Helper()
	stderr = new(bytes.Buffer)
	c.Stderr = stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(out), stderr
}

// output runs edge and returns what it printed.
func (w workbench) output(t *testing.T, args ...string) string {
	t.Helper()
	c := w.edge(t, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("edge %v: %v: %s", args, err, stderr.Bytes())
	}
	return string(out)
}
