package support

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Windows has no folders to sync; its file system journals renames.
func syncDir(*os.File) error { return nil }

// Lock takes one byte far behind the pid, because a locked range cannot be
// read by others on Windows and the pid has to be.
func (osFS) Lock(name string) (release func(clean bool) error, clean bool, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, false, err
	}
	at := &windows.Overlapped{OffsetHigh: 1}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		err = lockedBy(name, f)
	case err != nil:
		err = fmt.Errorf("lock %s: %w", name, err)
	}
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	clean = enter(f)
	return func(clean bool) error { return leave(f, clean) }, clean, nil
}
