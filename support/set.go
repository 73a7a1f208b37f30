package support

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edge-camera/edge/embed"
)

// The store is one file in its folder. The lock file beside it belongs to the
// writer; a compaction writes its new file under a third name.
const (
	fileName = "shots.log"
	lockName = "lock"
	tempName = "shots.new"
)

// undoDepth is how many changes Undo can take back, one after another.
const undoDepth = 64

// Options are the circumstances of Open. The zero value opens for writing,
// on the operating system's files, without asking for a model.
type Options struct {
	// Fingerprint of the network whose embeddings will be added and asked
	// for. Zero: whatever the store holds, for listing and renaming; Add then
	// refuses.
	Fingerprint embed.Fingerprint
	// Dim is the length of that network's embeddings. Zero: not checked at
	// Open.
	Dim int
	// ReadOnly takes no lock and writes nothing, not even a lock file. It
	// sees what was durable when it opened; a writer at work does not disturb
	// it.
	ReadOnly bool
	// Partial opens a store in which shots lack embeddings of the network too.
	// The Set then answers nothing, for answers from part of a memory would be
	// wrong without looking so. Reembed and Use put it right.
	Partial bool
	// Now is the clock for changes that have no time of their own; nil means
	// time.Now.
	Now func() time.Time
	// FS is the file system; nil means OS.
	FS FS
}

// Set is a support set: every shot with its class, kept in a store, and the
// classifier that rests on them. Its methods may be called from several
// goroutines; Classify and Answer never wait for a change being written.
type Set struct {
	dir, path   string
	fsys        FS
	now         func() time.Time
	readOnly    bool
	fingerprint embed.Fingerprint // as asked for at Open or by Use
	dim         int

	change sync.Mutex // one change at a time; guards what follows
	unlock func(clean bool) error
	state  state
	past   []step // what Undo can take back, oldest first
	nextID uint64
	seq    uint64 // of the last record
	broken error  // why nothing more is written
	closed bool
	minor  uint16 // of the file
	rule   Rule   // as SetRule got it

	partial    bool              // Options.Partial, until Use
	model      embed.Fingerprint // of the embeddings that count
	reembedded bool              // there are shots with embeddings of several networks
	epoch      int               // how often Use has changed all shots

	most     int      // shots that are learned
	learner  *learner // nil: none, or not yet
	learning bool     // a goroutine makes one
	torn     *Torn
	tidy     error // why the last compaction did not come about
	limit    int64 // compaction leaves smaller garbage alone

	projection *projection // of the index, nil if there is none yet
	indexing   bool        // one is being made
	matched    atomic.Bool // somebody has asked for one

	files sync.RWMutex // guards what follows, and entry.crop; taken after change
	file  File
	id    uint64 // random, of the file
	end   int64  // of the last record

	denials denials     // what Advice found of negatives
	seen    latest      // what Classify looks at
	settled background  // the goroutine that makes a learner
	quit    atomic.Bool // that goroutine need not go on
}

// step is a change that Undo can take back.
type step struct {
	change
	before state
	seq    uint64
	bytes  int64
}

// Torn is what a power cut left at the end of the file: the one record in
// flight, never acknowledged.
type Torn struct {
	Offset int64  // where it began
	Bytes  int64  // how much of it there was
	Reason string // what is wrong with it
	Path   string // where its bytes were set aside; empty in a read-only Set
}

// Open opens the store in the folder dir and, unless opt.ReadOnly, makes both
// if they are not there and takes the writer's lock.
//
// It reads embeddings, not crops. A record cut off by a power cut is moved to
// a file of its own beside the store (see Torn). Damage anywhere else is an
// error that wraps ErrCorrupt and gives path and offset; then nothing was
// changed, and a read-only Open refuses likewise, because answers from half a
// memory would be wrong without looking so.
//
// Other errors wrap ErrVersion, ErrModelMismatch, ErrLocked, ErrReadOnly or,
// for a read-only Open where there is no store, ErrNotFound.
func Open(dir string, opt Options) (*Set, error) {
	s := newSet(dir, opt)
	if err := s.open(); err != nil {
		if s.file != nil {
			err = errors.Join(err, s.file.Close())
		}
		return nil, errors.Join(err, s.unlock(false))
	}
	return s, nil
}

// newSet is a Set that has read nothing yet.
func newSet(dir string, opt Options) *Set {
	s := &Set{
		dir: dir, path: filepath.Join(dir, fileName), fsys: opt.FS, now: opt.Now, readOnly: opt.ReadOnly, partial: opt.Partial,
		fingerprint: opt.Fingerprint, dim: opt.Dim, nextID: 1, limit: compactLimit, most: maxLearned, unlock: func(bool) error { return nil },
		seen: latest{first: make(chan struct{})},
	}
	if s.fsys == nil {
		s.fsys = OS
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

func (s *Set) open() error {
	clean := true
	if !s.readOnly {
		var err error
		if clean, err = s.prepare(); err != nil {
			if readOnly(err) {
				err = fmt.Errorf("%w: %s: %w", ErrReadOnly, s.dir, err)
			}
			return err
		}
	}
	open := s.fsys.OpenWrite
	if s.readOnly {
		open = s.fsys.Open
	}
	var err error
	if s.file, err = open(s.path); err != nil {
		switch {
		case readOnly(err) && !s.readOnly:
			return fmt.Errorf("%w: %s: %w", ErrReadOnly, s.path, err)
		}
		return openError(s.dir, err)
	}
	size, err := s.load()
	if err != nil {
		return err
	}
	if err := s.fits(s.state); err != nil {
		return err
	}
	if !s.readOnly {
		// Whatever keeps the tail from being put in order keeps a device from
		// learning, not from naming what it knows.
		s.broken = s.repair(size, clean)
	}
	s.compactIfWorth()
	s.show()
	return nil
}

// prepare makes the folder and an empty store where there is none and takes
// the lock.
func (s *Set) prepare() (clean bool, err error) {
	if err := s.makeDir(); err != nil {
		return false, err
	}
	unlock, clean, err := s.fsys.Lock(filepath.Join(s.dir, lockName))
	if err != nil {
		return false, err
	}
	s.unlock = unlock
	// What a compaction or a first start left when it was cut short.
	temp := filepath.Join(s.dir, tempName)
	if err := s.fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if _, err := s.fsys.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return clean, err
	}
	f, err := s.fsys.Create(temp)
	if err != nil {
		return false, err
	}
	_, err = f.WriteAt(encodeHeader(newFileID()), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return false, errors.Join(err, s.fsys.Remove(temp))
	}
	// A store appears whole or not at all.
	if err := s.fsys.Rename(temp, s.path); err != nil {
		return false, err
	}
	return clean, s.fsys.SyncDir(s.dir)
}

// makeDir makes the folder, level by level, each durable before the next.
func (s *Set) makeDir() error {
	var missing []string
	dir := filepath.Clean(s.dir)
	for {
		info, err := s.fsys.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("open store: %s: not a folder", dir)
		}
		if err == nil {
			break
		}
		if parent := filepath.Dir(dir); !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return err
		}
		missing = append(missing, dir)
		dir = filepath.Dir(dir)
	}
	if len(missing) == 0 {
		return nil
	}
	if err := s.syncEntry(dir); err != nil {
		return err
	}
	for _, dir := range slices.Backward(missing) {
		if err := s.fsys.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := s.fsys.SyncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// syncEntry makes a folder's own entry durable, which somebody before us may
// have made and not lived to sync. A parent that we may not even look at is
// none that we ever wrote to.
func (s *Set) syncEntry(dir string) error {
	err := s.fsys.SyncDir(filepath.Dir(dir))
	if readOnly(err) {
		return nil
	}
	return err
}

// header reads the file's header.
func (s *Set) header(size int64) (id uint64, minorVersion uint16, err error) {
	var b [headerSize]byte
	n := int(min(size, headerSize))
	if _, err := s.file.ReadAt(b[:n], 0); err != nil && n > 0 {
		return 0, 0, fmt.Errorf("read header: %w", err)
	}
	return decodeHeader(b[:n])
}

// tooNew is the error for a store that may hold what this program does not
// know.
func (s *Set) tooNew() error {
	return fmt.Errorf("%w: %s: %d.%d, this program writes %d.%d; it can only be read", ErrVersion, s.path, major, s.minor, major, minor)
}

// load reads the file into the Set and returns its length.
func (s *Set) load() (size int64, err error) {
	if size, err = s.file.Size(); err != nil {
		return 0, fmt.Errorf("open store: %w", err)
	}
	id, minorVersion, err := s.header(size)
	if err != nil {
		return 0, fmt.Errorf("%w (%s)", err, s.path)
	}
	if s.minor = minorVersion; minorVersion > minor && !s.readOnly {
		return 0, s.tooNew()
	}
	l := loader{}
	found, err := scan(s.file, s.path, size, id, l.visit)
	if err != nil {
		return 0, err
	}
	if s.state, s.past, err = l.finish(); err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrCorrupt, s.path, err)
	}
	s.id, s.seq, s.end, s.nextID = id, found.seq, found.end, l.nextID()
	s.rule, s.reembedded = l.rule, l.byID != nil
	if err := s.choose(); err != nil {
		return 0, err
	}
	if found.torn != nil {
		off := nextPage(found.end)
		r := scanner{f: s.file, size: size}
		first, err := r.nonzero(off, size)
		if err != nil {
			return 0, fmt.Errorf("read %s: offset %d: %w", s.path, off, err)
		}
		// A file made longer before its new bytes came is all zero there:
		// nothing to keep.
		if first >= 0 {
			s.torn = &Torn{Offset: off, Bytes: size - off, Reason: found.torn.Error()}
		}
	}
	return size, nil
}

// repair puts the end of the file in order, so that the next record follows
// the last good one.
func (s *Set) repair(size int64, clean bool) error {
	if s.torn != nil {
		path, err := setAside(s.fsys, s.dir, s.file, s.torn.Offset, size, s.now(), "torn", ".bin")
		if err != nil {
			return err
		}
		s.torn.Path = path
	}
	if size > s.end {
		if err := s.file.Truncate(s.end); err != nil {
			return err
		}
	}
	// A writer that was killed may have left its last record, or the store
	// itself, in the cache only: whole to look at and gone with the next power
	// cut.
	if size > s.end || !clean {
		if err := s.file.Sync(); err != nil {
			return err
		}
	}
	if !clean {
		if err := s.fsys.SyncDir(s.dir); err != nil {
			return err
		}
		return s.syncEntry(filepath.Clean(s.dir))
	}
	return nil
}

// fits says whether the network that the Set was opened for has done with every
// shot of st.
func (s *Set) fits(st state) (err error) {
	if s.partial {
		return nil
	}
	st.every(func(_ string, e *entry) {
		asked := s.fingerprint != embed.Fingerprint{}
		switch {
		case err != nil:
		case asked && !e.done(s.fingerprint):
			err = fmt.Errorf("%w: %s: shot %d was made with model %s, this is model %s", ErrModelMismatch, s.dir, e.id, e.fingerprint.Short(), s.fingerprint.Short())
		case s.dim != 0 && (!asked || e.fingerprint == s.fingerprint) && len(e.embedding) != s.dim:
			err = fmt.Errorf("%w: %s: shot %d has an embedding of %d numbers, this model makes %d", ErrModelMismatch, s.dir, e.id, len(e.embedding), s.dim)
		}
	})
	return err
}

// Close gives the lock back. Classify and Answer go on working from memory;
// everything that touches the file fails from then on.
func (s *Set) Close() error {
	s.change.Lock()
	defer s.change.Unlock()
	s.files.Lock()
	defer s.files.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.quit.Store(true)
	return errors.Join(s.file.Close(), s.unlock(s.broken == nil))
}

// Dir is the store's folder.
func (s *Set) Dir() string { return s.dir }

// ReadOnly reports whether the Set was opened so.
func (s *Set) ReadOnly() bool { return s.readOnly }

// Torn returns what a power cut had left at the end of the file, nil if
// nothing. People should be told: it is the shot that they were not promised.
// In a read-only Set it may as well be what a writer was writing just then.
func (s *Set) Torn() *Torn {
	if s.torn == nil {
		return nil
	}
	t := *s.torn
	return &t
}
