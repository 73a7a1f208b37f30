package support

import "math"

// looResult is how often each head names a shot right that it has not seen.
type looResult struct {
	shots int // that were asked about: those of classes with at least two
	right map[Head]int
}

// leaveOneOut asks every head about every shot as if that had never been
// taught. It needs no second training: all follows from what the learner has.
func (l *learner) leaveOneOut(between [][]float64) looResult {
	w := len(l.class)
	res := looResult{right: map[Head]int{}}
	sums, norm2 := l.sums()
	proto, rid, disc := make([]float64, w), make([]float64, w), make([]float64, w)
	for i, c := range l.label {
		if l.count[c] < 2 {
			continue
		}
		res.shots++
		looPrototype(proto, sums[i], norm2, c)
		l.looRidge(rid, i)
		res.add(Prototype, proto, c)
		res.add(Ridge, rid, c)
		if between != nil {
			l.looLDA(disc, rid, between, i)
			res.add(LDA, disc, c)
		}
		best, at := math.Inf(-1), c
		for j := range l.shots {
			if j != i && l.cosine(i, j) > best {
				best, at = l.cosine(i, j), l.label[j]
			}
		}
		if at == c {
			res.right[NearestShot]++
		}
	}
	return res
}

// add counts a shot of class c that got these scores.
func (r *looResult) add(h Head, scores []float64, c int) {
	for i, s := range scores {
		if i != c && s > scores[c]-sameScore {
			return
		}
	}
	r.right[h]++
}

// sums returns for each row the sum of its cosines to each class's rows, itself
// included, and for each class the squared norm of the sum of its rows.
func (l *learner) sums() (sums [][]float64, norm2 []float64) {
	sums = make([][]float64, len(l.shots))
	for i := range sums {
		sums[i] = make([]float64, len(l.class))
	}
	for i, row := range l.gram {
		a, si := l.label[i], sums[i]
		for j, v := range row[:i] {
			si[l.label[j]] += v
			sums[j][a] += v
		}
		si[a] += row[i]
	}
	norm2 = make([]float64, len(l.class))
	for i, c := range l.label {
		norm2[c] += sums[i][c]
	}
	return sums, norm2
}

// looPrototype writes the cosines of a row of class c to the prototypes that
// the other rows make.
func looPrototype(dst, sums, norm2 []float64, c int) {
	for k, s := range sums {
		n := norm2[k]
		if k == c {
			n, s = n-float64(2*s)+1, s-1
		}
		dst[k] = 0
		if n > tiny {
			dst[k] = s / math.Sqrt(n)
		}
	}
}

// choose returns the head that leave-one-out speaks for.
//
// Of the four ridge regression does best where shots are too few to tell, so
// it has to be beaten by more than chance does: by half the standard deviation
// of a share of so many shots. The nearest shot is a candidate from a mean of
// manyShots on only, because with fewer it does well in leave-one-out, where
// the shot's own class has one less, and badly afterwards. Where leave-one-out
// has no shot to ask about, prototypes need nothing to be chosen.
//
// Measured on groceries (K = 2, 3, 5, 10 in 5 to 20 ways) and signs (2, 5, 20),
// accuracy over prototypes: this rule +0.2 to +12.0 points, the best head of
// each task +0.5 to +12.1.
func (r looResult) choose(classes int) Head {
	if r.shots == 0 {
		return Prototype
	}
	n := float64(r.shots)
	best, share := Ridge, float64(r.right[Ridge])/n
	for _, h := range []Head{LDA, Prototype, NearestShot} {
		right, ok := r.right[h]
		if !ok || h == NearestShot && r.shots < manyShots*classes {
			continue
		}
		if s := float64(right) / n; s > share+math.Sqrt(share*(1-share)/n)/2 {
			best, share = h, s
		}
	}
	return best
}

// manyShots is how many shots a class needs for the nearest one to be trusted.
const manyShots = 10
