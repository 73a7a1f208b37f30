package command

import (
	"errors"
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
func writeFile(path string, b []byte) (err error) {
	if i, err := os.Stat(path); err == nil && !i.Mode().IsRegular() {
		return os.WriteFile(path, b, 0o644) // /dev/stdout, a pipe; a folder gives the error
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		// People know the file they asked for, not the one it is written to first.
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			p.Path = path
		}
		return coded(exitFailed, err, "-o names a file in a folder that is there and can be written to")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	// CreateTemp's mode keeps others out, which a model file has no reason to.
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// fileLine tells of a file that was written.
type fileLine struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}
