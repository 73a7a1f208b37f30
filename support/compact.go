package support

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/edge-camera/edge/embed"
)

// compactLimit is the garbage that is not worth a rewrite.
const compactLimit = 1 << 20

// bottom is the oldest state that an undo can lead to.
func (s *Set) bottom() state {
	if len(s.past) > 0 {
		return s.past[0].before
	}
	return s.state
}

// garbage is how much of the file neither the state nor an undo needs.
func (s *Set) garbage() int64 {
	live := int64(pageSize)
	s.bottom().every(func(_ string, e *entry) { live += e.bytes })
	for i := range s.past {
		if p := &s.past[i]; p.shot != nil {
			live += p.shot.bytes
		} else {
			live += p.bytes
		}
	}
	if s.rule != (Rule{}) {
		live += pageSize
	}
	return max(nextPage(s.end)-live, 0)
}

// compactIfWorth rewrites the file when more than half of it, and more than
// compactLimit, is garbage. It fails without harm as long as the old file is
// in place: the change it follows is durable already.
func (s *Set) compactIfWorth() {
	if s.writable() != nil || s.tidy != nil {
		return
	}
	if g := s.garbage(); g > s.limit && g > s.end/2 {
		s.tidy = s.compact()
	}
}

// rewrite writes what the state and the undos need to a new file and makes its
// bytes durable, not its name. After an error the file is gone.
func (s *Set) rewrite(temp string) (*compactor, error) {
	if err := s.fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := s.fsys.Create(temp)
	if err != nil {
		return nil, err
	}
	c := &compactor{
		set: s, old: s.file, f: f, networks: s.kept(), rest: make(map[embed.Fingerprint][]carried),
		id: newFileID(), end: headerSize, places: make(map[*entry]*place)}
	err = c.write(s)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), s.fsys.Remove(temp))
	}
	return c, nil
}

// compact writes what the state and the undos need to a new file and puts it
// in the old one's place.
func (s *Set) compact() error {
	temp := filepath.Join(s.dir, tempName)
	c, err := s.rewrite(temp)
	if err != nil {
		return err
	}
	f := c.f
	err = s.fsys.Rename(temp, s.path)
	if err == nil {
		err = s.fsys.SyncDir(s.dir)
	}
	if err != nil {
		// Which of the two files a restart will find cannot be known, so
		// neither is written to. Both hold the same.
		s.broken = fmt.Errorf("compaction: %w", err)
		return errors.Join(s.broken, f.Close())
	}

	s.files.Lock()
	defer s.files.Unlock()
	old := s.file
	s.file, s.id, s.end, s.seq = f, c.id, c.end, c.seq
	s.minor = minor
	for e, p := range c.places {
		e.crop, e.bytes, e.floats, e.others = p.crop, p.bytes, p.floats, p.others
	}
	for i := range s.past {
		p := &s.past[i]
		p.seq = c.first + uint64(i)
		if p.shot != nil {
			p.bytes = c.places[p.shot].record
		}
	}
	return old.Close()
}

// compactor writes a compacted file.
type compactor struct {
	set      *Set
	old, f   File
	networks []embed.Fingerprint // whose embeddings are kept, the Set's last
	rest     map[embed.Fingerprint][]carried

	id     uint64
	end    int64
	seq    uint64
	first  uint64 // seq of the first change that can be undone
	buf    []byte
	places map[*entry]*place
}

// place is where a shot is in the new file.
type place struct {
	record      int64 // bytes of its record, with the gap to the next page
	crop, bytes int64
	floats      int64
	others      []other
}

func (c *compactor) write(s *Set) error {
	if _, err := c.f.WriteAt(encodeHeader(c.id), 0); err != nil {
		return err
	}
	bottom := s.bottom()
	b := base{nextID: s.nextID, shots: uint32(bottom.len()), ways: bottom.ways}
	if err := c.append(appendBase(c.buf[:0], c.id, c.seq+1, b)); err != nil {
		return err
	}
	for _, w := range bottom.ways {
		for _, e := range w.shots {
			if err := c.shot(kindKept, w.name, e); err != nil {
				return err
			}
		}
	}
	for _, e := range bottom.negatives {
		if err := c.shot(kindKeptNegative, "", e); err != nil {
			return err
		}
	}
	if s.rule != (Rule{}) {
		if err := c.append(appendRule(c.buf[:0], c.id, c.seq+1, storable(s.now()), s.rule)); err != nil {
			return err
		}
	}
	c.first = c.seq + 1
	for i := range s.past {
		p := &s.past[i]
		var err error
		if p.kind.picture() {
			err = c.shot(p.kind, p.class, p.shot)
		} else {
			err = c.append(appendChange(c.buf[:0], p.kind, c.id, c.seq+1, p.change))
		}
		if err != nil {
			return err
		}
	}
	return c.embeddings()
}

// shot copies a shot. A crop that fails its checksum is copied as it is, with
// the checksum it fails: what a person may still want to see is not ours to
// drop.
func (c *compactor) shot(k kind, class string, e *entry) error {
	crop := make([]byte, e.cropLen)
	if len(crop) > 0 {
		if _, err := c.old.ReadAt(crop, e.crop); err != nil {
			return err
		}
	}
	first, err := c.carry(e)
	if err != nil {
		return err
	}
	if err := c.append(appendShot(c.buf[:0], k, c.id, c.seq+1, class, first, crop, e.cropCRC)); err != nil {
		return err
	}
	bytes := nextPage(int64(len(c.buf)))
	p := &place{record: bytes, crop: c.end - int64(len(crop)), bytes: bytes}
	p.note(e, first.other(c.end-int64(len(c.buf))+first.floatsAt(class)))
	c.places[e] = p
	return nil
}

func (c *compactor) append(rec []byte) error {
	c.buf = rec
	off := nextPage(c.end)
	if _, err := c.f.WriteAt(rec, off); err != nil {
		return err
	}
	c.end = off + int64(len(rec))
	c.seq++
	return nil
}
