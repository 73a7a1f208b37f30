package embed

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

// TestGiveBack wants whole pages inside of a slice of a mapped file to leave
// memory, and all of them to hold the same as before afterwards.
func TestGiveBack(t *testing.T) {
	page := os.Getpagesize()
	content := make([]byte, 6*page)
	for i := range content {
		content[i] = byte(i * 7 >> 3)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := syscall.Mmap(int(f.Fd()), 0, len(content), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(b)
	// Pages that were written forget it when they are given back: this shows
	// which were.
	marked := func() (lost []int) {
		for p := range 6 {
			if b[p*page+9] == content[p*page+9] {
				lost = append(lost, p)
			}
		}
		return lost
	}
	for _, c := range []struct{ from, to, first, end int }{
		{0, 6 * page, 0, 6},
		{1, 6*page - 1, 1, 5},
		{page, 3 * page, 1, 3},
		{page + 1, 3*page + 1, 2, 3},
		{page + 1, 2*page + 1, 2, 2},
		{page + 1, page + 2, 0, 0},
		{7, 7, 0, 0},
	} {
		for p := range 6 {
			b[p*page+9] = ^content[p*page+9]
		}
		n := giveBack(b[c.from:c.to])
		lost := marked()
		if n != (c.end-c.first)*page || len(lost) != c.end-c.first || len(lost) > 0 && lost[0] != c.first {
			t.Errorf("%d to %d: %d bytes, pages %v, want %d to %d", c.from, c.to, n, lost, c.first, c.end)
		}
		giveBack(b)
		if !bytes.Equal(b, content) {
			t.Fatal("a page that comes back holds something else")
		}
	}
	if uintptr(unsafe.Pointer(&b[0]))%uintptr(page) != 0 {
		t.Error("the mapping does not begin with a page")
	}
}
