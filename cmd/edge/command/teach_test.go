package command

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// fullDisk is a file system whose writes fail once left of them are done.
type fullDisk struct {
	support.FS
	left *int
}

func (d fullDisk) OpenWrite(name string) (support.File, error) {
	f, err := d.FS.OpenWrite(name)
	return fullFile{f, d.left}, err
}

type fullFile struct {
	support.File
	left *int
}

func (f fullFile) WriteAt(b []byte, off int64) (int, error) {
	if *f.left == 0 {
		return 0, syscall.ENOSPC
	}
	*f.left--
	return f.File.WriteAt(b, off)
}

// TestDiskFull: a shot that could not be kept has no line, and the verb ends
// with the store's exit code.
func TestDiskFull(t *testing.T) {
	w := newWorkbench(t)
	var paths []string
	for i := range 3 {
		var b bytes.Buffer
		if err := png.Encode(&b, paint("cup", fmt.Sprint(i), 64, 48)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, w.write(t, fmt.Sprintf("%d.png", i), b.Bytes()))
	}
	m, err := tinyModel("int8")
	if err != nil {
		t.Fatal(err)
	}
	network, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	session := network.NewSession(1)
	defer session.Close()
	left := 2
	set, err := support.Open(w.store, support.Options{Fingerprint: network.Fingerprint(), Dim: network.Dim(), FS: fullDisk{support.OS, &left}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	teach := teacher{
		e: &env{stdout: &out, stderr: io.Discard}, o: &teachOptions{}, set: set, session: session,
		side: network.Input().Height, embedding: make(embed.Embedding, network.Dim()),
	}
	err = teach.teach(t.Context(), lesson{"cup", paths})
	if code, hint := diagnose(fmt.Errorf("%w", err)); !errors.Is(err, syscall.ENOSPC) || code != exitStore || hint == "" {
		t.Errorf("%v: exit code %d, hint %q", err, code, hint)
	}
	told := strings.Count(out.String(), "cup: shot ")
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if kept := strings.Count(w.output(t, "shots"), "\n"); told == 0 || told == len(paths) || kept != told {
		t.Errorf("%d shots told, %d kept of %d:\n%s", told, kept, len(paths), out.String())
	}
}
