package quantize

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPolish compares with all roundings up or down of five weights.
func TestPolish(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	const k, step = 5, 0.25
	best, better := 0, 0
	for range 60 {
		// Twelve windows of what is read, which goes together.
		reads := &sample{groups: 1, k: k, places: 1, windows: make([]float32, 12*k)}
		for r := range 12 {
			common := random.NormFloat64()
			for i := range k {
				reads.windows[r*k+i] = float32(common + 0.5*random.NormFloat64())
			}
		}
		r := newRounder(reads, 0, reads.mean(0))
		w := make([]float64, k)
		for i := range w {
			w[i] = 4 * random.NormFloat64()
		}
		power := func(q []int8) (cost float64) {
			for i := range k {
				for j := range k {
					cost += (float64(q[i])*step - w[i]) * r.h[i*k+j] * (float64(q[j])*step - w[j])
				}
			}
			return cost
		}
		least := math.Inf(1)
		for mask := range 1 << k {
			q := make([]int8, k)
			for i := range q {
				q[i] = int8(math.Floor(w[i]/step)) + int8(mask>>i&1)
			}
			least = min(least, power(q))
		}
		q := make([]int8, k)
		r.round(q, w, step)
		rounded := power(q)
		got := r.polish(q, w, step, func(float64) (float64, bool) { return 0, false })
		if got != step {
			t.Fatalf("a step of %g, and no other was allowed", got)
		}
		polished := power(q)
		if polished > rounded+1e-9 {
			t.Fatalf("polishing made %.6f of %.6f", polished, rounded)
		}
		if polished < rounded-1e-9 {
			better++
		}
		if polished <= least+1e-9 {
			best++
		}
	}
	if best < 54 || better < 6 {
		t.Errorf("of 60 filters %d are as good as the best rounding, %d better than before", best, better)
	}
}

// TestPolishWidens: where a wider step suits all weights, it is taken.
func TestPolishWidens(t *testing.T) {
	reads := &sample{groups: 1, k: 3, places: 1, windows: []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, -1, -1, -1}}
	r := newRounder(reads, 0, reads.mean(0))
	w := []float64{1.05 * 10, 1.05 * 21, 1.05 * -13}
	q := make([]int8, 3)
	r.round(q, w, 1)
	step := r.polish(q, w, 1, func(s float64) (float64, bool) { return s, s < 1.06 })
	if step != 1.05 || q[0] != 10 || q[1] != 21 || q[2] != -13 {
		t.Errorf("%v with a step of %g", q, step)
	}
}
