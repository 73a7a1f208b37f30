package support

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// What a damaged file still says is read in two steps: remnants finds every
// record that passes its checksums, wherever in the file it is, and replay
// makes of them what a loader would have made of all, as far as that can be
// told without the missing ones.

// remnant is a record that passes its checksums.
type remnant struct {
	off  int64
	end  int64  // of what of it is whole: the meta, or the crop too
	file uint64 // whose it is
	head head
	meta []byte
}

// salvage fills the Set and the report from a file that cannot be loaded.
func (r *repairer) salvage(size int64) error {
	s := r.set
	file, minorVersion, headerErr := s.header(size)
	if headerErr == nil && minorVersion > minor {
		s.minor = minorVersion
		return s.tooNew()
	}
	all := remnants(s.file, size)
	if headerErr == nil && len(all) > 0 && !slices.ContainsFunc(all, func(m remnant) bool { return m.file == file }) {
		headerErr = errHeaderForeign
	}
	if headerErr != nil {
		file = commonFile(all)
		reason := strings.TrimPrefix(headerErr.Error(), ErrCorrupt.Error()+": ")
		r.Damage = append(r.Damage, ByteRange{0, min(size, pageSize), reason})
	}
	s.minor = minorVersion
	ours := r.sift(all, file, size)
	for _, m := range ours {
		if !m.head.kind.known() {
			return fmt.Errorf("%w: %s: offset %d: a record of kind %d", ErrVersion, s.path, m.off, m.head.kind)
		}
	}
	p := newReplay(r)
	p.run(ours)
	s.state, s.past, s.rule, s.nextID = p.state, p.past, p.rule, p.nextID()
	s.reembedded = p.reembedded
	return s.choose()
}

// commonFile is the id that most records carry.
func commonFile(all []remnant) uint64 {
	count := make(map[uint64]int)
	var best uint64
	for _, m := range all {
		id := m.file
		if count[id]++; count[id] > count[best] || count[best] == 0 {
			best = id
		}
	}
	return best
}

// remnants finds every record whose head and meta pass their checksums, in the
// order of the file. It looks behind every byte and not only on pages: what a
// copy in text mode took out has moved all that follows.
func remnants(f File, size int64) []remnant {
	var (
		all  []remnant
		w    = window{f: f, size: size}
		mark = binary.LittleEndian.AppendUint32(nil, recordMark)
	)
	for off := int64(0); ; {
		if off = w.index(off, mark); off < 0 {
			return all
		}
		m, ok := w.record(off)
		if !ok {
			off++
			continue
		}
		all = append(all, m)
		off = m.end
	}
}

// window is the part of a file that remnants looks at.
type window struct {
	f    File
	size int64
	off  int64
	b    []byte
	buf  []byte
}

const windowBytes = 1 << 18

// fill reads from off on. Pages that the disk cannot read are zero.
func (w *window) fill(off int64) {
	if w.buf == nil {
		w.buf = make([]byte, min(windowBytes, w.size))
	}
	w.off, w.b = off, w.buf[:min(int64(len(w.buf)), max(w.size-off, 0))]
	if n, err := w.f.ReadAt(w.b, off); n < len(w.b) && err != nil {
		clear(w.b)
		for at := int64(0); at < int64(len(w.b)); {
			next := min(nextPage(off+at+1)-off, int64(len(w.b)))
			if n, _ := w.f.ReadAt(w.b[at:next], off+at); int64(n) < next-at {
				clear(w.b[at:next])
			}
			at = next
		}
	}
}

// index returns the offset of the first mark from off on, or -1.
func (w *window) index(off int64, mark []byte) int64 {
	for off+int64(len(mark)) <= w.size {
		if off < w.off || off+int64(len(mark)) > w.off+int64(len(w.b)) {
			w.fill(off)
		}
		b := w.b[off-w.off:]
		if i := bytes.Index(b, mark); i >= 0 {
			return off + int64(i)
		}
		off += int64(len(b)-len(mark)) + 1
	}
	return -1
}

// record reads the record at off, whatever file it is of.
func (w *window) record(off int64) (remnant, bool) {
	b := make([]byte, recordSize)
	if n, _ := w.f.ReadAt(b, off); n < len(b) {
		return remnant{}, false
	}
	file := binary.LittleEndian.Uint64(b[8:])
	h, err := decodeHead(b, file)
	if err != nil || off+recordSize+int64(h.meta) > w.size {
		return remnant{}, false
	}
	meta := make([]byte, h.meta)
	if n, _ := w.f.ReadAt(meta, off+recordSize); n < len(meta) || checksum(meta) != h.crc {
		return remnant{}, false
	}
	m := remnant{off: off, end: off + recordSize + int64(h.meta), file: file, head: h, meta: meta}
	if h.crop > 0 && len(meta) >= shotSize && m.end+int64(h.crop) <= w.size {
		crop := make([]byte, h.crop)
		if n, _ := w.f.ReadAt(crop, m.end); n == len(crop) && checksum(crop) == cropChecksum(meta) {
			m.end += int64(h.crop)
		}
	}
	return m, true
}

// sift returns this file's records by number, one of each, and notes the rest
// of the file as damage.
func (r *repairer) sift(all []remnant, file uint64, size int64) []remnant {
	var ours []remnant
	end := int64(headerSize) // of the last record
	shift := int64(0)        // of pages: bytes may be missing
	gap := func(to int64) {
		from := nextPage(end-shift) + shift
		if to == from || to < end {
			return // where it belongs, or among the bytes of a crop
		}
		if to < from {
			r.Damage = append(r.Damage, ByteRange{end, to - end, "bytes are missing"})
			return
		}
		sc := scanner{f: r.set.file, size: size, file: file}
		_, _, err := sc.record(from)
		reason := "zeros"
		if at, _ := sc.nonzero(from, to); err != nil && at >= 0 {
			reason = err.Error()
		}
		r.Damage = append(r.Damage, ByteRange{from, to - from, reason})
	}
	for _, m := range all {
		whole := m.off + m.head.size()
		if m.file != file {
			continue
		}
		gap(m.off)
		if n := len(ours); n > 0 && m.head.seq <= ours[n-1].head.seq {
			r.Damage = append(r.Damage, ByteRange{m.off, whole - m.off, fmt.Sprintf("record %d follows record %d", m.head.seq, ours[n-1].head.seq)})
		}
		ours = append(ours, m)
		end, shift = max(end, whole), m.off%pageSize
	}
	if nextPage(end-shift)+shift < size {
		gap(size)
	}
	slices.SortStableFunc(ours, func(a, b remnant) int {
		whole := func(m remnant) int { return int(m.off + m.head.size() - m.end) }
		return cmp.Or(cmp.Compare(a.head.seq, b.head.seq), cmp.Compare(whole(a), whole(b)))
	})
	return slices.CompactFunc(ours, func(a, b remnant) bool { return a.head.seq == b.head.seq })
}
