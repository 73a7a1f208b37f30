package embed

import (
	"os"
	"syscall"
	"unsafe"
)

// giveBack tells the system that the pages of b, which are a file's and were
// never written, are not needed soon. Who reads them again gets them from the
// file. It reports how many bytes these are; b's ends, which share their pages
// with something else, are kept.
func giveBack(b []byte) int {
	page := os.Getpagesize()
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (page - 1)
	if skip >= len(b) {
		return 0
	}
	b = b[skip:]
	b = b[:len(b)&^(page-1)]
	// Not to get memory back is no error.
	if len(b) == 0 || syscall.Madvise(b, syscall.MADV_DONTNEED) != nil {
		return 0
	}
	return len(b)
}
