//go:build !(linux || darwin || freebsd)

package command

import "errors"

// freeBytes is not known here.
func freeBytes(path string) (int64, error) {
	return 0, pathError(path, errors.ErrUnsupported)
}
