package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// pictures is a source of picture files: one, or those of a folder.
type pictures struct {
	closing
	name  string
	paths []string
	loop  bool

	next int    // index into paths
	seq  uint64 // of the next picture, readable or not
	good int    // readable pictures since the first path
	buf  []byte // a file's bytes
}

// openPicture is a source of the one picture at path.
func openPicture(path string, opt Options) Source {
	return &pictures{closing: newClosing(), name: path, paths: []string{path}, loop: opt.Loop}
}

// openFolder is a source of the pictures of a folder in the order of their
// names, byte by byte. What lies in sub-folders, what is no picture by its
// name and what is hidden (begins with a dot) is passed over.
func openFolder(dir string, opt Options) (Source, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadPicture, dir, cause(err))
	}
	s := &pictures{closing: newClosing(), name: dir, loop: opt.Loop}
	for _, e := range entries {
		if !IsPicture(e.Name()) || strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		s.paths = append(s.paths, filepath.Join(dir, e.Name()))
	}
	if len(s.paths) == 0 {
		return nil, fmt.Errorf("%w: %s: no JPEG, PNG, WebP or BMP in this folder", ErrNotFound, dir)
	}
	return s, nil
}

func (s *pictures) String() string { return s.name }

func (s *pictures) Next(ctx context.Context, f *Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.err(s.name); err != nil {
		return err
	}
	if s.next == len(s.paths) {
		// Going round a folder without one readable picture would never end.
		if !s.loop || s.good == 0 {
			return io.EOF
		}
		s.next, s.good = 0, 0
	}
	path := s.paths[s.next]
	seq := s.seq
	s.next++
	s.seq++
	if err := readPicture(path, f, &s.buf); err != nil {
		if errors.Is(err, ErrNotFound) { // it was there when the folder was listed
			return fmt.Errorf("%w: %s: %w", ErrBadPicture, path, fs.ErrNotExist)
		}
		return err
	}
	s.good++
	f.Seq = seq
	return nil
}

func (s *pictures) Close() error {
	s.shut()
	return nil
}
