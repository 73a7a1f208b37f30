//go:build linux || darwin || freebsd

package command

import "golang.org/x/sys/unix"

// freeBytes is what an ordinary user may still write at path.
func freeBytes(path string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, pathError(path, err)
	}
	return int64(uint64(s.Bavail) * uint64(s.Bsize)), nil
}
