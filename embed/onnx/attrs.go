package onnx

import (
	"cmp"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/edge-camera/edge/embed"
)

// only refuses attributes that are not among known: one that is not understood
// may change what the operator computes.
func (n *node) only(known ...string) error {
	for name := range n.attrs {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%w: attribute %q", embed.ErrUnsupported, name)
		}
	}
	return nil
}

// operand returns the first input of an operator with no other attributes than
// known and with least to most inputs.
func (n *node) operand(least, most int, known ...string) (feature, error) {
	if err := cmp.Or(n.only(known...), n.inputs(least, most)); err != nil {
		return feature{}, err
	}
	return n.feature(0)
}

// attribute returns the attribute called name, or missing when it is not there.
func attribute[T any](n *node, name string, missing T) (T, error) {
	a, ok := n.attrs[name]
	if !ok {
		return missing, nil
	}
	v, ok := a.(T)
	if !ok {
		return missing, fmt.Errorf("%w: attribute %q is a %T, want %T", embed.ErrCorrupt, name, a, missing)
	}
	return v, nil
}

func (n *node) attrInt(name string, missing int64) (int64, error) {
	return attribute(n, name, missing)
}

func (n *node) attrFloat(name string, missing float32) (float32, error) {
	v, err := attribute(n, name, missing)
	if err == nil && !finite(v) {
		err = fmt.Errorf("%w: attribute %q is %v", embed.ErrCorrupt, name, v)
	}
	return v, err
}

func (n *node) attrText(name, missing string) (string, error) {
	return attribute(n, name, missing)
}

// attrInts returns a list of size integers from lo to hi.
func (n *node) attrInts(name string, size int, lo, hi int64, missing []int64) ([]int64, error) {
	v, err := attribute(n, name, missing)
	if err != nil {
		return nil, err
	}
	if len(v) != size {
		return nil, fmt.Errorf("%w: attribute %q has %d numbers, want %d", embed.ErrUnsupported, name, len(v), size)
	}
	for _, x := range v {
		if x < lo || x > hi {
			return nil, fmt.Errorf("%w: attribute %q is %v, want numbers from %d to %d", embed.ErrUnsupported, name, v, lo, hi)
		}
	}
	return v, nil
}

func (n *node) attrTensor(name string) (tensor.Tensor, error) {
	return attribute[tensor.Tensor](n, name, nil)
}
