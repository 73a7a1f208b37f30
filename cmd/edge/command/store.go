package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// storeDir is the folder of --store, else systemd's state directory of the
// service, else the XDG base directory for state.
func (e *env) storeDir() (string, error) {
	if e.store != "" {
		return e.store, nil
	}
	// systemd gives a list where a unit has several.
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir, nil
	}
	// The specification wants relative paths ignored.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "edge"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", coded(exitStore, errors.New("store: where to keep it is not known: no --store, $STATE_DIRECTORY, $XDG_STATE_HOME or $HOME"), "name a folder: --store DIR")
	}
	return filepath.Join(home, ".local", "state", "edge"), nil
}

// openStore opens the store for writing, and creates it where there is none.
// The zero fingerprint is for verbs that compare no embeddings.
func (e *env) openStore(fingerprint embed.Fingerprint, dim int) (*support.Set, error) {
	dir, err := e.storeDir()
	if err != nil {
		return nil, err
	}
	set, err := support.Open(dir, support.Options{Fingerprint: fingerprint, Dim: dim})
	if err != nil {
		return nil, coded(exitStore, err, "")
	}
	if t := set.Torn(); t != nil {
		e.note("the power went while a shot was being written: it was never confirmed and is not there; its %d bytes are kept in %s", t.Bytes, t.Path)
	}
	return set, nil
}

// withStore opens a store that is there already, without a model, for a change.
func (e *env) withStore(do func(*support.Set) error) (err error) {
	dir, err := e.storeDir()
	if err != nil {
		return err
	}
	// A mistyped --store makes no new store.
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return errNothingTaught
	}
	set, err := e.openStore(embed.Fingerprint{}, 0)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := set.Close(); err == nil {
			err = coded(exitStore, cerr, "")
		}
	}()
	return do(set)
}

// readStore opens the store for reading; nil where nothing was ever stored,
// which is no error: a new camera knows no classes.
func (e *env) readStore(fingerprint embed.Fingerprint, dim int) (*support.Set, error) {
	dir, err := e.storeDir()
	if err != nil {
		return nil, err
	}
	set, err := support.Open(dir, support.Options{Fingerprint: fingerprint, Dim: dim, ReadOnly: true})
	if errors.Is(err, support.ErrNotFound) {
		return nil, nil
	}
	return set, coded(exitStore, err, "")
}
