//go:build !windows && (!unix || solaris || aix)

package support

import (
	"errors"
	"io/fs"
	"os"
)

func syncDir(d *os.File) error { return d.Sync() }

// Lock falls back to a file that exists while a writer does. After a crash it
// has to be removed by hand, which is still better than two writers.
func (osFS) Lock(name string) (release func(clean bool) error, clean bool, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		old, err := os.Open(name)
		if err != nil {
			return nil, false, err
		}
		return nil, false, errors.Join(lockedBy(name, old), old.Close())
	}
	if err != nil {
		return nil, false, err
	}
	enter(f)
	return func(bool) error { return errors.Join(f.Close(), os.Remove(name)) }, false, nil
}
