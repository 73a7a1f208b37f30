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

// looLDA tells what each row would be given by the other rows.
//
// Without row i, T is T − aaᵀ/p with a = Aᵢ and p = Pᵢᵢ: its inverse follows by
// Sherman and Morrison's identity from u = T⁻¹a. What it is applied to is
// looRidge's y − a/p.
type looLDA struct {
	l       *learner
	between [][]float64
	diag    []float64    // of T⁻¹
	half    []float64    // by column: 1/2K
	u       [4][]float64 // of rows first to first+3
	first   int          // −1: of none yet
}

func (l *learner) newLooLDA(between [][]float64) *looLDA {
	o := &looLDA{l: l, between: between, diag: make([]float64, len(between)), half: make([]float64, len(between)), first: -1}
	for c := range between {
		o.diag[c], o.half[c] = between[c][c], 1/float64(2*l.count[c])
	}
	for j := range o.u {
		o.u[j] = make([]float64, len(between))
	}
	return o
}

// scores writes those of row i, which must not be the only one of its class, to
// dst. It is quick for rows in their order.
func (o *looLDA) scores(dst []float64, i int) {
	l := o.l
	if first := i &^ 3; first != o.first {
		o.first = first
		a := func(j int) []float64 { return l.coef[min(first+j, len(l.coef)-1)] }
		products(&o.u, o.between, a(0), a(1), a(2), a(3))
	}
	u, own, p := o.u[i&3], l.label[i], l.inverse[i][i]
	au := inner(l.coef[i], u)
	den := 1 / (p - au)
	slope := float64((u[own]-au/p)*den) - 1/p
	row, diag, half := o.between[own][:len(u)], o.diag[:len(u)], o.half[:len(u)]
	dst = dst[:len(u)]
	for c, v := range u {
		t := diag[c] + float64(float64(v*v)*den)
		dst[c] = float64((row[c]+float64(v*slope)-t/2)*(1/ridgeLambda)) + half[c]
	}
	k := float64(l.count[own])
	dst[own] += 1/(2*(k-1)) - half[own]
}

// products writes M a, M b, M c and M d. Two rows of M at a time, with four
// vectors, keep eight additions in flight and load little.
func products(dst *[4][]float64, m [][]float64, a, b, c, d []float64) {
	for i := 0; i < len(m); i += 2 {
		j := min(i+1, len(m)-1)
		x, y := m[i], m[j]
		y, a, b, c, d := y[:len(x)], a[:len(x)], b[:len(x)], c[:len(x)], d[:len(x)]
		var xa, xb, xc, xd, ya, yb, yc, yd float64
		for k, xk := range x {
			yk, ak, bk, ck, dk := y[k], a[k], b[k], c[k], d[k]
			xa += float64(xk * ak)
			xb += float64(xk * bk)
			xc += float64(xk * ck)
			xd += float64(xk * dk)
			ya += float64(yk * ak)
			yb += float64(yk * bk)
			yc += float64(yk * ck)
			yd += float64(yk * dk)
		}
		dst[0][i], dst[1][i], dst[2][i], dst[3][i] = xa, xb, xc, xd
		dst[0][j], dst[1][j], dst[2][j], dst[3][j] = ya, yb, yc, yd
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
