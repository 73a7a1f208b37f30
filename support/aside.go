package support

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// asideName names a file that holds what the store cannot use, after the time
// it was put there: with tail "torn" and ".bin" torn-20260301T120000Z-0.bin. i
// counts until there is none of that name.
func asideName(dir, what string, now time.Time, i int, tail string) string {
	return filepath.Join(dir, fmt.Sprintf("%s-%s-%d%s", what, now.UTC().Format("20060102T150405Z"), i, tail))
}

// setAside copies the bytes from..to of a file to one of its own in dir and
// makes that durable. Nobody was promised them, but they may be most of a
// shot, and nothing is thrown away unseen.
func setAside(fsys FS, dir string, f File, from, to int64, now time.Time, what, tail string) (string, error) {
	var (
		out  File
		path string
		err  error
	)
	for i := 0; ; i++ {
		path = asideName(dir, what, now, i, tail)
		if out, err = fsys.Create(path); !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	err = copyRange(out, 0, f, from, to-from)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		// A part of it on a full disk is of no use, and the next start would
		// add another.
		return "", errors.Join(err, fsys.Remove(path))
	}
	return path, fsys.SyncDir(dir)
}

// copyRange copies n bytes from one place to another.
func copyRange(dst File, at int64, src File, from, n int64) error {
	buf := make([]byte, min(n, 1<<16))
	for n > 0 {
		b := buf[:min(n, int64(len(buf)))]
		if _, err := src.ReadAt(b, from); err != nil {
			return err
		}
		if _, err := dst.WriteAt(b, at); err != nil {
			return err
		}
		from, at, n = from+int64(len(b)), at+int64(len(b)), n-int64(len(b))
	}
	return nil
}
