//go:build unix && !solaris && !aix

package support

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func syncDir(d *os.File) error { return d.Sync() }

// Lock takes a flock: the kernel drops it with the process, however it ends,
// so that no stale lock ever keeps a device from starting.
func (osFS) Lock(name string) (release func(clean bool) error, clean bool, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, false, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
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
