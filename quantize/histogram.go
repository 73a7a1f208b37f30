package quantize

import "math"

// histogram counts the elements of a value over its span, in eight bins for
// each step of an int8 value.
type histogram struct {
	span
	counts [2048]int
	total  int
}

func newHistogram(s span, elements func(yield func(x float64))) *histogram {
	h := &histogram{span: s}
	width := h.width()
	elements(func(x float64) {
		h.counts[max(0, min(len(h.counts)-1, int((x-s.lo)/width)))]++
		h.total++
	})
	return h
}

// width of a bin.
func (h *histogram) width() float64 { return (h.hi - h.lo) / float64(len(h.counts)) }

// middle of bin i.
func (h *histogram) middle(i int) float64 { return h.lo + h.width()*(float64(i)+0.5) }

// percentile leaves out the outermost elements, half of them at either end that
// is not zero, so that a part of all is kept.
func (h *histogram) percentile(part float64) span {
	out := int(math.Floor((1 - part) * float64(h.total)))
	if h.lo < 0 && h.hi > 0 {
		out /= 2
	}
	s := h.span
	for i, n := 0, 0; i < len(h.counts) && s.lo < 0; i++ {
		if n += h.counts[i]; n > out {
			s.lo = min(h.lo+h.width()*float64(i), 0)
			break
		}
	}
	for i, n := len(h.counts)-1, 0; i >= 0 && s.hi > 0; i-- {
		if n += h.counts[i]; n > out {
			s.hi = max(h.lo+h.width()*float64(i+1), 0)
			break
		}
	}
	if !(s.hi > s.lo) {
		return h.span
	}
	return s
}

// leastSquares returns the span that loses the least power: what is kept costs
// a twelfth of a step squared, and what is cut off its distance squared (Sung,
// Shin and Hwang, Resiliency of Deep Neural Networks under Quantization, 2015),
// between times over: a strong feature is all over a picture, or in none, and
// what is cut off it does not vanish in a mean over places as rounding does.
func (h *histogram) leastSquares() span {
	best, least := h.span, math.Inf(1)
	for i := range 20 {
		for j := range 20 {
			if i > 0 && h.lo == 0 || j > 0 && h.hi == 0 {
				continue
			}
			s := span{h.lo * (1 - 0.04*float64(i)), h.hi * (1 - 0.04*float64(j))}
			step := (s.hi - s.lo) / 255
			var cost float64
			for b, n := range h.counts {
				x := h.middle(b)
				if d := max(s.lo-x, x-s.hi); d > 0 {
					cost += between * float64(n) * float64(d*d)
				} else {
					cost += float64(n) * float64(step*step) / 12
				}
			}
			if cost < least {
				best, least = s, cost
			}
		}
	}
	return best
}

// leastDivergence returns the span that changes the distribution least, by
// Kullback and Leibler: P has what is cut off in its outermost bins, Q is P in
// 256 steps, each spread over the bins of it that hold something (Migacz, 8-bit
// Inference with TensorRT, GTC 2017). The bin of zero is left out, as there:
// half of a value may be zeros, which no step rounds, and spreading them would
// make narrow spans seem best.
func (h *histogram) leastDivergence() span {
	best, least := h.span, math.Inf(1)
	zero := int(-h.lo / h.width())
	counts, total := h.counts, h.total
	if zero < len(counts) {
		total -= counts[zero]
		counts[zero] = 0
	}
	if total == 0 {
		return h.span
	}
	for i := range 40 {
		from, to := zero*i/50, len(counts)-(len(counts)-zero)*i/50
		p := append([]int(nil), counts[from:to]...)
		if len(p) < 256 {
			break
		}
		for _, n := range counts[:from] {
			p[0] += n
		}
		for _, n := range counts[to:] {
			p[len(p)-1] += n
		}
		if d := divergence(p, counts[from:to], total); d < least {
			least = d
			best = span{min(h.lo+h.width()*float64(from), 0), max(h.lo+h.width()*float64(to), 0)}
		}
	}
	return best
}

// divergence is KL(P‖Q) of counts p and what 256 steps leave of kept, which is
// p without what was cut off.
func divergence(p, kept []int, total int) float64 {
	var sum float64
	inside := 0
	for _, n := range kept {
		inside += n
	}
	for s := range 256 {
		from, to := s*len(p)/256, (s+1)*len(p)/256
		n, full := 0, 0
		for i, k := range kept[from:to] {
			n += k
			if p[from+i] > 0 {
				full++
			}
		}
		for _, k := range p[from:to] {
			if k == 0 {
				continue
			}
			a := float64(k) / float64(total)
			b := 1e-9
			if n > 0 {
				b = float64(n) / float64(full) / float64(inside)
			}
			sum += float64(a * math.Log(a/b))
		}
	}
	return sum
}
