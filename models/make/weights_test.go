package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stored is a tensor as torch.save puts it: strides say how data lies.
type stored struct {
	name         string
	size, stride []int
	offset       int
	data         []float32
	class        string // of the storage, "FloatStorage" where empty
}

// savePth writes the legacy format of torch.save as PyTorch 1.5 does: five
// pickles (magic number, protocol, system, state dictionary, keys of storages)
// and then each storage's length and elements.
func savePth(tensors []stored) []byte {
	var b []byte
	op := func(s string) { b = append(b, s...) }
	text := func(s string) {
		op("X")
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		op(s)
	}
	number := func(n int) {
		op("J")
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	tuple := func(v []int) {
		op("(")
		for _, n := range v {
			number(n)
		}
		op("t")
	}
	op("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.") // 0x1950a86a20f9469cfc6c
	op("\x80\x02M\xe9\x03.")
	op("\x80\x02}.")
	op("\x80\x02ccollections\nOrderedDict\n)R(")
	for _, t := range tensors {
		class := t.class
		if class == "" {
			class = "FloatStorage"
		}
		text(t.name)
		op("ctorch._utils\n_rebuild_tensor_v2\n((")
		text("storage")
		op("ctorch\n" + class + "\n")
		text("key " + t.name)
		text("cpu")
		number(len(t.data))
		op("NtQ")
		number(t.offset)
		tuple(t.size)
		tuple(t.stride)
		op("\x89ccollections\nOrderedDict\n)RtR")
	}
	op("u.")
	op("\x80\x02](")
	for _, t := range tensors {
		text("key " + t.name)
	}
	op("e.")
	for _, t := range tensors {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(t.data)))
		for _, v := range t.data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}

func sum256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func readPth(t *testing.T, b []byte) (*weights, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pth")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return readWeights(path, sum256(b))
}

func TestTake(t *testing.T) {
	w, err := readPth(t, savePth([]stored{
		{name: "plain", size: []int{2, 3}, stride: []int{3, 1}, data: []float32{1, 2, 3, 4, 5, 6}},
		{name: "turned", size: []int{2, 3}, stride: []int{1, 2}, data: []float32{1, 4, 2, 5, 3, 6}},
		{name: "late", size: []int{2}, stride: []int{2}, offset: 1, data: []float32{9, 1, 9, 2}},
		{name: "bn.num_batches_tracked", data: []float32{0}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"plain": {1, 2, 3, 4, 5, 6}, "turned": {1, 2, 3, 4, 5, 6}} {
		if got, err := w.take(name, 2, 3); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	if err := w.rest(); err == nil || !strings.Contains(err.Error(), "late") {
		t.Errorf("a tensor is left over: %v", err)
	}
	if got, err := w.take("late", 2); err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("late: %v, %v", got, err)
	}
	if err := w.rest(); err != nil {
		t.Errorf("nothing is left over: %v", err)
	}
}

func TestTakeRefuses(t *testing.T) {
	nan := float32(math.NaN())
	w, err := readPth(t, savePth([]stored{
		{name: "short", size: []int{4}, stride: []int{1}, data: []float32{1, 2, 3}},
		{name: "back", size: []int{2}, stride: []int{-1}, data: []float32{1, 2}},
		{name: "ints", size: []int{1}, stride: []int{1}, data: []float32{1}, class: "IntStorage"},
		{name: "nan", size: []int{2}, stride: []int{1}, data: []float32{1, nan}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		size []int
		says string
	}{
		{"short", []int{4}, "element 3 of 3"},
		{"short", []int{2, 2}, "size [4]"},
		{"short", []int{3}, "size [4]"},
		{"back", []int{2}, "stride"},
		{"ints", []int{1}, "float32"},
		{"nan", []int{2}, "NaN at [1]"},
		{"missing", []int{1}, "no missing"},
	} {
		if _, err := w.take(test.name, test.size...); !errors.Is(err, errWeights) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s %v: %v, want an error that says %q", test.name, test.size, err, test.says)
		}
	}
}

// TestDamagedPth: every truncation and flipped byte is noticed by the sum.
// Without it, the unpickler must still not panic on what is cut off.
func TestDamagedPth(t *testing.T) {
	good := savePth([]stored{{name: "w", size: []int{2}, stride: []int{1}, data: []float32{1, 2}}})
	sum := sum256(good)
	path := filepath.Join(t.TempDir(), "x.pth")
	refused := func(b []byte, what string, i int) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readWeights(path, sum); !errors.Is(err, errWeights) || !strings.Contains(err.Error(), path) {
			t.Fatalf("%s %d: %v", what, i, err)
		}
	}
	for i := range good {
		refused(good[:i], "cut to", i)
		flipped := bytes.Clone(good)
		flipped[i] ^= 1 << (i % 8)
		refused(flipped, "flipped", i)
	}
	for i := range len(good) - 8 {
		if err := os.WriteFile(path, good[:i], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readWeights(path, sum256(good[:i])); !errors.Is(err, errWeights) {
			t.Fatalf("cut to %d with a matching sum: %v", i, err)
		}
	}
	if _, err := readWeights(filepath.Join(t.TempDir(), "missing.pth"), sum); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for what, b := range map[string]string{"text": "hello", "a pickled list": "\x80\x02].", "nothing": "", "zeros": string(make([]byte, 2048)),
		"a list after the magic number": legacyMagic + "\x80\x02M\xe9\x03.\x80\x02}.\x80\x02].\x80\x02]."} {
		if _, err := readPth(t, []byte(b)); !errors.Is(err, errWeights) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
