// Package embedtest makes networks with random weights for tests: large ones
// to measure, tiny ones that embed a picture in microseconds. Their embeddings
// mean nothing to a person, but pictures that look different have different
// ones.
package embedtest
