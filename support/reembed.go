package support

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
)

// A shot can have embeddings of several networks: the one it was taught with,
// and what others made of its crop later. A Set answers by those of one network;
// the rest lie in the file. So a new model costs a few KB a shot and no crop is
// written again, every batch is safe when Reembed returns and need not be made
// again after a power cut, the history stays whole, and going back to the model
// before finds its embeddings where they were.
//
// A shot of which a network can make nothing, such as one without a crop, is
// marked so. It stays in its class and in every listing but takes no part in
// that network's answers (see Way.Aside). A Set that lacks an embedding without
// such a mark is refused by Open, because answers from part of a memory would be
// wrong without looking so.

// other is an embedding that the Set does not answer by.
type other struct {
	fingerprint embed.Fingerprint
	at          int64  // offset in the file of the first number
	dim         uint32 // 0: a mark that the network can make none
	crc         uint32 // of the numbers
}

// bytes is what the embedding takes in a record.
func (o *other) bytes() int64 { return embeddingSize + 4*int64(o.dim) }

// find returns the place of a network's embedding or mark in e.others, or -1.
func (e *entry) find(f embed.Fingerprint) int {
	return slices.IndexFunc(e.others, func(o other) bool { return o.fingerprint == f })
}

// done reports whether e has an embedding of network f or the mark that there
// can be none.
func (e *entry) done(f embed.Fingerprint) bool { return e.fingerprint == f || e.find(f) >= 0 }

// maxEmbeddings is how many embeddings a record holds at most.
const maxEmbeddings = 1 << 12

// Embedded is what another network made of a shot's crop.
type Embedded struct {
	Shot      uint64          // its ID
	Embedding embed.Embedding // nil: the network can make none of this shot
}

// Lacking lists the shots that have no embedding of network f and no mark that
// there can be none: those that are there and those that an Undo would bring
// back, in the order of teaching.
func (s *Set) Lacking(f embed.Fingerprint) []Shot {
	s.change.Lock()
	defer s.change.Unlock()
	var shots []Shot
	for e, class := range s.entries() {
		if !e.done(f) {
			shots = append(shots, e.shot(class))
		}
	}
	slices.SortFunc(shots, func(a, b Shot) int { return cmp.Compare(a.ID, b.ID) })
	return shots
}

// Aside lists the shots that take no part in answers, because there is no
// embedding of the Set's network.
func (s *Set) Aside() []Shot {
	v := s.seen.Load()
	var shots []Shot
	v.all.every(func(class string, e *entry) {
		if e.fingerprint != v.fingerprint {
			shots = append(shots, e.shot(class))
		}
	})
	return shots
}

// Fingerprint is that of the network whose embeddings the Set answers by. In a
// Set opened without one it is the last network that has done with every shot,
// else the one that most shots have embeddings of; zero where there is no shot.
func (s *Set) Fingerprint() embed.Fingerprint { return s.seen.Load().fingerprint }

// Ready reports whether the Set answers: a Partial one does not while shots
// lack embeddings.
func (s *Set) Ready() bool { return s.seen.Load().ready }

// Networks lists the networks that have done with every shot, the one that was
// last at work first: those that a Set can be opened for.
func (s *Set) Networks() []embed.Fingerprint {
	s.change.Lock()
	defer s.change.Unlock()
	var whole []embed.Fingerprint
	for _, c := range coverage(s.entries()) {
		if c.lacking == 0 {
			whole = append(whole, c.fingerprint)
		}
	}
	return whole
}

// Reembed keeps what network f made of shots, durably; after an error some of it
// may be kept, which Lacking tells. What the Set answers does not change; that is up to Use. Shots
// that are not there any more, and those that have an embedding of f already,
// are passed over. All embeddings are of one length. Errors wrap ErrShot where
// an embedding cannot be kept; a network that makes such a one can make none.
func (s *Set) Reembed(f embed.Fingerprint, made []Embedded) error {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if f == (embed.Fingerprint{}) {
		return fmt.Errorf("%w: %s: an embedding of no model", ErrModelMismatch, s.dir)
	}
	byID := make(map[uint64]*entry)
	for e := range s.entries() {
		byID[e.id] = e
	}
	var keep []Embedded
	dim := 0
	for _, m := range made {
		e := byID[m.Shot]
		if e == nil || e.done(f) {
			continue
		}
		delete(byID, m.Shot) // nobody keeps two
		if m.Embedding != nil {
			if err := checkEmbedding(m.Embedding); err != nil {
				return fmt.Errorf("%w: shot %d: %w", ErrShot, m.Shot, err)
			}
			if dim != 0 && len(m.Embedding) != dim {
				return fmt.Errorf("%w: shot %d: an embedding of %d numbers after one of %d", ErrShot, m.Shot, len(m.Embedding), dim)
			}
			dim = len(m.Embedding)
		}
		keep = append(keep, m)
	}
	if len(keep) == 0 {
		return nil
	}
	// A program of an earlier version would leave the embeddings out of its next
	// compaction. It refuses to write to a file of this version.
	if err := s.raise(minorEmbeddings); err != nil {
		return err
	}
	byID = make(map[uint64]*entry)
	for e := range s.entries() {
		byID[e.id] = e
	}
	for batch := range slices.Chunk(keep, min(maxEmbeddings, (maxMeta-embeddingsSize)/int((&other{dim: uint32(dim)}).bytes()))) {
		rec, places := appendEmbeddings(nil, s.id, s.seq+1, storable(s.now()), f, batch)
		if err := s.commit(rec); err != nil {
			return err
		}
		for i, m := range batch {
			o := places[i]
			o.at += s.end - int64(len(rec))
			byID[m.Shot].add(o)
		}
		s.reembedded = true
	}
	s.publish()
	return nil
}

// add notes an embedding that is in the file.
func (e *entry) add(o other) {
	e.others = append(e.others, o)
	e.bytes += o.bytes()
}

func checkEmbedding(v embed.Embedding) error {
	if len(v) == 0 || len(v) > maxDim {
		return fmt.Errorf("an embedding of %d numbers, 1 to %d are kept", len(v), maxDim)
	}
	return new(entry).measure(dot(v, v))
}

// Use makes f, whose embeddings have dim numbers, the network by whose
// embeddings the Set answers and whose embeddings Add takes, in place of the one
// it was opened with. Like Open it refuses while shots lack an embedding of f,
// with an error that wraps ErrModelMismatch, and then leaves all as it was.
// Queries are embeddings of f from then on. Nothing is written.
func (s *Set) Use(f embed.Fingerprint, dim int) error {
	s.change.Lock()
	defer s.change.Unlock()
	switch {
	case s.closed, s.broken != nil:
		return s.writable()
	case f == embed.Fingerprint{}:
		return fmt.Errorf("%w: %s: no model to use", ErrModelMismatch, s.dir)
	}
	// Shots that somebody may be looking at are not changed: the file is read
	// anew.
	fresh := &Set{dir: s.dir, path: s.path, fsys: s.fsys, now: s.now, readOnly: s.readOnly, fingerprint: f, dim: dim, file: s.file}
	if _, err := fresh.load(); err != nil {
		return err
	}
	if !s.readOnly && fresh.end != s.end {
		return fmt.Errorf("%w: %s: it ends at offset %d and should at %d", ErrCorrupt, s.path, fresh.end, s.end)
	}
	if err := fresh.fits(fresh.state); err != nil {
		return err
	}
	s.fingerprint, s.dim, s.partial = f, dim, false
	s.state, s.past, s.model = fresh.state, fresh.past, fresh.model
	s.learner, s.epoch = nil, s.epoch+1
	s.projection = nil
	s.publish()
	return nil
}

// raise makes the file one of at least the given minor version. Callers hold
// s.change.
func (s *Set) raise(to uint16) error {
	if s.minor >= to {
		return nil
	}
	return s.compact()
}

// raiseIfRoom is raise for what a change can do without: a compaction that
// fails without harm is not tried again. Callers look at s.minor for what came
// of it, and hold s.change.
func (s *Set) raiseIfRoom(to uint16) error {
	if s.minor >= to || s.tidy != nil {
		return nil
	}
	if s.tidy = s.compact(); s.broken != nil {
		return s.writable()
	}
	return nil
}

// entries yields every shot that is there or that an undo brings back, once,
// with its class. Callers hold s.change.
func (s *Set) entries() map[*entry]string {
	all := make(map[*entry]string)
	note := func(class string, e *entry) {
		if _, ok := all[e]; !ok {
			all[e] = class
		}
	}
	s.state.every(note)
	for i := range s.past {
		s.past[i].before.every(note)
	}
	return all
}

// covered is how far a network is.
type covered struct {
	fingerprint embed.Fingerprint
	shots       int   // that have its embedding
	lacking     int   // that have neither that nor the mark
	last        int64 // where in the file it was last at work
}

// coverage lists the networks that have embeddings of any shot: those that lack
// none first, then by the number of shots; among equals the one that was last at
// work.
func coverage(entries map[*entry]string) []covered {
	all := make(map[embed.Fingerprint]*covered)
	note := func(f embed.Fingerprint, at int64, shots int) {
		c := all[f]
		if c == nil {
			c = &covered{fingerprint: f, lacking: len(entries)}
			all[f] = c
		}
		c.shots += shots
		c.lacking--
		c.last = max(c.last, at)
	}
	for e := range entries {
		note(e.fingerprint, e.floats, 1)
		for _, o := range e.others {
			note(o.fingerprint, o.at, min(int(o.dim), 1))
		}
	}
	return slices.SortedFunc(func(yield func(covered) bool) {
		for _, c := range all {
			if c.shots > 0 && !yield(*c) {
				return
			}
		}
	}, func(a, b covered) int {
		whole := func(c covered) int { return min(c.lacking, 1) }
		partly := 0
		if a.lacking > 0 && b.lacking > 0 {
			partly = cmp.Compare(b.shots, a.shots)
		}
		return cmp.Or(cmp.Compare(whole(a), whole(b)), partly, cmp.Compare(b.last, a.last), slices.Compare(a.fingerprint[:], b.fingerprint[:]))
	})
}

// choose gives every shot just loaded the embedding of the network that the Set
// is for, where it has one.
func (s *Set) choose() error {
	s.model = s.fingerprint
	var entries map[*entry]string
	if s.model == (embed.Fingerprint{}) || s.reembedded {
		entries = s.entries()
	}
	if s.model == (embed.Fingerprint{}) {
		if c := coverage(entries); len(c) > 0 {
			s.model = c[0].fingerprint
		}
	}
	for e := range entries {
		if i := e.find(s.model); i >= 0 && e.others[i].dim > 0 {
			if err := s.swap(e, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// swap makes e.others[i] the embedding of e, and the other way round.
func (s *Set) swap(e *entry, i int) error {
	o := e.others[i]
	b, err := s.floats(o)
	if err != nil {
		return fmt.Errorf("shot %d: %w", e.id, err)
	}
	was := e.other(e.floats)
	v := make(embed.Embedding, o.dim)
	if err := e.measure(decodeFloats(v, b)); err != nil {
		return fmt.Errorf("%w: %s: offset %d: shot %d: %w", ErrCorrupt, s.path, o.at, e.id, err)
	}
	e.fingerprint, e.embedding, e.floats = o.fingerprint, v, o.at
	e.others[i] = was
	return nil
}

// floats reads the numbers of an embedding as they are in the file.
func (s *Set) floats(o other) ([]byte, error) {
	b := make([]byte, 4*int(o.dim))
	if len(b) == 0 {
		return b, nil
	}
	if _, err := s.file.ReadAt(b, o.at); err != nil {
		return nil, fmt.Errorf("read %s: offset %d: %w", s.path, o.at, err)
	}
	if checksum(b) != o.crc {
		return nil, fmt.Errorf("%w: %s: offset %d: an embedding fails its checksum", ErrCorrupt, s.path, o.at)
	}
	return b, nil
}

// other is e's embedding as one that lies at an offset.
func (e *entry) other(at int64) other {
	return other{fingerprint: e.fingerprint, at: at, dim: uint32(len(e.embedding)), crc: checksum(appendFloats(nil, e.embedding))}
}

// keptNetworks is of how many networks a compaction keeps embeddings: the one in
// use, the one before it to go back to, and one that somebody may be making
// embeddings of.
const keptNetworks = 3

// kept lists the networks whose embeddings a compaction keeps: those that were
// last at work, in that order, and at the end the Set's own. A shot that has
// embeddings of none of them keeps what it has.
func (s *Set) kept() []embed.Fingerprint {
	if !s.reembedded {
		return nil
	}
	c := coverage(s.entries())
	at := func(c covered) int64 {
		if c.fingerprint == s.model {
			return math.MaxInt64
		}
		return c.last
	}
	slices.SortFunc(c, func(a, b covered) int { return cmp.Compare(at(a), at(b)) })
	var networks []embed.Fingerprint
	for _, c := range c[max(len(c)-keptNetworks, 0):] {
		networks = append(networks, c.fingerprint)
	}
	return networks
}

// carried is an embedding on its way into a compacted file.
type carried struct {
	e       *entry
	numbers embed.Embedding // nil: a mark
}

// carry returns e with the embedding that its record shall hold and keeps the
// others for the end of the file. The oldest network's goes into the record, so
// that the end of the file tells which network is in use.
func (c *compactor) carry(e *entry) (*entry, error) {
	if len(e.others) == 0 {
		return e, nil
	}
	var first *entry
	if !slices.Contains(c.networks, e.fingerprint) {
		first = e
	}
	for _, f := range c.networks {
		if f == e.fingerprint {
			if first == nil {
				first = e
				continue
			}
			c.rest[f] = append(c.rest[f], carried{e, e.embedding})
			continue
		}
		i := e.find(f)
		if i < 0 {
			continue
		}
		o := e.others[i]
		b, err := c.set.floats(o)
		if err != nil {
			return nil, err
		}
		var v embed.Embedding
		if o.dim > 0 {
			v = make(embed.Embedding, o.dim)
			decodeFloats(v, b)
		}
		if first == nil && o.dim > 0 {
			aged := *e
			aged.fingerprint, aged.embedding = f, v
			first = &aged
			continue
		}
		c.rest[f] = append(c.rest[f], carried{e, v})
	}
	return first, nil
}

// embeddings writes what carry kept.
func (c *compactor) embeddings() error {
	for _, f := range c.networks {
		rest := c.rest[f]
		for len(rest) > 0 {
			var made []Embedded
			size := embeddingsSize
			for _, r := range rest[:min(len(rest), maxEmbeddings)] {
				if size += embeddingSize + 4*len(r.numbers); size > maxMeta {
					break
				}
				made = append(made, Embedded{r.e.id, r.numbers})
			}
			rec, places := appendEmbeddings(c.buf[:0], c.id, c.seq+1, storable(c.set.now()), f, made)
			if err := c.append(rec); err != nil {
				return err
			}
			for i, o := range places {
				o.at += c.end - int64(len(rec))
				c.places[rest[i].e].note(rest[i].e, o)
			}
			rest = rest[len(made):]
		}
	}
	return nil
}

// note notes where an embedding of e is in the new file.
func (p *place) note(e *entry, o other) {
	if o.fingerprint == e.fingerprint {
		p.floats = o.at
		return
	}
	p.others = append(p.others, o)
	p.bytes += o.bytes()
}

// counting is st without the shots that have no embedding of network f. Ways
// that lose none are shared, so that what was derived of them stays.
func (st state) counting(f embed.Fingerprint) state {
	counts := func(e *entry) bool { return e.fingerprint == f }
	whole := true
	st.every(func(_ string, e *entry) { whole = whole && counts(e) })
	if whole {
		return st
	}
	some := state{negatives: slices.DeleteFunc(slices.Clone(st.negatives), func(e *entry) bool { return !counts(e) })}
	for _, w := range st.ways {
		var shots []*entry
		for _, e := range w.shots {
			if counts(e) {
				shots = append(shots, e)
			}
		}
		switch len(shots) {
		case 0:
		case len(w.shots):
			some.ways = append(some.ways, w)
		default:
			some.ways = append(some.ways, &way{name: w.name, created: w.created, shots: shots})
		}
	}
	return some
}

func appendFloats(b []byte, v embed.Embedding) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// appendEmbeddings appends a whole record of kindEmbeddings. places says where
// in it the numbers are; made is in the order of the record.
//
//	meta    0 time        [12]
//	       12 fingerprint [32]
//	       44 count u32
//	       48 count times: id u64, dim u32, dim float32; dim 0: none can be made
func appendEmbeddings(b []byte, file, seq uint64, at time.Time, f embed.Fingerprint, made []Embedded) (rec []byte, places []other) {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	b = appendTime(b, at)
	b = append(b, f[:]...)
	b = le.AppendUint32(b, uint32(len(made)))
	for _, m := range made {
		b = le.AppendUint64(b, m.Shot)
		b = le.AppendUint32(b, uint32(len(m.Embedding)))
		from := len(b)
		b = appendFloats(b, m.Embedding)
		places = append(places, other{fingerprint: f, at: int64(from - start), dim: uint32(len(m.Embedding)), crc: checksum(b[from:])})
	}
	seal(b[start:], kindEmbeddings, file, seq, len(b)-start-recordSize)
	return b, places
}

// decodeEmbeddings calls visit with every embedding in the meta of a record of
// kindEmbeddings that begins at off.
func decodeEmbeddings(off int64, meta []byte, visit func(id uint64, o other)) error {
	le := binary.LittleEndian
	short := errors.New("a list of embeddings is too short")
	if len(meta) < embeddingsSize {
		return short
	}
	if _, err := decodeTime(meta); err != nil {
		return err
	}
	var f embed.Fingerprint
	copy(f[:], meta[timeSize:])
	n := le.Uint32(meta[timeSize+len(f):])
	b := meta[embeddingsSize:]
	for range n {
		if len(b) < embeddingSize {
			return short
		}
		id, dim := le.Uint64(b), le.Uint32(b[8:])
		b = b[embeddingSize:]
		if dim > maxDim {
			return fmt.Errorf("shot %d has an embedding of %d numbers", id, dim)
		}
		if len(b) < 4*int(dim) {
			return short
		}
		visit(id, other{fingerprint: f, at: off + recordSize + int64(len(meta)-len(b)), dim: dim, crc: checksum(b[:4*dim])})
		b = b[4*dim:]
	}
	return nil
}
