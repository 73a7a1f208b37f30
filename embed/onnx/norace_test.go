//go:build !race

package onnx

// raced says whether the race detector is on.
const raced = false
