//go:build unix

package command

import "golang.org/x/sys/unix"

// writable says why files can't be made in the folder at path.
func writable(path string) error { return unix.Access(path, unix.W_OK|unix.X_OK) }
