//go:build !linux

package embed

// giveBack keeps everything.
func giveBack([]byte) int { return 0 }
