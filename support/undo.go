package support

import "fmt"

// Undo takes back the last change that was not taken back before (a shot, a
// negative, a remove, move, rename, merge or forget), durably, and says what it was. The
// last 64 changes can be taken back one after another, also those made before
// the store was opened; an undo itself cannot. The error wraps ErrNotFound if
// there is none left, and ErrModelMismatch if it would bring back shots of
// another model.
func (s *Set) Undo() (Change, error) {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.writable(); err != nil {
		return Change{}, err
	}
	if len(s.past) == 0 {
		return Change{}, fmt.Errorf("%w: %s: no change left to undo", ErrNotFound, s.dir)
	}
	last := s.past[len(s.past)-1]
	if err := s.fits(last.before); err != nil {
		return Change{}, fmt.Errorf("undo: %w", err)
	}
	rec := appendChange(nil, last.kind.undo(), s.id, s.seq+1, change{id: last.seq, at: storable(s.now())})
	if err := s.commit(rec); err != nil {
		return Change{}, err
	}
	s.past = s.past[:len(s.past)-1]
	s.state = last.before
	s.publish()
	s.compactIfWorth()
	return last.public(), nil
}

// public describes a step for people.
func (p *step) public() Change {
	c := Change{Time: p.at, Class: p.class, Into: p.into}
	switch p.kind {
	case kindShot:
		c.Kind, c.Shot, c.Shots = Added, p.id, 1
	case kindNegative, kindDrop:
		c.Kind, c.Shot, c.Shots = map[kind]Kind{kindNegative: AddedNegative, kindDrop: RemovedNegative}[p.kind], p.id, 1
	case kindRemove, kindMove:
		c.Kind, c.Shot, c.Shots = Removed, p.id, 1
		if p.kind == kindMove {
			c.Kind, c.Into = Moved, p.class
		}
		w, _ := p.before.locate(p.id)
		c.Class = p.before.ways[w].name
	case kindRename, kindMerge, kindForget:
		c.Kind = map[kind]Kind{kindRename: Renamed, kindMerge: Merged, kindForget: Forgot}[p.kind]
		c.Shots = len(p.before.ways[p.before.find(p.class)].shots)
	}
	return c
}
