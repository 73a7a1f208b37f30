package embed

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
)

// Decode reads a .edge file from memory. Checksums and Validate have passed
// when it returns a model. The model uses b for its weights: b must not change
// afterwards.
//
// Errors wrap ErrCorrupt, ErrVersion (a later format) or ErrUnsupported (an
// operator this version does not know) and name section and offset. What it
// allocates is bounded by len(b), whatever b claims.
func Decode(b []byte) (*Model, error) {
	m, err := unmarshal(b)
	if err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if minor := binary.LittleEndian.Uint16(b[10:]); minor < m.minor() {
		return nil, corrupt("format %d.%d does not have all that this model needs", formatMajor, minor)
	}
	m.checked = m
	return m, nil
}

// DecodeMapped is Decode for bytes that are a file's pages in memory, as those
// of a variable with a go:embed directive are, and that nothing ever writes.
// NewNetwork gives pages back to the system once it has packed what they hold;
// they are read from the file again if somebody looks at the model's weights.
func DecodeMapped(b []byte) (*Model, error) {
	m, err := Decode(b)
	if err == nil {
		m.mapped = b
	}
	return m, err
}

// unmarshal is Decode without Validate.
func unmarshal(b []byte) (*Model, error) {
	sections, err := readTable(b)
	if err != nil {
		return nil, err
	}
	for _, tag := range []string{tagMeta, tagGraph, tagWeights} {
		if _, ok := sections[tag]; !ok {
			return nil, corrupt("section %s is missing", tag)
		}
	}
	m := &Model{stored: new(Fingerprint)}
	copy(m.stored[:], b[32:headerSize])

	graph := decoder{tag: tagGraph, span: sections[tagGraph], b: b}
	lengths := graph.graph(m)
	if err := graph.done(); err != nil {
		return nil, err
	}
	if err := m.decodeMeta(b, sections[tagMeta]); err != nil {
		return nil, err
	}
	quantSpan, quantized := sections[tagQuant]
	if quantized != (m.Precision == Int8) {
		return nil, corrupt("a model of precision %v, section %s: %t", m.Precision, tagQuant, quantized)
	}
	if quantized {
		quant := decoder{tag: tagQuant, span: quantSpan, b: b}
		lengths = append(lengths, quant.quant(m)...)
		if err := quant.done(); err != nil {
			return nil, err
		}
	}
	if span, ok := sections[tagOptions]; ok {
		options := decoder{tag: tagOptions, span: span, b: b}
		options.options(m)
		if err := options.done(); err != nil {
			return nil, err
		}
	}
	weights := decoder{tag: tagWeights, span: sections[tagWeights], b: b}
	weights.tensors(m, lengths)
	if err := weights.done(); err != nil {
		return nil, err
	}
	if span, ok := sections[tagGold]; ok {
		gold := decoder{tag: tagGold, span: span, b: b}
		gold.gold(m)
		if err := gold.done(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// span is where a section lies in the file.
type span struct{ at, end int }

// readTable checks header, table, layout and checksums and returns the
// sections, those of a later minor version among them.
func readTable(b []byte) (map[string]span, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, corrupt("%s", notModel(b))
	}
	if len(b) < headerSize {
		return nil, corrupt("%d bytes long, the header alone has %d: cut short", len(b), headerSize)
	}
	major, minor := binary.LittleEndian.Uint16(b[8:]), binary.LittleEndian.Uint16(b[10:])
	if major != formatMajor {
		return nil, fmt.Errorf("%w: format %d.%d, this edge reads %d.x; a newer edge reads it",
			ErrVersion, major, minor, formatMajor)
	}
	if size := binary.LittleEndian.Uint64(b[16:]); size > uint64(len(b)) {
		return nil, corrupt("%d bytes long, the header says %d: cut short", len(b), size)
	} else if size < uint64(len(b)) {
		return nil, corrupt("%d bytes long, the header says %d: something follows", len(b), size)
	}
	count := binary.LittleEndian.Uint32(b[12:])
	if count > maxSections || len(b) < headerSize+int(count)*entrySize {
		return nil, corrupt("the header says %d sections", count)
	}
	table := b[:headerSize+int(count)*entrySize]
	if headerCRC(table) != binary.LittleEndian.Uint32(b[24:]) {
		return nil, corrupt("header or section table: checksum does not match")
	}

	sections := make(map[string]span, count)
	end := len(table)
	for i := range int(count) {
		entry := table[headerSize+i*entrySize:][:entrySize]
		tag := string(entry[:4])
		at, length := binary.LittleEndian.Uint64(entry[8:]), binary.LittleEndian.Uint64(entry[16:])
		if at != uint64(align(end)) || at > uint64(len(b)) || length > uint64(len(b))-at {
			return nil, corrupt("section %q: at offset %d, %d bytes long: out of place", tag, at, length)
		}
		if err := checkZero(b, span{end, int(at)}); err != nil {
			return nil, err
		}
		s := span{int(at), int(at + length)}
		if crc32.Checksum(b[s.at:s.end], castagnoli) != binary.LittleEndian.Uint32(entry[4:]) {
			return nil, corrupt("section %q at offset %d: checksum does not match", tag, at)
		}
		if since, known := sectionSince[tag]; minor < since || !known && minor <= formatMinor {
			return nil, corrupt("section %q: not in format %d.%d", tag, major, minor)
		}
		if _, twice := sections[tag]; twice {
			return nil, corrupt("section %q: there are two", tag)
		}
		sections[tag] = s
		end = s.end
	}
	if end != len(b) {
		return nil, corrupt("offset %d: %d bytes belong to no section", end, len(b)-end)
	}
	return sections, nil
}

// sectionSince is the minor version that brought each section.
var sectionSince = map[string]uint16{
	tagMeta: 0, tagGraph: 0, tagWeights: 0, tagQuant: 0, tagGold: 0,
	tagOptions: 1,
}

func checkZero(b []byte, s span) error {
	for i, v := range b[s.at:s.end] {
		if v != 0 {
			return corrupt("offset %d: padding is %#x, want 0", s.at+i, v)
		}
	}
	return nil
}

func (m *Model) decodeMeta(b []byte, s span) error {
	var meta fileMeta
	if err := json.Unmarshal(b[s.at:s.end], &meta); err != nil {
		return corrupt("section %s at offset %d: %v", tagMeta, s.at, err)
	}
	m.Meta = meta.Meta
	if len(meta.Nodes) == 0 {
		return nil
	}
	if len(meta.Nodes) != len(m.Graph.Nodes) {
		return corrupt("section %s at offset %d: names %d of %d nodes", tagMeta, s.at, len(meta.Nodes), len(m.Graph.Nodes))
	}
	for i, name := range meta.Nodes {
		m.Graph.Nodes[i].Name = name
	}
	return nil
}

// decoder reads the fields of a section. After the first error it reads zeros.
type decoder struct {
	tag string
	span
	b   []byte // the whole file
	err error
}

// done returns the first error; bytes left over are one.
func (d *decoder) done() error {
	if d.err == nil && d.at != d.end {
		d.fail("%d bytes too many", d.end-d.at)
	}
	return d.err
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = corrupt("section %s at offset %d: %s", d.tag, d.at, fmt.Sprintf(format, args...))
	}
}

// bytes returns the next n bytes of the file itself; nil if there are fewer.
func (d *decoder) bytes(n int) []byte {
	if d.err == nil && n > d.end-d.at {
		d.fail("ends %d bytes early", n-(d.end-d.at))
	}
	if d.err != nil {
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at : d.at]
}

func (d *decoder) u8() uint8 {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16() uint16 {
	if b := d.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) i32() int     { return int(int32(d.u32())) }
func (d *decoder) f32() float32 { return math.Float32frombits(d.u32()) }

// count reads a number of things of at least size bytes each, of which no more
// can be than the section has room for.
func (d *decoder) count(size int) int {
	n := d.u32()
	if room := (d.end - d.at) / size; d.err == nil && uint64(n) > uint64(room) {
		d.fail("%d entries, there is room for %d", n, room)
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

// graph sets m's Precision and Graph but for names and weights, and returns
// the weights' lengths, in bytes, in the order of the file.
func (d *decoder) graph(m *Model) (lengths []uint64) {
	if v := d.u16(); d.err == nil && v != PreprocessVersion {
		d.err = fmt.Errorf("%w: made for preprocessing %d, this edge knows %d", ErrVersion, v, PreprocessVersion)
	}
	m.Precision = Precision(d.u8())
	if d.u8() != 0 {
		d.fail("reserved byte is not 0")
	}
	g := &Graph{}
	m.Graph = g
	g.Input.Height, g.Input.Width = d.i32(), d.i32()
	for i := range g.Input.Mean {
		g.Input.Mean[i] = d.f32()
	}
	for i := range g.Input.Std {
		g.Input.Std[i] = d.f32()
	}
	g.Output = Value(d.i32())
	count := d.count(nodeSize)
	g.Nodes = make([]Node, count)
	lengths = make([]uint64, 0, 4*count)
	for i := range g.Nodes {
		n := &g.Nodes[i]
		n.Op, n.Act = Op(d.u8()), Act(d.u8())
		inputs := int(d.u16())
		if 4*inputs > d.end-d.at {
			d.fail("node %d: %d inputs", i, inputs)
		}
		if d.err != nil {
			return nil
		}
		if inputs > 0 {
			n.In = make([]Value, inputs)
		}
		for j := range n.In {
			n.In[j] = Value(d.i32())
		}
		w := &n.Window
		for _, v := range [...]*int{
			&w.KernelH, &w.KernelW, &w.StrideH, &w.StrideW, &w.DilationH, &w.DilationW,
			&w.Top, &w.Left, &w.Bottom, &w.Right, &n.Groups, &n.Out,
		} {
			*v = d.i32()
		}
		n.Epsilon = d.f32()
		for range 4 {
			lengths = append(lengths, 4*uint64(d.u32()))
		}
	}
	return lengths
}

// quant sets m.Quant but for weights; see graph.
func (d *decoder) quant(m *Model) (lengths []uint64) {
	q := &Quant{}
	m.Quant = q
	q.Values = make([]QValue, d.count(qvalueSize))
	for i := range q.Values {
		q.Values[i] = QValue{Scale: d.f32(), Zero: int8(d.u8())}
	}
	q.Nodes = make([]QNode, d.count(qnodeSize))
	for i := range q.Nodes {
		lengths = append(lengths, uint64(d.u32()), 4*uint64(d.u32()), 4*uint64(d.u32()))
		n := &q.Nodes[i]
		n.MultA, n.MultB = int16(d.u16()), int16(d.u16())
		n.AddBias = int32(d.u32())
		n.Shift = d.u8()
		n.Lo, n.Hi = int8(d.u8()), int8(d.u8())
	}
	return lengths
}

// options sets the fields of nodes that graph and quant do not.
func (d *decoder) options(m *Model) {
	count := d.count(optionSize)
	if count == 0 {
		d.fail("has no entries")
	}
	for next := 0; count > 0 && d.err == nil; count-- {
		i := int(d.u32())
		if i < next {
			d.fail("node %d after node %d", i, next-1)
		}
		next = i + 1
		var n Node
		n.Alpha, n.Beta = d.f32(), d.f32()
		flags := d.u32()
		n.CountPadding = flags&flagCountPadding != 0
		n.UncountedBottom, n.UncountedRight = d.i32(), d.i32()
		channels, table := uint64(d.u32()), uint64(d.u32())
		if 4*channels+table > uint64(d.end-d.at) {
			d.fail("node %d: %d channels and a table of %d are longer than the section", i, channels, table)
			return
		}
		n.Channels = tensor[int32](d.bytes(4 * int(channels)))
		entries := tensor[int8](d.bytes(int(table)))

		some := n.hasOptions()
		switch {
		case flags > flagCountPadding:
			d.fail("node %d: flags %#x", i, flags)
		case !some && entries == nil:
			d.fail("node %d: an entry that says nothing", i)
		case some && i >= len(m.Graph.Nodes), entries != nil && (m.Quant == nil || i >= len(m.Quant.Nodes)):
			d.fail("there is no node %d for it", i)
		}
		if d.err != nil {
			return
		}
		if some {
			to := &m.Graph.Nodes[i]
			to.Alpha, to.Beta, to.Channels = n.Alpha, n.Beta, n.Channels
			to.CountPadding, to.UncountedBottom, to.UncountedRight = n.CountPadding, n.UncountedBottom, n.UncountedRight
		}
		if entries != nil {
			m.Quant.Nodes[i].Table = entries
		}
	}
}

// tensors sets all weights.
func (d *decoder) tensors(m *Model, lengths []uint64) {
	next := func() []byte {
		n := lengths[0]
		lengths = lengths[1:]
		if n == 0 || d.err != nil {
			return nil
		}
		start := min(align(d.at), d.end)
		if err := checkZero(d.b, span{d.at, start}); err != nil {
			d.err = err
			return nil
		}
		d.at = start
		if n > uint64(d.end-d.at) {
			d.fail("a tensor of %d bytes, %d are left", n, d.end-d.at)
			return nil
		}
		return d.bytes(int(n))
	}
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		n.Weight = tensor[float32](next())
		n.Bias = tensor[float32](next())
		n.Mean = tensor[float32](next())
		n.Var = tensor[float32](next())
	}
	if m.Quant == nil {
		return
	}
	for i := range m.Quant.Nodes {
		n := &m.Quant.Nodes[i]
		n.Weight = tensor[int8](next())
		n.Bias = tensor[int32](next())
		n.Mult = tensor[int32](next())
	}
}

func (d *decoder) gold(m *Model) {
	const least = 8
	m.Gold = make([]Gold, d.count(least))
	if len(m.Gold) == 0 {
		d.fail("holds no input")
	}
	for i := range m.Gold {
		pix, dim := d.u32(), d.u32()
		if uint64(pix)+4*uint64(dim) > uint64(d.end-d.at) {
			d.fail("input %d of %d bytes and %d dimensions is longer than the section", i, pix, dim)
		}
		if d.err != nil {
			return
		}
		m.Gold[i] = Gold{Pix: d.bytes(int(pix)), Embedding: tensor[float32](d.bytes(4 * int(dim)))}
	}
}
