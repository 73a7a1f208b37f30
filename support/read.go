package support

import (
	"fmt"
	"io/fs"
)

func (e *entry) shot(class string) Shot {
	return Shot{ID: e.id, Class: class, Time: e.at, Source: e.source, Fingerprint: e.fingerprint, Embedding: e.embedding, Quality: e.quality}
}

// Len is the number of shots, without negatives.
func (s *Set) Len() int { return s.seen.Load().all.len() }

// Ways lists the classes in the order of their creation.
func (s *Set) Ways() []Way { return s.seen.Load().ways() }

// Shots lists the shots of a class, or of every class if it is empty: classes
// in the order of their creation, shots in the order of teaching.
func (s *Set) Shots(class string) []Shot {
	var shots []Shot
	s.seen.Load().all.all(func(w *way, e *entry) {
		if class == "" || w.name == class {
			shots = append(shots, e.shot(w.name))
		}
	})
	return shots
}

// Crop returns the picture of a shot or negative as it was given to Add, also that of a shot that
// an Undo would bring back. The error wraps
// ErrNotFound if there is no such shot or it has no picture, and ErrCorrupt if
// the picture fails its checksum.
func (s *Set) Crop(id uint64) ([]byte, error) {
	e := s.shotOf(id)
	if e == nil {
		return nil, fmt.Errorf("%w: shot %d", ErrNotFound, id)
	}
	if e.cropLen == 0 {
		return nil, fmt.Errorf("%w: shot %d has no picture", ErrNotFound, id)
	}
	s.files.RLock()
	defer s.files.RUnlock()
	if s.closed {
		return nil, fmt.Errorf("store %s: %w", s.dir, fs.ErrClosed)
	}
	crop := make([]byte, e.cropLen)
	if _, err := s.file.ReadAt(crop, e.crop); err != nil {
		return nil, fmt.Errorf("read %s: offset %d: %w", s.path, e.crop, err)
	}
	if checksum(crop) != e.cropCRC {
		return nil, fmt.Errorf("%w: %s: offset %d: the picture of shot %d fails its checksum", ErrCorrupt, s.path, e.crop, id)
	}
	return crop, nil
}

// shotOf finds a shot or negative that is there or that an undo brings back; nil
// if there is none.
func (s *Set) shotOf(id uint64) *entry {
	st := s.seen.Load().all
	if e := st.picture(id); e != nil {
		return e
	}
	s.change.Lock()
	defer s.change.Unlock()
	for i := range s.past {
		st := s.past[i].before
		if e := st.picture(id); e != nil {
			return e
		}
	}
	return nil
}

// Info describes the store's file, for those who look after it.
type Info struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Bytes   int64  `json:"bytes"`
	Garbage int64  `json:"garbage"` // bytes that the next compaction frees
	Undo    int    `json:"undo"`    // changes that Undo can take back
	Broken  error  `json:"-"`       // why nothing more is written, nil if it is
	Tidy    error  `json:"-"`       // why the last compaction failed, nil if it did not
}

// Info describes the store's file.
func (s *Set) Info() Info {
	s.change.Lock()
	defer s.change.Unlock()
	return Info{
		Path: s.path, Version: fmt.Sprintf("%d.%d", major, s.minor), Bytes: s.end, Garbage: s.garbage(),
		Undo: len(s.past), Broken: s.broken, Tidy: s.tidy,
	}
}
