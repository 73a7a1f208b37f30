//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package app

// keepNewlines does nothing: raw mode leaves printing alone here.
func keepNewlines(int) error { return nil }
