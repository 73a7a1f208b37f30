package command

import (
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// defaultThreads is one a physical core, at most 4: two threads of one core
// share its multipliers, and beyond 4 the layers are too small to share out.
func defaultThreads() int {
	n := runtime.GOMAXPROCS(0) // knows of CPU limits that the kernel's list does not
	if p := physicalCores(os.DirFS("/sys/devices/system/cpu")); p > 0 {
		n = min(n, p)
	}
	return min(n, 4)
}

// physicalCores counts distinct cores in Linux's sysfs; 0 where it can't tell.
func physicalCores(sys fs.FS) int {
	// Threads of one core list the same siblings.
	lists, err := fs.Glob(sys, "cpu[0-9]*/topology/thread_siblings_list")
	if err != nil {
		return 0
	}
	cores := map[string]bool{}
	for _, l := range lists {
		if b, err := fs.ReadFile(sys, l); err == nil {
			cores[strings.TrimSpace(string(b))] = true
		}
	}
	return len(cores)
}
