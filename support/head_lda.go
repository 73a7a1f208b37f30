package support

import "github.com/edge-camera/edge/embed"

// lda is linear discriminant analysis with a covariance shrunk towards the
// identity, after Friedman, "Regularized Discriminant Analysis" (JASA 84,
// 1989), equation 18 with one covariance for all classes and equal priors:
//
//	score(q) = mᵀ S⁻¹ q − ½ mᵀ S⁻¹ m      S = Σ (x − m)(x − m)ᵀ + λI
//
// with m a class's mean and S over all shots. Directions in which the shots of
// one class differ count less. Friedman shrinks by a share of the trace; here
// λ is ridgeLambda, the same for any number of shots, which lets shots come and
// go one by one and does no worse.
//
// S has the dimension of the embedding and is never made. It is XᵀX + λI, whose
// inverse the ridge regression rests on, less one term a class; by Woodbury's
// identity, with T = Yᵀ P Y (W × W) and r the ridge's scores,
//
//	mᵀ S⁻¹ q = (T⁻¹ r)/λ      mᵀ S⁻¹ m = (T⁻¹)ᵢᵢ/λ − 1/K
//
// so that it costs W² more than ridge, a query as well as a shot.
type lda struct {
	ridge
	inverse [][]float64 // T⁻¹, by way
	bias    []float64   // ½ mᵀ S⁻¹ m, by way
}

// ldaClasses is for how many classes T is inverted at most.
const ldaClasses = 64

func (l *lda) score(dst []Prediction, q embed.Embedding, inv float64) {
	l.ridge.score(dst, q, inv)
	var r [ldaClasses]float64
	for i := range dst {
		r[i] = dst[i].Score
	}
	for i := range dst {
		dst[i].Score = inner(l.inverse[i], r[:len(dst)])/ridgeLambda - l.bias[i]
	}
}

// between returns T⁻¹ by column, or nil where there are too many classes or
// they cannot be told apart.
func (l *learner) between() [][]float64 {
	w := len(l.class)
	if w > ldaClasses {
		return nil
	}
	t := make([][]float64, w)
	for c := range t {
		t[c] = make([]float64, w)
	}
	for i, row := range l.coef {
		axpy(t[l.label[i]], 1, row)
	}
	return invert(t)
}

// lda returns the head as it is now, for ways in their order.
func (l *learner) lda(columns []int, between [][]float64) *lda {
	h := &lda{ridge: *l.ridge(columns), inverse: make([][]float64, len(columns)), bias: make([]float64, len(columns))}
	for i, c := range columns {
		h.inverse[i] = make([]float64, len(columns))
		for j, d := range columns {
			h.inverse[i][j] = between[c][d]
		}
		h.bias[i] = (between[c][c]/ridgeLambda - 1/float64(l.count[c])) / 2
	}
	return h
}

// looLDA writes the scores that row i would get from the other rows. Without the
// row T is T − aaᵀ/p with a = Aᵢ and p = Pᵢᵢ: its inverse follows by Sherman and
// Morrison's identity. What it is applied to is looRidge's y − a/p. The row must
// not be the only one of its class. u is memory for the work.
func (l *learner) looLDA(dst, u []float64, between [][]float64, i int) {
	a, own, p := l.coef[i], l.label[i], l.inverse[i][i]
	for c := range u {
		u[c] = inner(between[c], a)
	}
	au := inner(a, u)
	den := p - au
	along := (u[own] - au/p) / den
	for c := range dst {
		k := float64(l.count[c])
		if c == own {
			k--
		}
		r := between[own][c] - u[c]/p + float64(u[c]*along)
		t := between[c][c] + float64(u[c]*u[c])/den
		dst[c] = r/ridgeLambda - (t/ridgeLambda-1/k)/2
	}
}

// invert returns the inverse of a symmetric positive definite matrix, which it
// uses up; nil if it is not one as far as its numbers say.
func invert(m [][]float64) [][]float64 {
	n := len(m)
	inv := make([][]float64, n)
	for i := range inv {
		inv[i] = make([]float64, n)
		inv[i][i] = 1
	}
	// Gauss and Jordan; without a search for pivots, which such a matrix does
	// not need.
	for k := range n {
		p := m[k][k]
		if !(p > 1e-12) {
			return nil
		}
		for j := range n {
			m[k][j] /= p
			inv[k][j] /= p
		}
		for i := range n {
			if f := m[i][k]; i != k && f != 0 {
				axpy(m[i], -f, m[k])
				axpy(inv[i], -f, inv[k])
			}
		}
	}
	return inv
}
