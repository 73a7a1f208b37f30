package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/edge-camera/edge/embed"
)

// wireType is how protobuf stores a field.
type wireType uint8

// Wire types. Groups (3 and 4) were dropped before ONNX began.
const (
	wireVarint  wireType = 0
	wireFixed64 wireType = 1
	wireBytes   wireType = 2
	wireFixed32 wireType = 5
)

func (w wireType) String() string {
	switch w {
	case wireVarint:
		return "varint"
	case wireFixed64:
		return "fixed64"
	case wireBytes:
		return "bytes"
	case wireFixed32:
		return "fixed32"
	}
	return fmt.Sprintf("wire type %d", uint8(w))
}

// span is a part of the file: b[0] is the file's byte off.
type span struct {
	b   []byte
	off int
}

// text returns the span as a string; protobuf strings are UTF-8.
func (s span) text() (string, error) {
	if !utf8.Valid(s.b) {
		return "", corrupt(s.off, "text is not UTF-8")
	}
	return string(s.b), nil
}

// corrupt is an error about the file's bytes.
func corrupt(off int, format string, args ...any) error {
	return fmt.Errorf("%w: offset %d: %s", embed.ErrCorrupt, off, fmt.Sprintf(format, args...))
}

// item is one field as it stands in the file.
type item struct {
	num  int
	wire wireType
	v    uint64 // varint, fixed32, fixed64
	data span   // bytes
	off  int    // of the field's key
}

// kind is what a message's description says about one of its fields.
type kind uint8

const (
	kindInt    kind = iota + 1 // varint, once
	kindFloat                  // fixed32, once
	kindBytes                  // bytes, once: text, raw data or a message
	kindEach                   // bytes, any number of times
	kindInts                   // varints, packed or not
	kindFloats                 // fixed32, packed or not
	kindDouble                 // fixed64, packed or not
)

// message describes a protobuf message: the fields that are known by number.
// Others are skipped, as protobuf demands of a reader.
type message struct {
	name   string
	fields map[int]kind
}

// walk calls visit for every known field of the message in s. A known field
// of the wrong type, or given twice where only one makes sense, is an error:
// protobuf would let the last one win or merge them, and two readers that
// disagree about that would see two networks in one file.
func (m *message) walk(s span, visit func(item) error) error {
	seen := make(map[int]bool, len(m.fields))
	for pos := 0; pos < len(s.b); {
		it, n, err := nextField(s, pos)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		pos = n
		k, known := m.fields[it.num]
		if !known {
			continue
		}
		if !k.allows(it.wire) {
			return fmt.Errorf("%s: %w", m.name, corrupt(it.off, "field %d is stored as %v", it.num, it.wire))
		}
		if k == kindInt || k == kindFloat || k == kindBytes {
			if seen[it.num] {
				return fmt.Errorf("%s: %w", m.name, corrupt(it.off, "field %d is there twice", it.num))
			}
			seen[it.num] = true
		}
		if err := visit(it); err != nil {
			return err
		}
	}
	return nil
}

func (k kind) allows(w wireType) bool {
	switch k {
	case kindInt:
		return w == wireVarint
	case kindFloat:
		return w == wireFixed32
	case kindInts:
		return w == wireVarint || w == wireBytes
	case kindFloats:
		return w == wireFixed32 || w == wireBytes
	case kindDouble:
		return w == wireFixed64 || w == wireBytes
	}
	return w == wireBytes
}

// nextField reads the field at s.b[pos:] and returns the position after it.
func nextField(s span, pos int) (item, int, error) {
	it := item{off: s.off + pos}
	key, n := binary.Uvarint(s.b[pos:])
	if n <= 0 {
		return it, 0, corrupt(it.off, "a field's key is cut short")
	}
	pos += n
	it.wire = wireType(key & 7)
	if key>>3 == 0 || key>>3 > math.MaxInt32>>3 {
		return it, 0, corrupt(it.off, "field number %d", key>>3)
	}
	it.num = int(key >> 3)
	rest := s.b[pos:]
	switch it.wire {
	case wireVarint:
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return it, 0, corrupt(it.off, "field %d is cut short", it.num)
		}
		it.v, pos = v, pos+n
	case wireFixed64:
		if len(rest) < 8 {
			return it, 0, corrupt(it.off, "field %d is cut short", it.num)
		}
		it.v, pos = binary.LittleEndian.Uint64(rest), pos+8
	case wireFixed32:
		if len(rest) < 4 {
			return it, 0, corrupt(it.off, "field %d is cut short", it.num)
		}
		it.v, pos = uint64(binary.LittleEndian.Uint32(rest)), pos+4
	case wireBytes:
		size, n := binary.Uvarint(rest)
		if n <= 0 {
			return it, 0, corrupt(it.off, "the length of field %d is cut short", it.num)
		}
		if size > uint64(len(rest)-n) {
			return it, 0, corrupt(it.off, "field %d has %d bytes, %d are left", it.num, size, len(rest)-n)
		}
		pos += n
		it.data = span{s.b[pos : pos+int(size)], s.off + pos}
		pos += int(size)
	default:
		return it, 0, corrupt(it.off, "field %d has %v", it.num, it.wire)
	}
	return it, pos, nil
}

// varints calls f for each number of a kindInts field.
func (it item) varints(f func(v uint64)) error {
	if it.wire == wireVarint {
		f(it.v)
		return nil
	}
	for pos := 0; pos < len(it.data.b); {
		v, n := binary.Uvarint(it.data.b[pos:])
		if n <= 0 {
			return corrupt(it.data.off+pos, "a number in field %d is cut short", it.num)
		}
		f(v)
		pos += n
	}
	return nil
}

// fixed returns how many numbers of size bytes a kindFloats or kindDouble
// field holds.
func (it item) fixed(size int) (int, error) {
	if it.wire != wireBytes {
		return 1, nil
	}
	if len(it.data.b)%size != 0 {
		return 0, corrupt(it.data.off, "field %d has %d bytes, not a multiple of %d", it.num, len(it.data.b), size)
	}
	return len(it.data.b) / size, nil
}

// encoder appends protobuf fields. Its zero value is empty.
type encoder struct{ b []byte }

func (e *encoder) key(num int, w wireType) {
	e.b = binary.AppendUvarint(e.b, uint64(num)<<3|uint64(w))
}

func (e *encoder) int(num int, v int64) {
	e.key(num, wireVarint)
	e.b = binary.AppendUvarint(e.b, uint64(v))
}

func (e *encoder) float(num int, v float32) {
	e.key(num, wireFixed32)
	e.b = binary.LittleEndian.AppendUint32(e.b, math.Float32bits(v))
}

func (e *encoder) text(num int, s string) {
	e.key(num, wireBytes)
	e.b = binary.AppendUvarint(e.b, uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) bytes(num int, b []byte) {
	e.key(num, wireBytes)
	e.b = binary.AppendUvarint(e.b, uint64(len(b)))
	e.b = append(e.b, b...)
}

// ints appends a packed field.
func (e *encoder) ints(num int, v []int64) {
	var p encoder
	for _, x := range v {
		p.b = binary.AppendUvarint(p.b, uint64(x))
	}
	e.bytes(num, p.b)
}

// message appends what fill encodes as a message.
func (e *encoder) message(num int, fill func(*encoder)) {
	var m encoder
	fill(&m)
	e.bytes(num, m.b)
}
