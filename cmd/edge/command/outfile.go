package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// outVar declares -o. The long name is "out": "output" names what a lamp or
// relay does.
func outVar(flags *pflag.FlagSet, out *string, usage string) {
	flags.StringVarP(out, "out", "o", "", usage)
}

// writeFile replaces the file at path by b: whoever reads it meanwhile, or
// after a power cut, finds the old or the new one whole.
func writeFile(path string, b []byte) error {
	// CreateTemp's mode keeps others out, which a model file has no reason to.
	return writeTo(path, 0o644, "-o names a file in a folder that is there and can be written to", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// writeTo is writeFile for what write writes; hint is for a file that cannot be
// made.
func writeTo(path string, mode fs.FileMode, hint string, write func(io.Writer) error) (err error) {
	if i, err := os.Stat(path); err == nil && !i.Mode().IsRegular() {
		// /dev/stdout, a pipe; a folder gives the error.
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, mode)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		// People know the file they asked for, not the one it is written to first.
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			p.Path = path
		}
		return coded(exitFailed, err, hint)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// fileLine tells of a file that was written.
type fileLine struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}
