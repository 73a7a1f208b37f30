package embed

import (
	"fmt"
	"hash/crc32"
)

// The model file (.edge), version 1.0. Everything is little-endian; u and i are
// unsigned and two's complement integers, f is IEEE 754. A reader of version
// 1.0 reads every 1.x file: a later minor version may add sections, which it
// skips, and changes none of these.
//
//	header
//	 0  8  magic 89 45 44 47 0D 0A 1A 0A: not ASCII, "EDG", and line ends that
//	       a copy in text mode breaks
//	 8  2  u16 major version
//	10  2  u16 minor version
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
//	GOLD   only where there are any
//	 0  4  u32 number
//	 4     u32 length of Pix, u32 length of Embedding, Pix, f32 Embedding
//
// Op, Act and Precision are the values of this package's constants, which
// therefore never change.
const (
	formatMajor = 1
	formatMinor = 0

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
)

// The sections' tags.
const (
	tagMeta    = "META"
	tagGraph   = "GRPH"
	tagWeights = "WGTS"
	tagQuant   = "QNTP"
	tagGold    = "GOLD"
)

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
