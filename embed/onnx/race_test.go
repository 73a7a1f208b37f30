//go:build race

package onnx

// raced says that the race detector makes everything ten times slower.
const raced = true
