package embed

import "syscall"

// yield lets another thread have this one's processor, if one waits for it.
// runtime.Gosched only knows of goroutines. A raw system call, as it takes less
// than a microsecond and the scheduler need not know.
func yield() { _, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
