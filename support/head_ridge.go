package support

import "github.com/edge-camera/edge/embed"

// ridge is the head of Bertinetto, Henriques, Torr and Vedaldi, "Meta-learning
// with differentiable closed-form solvers" (ICLR 2019), R2D2, equation 3, on
// features that are not trained for it: ridge regression from shots to one-hot
// classes, in the form whose matrix is as large as there are shots,
//
//	R = Yᵀ (X Xᵀ + λI)⁻¹ X      score(q) = R q / ‖q‖
//
// A class's score is thus an estimate of "1 if it is this one, else 0". What
// it does better than the mean is to weigh down what all classes have in
// common. The paper learns λ and a scale and shift of the score; here λ is
// ridgeLambda, and the order of scores needs neither.
type ridge struct {
	weights []embed.Embedding // R's rows, by way
}

func (r *ridge) score(dst []Prediction, q embed.Embedding, inv float64) {
	last := len(r.weights) - 1
	for i := 0; i < len(r.weights); i += 4 {
		d := dot4(q, r.weights[i], r.weights[min(i+1, last)], r.weights[min(i+2, last)], r.weights[min(i+3, last)])
		for j := range min(4, len(r.weights)-i) {
			dst[i+j].Score = float64(d[j] * inv)
		}
	}
}

// ridge returns the head as it is now, for ways in their order.
func (l *learner) ridge(columns []int) *ridge {
	r := &ridge{weights: make([]embed.Embedding, len(columns))}
	for i, c := range columns {
		r.weights[i] = make(embed.Embedding, len(l.weight[c]))
		for j, v := range l.weight[c] {
			r.weights[i][j] = float32(v)
		}
	}
	return r
}

// looRidge writes the scores that row i would get from the other rows. The
// residual of a linear smoother tells: yᵢ − Aᵢ/pᵢ.
func (l *learner) looRidge(dst []float64, i int) {
	p := -1 / l.inverse[i][i]
	for c, a := range l.coef[i] {
		dst[c] = a * p
	}
	dst[l.label[i]]++
}
