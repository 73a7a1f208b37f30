//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package app

import "golang.org/x/sys/unix"

// keepNewlines makes a raw terminal start a new line at its left edge again:
// raw mode is about what is typed, not about what is printed.
func keepNewlines(fd int) error {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Oflag |= unix.OPOST
	return unix.IoctlSetTermios(fd, setTermios, t)
}
