//go:build !linux

package embed

import "runtime"

// yield lets another goroutine have this one's thread, if one waits for it.
func yield() { runtime.Gosched() }
