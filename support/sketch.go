package support

import (
	"math"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support/internal/dot8"
)

// A sketch is a short stand-in for a vector, from which follows how near the
// vector cannot be to a query.
//
// A projection is a matrix M of int8 with few rows and of operator norm at most
// ‖M‖, so that ‖q−x‖ ≥ ‖M(q−x)‖/‖M‖ for all q and x. Its rows are about the
// principal axes of what was taught, most important first: then the left side
// is not much more than the right one, and the first numbers are most of that.
// But the bound holds for any M, which may therefore be rough, and old.
const (
	sketchDim = 512

	// querySteps is into how many steps a query divides a sketch's unit.
	querySteps = 64
)

// parts are the slices of a sketch that are compared one after another. The
// later ones are wider, because few rows get there.
var parts = [...]struct{ from, to int }{{0, 16}, {16, 32}, {32, 64}, {64, 96}, {96, 128}, {128, 192}, {192, 256}, {256, 384}, {384, sketchDim}}

// projection is a map from unit vectors to sketches. It never changes.
type projection struct {
	dim, width int                 // of vectors; width is dim made a multiple of dot8.Step
	matrix     []int8              // [sketchDim][width]
	mean       []int32             // what is subtracted from matrix times a vector
	factor     float64             // vectors are multiplied by it before they are rounded to int16
	scale      [sketchDim]float64  // of each row of what is left, to ‖M‖ = 1
	unit       [len(parts)]float64 // of a sketch, by part
	shots      int                 // that there were when it was made
}

// weight is what a part's scores count in a squared distance.
func (b *projection) weight(p int) float64 {
	unit := b.unit[p] / querySteps
	return 2 * querySteps * unit * unit
}

// sketch is what is kept of a vector x.
type sketch struct {
	of     *projection
	short  [sketchDim]int8
	base   [len(parts)]int32 // querySteps/2 times a part's squares: what its scores begin with
	err    float64           // of short, as a distance, and of x as the projection saw it
	full   []int8            // x/fullUnit, rounded; [width]
	unit   float64           // of full
	excess float64           // ‖x − full·unit‖, never less
}

// vector rounds x·inv, of norm at most about 1, to dst in units of 1/factor and
// returns a bound of the error's norm.
func (b *projection) vector(dst []int16, x embed.Embedding, inv float64) (err float64) {
	sum := 0.0
	for i, v := range x {
		f := float64(float64(v)*inv) * b.factor
		r := math.RoundToEven(f)
		dst[i] = int16(r)
		sum += float64((f - r) * (f - r))
	}
	clear(dst[len(x):])
	return math.Sqrt(sum)/b.factor + slack
}

// slack is more than what float64 arithmetic on numbers about 1 and the float32
// of a prototype add to an error.
const slack = 1e-6

// project writes M·v − mean, as numbers of a unit space of norm at most that of
// v, to dst.
func (b *projection) project(dst *[sketchDim]float64, v []int16) {
	var ints [sketchDim]int32
	dot8.Rows(ints[:], b.mean, v, b.matrix)
	for i, n := range ints {
		dst[i] = float64(-n) * b.scale[i]
	}
}

// sketch makes the sketch of x·inv. full becomes its own, v is memory for the
// work; both are of width.
func (b *projection) sketch(x embed.Embedding, inv float64, full []int8, v []int16) *sketch {
	s := &sketch{of: b, full: full}
	s.err = b.vector(v, x, inv)
	var u [sketchDim]float64
	b.project(&u, v)
	sum := 0.0
	for p, part := range parts {
		for i := part.from; i < part.to; i++ {
			f := u[i] / b.unit[p]
			r := math.RoundToEven(min(max(f, -127), 127))
			s.short[i] = int8(r)
			s.base[p] += querySteps / 2 * int32(r) * int32(r)
			f = float64((f - r) * b.unit[p])
			sum += float64(f * f)
		}
	}
	s.err += math.Sqrt(sum) + slack

	top := 0.0
	for _, f := range x {
		top = max(top, math.Abs(float64(f)))
	}
	s.unit = top * inv / 127
	if s.unit == 0 {
		s.unit = 1 // a prototype of shots that cancel out
	}
	sum = 0
	for i, f := range x {
		f := float64(float64(f)*inv) / s.unit
		r := math.RoundToEven(min(max(f, -127), 127))
		s.full[i] = int8(r)
		sum += float64((f - r) * (f - r))
	}
	s.excess = float64(math.Sqrt(sum)*s.unit) + slack
	return s
}

// newProjection makes a projection of a sample of vectors, each scaled by its inv to
// norm 1: at least one. shots is remembered.
//
// Orthogonal iteration on the Gram matrix of the sample, centred, brings its
// leading eigenvectors in order; these, times the sample, are the axes.
func newProjection(sample []embed.Embedding, inv []float64, shots int) *projection {
	n, dim := len(sample), len(sample[0])
	rows := make([][]float64, n)
	mean := make([]float64, dim)
	for i, x := range sample {
		rows[i] = make([]float64, dim)
		for j, v := range x {
			rows[i][j] = float64(v) * inv[i]
			mean[j] += rows[i][j] / float64(n)
		}
	}
	for _, r := range rows {
		for j, m := range mean {
			r[j] -= m
		}
	}
	axes := leading(rows, sketchDim)

	b := &projection{dim: dim, width: (dim + dot8.Step - 1) / dot8.Step * dot8.Step, mean: make([]int32, sketchDim), shots: shots}
	// A sum of products, at most 127·factor·dim, and what is subtracted from
	// it fit int32.
	b.factor = float64(min(1<<14, 1<<30/(127*b.width)))
	b.matrix = make([]int8, sketchDim*b.width)
	for i, a := range axes {
		top := 0.0
		for _, v := range a {
			top = max(top, math.Abs(v))
		}
		for j, v := range a {
			b.matrix[i*b.width+j] = int8(math.RoundToEven(v / top * 127))
		}
	}
	b.scale = rowScales(b.matrix, b.width, len(axes))
	for i := range b.scale {
		b.scale[i] /= b.factor
	}

	v := make([]int16, b.width)
	var u [sketchDim]float64
	centre := make(embed.Embedding, dim)
	for j, m := range mean {
		centre[j] = float32(m)
	}
	b.vector(v, centre, 1)
	b.project(&u, v)
	for i, f := range u {
		if b.scale[i] > 0 {
			b.mean[i] = int32(math.RoundToEven(f / b.scale[i]))
		}
	}
	// A part's unit lets the sample's largest number be 120.
	for i, x := range sample {
		b.vector(v, x, inv[i])
		b.project(&u, v)
		for p, part := range parts {
			for _, f := range u[part.from:part.to] {
				b.unit[p] = max(b.unit[p], math.Abs(f)/120)
			}
		}
	}
	for p := range b.unit {
		b.unit[p] = max(b.unit[p], slack)
	}
	return b
}

// rowScales returns what to multiply each of the first rows of a matrix by, all
// others being zero, so that its operator norm is at most 1. They make all rows
// equally long.
//
// With rows of norm 1, M Mᵀ = I + E with 0 on E's diagonal, and ‖M‖² is at most
// 1 + ‖E‖. For symmetric E, ‖E‖⁴ is the norm of E⁴, which is at most the root of
// the sum of its squares: that is closer than such a root of E itself.
func rowScales(m []int8, width, rows int) (scale [sketchDim]float64) {
	ints, zero := make([]int32, rows), make([]int32, rows)
	m = m[:rows*width]
	row := make([]int16, width)
	e := make([][]float64, rows)
	for i := range e {
		for k, v := range m[i*width : (i+1)*width] {
			row[k] = int16(v)
		}
		dot8.Rows(ints, zero, row, m)
		e[i] = make([]float64, rows)
		for j, n := range ints {
			e[i][j] = -float64(n)
		}
		if norm2 := e[i][i]; norm2 > 0 {
			scale[i] = 1 / math.Sqrt(norm2)
		}
	}
	for i := range e {
		for j := range e {
			e[i][j] *= scale[i] * scale[j]
		}
		e[i][i] = 0
	}
	for range 2 {
		e = square(e)
	}
	sum := 0.0
	for _, r := range e {
		sum += inner(r, r)
	}
	norm := math.Sqrt(1+math.Sqrt(math.Sqrt(math.Sqrt(sum)))) * (1 + slack)
	for i := range scale {
		scale[i] /= norm
	}
	return scale
}

// square returns m·m for a symmetric m.
func square(m [][]float64) [][]float64 {
	sq := make([][]float64, len(m))
	for i := range sq {
		sq[i] = make([]float64, len(m))
		for j := range i + 1 {
			sq[i][j] = inner(m[i], m[j])
			sq[j][i] = sq[i][j]
		}
	}
	return sq
}

// leading returns up to k orthonormal vectors that span about the directions in
// which rows vary most, most important first; fewer if the rows have no more.
func leading(rows [][]float64, k int) [][]float64 {
	n := len(rows)
	k = min(k, n, len(rows[0])) // there are no more
	gram := make([][]float64, n)
	for i := range gram {
		gram[i] = make([]float64, n)
		for j := range i + 1 {
			gram[i][j] = inner(rows[i], rows[j])
			gram[j][i] = gram[i][j]
		}
	}
	// Begin with rows of the Gram matrix itself, which is one round for free.
	cols := make([][]float64, k)
	for i := range cols {
		cols[i] = append([]float64(nil), gram[i*n/k]...)
	}
	for range 2 {
		cols = orthonormal(cols)
		next := make([][]float64, len(cols))
		for i, c := range cols {
			next[i] = make([]float64, n)
			for j := range next[i] {
				next[i][j] = inner(gram[j], c)
			}
		}
		cols = next
	}
	cols = orthonormal(cols)
	axes := make([][]float64, len(cols))
	for i, c := range cols {
		axes[i] = make([]float64, len(rows[0]))
		for j, r := range rows {
			axpy(axes[i], c[j], r)
		}
	}
	return orthonormal(axes)
}

// orthonormal makes vectors orthonormal in place, each in the order given made
// orthogonal to those before it, and drops those of which nothing is left.
func orthonormal(vs [][]float64) [][]float64 {
	kept := vs[:0]
	for _, v := range vs {
		was := math.Sqrt(inner(v, v))
		for range 2 { // once leaves rounding errors behind
			for _, u := range kept {
				axpy(v, -inner(u, v), u)
			}
		}
		norm := math.Sqrt(inner(v, v))
		if !(norm > was*1e-6) {
			continue
		}
		for i := range v {
			v[i] /= norm
		}
		kept = append(kept, v)
	}
	return kept
}
