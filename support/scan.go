package support

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// scanned is what scan found.
type scanned struct {
	end  int64 // of the last good record
	seq  uint64
	torn error // why there is more in the file than that; nil if there is not
}

// content is a record that passed its checks.
type content struct {
	head
	meta []byte // valid until the next record is asked for; nil in a shot that was read ahead

	shot  *entry // of a shot or a negative, with its embedding
	class string // its class
	err   error  // why it makes no sense
}

// scan reads every record's head and meta in order and calls visit with them.
// The crops stay on the disk, except the last one's: that is the only record
// that a power cut can have left half written. Of a long file later stretches
// are read on other cores meanwhile.
//
// A record that fails its checks with no good one behind it is what a power
// cut leaves; scan ends before it and says so in torn. One with good records
// behind it is damage, and an error that wraps ErrCorrupt, and so is a header
// that is not the one of the records. An error of visit
// becomes such an error unless it wraps ErrVersion or ErrModelMismatch.
func scan(f File, path string, size int64, file uint64, visit func(off int64, c content) error) (scanned, error) {
	r := scanner{f: f, size: size, file: file}
	ahead := r.readAhead()
	defer ahead.stop()
	s := scanned{end: headerSize}
	for off := int64(pageSize); off < size; off = nextPage(s.end) {
		c, ok := ahead.take(off)
		var err error
		if !ok {
			c, err = r.content(off)
		}
		if err != nil && !r.bad(err) {
			return s, fmt.Errorf("read %s: offset %d: %w", path, off, err)
		}
		if err != nil {
			behind, ioErr := r.behind(off + pageSize)
			if ioErr != nil {
				return s, fmt.Errorf("read %s: behind offset %d: %w", path, off, ioErr)
			}
			if behind == 0 {
				if errors.Is(err, errForeign) && s.seq == 0 && r.another(off) {
					return s, fmt.Errorf("%w: %s: %w", ErrCorrupt, path, errHeaderForeign)
				}
				s.torn = err
				return s, nil
			}
			// A writer at work may have finished this record after it was
			// read and before the one behind it was found.
			if c, err = r.content(off); err != nil {
				return s, fmt.Errorf("%w: %s: offset %d: %w, but offset %d holds a good one", ErrCorrupt, path, off, err, behind)
			}
		}
		if c.seq != s.seq+1 {
			return s, fmt.Errorf("%w: %s: offset %d: %w: number %d follows number %d", ErrCorrupt, path, off, errSequence, c.seq, s.seq)
		}
		if err := visit(off, c); err != nil {
			if errors.Is(err, ErrVersion) {
				return s, fmt.Errorf("%s: offset %d: %w", path, off, err)
			}
			return s, fmt.Errorf("%w: %s: offset %d: %w", ErrCorrupt, path, off, err)
		}
		s.seq, s.end = c.seq, off+c.size()
	}
	return s, nil
}

type scanner struct {
	f     File
	size  int64
	file  uint64
	buf   []byte
	guess int // length of the last record's head and meta: the next one's is likely the same
}

// content reads the record at off, checks it and makes a shot of it if it is one.
func (r *scanner) content(off int64) (content, error) {
	h, meta, err := r.record(off)
	if err != nil {
		return content{}, err
	}
	c := content{head: h, meta: meta}
	if h.kind.picture() {
		var floats []byte
		if c.class, c.shot, floats, c.err = decodeAny(h.kind, meta); c.err == nil {
			c.err = c.shot.decode(floats)
		}
	}
	return c, nil
}

// bad tells what the bytes are from what the disk says.
func (r *scanner) bad(err error) bool {
	for _, e := range []error{errMark, errHead, errForeign, errTooLong, errMeta, errCrop, errBeyond} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// record reads and checks the record at off. meta is valid until the next
// call.
func (r *scanner) record(off int64) (head, []byte, error) {
	b, err := r.read(off, int64(max(r.guess, recordSize)))
	if err != nil {
		return head{}, nil, err
	}
	h, err := decodeHead(b, r.file)
	if err != nil {
		return head{}, nil, err
	}
	if off+h.size() > r.size {
		return head{}, nil, errBeyond
	}
	n := recordSize + int(h.meta)
	if len(b) < n {
		if b, err = r.read(off, int64(n)); err != nil {
			return head{}, nil, err
		}
		if len(b) < n {
			return head{}, nil, errBeyond
		}
	}
	r.guess = n
	meta := b[recordSize:n]
	if checksum(meta) != h.crc {
		return head{}, nil, errMeta
	}
	if last := nextPage(off+h.size()) >= r.size; last && h.crop > 0 && len(meta) >= shotSize {
		crop := make([]byte, h.crop)
		if _, err := r.f.ReadAt(crop, off+int64(n)); err != nil {
			return head{}, nil, err
		}
		if checksum(crop) != cropChecksum(meta) {
			return head{}, nil, errCrop
		}
	}
	return h, meta, nil
}

// another reports whether the first two records are those of one other file: a
// disk that puts old bytes where the first shot was to go does not put them in
// order, so it is the header that is wrong.
func (r *scanner) another(off int64) bool {
	b, err := r.read(off, recordSize)
	if err != nil || len(b) < recordSize {
		return false
	}
	o := scanner{f: r.f, size: r.size, file: binary.LittleEndian.Uint64(b[8:])}
	for seq := uint64(1); seq <= 2; seq++ {
		h, _, err := o.record(off)
		if err != nil || h.seq != seq {
			return false
		}
		off = nextPage(off + h.size())
	}
	return true
}

// read returns up to n bytes from off, fewer only at the end of the file.
func (r *scanner) read(off, n int64) ([]byte, error) {
	n = max(min(n, r.size-off), 0)
	if int64(len(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	m, err := r.f.ReadAt(r.buf[:n], off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return r.buf[:m], err
}

// behind returns the offset of the first good record from off on, or 0.
func (r *scanner) behind(off int64) (int64, error) {
	for ; off < r.size; off += pageSize {
		_, _, err := r.record(off)
		if err == nil {
			return off, nil
		}
		if !r.bad(err) {
			return 0, err
		}
	}
	return 0, nil
}

// nonzero returns the offset of the first byte in from..to that is not zero,
// or -1.
func (r *scanner) nonzero(from, to int64) (int64, error) {
	for off := from; off < to; {
		b, err := r.read(off, min(to-off, 1<<16))
		if err != nil {
			return 0, err
		}
		if len(b) == 0 {
			break
		}
		for i, v := range b {
			if v != 0 {
				return off + int64(i), nil
			}
		}
		off += int64(len(b))
	}
	return -1, nil
}
