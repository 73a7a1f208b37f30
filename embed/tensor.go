package embed

import (
	"encoding/binary"
	"slices"
	"unsafe"
)

// element is what tensors in a model file are made of.
type element interface{ int8 | int32 | float32 }

// fileOrder tells whether this machine's memory has the file's byte order, so
// that tensors can be used as they lie there. Only tests write it.
var fileOrder = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// rawBytes returns the bytes that s is made of.
func rawBytes[T element](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(T(0))))
}

// tensor returns what the bytes of a file hold: b itself where order and
// alignment allow it, else a copy. An empty tensor is nil.
func tensor[T element](b []byte) []T {
	size := int(unsafe.Sizeof(T(0)))
	n := len(b) / size
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if (fileOrder || size == 1) && uintptr(p)%uintptr(size) == 0 {
		return unsafe.Slice((*T)(p), n)
	}
	s := make([]T, n)
	swap(rawBytes(s), b, size)
	return s
}

// fileBytes returns s as a file holds it: s itself where the order allows it.
func fileBytes[T element](s []T) []byte {
	size := int(unsafe.Sizeof(T(0)))
	b := rawBytes(s)
	if fileOrder || size == 1 {
		return b
	}
	out := make([]byte, len(b))
	swap(out, b, size)
	return out
}

// swap copies elements of size bytes, from the file's order or to it.
func swap(dst, src []byte, size int) {
	copy(dst, src)
	if fileOrder {
		return
	}
	for e := range slices.Chunk(dst, size) {
		slices.Reverse(e)
	}
}
