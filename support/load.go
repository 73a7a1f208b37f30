package support

import (
	"errors"
	"fmt"
)

// loader replays records. Changes that an undo took back never reach a state;
// changes too old for an undo are folded into settled as soon as they are, so
// that a long history costs no memory.
type loader struct {
	settled state
	steps   []step // at most undoDepth
	next    uint64 // from kindBase
	top     uint64 // highest id of a shot
	kept    uint32 // kindKept records still to come
	ids     map[uint64]bool
	begun   bool
	rule    Rule              // the last one
	byID    map[uint64]*entry // of every shot, once there are embeddings
}

func (l *loader) nextID() uint64 { return max(l.next, l.top+1) }

func (l *loader) visit(off int64, r content) error {
	h, meta := r.head, r.meta
	if !h.kind.known() {
		if h.flags&optional != 0 {
			return nil
		}
		return fmt.Errorf("%w: a record of kind %d", ErrVersion, h.kind)
	}
	first := !l.begun
	l.begun = true
	bytes := nextPage(off+h.size()) - off

	if h.kind == kindBase {
		b, err := decodeBase(meta)
		if err != nil {
			return err
		}
		if !first {
			return errors.New("a list of classes is not the first record")
		}
		if (b.shots == 0) != (len(b.ways) == 0) {
			return fmt.Errorf("%d classes have %d shots", len(b.ways), b.shots)
		}
		l.next, l.kept, l.settled.ways = b.nextID, b.shots, b.ways
		l.ids = make(map[uint64]bool)
		return nil
	}
	if (h.kind == kindKept) != (l.kept > 0) {
		return fmt.Errorf("%d shots of the base are missing or too many", l.kept)
	}
	if h.kind == kindRule {
		var err error
		l.rule, err = decodeRule(meta)
		return err
	}
	if h.kind == kindEmbeddings {
		return l.embeddings(off, meta)
	}
	if h.kind.undoes() {
		c, err := decodeChange(h.kind, meta)
		if err != nil {
			return err
		}
		if len(l.steps) == 0 || l.steps[len(l.steps)-1].seq != c.id {
			return fmt.Errorf("an undo of record %d, which is not the last change", c.id)
		}
		if l.steps[len(l.steps)-1].kind.undo() != h.kind {
			return fmt.Errorf("an undo of record %d, which takes another kind of undo", c.id)
		}
		l.steps = l.steps[:len(l.steps)-1]
		return nil
	}

	var c change
	if h.kind.picture() {
		if r.err != nil {
			return r.err
		}
		class, e := r.class, r.shot
		e.crop, e.cropLen, e.bytes = off+recordSize+int64(h.meta), h.crop, bytes
		e.floats = off + e.floatsAt(class)
		if l.byID != nil {
			l.byID[e.id] = e
		}
		c = change{kind: h.kind, at: e.at, id: e.id, class: class, shot: e}
	} else {
		var err error
		if c, err = decodeChange(h.kind, meta); err != nil {
			return err
		}
	}
	if h.kind == kindKeptNegative {
		if l.ids == nil || l.ids[c.id] || c.id >= l.next || len(l.steps) > 0 {
			return fmt.Errorf("negative %d is there twice, was never taken or comes too late", c.id)
		}
		l.ids[c.id] = true
		l.top = max(l.top, c.id)
		edit := editor{state: l.settled, reuse: true}
		edit.putNegative(c.shot)
		l.settled = edit.state
		return nil
	}
	if h.kind == kindKept {
		w := l.settled.find(c.class)
		if w < 0 {
			return fmt.Errorf("shot %d belongs to the unlisted class %q", c.id, c.class)
		}
		if l.ids[c.id] || c.id >= l.next {
			return fmt.Errorf("shot %d is there twice or was never taken", c.id)
		}
		l.ids[c.id] = true
		l.top = max(l.top, c.id)
		(&editor{state: l.settled, reuse: true}).put(w, c.shot)
		if l.kept--; l.kept == 0 {
			return l.whole()
		}
		return nil
	}
	if h.kind == kindShot || h.kind == kindNegative {
		if c.id <= l.top {
			return fmt.Errorf("shot %d follows shot %d", c.id, l.top)
		}
		l.top = c.id
	}
	if len(l.steps) == undoDepth {
		var err error
		if l.settled, err = l.settled.apply(l.steps[0].change, true); err != nil {
			return err
		}
		l.steps = l.steps[1:]
	}
	l.steps = append(l.steps, step{change: c, seq: h.seq, bytes: bytes})
	return nil
}

// whole checks that the kept shots have left no listed class empty.
func (l *loader) whole() error {
	for _, w := range l.settled.ways {
		if len(w.shots) == 0 {
			return fmt.Errorf("class %q has no shot", w.name)
		}
	}
	return nil
}

// finish returns the last state and the steps that lead to it.
func (l *loader) finish() (state, []step, error) {
	if l.kept > 0 {
		return state{}, nil, fmt.Errorf("%d shots of the base are missing", l.kept)
	}
	st := l.settled
	for i := range l.steps {
		p := &l.steps[i]
		p.before = st
		var err error
		if st, err = st.apply(p.change, false); err != nil {
			return state{}, nil, fmt.Errorf("record %d: %w", p.seq, err)
		}
	}
	return st, l.steps, nil
}

// embeddings notes what other networks made of the shots so far. Shots that are
// not there any more are passed over.
func (l *loader) embeddings(off int64, meta []byte) error {
	if l.byID == nil {
		l.byID = make(map[uint64]*entry)
		l.settled.every(func(_ string, e *entry) { l.byID[e.id] = e })
		for i := range l.steps {
			if e := l.steps[i].shot; e != nil {
				l.byID[e.id] = e
			}
		}
	}
	return decodeEmbeddings(off, meta, func(id uint64, o other) {
		if e := l.byID[id]; e != nil && !e.done(o.fingerprint) {
			e.add(o)
		}
	})
}
