package embed

import (
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
	lookUp(&s.inputRows, unit, out, m.rgb, &s.table)
}

// intInput is the int8 network's: real = (rgb − Mean)/Std is quantized by a
// table, so that nothing is left to compute.
type intInput struct {
	inputRows
	zero  int8
	table [3][256]int8
}

func newIntInput(in Input, q QValue, flip uint8, p *plan) *intInput {
	s := &intInput{inputRows: newInputRows(p), zero: stored(q.Zero, flip)}
	for c := range 3 {
		for v := range 256 {
			// Differences and quotients only: nothing here can be fused.
			real := (float64(v) - float64(in.Mean[c])) / float64(in.Std[c]) / float64(q.Scale)
			r := math.RoundToEven(real) + float64(q.Zero)
			s.table[c][v] = stored(int8(min(max(r, math.MinInt8), math.MaxInt8)), flip)
		}
	}
	return s
}

// stored returns the form in which a tier keeps q.
func stored(q int8, flip uint8) int8 { return int8(uint8(q) ^ flip) }

func (s *intInput) run(m *arena, _ *worker, unit int) {
	out := view(m.ints, s.out)
	if unit == 0 {
		kernel.Border(s.layout, out, s.zero)
	}
	lookUp(&s.inputRows, unit, out, m.rgb, &s.table)
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

func (r *inputRows) scratch() (blocks, reals int) { return 0, 0 }

func lookUp[T any](r *inputRows, unit int, out []T, rgb []byte, table *[3][256]T) {
	n := r.layout.W * 3
	for y := unit * r.lines; y < min((unit+1)*r.lines, r.layout.H); y++ {
		row := out[r.layout.At(y, 0):][:n]
		pix := rgb[y*n:][:n]
		for i := 0; i+2 < len(row) && i+2 < len(pix); i += 3 {
			row[i], row[i+1], row[i+2] = table[0][pix[i]], table[1][pix[i+1]], table[2][pix[i+2]]
		}
	}
}
