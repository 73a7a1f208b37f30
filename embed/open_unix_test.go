//go:build unix

package embed

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a FIFO would wait for a writer that never comes.
func TestOpenFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo.edge")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}
