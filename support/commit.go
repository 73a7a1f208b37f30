package support

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

func newFileID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return binary.LittleEndian.Uint64(b[:])
}

// writable says why nothing can be written. Callers hold s.change.
func (s *Set) writable() error {
	switch {
	case s.closed:
		return fmt.Errorf("store %s: %w", s.dir, fs.ErrClosed)
	case s.readOnly:
		return fmt.Errorf("%w: %s: opened for reading only", ErrReadOnly, s.dir)
	case readOnly(s.broken):
		return fmt.Errorf("%w: %s: %w (%w)", ErrReadOnly, s.path, s.broken, ErrBroken)
	case s.broken != nil:
		return fmt.Errorf("%w: %s: %w", ErrBroken, s.path, s.broken)
	}
	return nil
}

// commit appends a record and returns when it is durable. On an error the
// record is not there as far as this Set is concerned, and nothing is written
// any more: after a failed fsync a kernel may have dropped the very bytes that
// a second one would call safe.
func (s *Set) commit(rec []byte) error {
	off := nextPage(s.end)
	_, err := s.file.WriteAt(rec, off)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		s.broken = err
		// Best effort, so that whoever opens the store next does not find a
		// record that looks whole and is not on the disk.
		s.file.Truncate(s.end)
		if readOnly(err) {
			return fmt.Errorf("%w: %w", ErrReadOnly, s.named("write", err))
		}
		return s.named("write", err)
	}
	s.files.Lock()
	s.end = off + int64(len(rec))
	s.files.Unlock()
	s.seq++
	return nil
}

// named is err with the store's path, which errors of the operating system's
// files have.
func (s *Set) named(op string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return fmt.Errorf("%s %s: %w", op, s.path, err)
}

// do applies a change, makes it durable and publishes the new state.
func (s *Set) do(c change) error {
	if err := s.writable(); err != nil {
		return err
	}
	c.at = storable(s.now())
	after, err := s.state.apply(c, false)
	if err != nil {
		return err
	}
	rec := appendChange(nil, c.kind, s.id, s.seq+1, c)
	if err := s.commit(rec); err != nil {
		return err
	}
	s.push(c, after, int64(len(rec)))
	return nil
}

// push makes after the state and remembers how to take c back. size is the
// length of the record that was committed last.
func (s *Set) push(c change, after state, size int64) {
	if len(s.past) == undoDepth {
		s.past = s.past[1:]
	}
	s.past = append(s.past, step{change: c, before: s.state, seq: s.seq, bytes: nextPage(size)})
	s.state = after
	s.publish()
}

// storable is t as the file keeps it: UTC, without a monotonic reading, within
// the years that JSON has.
func storable(t time.Time) time.Time {
	t = t.UTC().Round(0)
	switch sec := t.Unix(); {
	case sec < minTime:
		return time.Unix(minTime, 0).UTC()
	case sec > maxTime:
		return time.Unix(maxTime, 0).UTC()
	}
	return t
}
