package support

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// FS is what the store asks of a file system. The zero Options use the
// operating system's; tests put one in between that fails and loses power.
type FS interface {
	// Mkdir makes a folder, private to its owner, in one that is there.
	Mkdir(name string) error
	// Stat returns fs.ErrNotExist where there is nothing.
	Stat(name string) (fs.FileInfo, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// OpenWrite opens an existing file for reading and writing.
	OpenWrite(name string) (File, error)
	// Create makes a new file and fails with fs.ErrExist where there is one.
	Create(name string) (File, error)
	Rename(from, to string) error
	// Link gives a file a second name and fails with fs.ErrExist where there
	// is one of that name already, and with other errors where the file system
	// has no second names.
	Link(old, name string) error
	Remove(name string) error
	// SyncDir makes the folder's entries durable: without it a power cut may
	// take back a Create or a Rename whose file is long on the disk.
	SyncDir(name string) error
	// Lock takes the one writer's lock, which ends with the process. clean
	// says that the holder before released it with clean set, so that nothing
	// it wrote is in a cache only. Where another process holds the lock, the
	// error wraps ErrLocked and names its pid.
	Lock(name string) (release func(clean bool) error, clean bool, err error)
}

// File is an open file. ReadAt and WriteAt are as in package io; Size is the
// length in bytes.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// OS is the operating system's file system.
var OS FS = osFS{}

type osFS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: not a regular file", f.Name())
	}
	return st.Size(), nil
}

// Shots are pictures of somebody's home: they are nobody else's business.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

func (osFS) Mkdir(name string) error               { return os.Mkdir(name, dirMode) }
func (osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
func (osFS) Rename(from, to string) error          { return os.Rename(from, to) }
func (osFS) Link(old, name string) error           { return os.Link(old, name) }
func (osFS) Remove(name string) error              { return os.Remove(name) }

func (osFS) Open(name string) (File, error)      { return open(name, os.O_RDONLY) }
func (osFS) OpenWrite(name string) (File, error) { return open(name, os.O_RDWR) }
func (osFS) Create(name string) (File, error) {
	return open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = syncDir(d)
	// Some network file systems cannot sync a folder and say so; they keep
	// entries in their own way and there is nothing more to ask of them.
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// closed is what the lock file says after a writer has gone properly; before
// that it says the writer's pid. Both are written as well as the disk allows:
// a full one is no reason not to start.
const closed = "closed\n"

// enter puts our pid into a lock file just locked and says whether the writer
// before us had closed the store.
func enter(f *os.File) (clean bool) {
	var b [len(closed)]byte
	n, _ := f.ReadAt(b[:], 0)
	clean = string(b[:n]) == closed
	if f.Truncate(0) == nil {
		f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return clean
}

// leave ends a lock. The file stays: removing it would let two writers lock
// two files of one name.
func leave(f *os.File, clean bool) error {
	if clean && f.Truncate(0) == nil {
		f.WriteAt([]byte(closed), 0)
	}
	return f.Close()
}

func lockedBy(name string, f *os.File) error {
	var b [32]byte
	n, _ := f.ReadAt(b[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil {
		// Between its lock and its first write the holder has no name yet.
		return fmt.Errorf("%w: %s: by another process", ErrLocked, name)
	}
	return fmt.Errorf("%w: %s: by process %d", ErrLocked, name, pid)
}
