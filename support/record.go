package support

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
	"unicode/utf8"
)

// The format is described byte by byte in the package documentation.
const (
	magic       = "\x89EDGESET\r\n\x1a\n"
	major       = 1
	minor       = 3
	headerSize  = 64
	pageSize    = 4096
	recordMark  = 0x746f6873
	recordSize  = 40
	optional    = 1
	maxMeta     = 1 << 20
	maxCrop     = 16 << 20
	maxDim      = 1 << 16
	maxSource   = 1 << 15
	timeSize    = 12
	shotSize    = 8 + timeSize + 4 + 32 + 2 + 2 + 4
	changeSize  = 8 + timeSize + 2 + 2
	baseSize    = 8 + 4 + 4
	baseWaySize = timeSize + 2
	ruleSize    = timeSize + 8 + 8 + 2

	minorRule       = 1
	minorEmbeddings = 2
	minorQuality    = 3
	minorNegatives  = 3
	embeddingsSize  = timeSize + 32 + 4
	embeddingSize   = 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// nextPage is where the record after one that ends at off begins.
func nextPage(off int64) int64 { return (off + pageSize - 1) &^ (pageSize - 1) }

type kind uint8

const (
	kindBase       kind = iota + 1 // compaction: classes in order, count of kept shots
	kindKept                       // compaction: a shot that no undo reaches
	kindShot                       // Add
	kindRemove                     // Remove
	kindMove                       // Move
	kindRename                     // Rename
	kindMerge                      // Merge
	kindForget                     // Forget
	kindUndo                       // Undo; id is the seq of the record it takes back
	kindRule                       // SetRule; optional, since 1.1
	kindEmbeddings                 // Reembed; optional, since 1.2

	// Optional, since 1.3.
	kindNegative     // AddNegative
	kindKeptNegative // compaction: a negative that no undo reaches
	kindDrop         // Remove of a negative
	kindTakeBack     // Undo of kindNegative or kindDrop; id as in kindUndo
)

func (k kind) known() bool { return k >= kindBase && k <= kindTakeBack }

// optional reports whether a program that does not know the kind passes it over:
// since 1.1 there are no others, so that earlier ones can read later stores.
func (k kind) optional() bool { return k >= kindRule && k.known() }

// picture reports whether such a record holds a shot or a negative.
func (k kind) picture() bool {
	return k == kindShot || k == kindKept || k == kindNegative || k == kindKeptNegative
}

// kept reports whether a compaction wrote it of what no undo reaches.
func (k kind) kept() bool { return k == kindKept || k == kindKeptNegative }

// undoes reports whether it takes a change back.
func (k kind) undoes() bool { return k == kindUndo || k == kindTakeBack }

// undo is the kind that takes a change of kind k back. Changes that earlier
// programs pass over are taken back by what they pass over too.
func (k kind) undo() kind {
	if k.optional() {
		return kindTakeBack
	}
	return kindUndo
}

func encodeHeader(file uint64) []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	le := binary.LittleEndian
	le.PutUint16(b[12:], major)
	le.PutUint16(b[14:], minor)
	le.PutUint64(b[16:], file)
	le.PutUint32(b[60:], checksum(b[:60]))
	return b
}

// decodeHeader returns the file's id and minor version.
func decodeHeader(b []byte) (file uint64, minorVersion uint16, err error) {
	le := binary.LittleEndian
	if len(b) < headerSize {
		return 0, 0, fmt.Errorf("%w: the header is cut off after %d bytes", ErrCorrupt, len(b))
	}
	if string(b[:12]) != magic {
		if string(b[:8]) == magic[:8] {
			return 0, 0, fmt.Errorf("%w: line ends were changed, as by a copy in text mode", ErrCorrupt)
		}
		return 0, 0, fmt.Errorf("%w: not a file of shots", ErrCorrupt)
	}
	if le.Uint32(b[60:]) != checksum(b[:60]) {
		return 0, 0, fmt.Errorf("%w: the header fails its checksum", ErrCorrupt)
	}
	if v := le.Uint16(b[12:]); v != major {
		return 0, 0, fmt.Errorf("%w: %d.%d, this program reads %d", ErrVersion, v, le.Uint16(b[14:]), major)
	}
	return le.Uint64(b[16:]), le.Uint16(b[14:]), nil
}

// head is a record's fixed part.
type head struct {
	kind       kind
	flags      uint8
	seq        uint64
	meta, crop uint32
	crc        uint32 // of the meta
}

// size is the record's length in bytes, without the gap to the next page.
func (h head) size() int64 { return recordSize + int64(h.meta) + int64(h.crop) }

var (
	errMark     = errors.New("no record begins here")
	errHead     = errors.New("a record's head fails its checksum")
	errForeign  = errors.New("a record of another file")
	errTooLong  = errors.New("a record is longer than any can be")
	errMeta     = errors.New("a record fails its checksum")
	errCrop     = errors.New("a shot's picture fails its checksum")
	errBeyond   = errors.New("a record is cut off")
	errSequence = errors.New("records are missing")

	errHeaderForeign = errors.New("the header is another file's")
)

// decodeHead reads the first recordSize bytes of a record.
func decodeHead(b []byte, file uint64) (head, error) {
	le := binary.LittleEndian
	if len(b) < recordSize {
		return head{}, errBeyond
	}
	if le.Uint32(b) != recordMark {
		return head{}, errMark
	}
	if le.Uint32(b[36:]) != checksum(b[:36]) {
		return head{}, errHead
	}
	if le.Uint64(b[8:]) != file {
		return head{}, errForeign
	}
	h := head{
		kind: kind(b[4]), flags: b[5], seq: le.Uint64(b[16:]),
		meta: le.Uint32(b[24:]), crop: le.Uint32(b[28:]), crc: le.Uint32(b[32:]),
	}
	if h.meta > maxMeta || h.crop > maxCrop {
		return head{}, errTooLong
	}
	return h, nil
}

// seal fills in a record's head; b is head, meta and crop, of which meta has
// the given length.
func seal(b []byte, k kind, file, seq uint64, meta int) {
	le := binary.LittleEndian
	le.PutUint32(b, recordMark)
	b[4] = byte(k)
	b[5], b[6], b[7] = 0, 0, 0
	if k.optional() {
		b[5] = optional
	}
	le.PutUint64(b[8:], file)
	le.PutUint64(b[16:], seq)
	le.PutUint32(b[24:], uint32(meta))
	le.PutUint32(b[28:], uint32(len(b)-recordSize-meta))
	le.PutUint32(b[32:], checksum(b[recordSize:recordSize+meta]))
	le.PutUint32(b[36:], checksum(b[:36]))
}

// Times are seconds and nanoseconds since 1970, so that every time.Time fits.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(t.Unix()))
	return binary.LittleEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

func decodeTime(b []byte) (time.Time, error) {
	sec, ns := int64(binary.LittleEndian.Uint64(b)), binary.LittleEndian.Uint32(b[8:])
	if sec < minTime || sec > maxTime || ns >= 1e9 {
		return time.Time{}, fmt.Errorf("a time of %d s and %d ns", sec, ns)
	}
	return time.Unix(sec, int64(ns)).UTC(), nil
}

// The years 1 to 9999: JSON has no other times.
const (
	minTime = -62135596800
	maxTime = 253402300799
)

// appendShot appends a whole record of kindShot or kindKept with its head, or
// of kindNegative or kindKeptNegative, whose class is empty.
// cropCRC is the crop's checksum, which compaction passes on as it found it.
func appendShot(b []byte, k kind, file, seq uint64, class string, e *entry, crop []byte, cropCRC uint32) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	b = le.AppendUint64(b, e.id)
	b = appendTime(b, e.at)
	b = le.AppendUint32(b, cropCRC)
	b = append(b, e.fingerprint[:]...)
	b = le.AppendUint16(b, uint16(len(class)))
	b = le.AppendUint16(b, uint16(len(e.source)))
	b = le.AppendUint32(b, uint32(len(e.embedding)))
	b = append(b, class...)
	b = append(b, e.source...)
	b = appendFloats(b, e.embedding)
	b = appendQuality(b, e.quality)
	meta := len(b) - start - recordSize
	b = append(b, crop...)
	seal(b[start:], k, file, seq, meta)
	return b
}

// floatsAt is where in the record of e, a shot of a class, its embedding begins.
func (e *entry) floatsAt(class string) int64 {
	return recordSize + shotSize + int64(len(class)+len(e.source))
}

// decodeShot reads the meta of a shot, all but its embedding: floats are the
// bytes of that, in b.
func decodeShot(b []byte) (class string, e *entry, floats []byte, err error) {
	class, e, floats, err = decodePicture(b)
	if err != nil {
		return "", nil, nil, err
	}
	if err := CheckName(class); err != nil {
		return "", nil, nil, fmt.Errorf("shot %d: %w", e.id, err)
	}
	return class, e, floats, nil
}

// decodeNegative does the same for a negative.
func decodeNegative(b []byte) (e *entry, floats []byte, err error) {
	class, e, floats, err := decodePicture(b)
	if err != nil {
		return nil, nil, err
	}
	if class != "" {
		return nil, nil, fmt.Errorf("negative %d is of class %q", e.id, class)
	}
	return e, floats, nil
}

// decodeAny does the same for a record of any kind that holds a picture.
func decodeAny(k kind, b []byte) (class string, e *entry, floats []byte, err error) {
	if k == kindNegative || k == kindKeptNegative {
		e, floats, err = decodeNegative(b)
		return "", e, floats, err
	}
	return decodeShot(b)
}

func decodePicture(b []byte) (class string, e *entry, floats []byte, err error) {
	le := binary.LittleEndian
	if len(b) < shotSize {
		return "", nil, nil, errors.New("a shot is too short")
	}
	at, err := decodeTime(b[8:])
	if err != nil {
		return "", nil, nil, err
	}
	e = &entry{id: le.Uint64(b), at: at, cropCRC: cropChecksum(b)}
	copy(e.fingerprint[:], b[24:56])
	classLen, sourceLen, dim := int(le.Uint16(b[56:])), int(le.Uint16(b[58:])), le.Uint32(b[60:])
	b = b[shotSize:]
	if e.id == 0 || e.id == math.MaxUint64 {
		return "", nil, nil, fmt.Errorf("a shot has the number %d", e.id)
	}
	if dim == 0 || dim > maxDim {
		return "", nil, nil, fmt.Errorf("shot %d has an embedding of %d numbers", e.id, dim)
	}
	if int64(len(b)) < int64(classLen)+int64(sourceLen)+4*int64(dim) {
		return "", nil, nil, fmt.Errorf("shot %d is too short", e.id)
	}
	class = string(b[:classLen])
	if !utf8.Valid(b[classLen : classLen+sourceLen]) {
		return "", nil, nil, fmt.Errorf("shot %d: its source is not valid UTF-8", e.id)
	}
	e.source = string(b[classLen : classLen+sourceLen])
	b = b[classLen+sourceLen:]
	if e.quality, err = decodeQuality(b[4*int(dim):]); err != nil {
		return "", nil, nil, fmt.Errorf("shot %d: %w", e.id, err)
	}
	return class, e, b[:4*int(dim)], nil
}

// cropChecksum reads the crop's checksum from a shot's meta of at least
// shotSize bytes.
func cropChecksum(meta []byte) uint32 { return binary.LittleEndian.Uint32(meta[20:]) }

// decodeFloats reads len(dst) float32 and returns dot(dst, dst), to the bit,
// from the same pass: most of what is in a file is these.
func decodeFloats(dst []float32, b []byte) float64 {
	le := binary.LittleEndian
	var s0, s1, s2, s3 float64
	for len(dst) >= 8 && len(b) >= 32 {
		d, s := (*[8]float32)(dst), (*[32]byte)(b)
		v0 := math.Float32frombits(le.Uint32(s[0:]))
		v1 := math.Float32frombits(le.Uint32(s[4:]))
		v2 := math.Float32frombits(le.Uint32(s[8:]))
		v3 := math.Float32frombits(le.Uint32(s[12:]))
		v4 := math.Float32frombits(le.Uint32(s[16:]))
		v5 := math.Float32frombits(le.Uint32(s[20:]))
		v6 := math.Float32frombits(le.Uint32(s[24:]))
		v7 := math.Float32frombits(le.Uint32(s[28:]))
		d[0], d[1], d[2], d[3] = v0, v1, v2, v3
		d[4], d[5], d[6], d[7] = v4, v5, v6, v7
		s0 += float64(float64(v0) * float64(v0))
		s1 += float64(float64(v1) * float64(v1))
		s2 += float64(float64(v2) * float64(v2))
		s3 += float64(float64(v3) * float64(v3))
		s0 += float64(float64(v4) * float64(v4))
		s1 += float64(float64(v5) * float64(v5))
		s2 += float64(float64(v6) * float64(v6))
		s3 += float64(float64(v7) * float64(v7))
		dst, b = dst[8:], b[32:]
	}
	for len(dst) >= 4 && len(b) >= 16 {
		d, s := (*[4]float32)(dst), (*[16]byte)(b)
		v0 := math.Float32frombits(le.Uint32(s[0:]))
		v1 := math.Float32frombits(le.Uint32(s[4:]))
		v2 := math.Float32frombits(le.Uint32(s[8:]))
		v3 := math.Float32frombits(le.Uint32(s[12:]))
		d[0], d[1], d[2], d[3] = v0, v1, v2, v3
		s0 += float64(float64(v0) * float64(v0))
		s1 += float64(float64(v1) * float64(v1))
		s2 += float64(float64(v2) * float64(v2))
		s3 += float64(float64(v3) * float64(v3))
		dst, b = dst[4:], b[16:]
	}
	for i := range dst {
		v := math.Float32frombits(le.Uint32(b[4*i:]))
		dst[i] = v
		s0 += float64(float64(v) * float64(v))
	}
	return (s0 + s1) + (s2 + s3)
}

// appendChange appends a whole record of any kind that holds no shot.
func appendChange(b []byte, k kind, file, seq uint64, c change) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	b = le.AppendUint64(b, c.id)
	b = appendTime(b, c.at)
	b = le.AppendUint16(b, uint16(len(c.class)))
	b = le.AppendUint16(b, uint16(len(c.into)))
	b = append(b, c.class...)
	b = append(b, c.into...)
	seal(b[start:], k, file, seq, len(b)-start-recordSize)
	return b
}

func decodeChange(k kind, b []byte) (change, error) {
	le := binary.LittleEndian
	if len(b) < changeSize {
		return change{}, errors.New("a change is too short")
	}
	at, err := decodeTime(b[8:])
	if err != nil {
		return change{}, err
	}
	classLen, intoLen := int(le.Uint16(b[20:])), int(le.Uint16(b[22:]))
	c := change{kind: k, id: le.Uint64(b), at: at}
	b = b[changeSize:]
	if len(b) < classLen+intoLen {
		return change{}, errors.New("a change is too short")
	}
	c.class, c.into = string(b[:classLen]), string(b[classLen:classLen+intoLen])
	return c, nil
}

// base begins a compacted file: what the kept shots that follow it rest on.
type base struct {
	nextID uint64
	shots  uint32 // kept records that follow
	ways   []*way // names and times in order, no shots
}

func appendBase(b []byte, file, seq uint64, v base) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	b = le.AppendUint64(b, v.nextID)
	b = le.AppendUint32(b, v.shots)
	b = le.AppendUint32(b, uint32(len(v.ways)))
	for _, w := range v.ways {
		b = appendTime(b, w.created)
		b = le.AppendUint16(b, uint16(len(w.name)))
		b = append(b, w.name...)
	}
	seal(b[start:], kindBase, file, seq, len(b)-start-recordSize)
	return b
}

func decodeBase(b []byte) (base, error) {
	le := binary.LittleEndian
	short := errors.New("the list of classes is too short")
	if len(b) < baseSize {
		return base{}, short
	}
	v := base{nextID: le.Uint64(b), shots: le.Uint32(b[8:])}
	n := le.Uint32(b[12:])
	b = b[baseSize:]
	seen := make(map[string]bool)
	for range n {
		if len(b) < baseWaySize {
			return base{}, short
		}
		at, err := decodeTime(b)
		if err != nil {
			return base{}, err
		}
		size := int(le.Uint16(b[timeSize:]))
		b = b[baseWaySize:]
		if len(b) < size {
			return base{}, short
		}
		name := string(b[:size])
		b = b[size:]
		if err := CheckName(name); err != nil {
			return base{}, err
		}
		if seen[name] {
			return base{}, fmt.Errorf("class %q is there twice", name)
		}
		seen[name] = true
		v.ways = append(v.ways, &way{name: name, created: at})
	}
	return v, nil
}
