package support

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
)

// entry is a shot in memory, shared by every state that holds it. Its class is
// the way it hangs in. Only crop moves after creation (compaction), guarded by
// Set.mu.
type entry struct {
	id          uint64
	at          time.Time
	source      string
	quality     *Quality // nil: not measured
	fingerprint embed.Fingerprint
	embedding   embed.Embedding
	inv         float64 // 1 / L2 norm of the embedding
	cropCRC     uint32
	cropLen     uint32
	crop        int64   // offset in the file
	bytes       int64   // whole record, with the gap to the next page, and its share of others
	floats      int64   // offset in the file of the embedding; guarded by Set.change
	others      []other // embeddings of other networks; guarded by Set.change

	sketch *sketch // by the projection it names, nil before there is one; guarded by Set.change
}

// measure computes inv from the embedding's squared norm and refuses those
// that have no direction.
func (e *entry) measure(sum float64) error {
	switch {
	// A sum of squares of float32 cannot overflow a float64, so one look at
	// it sees every number.
	case math.IsNaN(sum) || math.IsInf(sum, 0):
		return errors.New("the embedding holds a number that is not finite")
	case sum == 0:
		return errors.New("the embedding is all zero")
	}
	e.inv = 1 / math.Sqrt(sum)
	return nil
}

// way is a class. It is immutable once a state that holds it is published,
// but for the fields that derive fills in before that.
type way struct {
	name    string
	created time.Time
	shots   []*entry // by id
	derived
	was    []take  // of the way that this one came from, for derive; nil afterwards
	sketch *sketch // of the prototype, as entry.sketch

	seenBy *metric // which makes seen of the prototype; guarded like sketch
	seen   *seen
	rests  []*seen // by take, of the prototype without it; see restsOf
}

// state is the support set at one moment: classes in the order of their
// creation, none of them empty, and the negatives by id. apply makes a new state
// and shares what did not change, so that an undo is a pointer kept from before.
type state struct {
	ways      []*way
	negatives []*entry
}

// change is one record that alters the state.
type change struct {
	kind  kind
	at    time.Time
	id    uint64 // shot or negative: kindShot, kindKept, kindRemove, kindMove, kindNegative, kindKeptNegative, kindDrop
	class string
	into  string // kindRename, kindMerge: the new class
	shot  *entry // kindShot, kindKept, kindNegative, kindKeptNegative
}

func (st state) find(class string) int {
	return slices.IndexFunc(st.ways, func(w *way) bool { return w.name == class })
}

// locate returns the way and the position in it of a shot, or -1, -1.
func (st state) locate(id uint64) (w, i int) {
	for w, way := range st.ways {
		if i, ok := slices.BinarySearchFunc(way.shots, id, byID); ok {
			return w, i
		}
	}
	return -1, -1
}

// negative returns the position of a negative, or -1.
func (st state) negative(id uint64) int {
	i, ok := slices.BinarySearchFunc(st.negatives, id, byID)
	if !ok {
		return -1
	}
	return i
}

func byID(e *entry, id uint64) int { return cmp.Compare(e.id, id) }

func (st state) len() int {
	n := 0
	for _, w := range st.ways {
		n += len(w.shots)
	}
	return n
}

// all calls f with every shot.
func (st state) all(f func(w *way, e *entry)) {
	for _, w := range st.ways {
		for _, e := range w.shots {
			f(w, e)
		}
	}
}

// picture returns the shot or negative of a number, nil if there is none.
func (st state) picture(id uint64) *entry {
	if w, i := st.locate(id); w >= 0 {
		return st.ways[w].shots[i]
	}
	if i := st.negative(id); i >= 0 {
		return st.negatives[i]
	}
	return nil
}

// every calls f with every shot and its class, then with every negative and no
// class.
func (st state) every(f func(class string, e *entry)) {
	st.all(func(w *way, e *entry) { f(w.name, e) })
	for _, e := range st.negatives {
		f("", e)
	}
}

// apply returns the state after c and leaves st as it was. With reuse it may
// take st's memory instead, for reading long files.
func (st state) apply(c change, reuse bool) (state, error) {
	edit := editor{state: st, reuse: reuse}
	if !reuse {
		edit.ways = slices.Clone(st.ways)
	}
	switch c.kind {
	case kindShot:
		if err := CheckName(c.class); err != nil {
			return st, err
		}
		edit.put(edit.ensure(c.class, c.at), c.shot)
	case kindNegative:
		edit.putNegative(c.shot)
	case kindDrop:
		i := edit.negative(c.id)
		if i < 0 {
			return st, fmt.Errorf("%w: negative %d", ErrNotFound, c.id)
		}
		edit.ownNegatives()
		edit.negatives = slices.Delete(edit.negatives, i, i+1)
	case kindRemove:
		w, i := edit.locate(c.id)
		if w < 0 {
			return st, fmt.Errorf("%w: shot %d", ErrNotFound, c.id)
		}
		edit.take(w, i)
		edit.sweep(w)
	case kindMove:
		w, i := edit.locate(c.id)
		if w < 0 {
			return st, fmt.Errorf("%w: shot %d", ErrNotFound, c.id)
		}
		if err := CheckName(c.class); err != nil {
			return st, err
		}
		if edit.ways[w].name == c.class {
			return st, fmt.Errorf("%w: shot %d is in %q already", ErrName, c.id, c.class)
		}
		e := edit.take(w, i)
		edit.put(edit.ensure(c.class, c.at), e)
		edit.sweep(w)
	case kindRename:
		w := edit.find(c.class)
		if w < 0 {
			return st, fmt.Errorf("%w: class %q", ErrNotFound, c.class)
		}
		if err := CheckName(c.into); err != nil {
			return st, err
		}
		if edit.find(c.into) >= 0 {
			return st, fmt.Errorf("%w: %q is there already: merge the two instead", ErrName, c.into)
		}
		edit.own(w).name = c.into
	case kindMerge:
		from, into := edit.find(c.class), edit.find(c.into)
		switch {
		case from < 0:
			return st, fmt.Errorf("%w: class %q", ErrNotFound, c.class)
		case into < 0:
			return st, fmt.Errorf("%w: class %q", ErrNotFound, c.into)
		case from == into:
			return st, fmt.Errorf("%w: cannot merge %q into itself", ErrName, c.class)
		}
		for _, e := range edit.ways[from].shots {
			edit.put(into, e)
		}
		edit.ways = slices.Delete(edit.ways, from, from+1)
	case kindForget:
		w := edit.find(c.class)
		if w < 0 {
			return st, fmt.Errorf("%w: class %q", ErrNotFound, c.class)
		}
		edit.ways = slices.Delete(edit.ways, w, w+1)
	default:
		return st, fmt.Errorf("no change of kind %d", c.kind)
	}
	return edit.state, nil
}

// editor is a state being changed. Unless reuse is set it copies a way before
// it touches it.
type editor struct {
	state
	reuse bool
}

func (ed *editor) own(w int) *way {
	if ed.reuse {
		ed.ways[w].derived, ed.ways[w].was, ed.ways[w].sketch = derived{}, nil, nil
		return ed.ways[w]
	}
	old := ed.ways[w]
	was := old.takes
	if was == nil {
		was = old.was // it was made a moment ago
	}
	ed.ways[w] = &way{name: old.name, created: old.created, shots: slices.Clone(old.shots), was: was}
	return ed.ways[w]
}

// ensure returns the way of a class and makes it if need be.
func (ed *editor) ensure(class string, at time.Time) int {
	if w := ed.find(class); w >= 0 {
		return w
	}
	ed.ways = append(ed.ways, &way{name: class, created: at})
	return len(ed.ways) - 1
}

// put adds a shot in the order of ids.
func (ed *editor) put(w int, e *entry) {
	way := ed.own(w)
	i, _ := slices.BinarySearchFunc(way.shots, e.id, byID)
	way.shots = slices.Insert(way.shots, i, e)
}

// ownNegatives makes the list of negatives one that may be changed.
func (ed *editor) ownNegatives() {
	if !ed.reuse {
		ed.negatives = slices.Clone(ed.negatives)
	}
}

// putNegative adds a negative in the order of ids.
func (ed *editor) putNegative(e *entry) {
	ed.ownNegatives()
	i, _ := slices.BinarySearchFunc(ed.negatives, e.id, byID)
	ed.negatives = slices.Insert(ed.negatives, i, e)
}

func (ed *editor) take(w, i int) *entry {
	way := ed.own(w)
	e := way.shots[i]
	way.shots = slices.Delete(way.shots, i, i+1)
	return e
}

// sweep drops a way that has lost its last shot.
func (ed *editor) sweep(w int) {
	if len(ed.ways[w].shots) == 0 {
		ed.ways = slices.Delete(ed.ways, w, w+1)
	}
}
