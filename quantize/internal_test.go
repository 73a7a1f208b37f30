package quantize

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// elements yields n numbers between −1 and 1, and the others.
func elements(n int, others ...float64) func(yield func(x float64)) {
	return func(yield func(x float64)) {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			yield(2*r.Float64() - 1)
		}
		for _, x := range others {
			yield(x)
		}
	}
}

func TestRanges(t *testing.T) {
	whole := span{-8, 8}
	h := newHistogram(whole, elements(100000, -8, 8, 7.9))
	for _, r := range []Range{Percentile, KL} { // MSE: TestLeastSquares
		got := r.narrow(h)
		// Three outliers of a hundred thousand: worth cutting, and the rest is
		// worth keeping.
		if got.lo < -4 || got.lo > -0.99 || got.hi > 4 || got.hi < 0.99 {
			t.Errorf("%s: %v of [-1, 1] and outliers at 8", r, got)
		}
	}
	if got := MinMax.narrow(h); got != whole {
		t.Errorf("minmax: %v", got)
	}
	// Nothing is to be cut off of what is spread evenly.
	h = newHistogram(span{-1, 1}, elements(100000))
	for _, r := range []Range{Percentile, MSE, KL} {
		if got := r.narrow(h); got.lo > -0.99 || got.hi < 0.99 {
			t.Errorf("%s cuts an even distribution to %v", r, got)
		}
	}
	// A side that is zero stays zero.
	h = newHistogram(span{0, 8}, func(yield func(x float64)) {
		elements(4000000, 8)(func(x float64) { yield(math.Abs(x)) })
	})
	for _, r := range []Range{Percentile, MSE, KL} {
		if got := r.narrow(h); got.lo != 0 || got.hi > 6 || got.hi < 0.99 {
			t.Errorf("%s: %v of [0, 1] and an outlier at 8", r, got)
		}
	}
}

// TestLeastSquares compares with rounding every element for real.
func TestLeastSquares(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := []float64{-11, 12}
	s := span{-11, 12}
	for range 2000000 {
		x = append(x, r.NormFloat64())
	}
	lost := func(s span) float64 {
		q := affine(s)
		var sum float64
		for _, v := range x {
			i := max(-128, min(127, math.RoundToEven(v/float64(q.Scale))+float64(q.Zero)))
			d := v - float64(q.Scale)*(i-float64(q.Zero))
			cut := max(s.lo-v, v-s.hi, 0)
			sum += d*d + (between-1)*cut*cut
		}
		return sum
	}
	best := newHistogram(s, func(yield func(x float64)) {
		for _, v := range x {
			yield(v)
		}
	}).leastSquares()
	got := lost(best)
	if got > 0.9*lost(s) {
		t.Errorf("%v loses %.4f, all of %v %.4f", best, got, s, lost(s))
	}
	for _, k := range []float64{0.6, 0.8, 1.25, 1.6} {
		if other := lost(span{best.lo * k, best.hi * k}); other < 0.97*got {
			t.Errorf("%v loses %.4f, and %g times that %.4f", best, got, k, other)
		}
	}
}

// TestRounder: with inputs that hang together, the output's error is far less
// than that of rounding to nearest; and without a rounder it is that.
func TestRounder(t *testing.T) {
	const k, rows = 24, 400
	r := rand.New(rand.NewPCG(5, 6))
	s := &sample{groups: 1, k: k, places: 10, windows: make([]float32, rows*k)}
	for row := range rows {
		common := r.NormFloat64()
		for i := range k {
			s.windows[row*k+i] = float32(3*common + 0.3*r.NormFloat64() + 5)
		}
	}
	mean := s.mean(0)
	round := newRounder(s, 0, mean)
	var errs [2]float64
	for range 20 {
		w := make([]float64, k)
		for i := range w {
			w[i] = r.NormFloat64()
		}
		const step = 0.1
		for which, by := range []*rounder{nil, round} {
			q := make([]int8, k)
			by.round(q, append([]float64(nil), w...), step)
			for row := range rows {
				var d float64
				for i, x := range s.row(row, 0) {
					d += (float64(q[i])*step - w[i]) * (float64(x) - mean[i])
				}
				errs[which] += d * d
			}
			for i, v := range q {
				if by == nil && float64(v) != math.RoundToEven(w[i]/step) {
					t.Fatalf("%g is %d steps of %g", w[i], v, step)
				}
				if math.Abs(float64(v)*step-w[i]) > 3*step {
					t.Errorf("%g became %g", w[i], float64(v)*step)
				}
			}
		}
	}
	if errs[1] > errs[0]/5 {
		t.Errorf("the output is off by %.3f, by %.3f with weights rounded to nearest", errs[1], errs[0])
	}
}

// TestGram compares with the sum it is.
func TestGram(t *testing.T) {
	const rows, k = 37, 300 // several strips, the last not full
	r := rand.New(rand.NewPCG(7, 8))
	y := general(rows, k)
	for i := range y.Data {
		y.Data[i] = r.NormFloat64()
	}
	h := symmetric(k)
	gram(h, y, 0.5)
	gram(h, y, 0.25)
	for i := range k {
		for j := i; j < k; j++ {
			var want float64
			for row := range rows {
				want += 0.75 * y.Data[row*k+i] * y.Data[row*k+j]
			}
			if got := h.Data[i*k+j]; math.Abs(got-want) > 1e-9 {
				t.Fatalf("element %d, %d is %g, want %g", i, j, got, want)
			}
		}
	}
}

// TestSample compares windows with what a convolution reads.
func TestSample(t *testing.T) {
	in := embed.Shape{H: 7, W: 6, C: 4}
	w := embed.Window{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, DilationH: 1, DilationW: 2, Top: 1, Left: 2, Bottom: 0, Right: 1}
	out := embed.Shape{H: 3, W: 7, C: 8}
	value := make([]float32, in.Len())
	for i := range value {
		value[i] = float32(i + 1)
	}
	s := newSample(w, 2, in, out, 1000, 2) // every place
	s.take(1, 9, value)
	for p := range out.H * out.W {
		for g := range 2 {
			row := s.row(out.H*out.W+p, g)
			i := 0
			for ky := range 3 {
				for kx := range 2 {
					for c := range 2 {
						y, x := p/out.W*2-1+ky, p%out.W-2+2*kx
						want := float32(0)
						if y >= 0 && y < in.H && x >= 0 && x < in.W {
							want = value[(y*in.W+x)*in.C+2*g+c]
						}
						if row[i] != want {
							t.Fatalf("place %d, group %d, element %d: %g, want %g", p, g, i, row[i], want)
						}
						i++
					}
				}
			}
		}
	}
	// The same places of the same picture, wherever it is kept.
	a, b := newSample(pixel, 1, in, in, 5, 1), newSample(pixel, 1, in, in, 5, 3)
	a.take(0, 17, value)
	b.take(2, 17, value)
	for i, v := range a.windows {
		if b.windows[2*len(a.windows)+i] != v {
			t.Fatal("other places of the same picture")
		}
	}
}

// TestWhole: the zero point is a whole number of accumulator units, and the step
// hardly wider.
func TestWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 1000 {
		out := embed.QValue{Scale: float32(math.Exp(r.NormFloat64())), Zero: int8(r.IntN(256) - 128)}
		sin, scale := math.Exp(r.NormFloat64()-3), math.Exp(r.NormFloat64()-4)
		got := whole(scale, sin, out)
		if got < scale*(1-1e-12) || got > scale*(1+1.0/128) {
			t.Fatalf("%g became %g", scale, got)
		}
		units := float64(out.Zero) * float64(out.Scale) / (sin * got)
		if off := math.Abs(units - math.RoundToEven(units)); math.Abs(units) > 128 && off > 1e-6 {
			t.Fatalf("zero is %g units", units)
		}
	}
}

func TestProduct(t *testing.T) {
	n := &embed.Node{Op: embed.OpMul}
	for _, r := range []float64{1e-6, 0.3, 0.999999, 1, 1.5, 77, 16000} {
		q := product(n, r, embed.QValue{Scale: 1})
		if got := float64(q.Mult[0]) * float64(int64(1)<<q.Shift) / (1 << 31); math.Abs(got-r) > 1e-9*(1+r)*float64(int64(1)<<q.Shift) {
			t.Errorf("%g is carried as %g", r, got)
		}
		if q.Shift > 0 && r < float64(int64(1)<<(q.Shift-1)) {
			t.Errorf("%g is shifted by %d", r, q.Shift)
		}
	}
	for _, most := range []int64{255, 255 * 255, 255 * 3136} {
		q := product(n, mostProduct(most), embed.QValue{Scale: 1})
		if most<<q.Shift > math.MaxInt32 {
			t.Errorf("accumulators up to %d are shifted by %d", most, q.Shift)
		}
	}
}

// TestRangesOfReLU6: nearly all elements are zero and few are six, and no
// range cuts off what is between.
func TestRangesOfReLU6(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	h := newHistogram(span{0, 6}, func(yield func(x float64)) {
		for range 200000 {
			yield(max(0, min(6, 3*r.NormFloat64()-5)))
		}
	})
	for _, r := range []Range{MinMax, Percentile, MSE, KL} {
		if got := r.narrow(h); got.lo != 0 || got.hi < 5 {
			t.Errorf("%s: %v", r, got)
		}
	}
}
