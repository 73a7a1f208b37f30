package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/edge-camera/edge/models/wheel"
	"github.com/nlpodyssey/gopickle/pytorch"
	"github.com/nlpodyssey/gopickle/types"
)

// errWeights is what a damaged or foreign weight file is reported as.
var errWeights = errors.New("bad weights")

// weights are a PyTorch state dictionary's tensors by name. Each is read once;
// what is left over belongs to another network.
type weights struct {
	tensors map[string]*pytorch.Tensor
	used    map[string]bool
}

// legacyMagic is the pickled magic number that torch.save began files with
// before it made them zip archives. The unpickler takes other files for tar
// archives, and loops for ever on an empty one.
const legacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

// readWeights reads a .pth: a pickled OrderedDict of tensors. The unpickler
// takes a file's sizes on trust and does not notice when the last tensor is cut
// short, so it is given nothing but the file with the given SHA-256.
func readWeights(path, sum string) (w *weights, err error) {
	defer func() {
		if r := recover(); r != nil {
			w, err = nil, fmt.Errorf("%s: %w: %v", path, errWeights, r)
		}
	}()
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := wheel.Verify(b, sum); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errWeights, err)
	}
	if !bytes.HasPrefix(b, []byte(legacyMagic)) {
		return nil, fmt.Errorf("%s: %w: it does not start as torch.save's legacy format does", path, errWeights)
	}
	loaded, err := pytorch.Load(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errWeights, err)
	}
	dict, ok := loaded.(*types.OrderedDict)
	if !ok {
		return nil, fmt.Errorf("%s: %w: it holds a %T, want a state dictionary", path, errWeights, loaded)
	}
	w = &weights{map[string]*pytorch.Tensor{}, map[string]bool{}}
	for key, entry := range dict.Map {
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("%s: %w: a key is a %T", path, errWeights, key)
		}
		t, ok := entry.Value.(*pytorch.Tensor)
		if !ok {
			return nil, fmt.Errorf("%s: %w: %s is a %T, want a tensor", path, errWeights, name, entry.Value)
		}
		if len(t.Size) != len(t.Stride) || t.StorageOffset < 0 || t.StorageOffset > len(b) {
			return nil, fmt.Errorf("%s: %w: %s has size %v, stride %v, offset %d", path, errWeights, name, t.Size, t.Stride, t.StorageOffset)
		}
		w.tensors[name] = t
	}
	return w, nil
}

// take returns a tensor's elements in row-major order. PyTorch keeps them in
// any order and says how by strides: these weights came from TensorFlow and
// lie as [KH][KW][In][Out].
func (w *weights) take(name string, size ...int) ([]float32, error) {
	t, ok := w.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%w: there is no %s", errWeights, name)
	}
	w.used[name] = true
	storage, ok := t.Source.(*pytorch.FloatStorage)
	if !ok {
		return nil, fmt.Errorf("%w: %s is in a %T, want float32", errWeights, name, t.Source)
	}
	if len(t.Size) != len(size) {
		return nil, fmt.Errorf("%w: %s has size %v, want %v", errWeights, name, t.Size, size)
	}
	total, last := 1, t.StorageOffset
	for i, n := range size {
		if t.Size[i] != n {
			return nil, fmt.Errorf("%w: %s has size %v, want %v", errWeights, name, t.Size, size)
		}
		if t.Stride[i] < 0 || t.Stride[i] > len(storage.Data) {
			return nil, fmt.Errorf("%w: %s has stride %v", errWeights, name, t.Stride)
		}
		total *= n
		last += (n - 1) * t.Stride[i]
	}
	if last >= len(storage.Data) {
		return nil, fmt.Errorf("%w: %s reaches to element %d of %d", errWeights, name, last, len(storage.Data))
	}
	out := make([]float32, 0, total)
	index := make([]int, len(size))
	for range total {
		at := t.StorageOffset
		for i, j := range index {
			at += j * t.Stride[i]
		}
		v := storage.Data[at]
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("%w: %s holds %v at %v", errWeights, name, v, index)
		}
		out = append(out, v)
		for i := len(index) - 1; i >= 0; i-- {
			if index[i]++; index[i] < size[i] {
				break
			}
			index[i] = 0
		}
	}
	return out, nil
}

// rest returns an error when a tensor was not taken. Counters of training
// steps are nobody's.
func (w *weights) rest() error {
	for name := range w.tensors {
		if !w.used[name] && !isCounter(name) {
			return fmt.Errorf("%w: %s belongs to no layer", errWeights, name)
		}
	}
	return nil
}

func isCounter(name string) bool {
	const suffix = ".num_batches_tracked"
	return len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix
}
