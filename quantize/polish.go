package quantize

import "math"

// shortFilter is how many weights a filter may have to be polished, which takes
// the square of them.
const shortFilter = 64

// widerSteps are steps that are tried for a short filter's weights.
var widerSteps = []float64{1.01, 1.02, 1.03, 1.04, 1.05, 1.07, 1.09}

// polish betters a short filter that round has made of steps of so much, and
// returns its step, which may be wider. allowed returns the step nearest to one
// that is asked for, and whether it will do.
//
// The objective is AdaRound's (Nagel, Amjad, van Baalen, Louizos and
// Blankevoort, Up or Down? Adaptive Rounding for Post-Training Quantization,
// ICML 2020, equation 13): the power eᵀ·H·e of the output's error. Theirs is
// relaxed and descended; that of a filter of a few dozen weights is lowered by
// the best change of one or two weights by a step, until there is none. Weights
// rounded one after the other leave the last of them no one to make up for it,
// which short filters feel most.
func (r *rounder) polish(q []int8, weight []float64, step float64, allowed func(float64) (float64, bool)) float64 {
	if r == nil || r.h == nil {
		return step
	}
	cost := r.descend(q, weight, step)
	other, first := make([]int8, len(q)), step
	for _, wider := range widerSteps {
		s, ok := allowed(first * wider)
		if !ok {
			break
		}
		r.round(other, weight, s)
		if c := r.descend(other, weight, s); c < cost {
			cost, step = c, s
			copy(q, other)
		}
	}
	return step
}

// descend changes weights by a step, one or two at a time, for as long as that
// lowers eᵀ·H·e, and returns it.
func (r *rounder) descend(q []int8, weight []float64, step float64) float64 {
	k, h := len(q), r.h
	e, slope := make([]float64, k), make([]float64, k) // e, and H·e
	for i := range q {
		e[i] = float64(float64(q[i])*step) - weight[i]
	}
	for i := range slope {
		for j := range k {
			slope[i] += float64(h[i*k+j] * e[j])
		}
	}
	move := func(i int, by float64) {
		q[i] += int8(by)
		e[i] += float64(by * step)
		for j := range k {
			slope[j] += float64(h[i*k+j] * (by * step))
		}
	}
	free := func(i int, by float64) bool { return math.Abs(float64(q[i])+by) <= 127 }
	signs := [2]float64{-1, 1}
	for range 4 * k {
		best, first, second := -1e-12, -1, -1
		var byFirst, bySecond float64
		for i := range k {
			for _, s := range signs {
				if !free(i, s) {
					continue
				}
				d := s * step
				one := float64(2*d*slope[i]) + float64(d*d*h[i*k+i])
				if one < best {
					best, first, byFirst, second = one, i, s, -1
				}
				for j := i + 1; j < k; j++ {
					for _, t := range signs {
						if !free(j, t) {
							continue
						}
						u := t * step
						two := one + float64(2*u*slope[j]) + float64(u*u*h[j*k+j]) + float64(2*d*u*h[i*k+j])
						if two < best {
							best, first, byFirst, second, bySecond = two, i, s, j, t
						}
					}
				}
			}
		}
		if first < 0 {
			break
		}
		move(first, byFirst)
		if second >= 0 {
			move(second, bySecond)
		}
	}
	var cost float64
	for i := range e {
		cost += float64(e[i] * slope[i])
	}
	return cost
}
