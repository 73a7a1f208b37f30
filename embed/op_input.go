package embed

import (
	"crypto/subtle"
	"math"

	"github.com/edge-camera/edge/embed/kernel"
)

// realInput is the float network's first step: (rgb − Mean)/Std.
type realInput struct {
	inputRows
	table [3][256]float32
}

func newRealInput(in Input, p *plan) *realInput {
	s := &realInput{inputRows: newInputRows(p)}
	for c := range 3 {
		for v := range 256 {
			s.table[c][v] = (float32(v) - in.Mean[c]) / in.Std[c]
		}
	}
	return s
}

func (s *realInput) run(m *arena, _ *worker, unit int) {
	out := view(m.reals, s.out)
	if unit == 0 {
		kernel.Border(s.layout, out, 0)
	}
	n := s.layout.W * 3
	for y := unit * s.lines; y < min((unit+1)*s.lines, s.layout.H); y++ {
		lookUp(out[s.layout.At(y, 0):][:n], m.rgb[y*n:][:n], &s.table)
	}
}

// intInput is the int8 network's.
type intInput struct {
	inputRows
	*intTable
}

func newIntInput(t *intTable, p *plan) *intInput {
	return &intInput{inputRows: newInputRows(p), intTable: t}
}

func (s *intInput) run(m *arena, _ *worker, unit int) {
	out := view(m.ints, s.out)
	if unit == 0 {
		kernel.Border(s.layout, out, s.zero)
	}
	from := unit * s.lines
	s.rows(s.layout, out, 0, m.rgb, rowSpan{from, min(from+s.lines, s.layout.H)})
}

// intTable turns pixels into values as they are stored: real =
// (rgb − Mean)/Std is quantized by a table, so that nothing is left to compute.
type intTable struct {
	zero  int8 // as stored
	table [3][256]int8

	// Where the network's own bytes are the picture's but for some bits, as
	// with q = rgb − 128, plain says so, and these are the bits, over and over:
	// whole vectors are copied.
	plain bool
	bits  [512]byte
}

func newIntTable(in Input, q QValue, flip uint8) *intTable {
	s := &intTable{zero: stored(q.Zero, flip), plain: true}
	for c := range 3 {
		for v := range 256 {
			// Differences and quotients only: nothing here can be fused.
			real := (float64(v) - float64(in.Mean[c])) / float64(in.Std[c]) / float64(q.Scale)
			r := math.RoundToEven(real) + float64(q.Zero)
			s.table[c][v] = stored(int8(min(max(r, math.MinInt8), math.MaxInt8)), flip)
		}
	}
	bits := uint8(s.table[0][0])
	for i := range s.bits {
		s.bits[i] = bits
	}
	for c := range 3 {
		for v, q := range s.table[c] {
			s.plain = s.plain && uint8(q) == uint8(v)^bits
		}
	}
	return s
}

// stored returns the form in which a tier keeps q.
func stored(q int8, flip uint8) int8 { return int8(uint8(q) ^ flip) }

// rows makes rows of a value laid out as l, of which out holds the elements
// from one index on.
func (s *intTable) rows(l kernel.Layout, out []int8, from int, rgb []byte, rows rowSpan) {
	n := l.W * 3
	for y := rows.lo; y < rows.hi; y++ {
		row, pix := out[l.At(y, 0)-from:][:n], rgb[y*n:][:n]
		if s.plain {
			flipBits(rawBytes(row), pix, &s.bits)
		} else {
			lookUp(row, pix, &s.table)
		}
	}
}

// flipBits is dst[i] = src[i] ^ bits.
func flipBits(dst, src []byte, bits *[512]byte) {
	for len(src) > 0 {
		n := subtle.XORBytes(dst, src, bits[:])
		dst, src = dst[n:], src[n:]
	}
}

func lookUp[T any](row []T, pix []byte, table *[3][256]T) {
	for i := 0; i+2 < len(row) && i+2 < len(pix); i += 3 {
		row[i], row[i+1], row[i+2] = table[0][pix[i]], table[1][pix[i+1]], table[2][pix[i+2]]
	}
}

// inputRows is what both have in common.
type inputRows struct {
	layout       kernel.Layout
	out          slot
	count, lines int
}

func newInputRows(p *plan) inputRows {
	r := inputRows{layout: p.layouts[0], out: p.slot(0)}
	r.count, r.lines = rowUnits(r.layout.H, r.layout.W*r.layout.C)
	return r
}

func (r *inputRows) units() int { return r.count }

func (r *inputRows) needs() needs { return needs{} }
