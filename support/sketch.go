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
	sketchDim = 128

	// querySteps is into how many steps a query divides a sketch's unit.
	querySteps = 64
)

// parts are the slices of a sketch that are compared one after another.
var parts = [...]struct{ from, to int }{{0, 32}, {32, 64}, {64, sketchDim}}

// projection is a map from unit vectors to sketches. It never changes.
type projection struct {
	dim, width int     // of vectors; width is dim made a multiple of dot8.Step
	matrix     []int8  // [sketchDim][width]
	mean       []int32 // what is subtracted from M times a vector
	factor     float64 // vectors are multiplied by it before they are rounded to int16
	scale      float64 // of what is left to ‖M‖ = 1
	unit       float64 // of a sketch
	shots      int     // that there were when it was made
}

// sketch is what is kept of a vector x.
type sketch struct {
	of     *projection
	short  [sketchDim]int8
	err    float64 // of short, as a distance, and of x as the projection saw it
	full   []int8  // x/fullUnit, rounded; [width]
	unit   float64 // of full
	excess float64 // ‖x − full·unit‖, never less
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
		dst[i] = float64(-n) * b.scale
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
	for i, f := range u {
		f /= b.unit
		r := math.RoundToEven(min(max(f, -127), 127))
		s.short[i] = int8(r)
		sum += float64((f - r) * (f - r))
	}
	s.err += float64(math.Sqrt(sum)*b.unit) + slack

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
	top := 0.0
	for _, a := range axes {
		for _, v := range a {
			top = max(top, math.Abs(v))
		}
	}
	for i, a := range axes {
		for j, v := range a {
			b.matrix[i*b.width+j] = int8(math.RoundToEven(v / top * 127))
		}
	}
	b.scale = 1 / (b.factor * operatorNorm(b.matrix, b.width))

	// The unit lets the sample's largest number be 100.
	v := make([]int16, b.width)
	var u [sketchDim]float64
	centre := make(embed.Embedding, dim)
	for j, m := range mean {
		centre[j] = float32(m)
	}
	b.vector(v, centre, 1)
	b.project(&u, v)
	for i, f := range u {
		b.mean[i] = int32(math.RoundToEven(f / b.scale))
	}
	for i, x := range sample {
		b.vector(v, x, inv[i])
		b.project(&u, v)
		for _, f := range u {
			b.unit = max(b.unit, math.Abs(f)/100)
		}
	}
	if b.unit == 0 {
		b.unit = 1.0 / 100
	}
	return b
}

// operatorNorm bounds the norm of a matrix of sketchDim rows: the square root of
// the largest sum of a row of |M Mᵀ| (Gershgorin).
func operatorNorm(m []int8, width int) float64 {
	top := 0.0
	for i := range sketchDim {
		sum := 0.0
		for j := range sketchDim {
			var dot int64
			for k, v := range m[i*width : (i+1)*width] {
				dot += int64(v) * int64(m[j*width+k])
			}
			sum += math.Abs(float64(dot))
		}
		top = max(top, sum)
	}
	return math.Sqrt(top) * (1 + slack)
}

// leading returns up to k orthonormal vectors that span about the directions in
// which rows vary most, most important first; fewer if the rows have no more.
func leading(rows [][]float64, k int) [][]float64 {
	n := len(rows)
	k = min(k, n)
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
	for range 4 {
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
