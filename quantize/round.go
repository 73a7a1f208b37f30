package quantize

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// How rounding errors are weighed: see newRounder.
const (
	damping = 0.1
	between = 10.0
)

// rounder rounds filters one weight after the other, and lets the weights not
// yet rounded make up for what rounding has done to the output so far (Frantar,
// Ashkboos, Hoefler and Alistarh, GPTQ, ICLR 2023, after Hassibi and Stork's
// Optimal Brain Surgeon; the order by falling variance is theirs, too). With H
// the covariance of what the filter reads and e the error of a weight, the
// others move by
//
//	−e·(H⁻¹)[rest, i] / (H⁻¹)[i, i]
//
// A nil rounder rounds to nearest.
type rounder struct {
	order []int
	h     []float64     // H of a short filter, k × k, damped by a thousandth; see polish
	upper *mat.TriDense // of the Cholesky decomposition of H⁻¹, in that order; nil if there is none
}

// newRounder learns from what a group of filters reads in the int8 network so
// far, whose mean it is told.
//
// H is the covariance of windows, plus ten times that of the pictures' means:
// an embedding is a mean over places, in which an error that is another at
// each place vanishes and one that is the same all over a picture does not. It
// is damped by a tenth of the mean variance, so that few pictures do not
// make it believe that what never differed in them never will.
func newRounder(reads *sample, group int, mean []float64) *rounder {
	k, rows := reads.k, reads.rows()
	y, pictures := general(rows, k), general(rows/reads.places, k)
	for r := range rows {
		at, picture := y.Data[r*k:][:k], pictures.Data[r/reads.places*k:][:k]
		for i, v := range reads.row(r, group) {
			at[i] = float64(v) - mean[i]
			picture[i] += at[i] / float64(reads.places)
		}
	}
	h := symmetric(k)
	gram(h, y, 1/float64(rows))
	gram(h, pictures, between/float64(pictures.Rows))
	r := &rounder{order: make([]int, k)}
	if k <= shortFilter {
		r.h = make([]float64, k*k)
		for i := range k {
			for j := i; j < k; j++ {
				r.h[i*k+j], r.h[j*k+i] = h.Data[i*k+j], h.Data[i*k+j]
			}
		}
	}
	var trace float64
	for i := range k {
		trace += h.Data[i*k+i]
	}
	for i := range k {
		if r.h != nil {
			r.h[i*k+i] += 1e-3 * trace / float64(k)
		}
		h.Data[i*k+i] += damping*trace/float64(k) + 1e-12
	}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int {
		switch x, y := h.Data[a*k+a], h.Data[b*k+b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	ordered := mat.NewSymDense(k, nil)
	for i, u := range r.order {
		for j, v := range r.order[i:] {
			ordered.SetSym(i, i+j, h.Data[min(u, v)*k+max(u, v)])
		}
	}
	var chol, inverse mat.Cholesky
	if !chol.Factorize(ordered) {
		return r
	}
	inv := mat.NewSymDense(k, nil)
	if err := chol.InverseTo(inv); err != nil || !inverse.Factorize(inv) {
		return r
	}
	r.upper = mat.NewTriDense(k, mat.Upper, nil)
	inverse.UTo(r.upper)
	return r
}

// round writes the integers of one filter, of steps of so much, to q.
func (r *rounder) round(q []int8, weight []float64, step float64) {
	nearest := func(w float64) float64 { return max(-127, min(127, math.RoundToEven(w/step))) }
	if r == nil || r.upper == nil {
		for i, w := range weight {
			q[i] = int8(nearest(w))
		}
		return
	}
	w := make([]float64, len(q))
	for i, at := range r.order {
		w[i] = weight[at]
	}
	u := r.upper.RawTriangular()
	for i, at := range r.order {
		v := nearest(w[i])
		q[at] = int8(v)
		row := u.Data[i*u.Stride:][:len(q)]
		e := (w[i] - float64(v*step)) / row[i]
		for j := i + 1; j < len(q); j++ {
			w[j] -= float64(e * row[j])
		}
	}
}

// gram adds scale·yᵀy to h. Each element is added up in the order of the rows,
// however many processors there are.
func gram(h blas64.Symmetric, y blas64.General, scale float64) {
	const strip = 64
	strips := (y.Cols + strip - 1) / strip
	if strips < 4 {
		blas64.Syrk(blas.Trans, scale, y, 1, h)
		return
	}
	each(strips, func(s int) {
		from := s * strip
		left, right := y, y
		left.Data, left.Cols = y.Data[from:], min(strip, y.Cols-from)
		right.Data, right.Cols = y.Data[from:], y.Cols-from
		blas64.Gemm(blas.Trans, blas.NoTrans, scale, left, right, 1, blas64.General{
			Rows: left.Cols, Cols: right.Cols, Stride: h.Stride, Data: h.Data[from*h.Stride+from:],
		})
	})
}

func general(rows, columns int) blas64.General {
	return blas64.General{Rows: rows, Cols: columns, Stride: columns, Data: make([]float64, rows*columns)}
}

// symmetric has room for the upper triangle.
func symmetric(n int) blas64.Symmetric {
	return blas64.Symmetric{N: n, Stride: n, Data: make([]float64, n*n), Uplo: blas.Upper}
}
