package support

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
)

// Repair and Inspect go through a store to the last byte of the last picture,
// where Open stops at the first damage. What checksums vouch for is saved, and
// all else named: better a camera that knows 39 of 40 shots than one that knows
// none, as long as somebody is told.

// Salvage says what is wrong with a store, what can be saved of it and what
// cannot.
type Salvage struct {
	Path      string      `json:"path"`      // of the store's file
	Whole     bool        `json:"whole"`     // nothing is wrong
	Shots     int         `json:"shots"`     // that can be saved
	Negatives int         `json:"negatives"` // likewise
	Classes   int         `json:"classes"`   // that they are in
	Lost      []LostShot  `json:"lost"`      // that are known to have been there
	Crops     []LostShot  `json:"crops"`     // that can be saved without their picture
	Missing   int         `json:"missing"`   // records that are gone, and nothing tells what of: shots, or changes
	Apart     []Apart     `json:"apart"`     // classes that have another name now, because a record that is gone had freed theirs
	Damage    []ByteRange `json:"damage"`    // what of the file is no use, in order
	Kept      string      `json:"kept"`      // where Repair left the damaged file
}

// LostShot is a shot of which something is gone.
type LostShot struct {
	ID    uint64 `json:"id"`
	Class string `json:"class"` // where it would be now; empty if nothing tells, or of a negative
}

// Apart is a class that had to give up its name.
type Apart struct {
	Class string `json:"class"`
	Into  string `json:"into"`
}

// ByteRange is a part of a file and what is wrong with it.
type ByteRange struct {
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	Reason string `json:"reason"`
}

// Inspect says how a store is, without a lock and without writing anything. Of
// opt FS and Now count.
//
// Errors wrap ErrNotFound where there is no store and ErrVersion where a newer
// program wrote it.
func Inspect(dir string, opt Options) (Salvage, error) {
	r, err := examine(dir, opt)
	if err != nil {
		return Salvage{}, err
	}
	return r.Salvage, r.set.file.Close()
}

// Repair puts a store that is not Whole right: what can be saved goes into a new
// file, which takes the damaged one's place when it is safe on the disk. The
// damaged one stays beside it under the name Kept, whatever becomes of the
// repair. Changes that Undo could take back can be taken back still. It takes
// the writer's lock, and with a store that is Whole it changes nothing.
//
// Of opt FS and Now count. Errors are those of Inspect, or wrap ErrLocked or
// ErrReadOnly, or are those of the disk; then the store is as it was.
func Repair(dir string, opt Options) (Salvage, error) {
	if opt.FS == nil {
		opt.FS = OS
	}
	// A mistyped folder gets no lock file.
	if _, err := opt.FS.Stat(filepath.Join(dir, fileName)); err != nil {
		return Salvage{}, openError(dir, err)
	}
	unlock, _, err := opt.FS.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return Salvage{}, writeError(dir, err)
	}
	r, err := examine(dir, opt)
	if err != nil {
		return Salvage{}, errors.Join(err, unlock(false))
	}
	switch {
	case r.Whole:
	case r.set.minor > minor:
		err = r.set.tooNew()
	default:
		err = writeError(dir, r.replace())
	}
	err = errors.Join(err, r.set.file.Close())
	return r.Salvage, errors.Join(err, unlock(err == nil))
}

func openError(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s: nothing has been taught here yet: %w", ErrNotFound, dir, err)
	}
	return fmt.Errorf("open store: %w", err)
}

func writeError(dir string, err error) error {
	if readOnly(err) {
		return fmt.Errorf("%w: %s: %w", ErrReadOnly, dir, err)
	}
	return err
}

// repairer is a store being put right: set holds what can be saved, as if the
// damaged file held nothing else.
type repairer struct {
	Salvage
	set *Set
}

// examine reads the store.
func examine(dir string, opt Options) (*repairer, error) {
	fresh := func(f File) *Set {
		s := newSet(dir, Options{FS: opt.FS, Now: opt.Now, ReadOnly: true})
		s.file = f
		return s
	}
	s := fresh(nil)
	f, err := s.fsys.Open(s.path)
	if err != nil {
		return nil, openError(dir, err)
	}
	s.file = f
	r := &repairer{Salvage: Salvage{Path: s.path, Lost: []LostShot{}, Crops: []LostShot{}, Apart: []Apart{}, Damage: []ByteRange{}}, set: s}
	size, err := s.load()
	if err != nil {
		if errors.Is(err, ErrVersion) {
			return nil, errors.Join(err, f.Close())
		}
		s = fresh(f)
		r.set = s
		if size, err = f.Size(); err == nil {
			err = r.salvage(size)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	} else {
		r.Whole = true
	}
	r.checkCrops(size)
	r.Shots, r.Classes, r.Negatives = s.state.len(), len(s.state.ways), len(s.state.negatives)
	return r, nil
}

// checkCrops takes the pictures that are not what they were from their shots.
func (r *repairer) checkCrops(size int64) {
	s := r.set
	entries := s.entries()
	for e := range entries {
		if e.cropLen == 0 {
			continue
		}
		reason := errCrop.Error()
		crop := make([]byte, e.cropLen)
		_, err := s.file.ReadAt(crop, e.crop)
		if err == nil && checksum(crop) == e.cropCRC {
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			reason = errBeyond.Error()
		case err != nil:
			reason = err.Error()
		}
		r.Whole = false
		r.Damage = append(r.Damage, ByteRange{e.crop, max(min(int64(e.cropLen), size-e.crop), 0), reason})
		if w, _ := s.state.locate(e.id); w >= 0 {
			r.Crops = append(r.Crops, LostShot{e.id, s.state.ways[w].name})
		} else if s.state.negative(e.id) >= 0 {
			r.Crops = append(r.Crops, LostShot{e.id, ""})
		}
		e.crop, e.cropLen, e.cropCRC = 0, 0, 0
	}
	slices.SortFunc(r.Crops, func(a, b LostShot) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Damage, func(a, b ByteRange) int { return cmp.Compare(a.Offset, b.Offset) })
}

// replace writes what can be saved and puts it in the damaged file's place.
func (r *repairer) replace() error {
	s := r.set
	temp := filepath.Join(s.dir, tempName)
	c, err := s.rewrite(temp)
	if err != nil {
		return err
	}
	// The new file is read before the old one goes.
	check := newSet(s.dir, Options{FS: s.fsys, Now: s.now})
	check.file = c.f
	_, err = check.load()
	if there := check.state.len() + len(check.state.negatives); err == nil && there != r.Shots+r.Negatives {
		err = fmt.Errorf("%w: %s: %d shots were saved and %d are there", ErrCorrupt, temp, r.Shots+r.Negatives, there)
	}
	if err = errors.Join(err, c.f.Close()); err != nil {
		return errors.Join(err, s.fsys.Remove(temp))
	}
	kept, err := s.keep()
	if err != nil {
		return errors.Join(err, s.fsys.Remove(temp))
	}
	r.Kept = kept
	if err := s.fsys.Rename(temp, s.path); err != nil {
		return err
	}
	return s.fsys.SyncDir(s.dir)
}

// keep gives the store's file a second name, durably, or a copy where the disk
// has no second names.
func (s *Set) keep() (string, error) {
	now := s.now()
	for i := 0; ; i++ {
		path := asideName(s.dir, "damaged", now, i, ".log")
		err := s.fsys.Link(s.path, path)
		switch {
		case err == nil:
			return path, s.fsys.SyncDir(s.dir)
		case errors.Is(err, fs.ErrExist):
			continue
		}
		size, err := s.file.Size()
		if err != nil {
			return "", err
		}
		return setAside(s.fsys, s.dir, s.file, 0, size, now, "damaged", ".log")
	}
}
