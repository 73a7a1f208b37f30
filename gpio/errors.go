package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Sentinel errors. What is returned wraps one of them with the pin's name, and
// the operating system's error where there is one.
var (
	ErrNoChip     = errors.New("no GPIO chip")
	ErrNoPin      = errors.New("no such pin")
	ErrBusy       = errors.New("pin is in use")
	ErrPermission = errors.New("no permission")
	ErrPin        = errors.New("pin does not work")
)

// pinError names the pin and sorts the kernel's errors into sentinels.
func pinError(name string, err error) error {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("pin %s: %w: %w", name, ErrBusy, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("pin %s: %w: %w", name, ErrPermission, err)
	}
	return fmt.Errorf("pin %s: %w: %w", name, ErrPin, err)
}
