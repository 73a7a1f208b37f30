package embed

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"unicode/utf8"
)

// Encode returns m as a .edge file. The same model gives the same bytes on
// every machine. It fails where Validate does, and where m's texts are not
// UTF-8.
func (m *Model) Encode() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m.marshal()
}

// marshal is Encode without Validate.
func (m *Model) marshal() ([]byte, error) {
	meta, err := m.encodeMeta()
	if err != nil {
		return nil, err
	}
	var graph, quant, options, gold encoder
	graph.graph(m)
	sections := []section{
		{tagMeta, len(meta), appending(meta)},
		{tagGraph, len(graph.b), appending(graph.b)},
		{tagWeights, m.tensorsSize(), m.appendTensors},
	}
	if m.Quant != nil {
		quant.quant(m.Quant)
		sections = append(sections, section{tagQuant, len(quant.b), appending(quant.b)})
	}
	options.options(m)
	if len(options.b) > 0 {
		sections = append(sections, section{tagOptions, len(options.b), appending(options.b)})
	}
	if len(m.Gold) > 0 {
		gold.gold(m.Gold)
		sections = append(sections, section{tagGold, len(gold.b), appending(gold.b)})
	}
	for _, e := range []*encoder{&graph, &quant, &options, &gold} {
		if e.err != nil {
			return nil, e.err
		}
	}

	table := headerSize + len(sections)*entrySize
	size := table
	for _, s := range sections {
		size = align(size) + s.size
	}
	b := make([]byte, table, size)
	for i, s := range sections {
		b = appendPadding(b)
		at := len(b)
		b = s.append(b)
		entry := b[headerSize+i*entrySize:]
		copy(entry, s.tag)
		binary.LittleEndian.PutUint32(entry[4:], crc32.Checksum(b[at:], castagnoli))
		binary.LittleEndian.PutUint64(entry[8:], uint64(at))
		binary.LittleEndian.PutUint64(entry[16:], uint64(len(b)-at))
	}
	fingerprint := m.computeFingerprint()
	copy(b, magic)
	binary.LittleEndian.PutUint16(b[8:], formatMajor)
	binary.LittleEndian.PutUint16(b[10:], m.minor())
	binary.LittleEndian.PutUint32(b[12:], uint32(len(sections)))
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
	copy(b[32:], fingerprint[:])
	binary.LittleEndian.PutUint32(b[24:], headerCRC(b[:table]))
	return b, nil
}

// section is one that is about to be written.
type section struct {
	tag    string
	size   int
	append func(b []byte) []byte // appends size bytes
}

func appending(body []byte) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, body...) }
}

func appendPadding(b []byte) []byte {
	var zeros [alignment]byte
	return append(b, zeros[:align(len(b))-len(b)]...)
}

func (m *Model) encodeMeta() ([]byte, error) {
	meta := fileMeta{Meta: m.Meta}
	for i, n := range m.Graph.Nodes {
		if n.Name != "" && meta.Nodes == nil {
			meta.Nodes = make([]string, len(m.Graph.Nodes))
		}
		if meta.Nodes != nil {
			meta.Nodes[i] = n.Name
		}
		// encoding/json would replace what is not UTF-8 and say nothing.
		if !utf8.ValidString(n.Name) {
			return nil, corrupt("node %d: its name %q is not UTF-8", i, n.Name)
		}
	}
	for _, s := range []string{m.Meta.Name, m.Meta.Origin, m.Meta.License, m.Meta.Recipe, m.Meta.Accuracy} {
		if !utf8.ValidString(s) {
			return nil, corrupt("the model's description: %q is not UTF-8", s)
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(meta); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// tensors visits all tensors as the file holds them, in its order.
func (m *Model) tensors(visit func(b []byte)) {
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		visit(fileBytes(n.Weight))
		visit(fileBytes(n.Bias))
		visit(fileBytes(n.Mean))
		visit(fileBytes(n.Var))
	}
	if m.Quant == nil {
		return
	}
	for i := range m.Quant.Nodes {
		n := &m.Quant.Nodes[i]
		visit(fileBytes(n.Weight))
		visit(fileBytes(n.Bias))
		visit(fileBytes(n.Mult))
	}
}

// tensorsSize is what appendTensors appends to a multiple of alignment.
func (m *Model) tensorsSize() int {
	size := 0
	m.tensors(func(t []byte) {
		if len(t) > 0 {
			size = align(size) + len(t)
		}
	})
	return size
}

func (m *Model) appendTensors(b []byte) []byte {
	m.tensors(func(t []byte) {
		if len(t) > 0 {
			b = append(appendPadding(b), t...)
		}
	})
	return b
}

// encoder appends the fields of a section.
type encoder struct {
	b   []byte
	err error // the first number that has no room
}

func (e *encoder) u8(v uint8)    { e.b = append(e.b, v) }
func (e *encoder) u16(v uint16)  { e.b = binary.LittleEndian.AppendUint16(e.b, v) }
func (e *encoder) u32(v uint32)  { e.b = binary.LittleEndian.AppendUint32(e.b, v) }
func (e *encoder) f32(v float32) { e.u32(math.Float32bits(v)) }

func (e *encoder) i32(v int) {
	if int(int32(v)) != v && e.err == nil {
		e.err = corrupt("%d: a model file holds 32-bit numbers", v)
	}
	e.u32(uint32(v))
}

func (e *encoder) graph(m *Model) {
	g := m.Graph
	e.u16(PreprocessVersion)
	e.u8(uint8(m.Precision))
	e.u8(0)
	e.i32(g.Input.Height)
	e.i32(g.Input.Width)
	for _, v := range g.Input.Mean {
		e.f32(v)
	}
	for _, v := range g.Input.Std {
		e.f32(v)
	}
	e.i32(int(g.Output))
	e.i32(len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if len(n.In) > math.MaxUint16 && e.err == nil {
			e.err = corrupt("node %d %q has %d inputs", i, n.Name, len(n.In))
		}
		e.u8(uint8(n.Op))
		e.u8(uint8(n.Act))
		e.u16(uint16(len(n.In)))
		for _, v := range n.In {
			e.i32(int(v))
		}
		w := &n.Window
		for _, v := range [...]int{
			w.KernelH, w.KernelW, w.StrideH, w.StrideW, w.DilationH, w.DilationW,
			w.Top, w.Left, w.Bottom, w.Right, n.Groups, n.Out,
		} {
			e.i32(v)
		}
		e.f32(n.Epsilon)
		for _, t := range [...][]float32{n.Weight, n.Bias, n.Mean, n.Var} {
			e.i32(len(t))
		}
	}
}

func (e *encoder) quant(q *Quant) {
	e.i32(len(q.Values))
	for _, v := range q.Values {
		e.f32(v.Scale)
		e.u8(uint8(v.Zero))
	}
	e.i32(len(q.Nodes))
	for i := range q.Nodes {
		n := &q.Nodes[i]
		e.i32(len(n.Weight))
		e.i32(len(n.Bias))
		e.i32(len(n.Mult))
		e.u16(uint16(n.MultA))
		e.u16(uint16(n.MultB))
		e.u32(uint32(n.AddBias))
		e.u8(n.Shift)
		e.u8(uint8(n.Lo))
		e.u8(uint8(n.Hi))
	}
}

// hasOptions tells whether n has any of the fields of section OPTS.
func (n *Node) hasOptions() bool {
	return math.Float32bits(n.Alpha)|math.Float32bits(n.Beta) != 0 || // −0 is not nothing
		n.CountPadding || n.UncountedBottom|n.UncountedRight != 0 || len(n.Channels) > 0
}

// options writes nothing if no node has any.
func (e *encoder) options(m *Model) {
	nodes, qnodes := m.Graph.Nodes, []QNode(nil)
	if m.Quant != nil {
		qnodes = m.Quant.Nodes
	}
	count := 0
	for i := range max(len(nodes), len(qnodes)) {
		var n Node
		var q QNode
		if i < len(nodes) {
			n = nodes[i]
		}
		if i < len(qnodes) {
			q = qnodes[i]
		}
		if !n.hasOptions() && len(q.Table) == 0 {
			continue
		}
		if count++; count == 1 {
			e.u32(0) // count, set below
		}
		e.i32(i)
		e.f32(n.Alpha)
		e.f32(n.Beta)
		if n.CountPadding {
			e.u32(flagCountPadding)
		} else {
			e.u32(0)
		}
		e.i32(n.UncountedBottom)
		e.i32(n.UncountedRight)
		e.i32(len(n.Channels))
		e.i32(len(q.Table))
		e.b = append(e.b, fileBytes(n.Channels)...)
		e.b = append(e.b, fileBytes(q.Table)...)
	}
	if count > 0 {
		binary.LittleEndian.PutUint32(e.b, uint32(count))
	}
}

func (e *encoder) gold(gold []Gold) {
	e.i32(len(gold))
	for _, g := range gold {
		e.i32(len(g.Pix))
		e.i32(len(g.Embedding))
		e.b = append(e.b, g.Pix...)
		e.b = append(e.b, fileBytes([]float32(g.Embedding))...)
	}
}
