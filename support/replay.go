package support

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// replay applies the records that are left, by number. It does not stop at what
// makes no sense without the missing ones:
//
//   - A remove, move, rename, merge or forget of what is not there is passed
//     over. A move still tells where a lost shot would be.
//   - A rename to a name that is taken gives the class that has it another one:
//     a record that is gone had freed it, and to mix the two would be worse.
//   - A merge into a class that is not there renames the other.
//   - A lost shot may have been a negative: shots and negatives are numbered
//     together.
//   - An undo takes back the record it names and all later ones that are still
//     there, because undos go backwards: theirs are among the missing.
type replay struct {
	r       *repairer
	present map[uint64]bool   // numbers of the records that are there
	last    uint64            // the highest of them
	undone  map[uint64]bool   // numbers of the records that an undo names
	ids     map[uint64]*entry // every shot whose record is there
	base    *base             // nil: none is there
	top     uint64            // highest id of a shot
	told    uint64            // missing records of which it is known what they were

	state      state
	past       []step
	rule       Rule
	lost       map[uint64]string // shots known to have been there, with their class
	reembedded bool
}

// parsed is a record that a state is made from.
type parsed struct {
	change
	seq    uint64
	bytes  int64
	undone bool
}

var errNonsense = errors.New("a record that makes no sense")

func newReplay(r *repairer) *replay {
	return &replay{
		r: r, present: make(map[uint64]bool), undone: make(map[uint64]bool),
		ids: make(map[uint64]*entry), lost: make(map[uint64]string),
	}
}

func (p *replay) run(ours []remnant) {
	records := p.parse(ours)
	p.undos(records)
	p.missingShots(records)
	changes := p.kept(records)
	for _, c := range changes {
		if !c.kind.undoes() && !c.undone {
			p.change(c)
		}
	}
	for _, m := range ours {
		if m.head.kind == kindEmbeddings {
			p.embeddings(m)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.lost)) {
		p.r.Lost = append(p.r.Lost, LostShot{id, p.lost[id]})
	}
	p.r.Missing = int(min(p.missing()-p.told, math.MaxInt32))
}

// missing is how many records are not there.
func (p *replay) missing() uint64 { return p.last - uint64(len(p.present)) }

// nextID is past every number that a shot may have had: any missing record may
// have been one, and no number is used twice.
func (p *replay) nextID() uint64 {
	next := p.top + 1
	if p.base != nil {
		next = max(next, p.base.nextID)
	}
	if missing := p.missing(); missing < math.MaxUint64/2-min(next, math.MaxUint64/2) {
		next += missing
	}
	return next
}

// parse reads what the records say. Those that say nothing sensible are damage.
func (p *replay) parse(ours []remnant) []parsed {
	var records []parsed
	for _, m := range ours {
		c := parsed{seq: m.head.seq, bytes: nextPage(m.head.size())}
		err := errNonsense
		switch {
		case c.seq == 0:
		case m.head.kind == kindBase:
			var b base
			if b, err = decodeBase(m.meta); err == nil {
				if c.seq == 1 {
					p.base = &b
				} else {
					err = errNonsense
				}
			}
		case m.head.kind == kindRule:
			var rule Rule
			if rule, err = decodeRule(m.meta); err == nil {
				p.rule = rule
			}
		case m.head.kind == kindEmbeddings:
			err = nil
		case m.head.kind.picture():
			c.change, err = p.shot(m)
		default:
			c.change, err = decodeChange(m.head.kind, m.meta)
		}
		if err != nil {
			p.nonsense(m, err)
			continue
		}
		p.present[c.seq] = true
		p.last = c.seq
		if c.kind != 0 {
			records = append(records, c)
		}
	}
	return records
}

func (p *replay) nonsense(m remnant, err error) {
	p.r.Damage = append(p.r.Damage, ByteRange{m.off, m.end - m.off, err.Error()})
}

func (p *replay) shot(m remnant) (change, error) {
	class, e, floats, err := decodeAny(m.head.kind, m.meta)
	if err != nil {
		return change{}, err
	}
	if err := e.decode(floats); err != nil {
		return change{}, err
	}
	if p.ids[e.id] != nil || (m.head.kind == kindShot || m.head.kind == kindNegative) && e.id < p.top {
		return change{}, fmt.Errorf("shot %d follows shot %d", e.id, p.top)
	}
	p.ids[e.id] = e
	p.top = max(p.top, e.id)
	e.crop, e.cropLen, e.bytes = m.off+recordSize+int64(m.head.meta), m.head.crop, nextPage(m.head.size())
	e.floats = m.off + e.floatsAt(class)
	return change{kind: m.head.kind, at: e.at, id: e.id, class: class, shot: e}, nil
}

// undos marks the records that undos took back.
func (p *replay) undos(records []parsed) {
	var stack []*parsed
	for i := range records {
		c := &records[i]
		if c.kind.kept() {
			continue
		}
		if !c.kind.undoes() {
			stack = append(stack, c)
			continue
		}
		if c.id == 0 || c.id >= c.seq {
			continue
		}
		p.undone[c.id] = true
		for len(stack) > 0 && stack[len(stack)-1].seq >= c.id {
			stack[len(stack)-1].undone = true
			stack = stack[:len(stack)-1]
		}
	}
}

// missingShots notes which shots must have been among the missing records:
// shots are numbered one after the other.
func (p *replay) missingShots(records []parsed) {
	var seq, id uint64 // of the shot before, or of what stands for it
	switch {
	case p.base != nil:
		seq, id = 1, p.base.nextID-1
	case len(records) > 0 && records[0].kind.kept():
		seq = math.MaxUint64 // nothing tells
	}
	for _, c := range records {
		if c.kind != kindShot && c.kind != kindNegative {
			continue
		}
		if seq < c.seq && id < c.id {
			p.between(seq, c.seq, id, c.id)
		}
		seq, id = c.seq, c.id
	}
}

// between notes the shots after fromID and before toID, whose records were
// between the records number from and to.
func (p *replay) between(from, to, fromID, toID uint64) {
	shots := toID - fromID - 1
	if shots == 0 || shots > to-from-1 || to-from > 1<<20 {
		return
	}
	var missing []uint64
	for seq := from + 1; seq < to; seq++ {
		if !p.present[seq] {
			missing = append(missing, seq)
		}
	}
	if uint64(len(missing)) < shots {
		return
	}
	p.told += shots
	for i := range shots {
		// Where every missing record was a shot it is known which was which.
		if uint64(len(missing)) == shots && p.undone[missing[i]] {
			continue
		}
		p.lost[fromID+1+i] = ""
	}
}

// kept makes the state that a compaction left, and returns the changes since.
func (p *replay) kept(records []parsed) (changes []parsed) {
	st := editor{reuse: true}
	if p.base != nil {
		for _, w := range p.base.ways {
			st.ways = append(st.ways, &way{name: w.name, created: w.created})
		}
	}
	for _, c := range records {
		switch c.kind {
		case kindKept:
			st.put(st.ensure(c.class, c.at), c.shot)
		case kindKeptNegative:
			st.putNegative(c.shot)
		default:
			changes = append(changes, c)
		}
	}
	st.ways = slices.DeleteFunc(st.ways, func(w *way) bool { return len(w.shots) == 0 })
	p.state = st.state
	return changes
}

// change applies a change as far as it can be.
func (p *replay) change(c parsed) {
	from, into := -1, -1
	switch c.kind {
	case kindRemove, kindMove:
		if w, _ := p.state.locate(c.id); w < 0 {
			if _, was := p.lost[c.id]; c.kind == kindRemove {
				delete(p.lost, c.id)
			} else if was || p.ids[c.id] == nil {
				p.lost[c.id] = c.class
			}
			return
		}
	case kindDrop:
		if p.state.negative(c.id) < 0 {
			delete(p.lost, c.id)
			return
		}
	case kindRename, kindMerge:
		for id, class := range p.lost {
			if class == c.class {
				p.lost[id] = c.into
			}
		}
		if from, into = p.state.find(c.class), p.state.find(c.into); from < 0 {
			return
		}
		if c.kind == kindRename && into >= 0 && into != from {
			free := p.freeName(c.into)
			p.apply(parsed{change: change{kind: kindRename, at: c.at, class: c.into, into: free}, seq: c.seq, bytes: c.bytes})
			p.r.Apart = append(p.r.Apart, Apart{c.into, free})
		}
		if c.kind == kindMerge && into < 0 {
			c.kind = kindRename
		}
	case kindForget:
		maps.DeleteFunc(p.lost, func(_ uint64, class string) bool { return class == c.class })
	}
	p.apply(c)
}

// apply applies a change that can be, and passes over one that cannot.
func (p *replay) apply(c parsed) {
	after, err := p.state.apply(c.change, false)
	if err != nil {
		return
	}
	if len(p.past) == undoDepth {
		p.past = p.past[1:]
	}
	p.past = append(p.past, step{change: c.change, before: p.state, seq: c.seq, bytes: c.bytes})
	p.state = after
}

// freeName is a name like the given one that no class has.
func (p *replay) freeName(name string) string {
	for i := 2; ; i++ {
		end := fmt.Sprint(" ", i)
		cut := name
		for CheckName(cut+end) != nil {
			_, n := utf8.DecodeLastRuneInString(cut)
			cut = cut[:len(cut)-n]
		}
		if p.state.find(cut+end) < 0 {
			return cut + end
		}
	}
}

func (p *replay) embeddings(m remnant) {
	p.reembedded = true
	err := decodeEmbeddings(m.off, m.meta, func(id uint64, o other) {
		if e := p.ids[id]; e != nil && !e.done(o.fingerprint) {
			e.add(o)
		}
	})
	if err != nil {
		p.nonsense(m, err)
	}
}
