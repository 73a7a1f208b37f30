package embed

import (
	"fmt"
	"hash/crc32"
)

// The model file (.edge), version 1.1. Everything is little-endian; u and i are
// unsigned and two's complement integers, f is IEEE 754.
//
// A later minor version may add sections, operators, activations and uses of
// those there are; it changes no bytes of what there was. A reader skips the
// sections that it does not know of a later minor version, and refuses
// operators and activations that it does not know. So every reader of 1.x
// reads every 1.x file whose operators it has, and none computes another
// network than what was written. A writer writes the earliest version that
// holds the model: what needs only 1.0 is the same file for ever.
//
//	header
//	 0  8  magic 89 45 44 47 0D 0A 1A 0A: not ASCII, "EDG", and line ends that
//	       a copy in text mode breaks
//	 8  2  u16 major version: 1
//	10  2  u16 minor version: 0 or 1
//	12  4  u32 number of sections
//	16  8  u64 length of the file
//	24  4  u32 CRC-32C of header and section table with this field zero
//	28  4  zero
//	32 32  Fingerprint
//	64     section table, for each section in the order of the file
//	       0  4  tag, ASCII
//	       4  4  u32 CRC-32C of the section
//	       8  8  u64 offset, a multiple of 64
//	      16  8  u64 length
//	       zeros to the next multiple of 64; likewise between sections. The
//	       last section ends the file.
//
//	META   JSON: the fields of Meta, and "nodes": the names of the nodes
//
//	GRPH
//	 0  2  u16 PreprocessVersion
//	 2  1  u8 Precision
//	 3  1  zero
//	 4  8  i32 Input.Height, Width
//	12 24  f32 Input.Mean [3], Std [3]
//	36  4  i32 Graph.Output
//	40  4  u32 number of nodes
//	44     nodes
//	       0  1  u8 Op
//	       1  1  u8 Act
//	       2  2  u16 number of inputs n
//	       4 4n  i32 In [n]
//	      +0 40  i32 KernelH, KernelW, StrideH, StrideW, DilationH, DilationW,
//	             Top, Left, Bottom, Right
//	     +40  8  i32 Groups, Out
//	     +48  4  f32 Epsilon
//	     +52 16  u32 lengths of Weight, Bias, Mean, Var
//
//	WGTS   tensors without gaps but for zeros up to a multiple of 64 before
//	       each, so that they can be used where they are: of every node of the
//	       graph f32 Weight, Bias, Mean, Var, then of every node of Quant
//	       i8 Weight, i32 Bias, i32 Mult. Lengths stand in GRPH and QNTP.
//
//	QNTP   int8 models only
//	 0  4  u32 number of values v
//	 4 5v  f32 Scale, i8 Zero [v]
//	+0  4  u32 number of nodes n
//	+4 23n u32 lengths of Weight, Bias, Mult; i16 MultA, MultB; i32 AddBias;
//	       u8 Shift; i8 Lo, Hi [n]
//
//	OPTS   version 1.1, only where there are any: the fields of nodes that GRPH
//	       and QNTP have no room for
//	 0  4  u32 number
//	 4     of each node that has any of them, in rising order
//	       0  4  u32 node
//	       4  8  f32 Alpha, Beta
//	      12  4  u32: 1 CountPadding
//	      16  8  i32 UncountedBottom, UncountedRight
//	      24  8  u32 lengths of Channels, Table
//	      32     i32 Channels, i8 Table
//
//	GOLD   only where there are any
//	 0  4  u32 number
//	 4     u32 length of Pix, u32 length of Embedding, Pix, f32 Embedding
//
// The codes, which are this package's constants and therefore never change:
//
//	Precision  1 float32, 2 int8
//	Op   1.0:  1 conv, 2 batch norm, 3 act, 4 add, 5 global mean, 6 dense
//	     1.1:  7 mul, 8 max pool, 9 mean pool, 10 concat, 11 select
//	Act  1.0:  0 none, 1 relu, 2 relu6
//	     1.1:  3 clip, 4 leaky relu, 5 sigmoid, 6 hard sigmoid, 7 hard swish,
//	           8 silu, 9 tanh
//
// In version 1.0 both inputs of an add have one shape, and an int8 network has
// no act, and no global mean but as its last node. Nothing in OPTS belongs to
// what 1.0 has, so a reader of 1.0 that skips the section refuses the node that
// it is about.
//
// Every byte is under a checksum, or is a zero that is checked, or belongs to
// the magic: a file with one damaged byte, or cut short anywhere, is refused.
// The checksums are no proof against somebody who makes new ones. So nothing
// is believed of what they cover either: a count is compared with the bytes
// that are left before memory is asked for, and Validate has the last word.
const (
	formatMajor = 1
	formatMinor = 1

	magic      = "\x89EDG\r\n\x1a\n"
	headerSize = 64
	entrySize  = 24
	alignment  = 64

	maxSections = 64
	// maxFile is the largest file Open reads: room for the weights of the
	// largest graph that Shapes accepts.
	maxFile = 1 << 30

	nodeSize   = 72 // of a node in GRPH, its inputs aside
	qvalueSize = 5
	qnodeSize  = 23
	optionSize = 32 // of a node in OPTS, Channels and Table aside

	flagCountPadding = 1
)

// The sections' tags.
const (
	tagMeta    = "META"
	tagGraph   = "GRPH"
	tagWeights = "WGTS"
	tagQuant   = "QNTP"
	tagOptions = "OPTS"
	tagGold    = "GOLD"
)

// minor returns the earliest minor version that holds a model.
func (m *Model) minor() uint16 {
	var options encoder
	options.options(m)
	if len(options.b) > 0 {
		return 1
	}
	shapes, _, err := m.Graph.check(true)
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		switch {
		case n.Op > OpDense || n.Act > ActReLU6,
			m.Quant != nil && n.Op == OpAct,
			m.Quant != nil && n.Op == OpGlobalMean && i < len(m.Graph.Nodes)-1,
			err == nil && n.Op == OpAdd && shapes[n.In[0]] != shapes[n.In[1]]:
			return 1
		}
	}
	return 0
}

// fileMeta is section META.
type fileMeta struct {
	Meta
	Nodes []string `json:"nodes,omitempty"` // names, one a node; absent where all are empty
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headerCRC is over header and table; the field it is kept in counts as zero.
func headerCRC(b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:24])
	sum = crc32.Update(sum, castagnoli, []byte{0, 0, 0, 0})
	return crc32.Update(sum, castagnoli, b[28:])
}

// align rounds up to the next multiple of alignment.
func align(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
