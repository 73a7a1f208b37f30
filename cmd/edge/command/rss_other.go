//go:build !linux

package command

import "runtime"

// residentBytes is what Go's runtime has of the system: other systems than
// Linux have no file that tells more.
func residentBytes() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
