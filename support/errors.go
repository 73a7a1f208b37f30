package support

import (
	"errors"
	"io/fs"
	"syscall"
)

// Sentinel errors. What is returned wraps one of them and says what, where
// (path and offset) and why.
var (
	// ErrCorrupt: the store's file is damaged where no power cut can damage it.
	ErrCorrupt = errors.New("corrupt store")
	// ErrVersion: the store was written by a newer program.
	ErrVersion = errors.New("unsupported store version")
	// ErrModelMismatch: shots lack embeddings of this network (see Reembed), and
	// those of different networks are never compared.
	ErrModelMismatch = errors.New("store belongs to another model")
	// ErrLocked: another process writes to the store; the text names its pid.
	ErrLocked = errors.New("store is locked")
	// ErrReadOnly: the folder cannot be written, or the Set was opened ReadOnly.
	ErrReadOnly = errors.New("store is read-only")
	// ErrNotFound: no such store, class, shot or crop, or nothing to undo.
	ErrNotFound = errors.New("not found")
	// ErrName: CheckName refuses the class name, or it is taken.
	ErrName = errors.New("bad class name")
	// ErrShot: the shot cannot be kept: an embedding that is empty, all zero
	// or not finite, or a crop or source beyond the format's limits.
	ErrShot = errors.New("bad shot")
	// ErrBroken: an earlier write failed, so nothing more is written until
	// the store is opened anew. The failure itself is wrapped too.
	ErrBroken = errors.New("store stopped after a failed write")
)

// readOnly reports whether err is a file system's way of saying "you may not
// write here".
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
