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

// outHint is for an -o that cannot be.
const outHint = "-o names a file in a folder that is there and can be written to"

// writeFile replaces the file at path by b: whoever reads it meanwhile, or
// after a power cut, finds the old or the new one whole.
func writeFile(path string, b []byte) error {
	// CreateTemp's mode keeps others out, which a model file has no reason to.
	return writeTo(path, 0o644, outHint, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// writeTo is writeFile for what write writes; hint is for a file that cannot be
// made.
func writeTo(path string, mode fs.FileMode, hint string, write func(io.Writer) error) (err error) {
	if special(path) != 0 {
		f, err := openSpecial(path, hint)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := createBeside(path, hint)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(named(err, path), os.Remove(f.Name()))
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

// tryFile is for work that takes long: it fails where writeTo would, for want
// of a folder or of rights, and leaves things as they are.
func tryFile(path, hint string) error {
	switch special(path) {
	case fs.ModeDir:
		_, err := openSpecial(path, hint)
		return err
	case 0:
		f, err := createBeside(path, hint)
		if err != nil {
			return err
		}
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	return nil // whoever reads a pipe would take a try for the end
}

// special is the type of what is at path if no new file can take its place:
// /dev/stdout, a pipe, a folder; 0 if one can.
func special(path string) fs.FileMode {
	i, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return i.Mode().Type()
}

// openSpecial opens what is there; of a folder the error says that it is one.
func openSpecial(path, hint string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	return f, coded(exitFailed, err, hint)
}

// createBeside makes the file that is written before it takes path's name.
func createBeside(path, hint string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	return f, coded(exitFailed, named(err, path), hint)
}

// named puts path in the error of a file: people know the one they asked for,
// not the one it is written to first.
func named(err error, path string) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		p.Path = path
	}
	return err
}

// fileLine tells of a file that was written.
type fileLine struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}
