package support

import (
	"cmp"
	"math"

	"github.com/edge-camera/edge/embed"
)

// Mean writes the mean of views into dst, each scaled to norm 1 first, and
// returns dst, which has their length. The more the views differ, the shorter
// it is, and that is what AnswerViews goes by. With one view it is that view,
// to the bit; a view without a direction is left out.
func Mean(dst embed.Embedding, views ...embed.Embedding) embed.Embedding {
	if len(views) == 1 {
		copy(dst, views[0])
		return dst
	}
	clear(dst)
	n := float64(len(views))
	for _, v := range views {
		inv := 1 / math.Sqrt(dot(v, v))
		if !(inv > 0) || math.IsInf(inv, 0) {
			continue
		}
		inv /= n
		for i, x := range v[:len(dst)] {
			dst[i] += float32(float64(x) * inv)
		}
	}
	return dst
}

// AnswerViews does as Answer for the Mean of several views of one thing. The
// class is that of the mean, and so is the distance, which is the smaller the
// more there is to average: of five independent pictures it is half of one's.
// So the threshold is another one; see kin. With one view it is Answer.
func (s *Set) AnswerViews(dst []Prediction, mean embed.Embedding, views int) (Answer, []Prediction) {
	return s.seen.Load().answer(dst, mean, views, nil)
}

// AnswerViews does as Set.AnswerViews.
func (c *Classifier) AnswerViews(dst []Prediction, mean embed.Embedding, views int) (Answer, []Prediction) {
	return c.view.answer(dst, mean, views, nil)
}

// apartness returns the mean distance between two of the views that make a
// mean: of n unit vectors, ‖mean‖² = 1 − (1 − 1/n)·(mean distance of a pair).
func apartness(mean embed.Embedding, views int) float64 {
	if views < 2 {
		return 0
	}
	return min(max((1-dot(mean, mean))/(1-1/float64(views)), 0), 2)
}

// kin is how much a class's pictures are alike, which says how much nearer to
// its prototype the mean of several is than one.
//
// With ρ the mean cosine of two pictures of the class, the squared norm of the
// mean of n of them is v(n) = ρ + (1−ρ)/n, and the expected cosine of that mean
// to the mean of K others ρ/√(v(n)·v(K)). One picture's distance, r, is known
// from leave-one-out, and gives ρ; then the distance of the mean of n is
//
//	r(n) = 1 − (1−r)/√v(n)
//
// and the threshold T(n) = T·r(n)/r: the tail is as many r(n) long as it is r
// long. Measured on groceries (5-way and 20-way), signs and parts, with K = 2,
// 3, 5, 10 shots: the mean distance over r(n) is 0.92 to 1.08 for n = 1 and 0.94
// to 1.12 for n = 2, 3, 5, 10; 95 % of it are below 1.62 to 2.29 r and 1.55 to
// 2.36 r(n), and mean 1.8 and 1.78.
//
// A tail that is unusually long for one picture, as it is 2.1 r for signs, is
// not for a mean: 1.7 r(5). So where it is longer than the typical one,
// tail(share), T(n) goes towards that as 1/n does.
//
// That is by cosine. By the metric a picture's own part (1−ρ)/n and that of the
// prototype, (1−ρ)/K, are less by a share; how much less one picture's distance
// is than by cosine, r₁ − r, gives it, and with
//
//	s = (r₁ − r)/(1 + 1/(K·v(K)))
//	r(n) = 1 − (1−r₁)/√v(n) − s·(1/(n·v(n)) + 1/(K·v(K)))
//
// the mean distance over r(n) is within 2 points of what it is for n = 1 (0.86
// to 1.01), and 95 % of it are below 1.69 to 2.15 r and 1.46 to 2.09 r(n). With
// the formula above it is up to 9 points more.
type kin struct {
	usual  float64 // r: expected distance of one more picture to the prototype
	cosine float64 // r₁: the same by cosine
	rho    float64
	less   float64 // s
	own    float64 // 1/(K·v(K))
	ends   float64 // the typical tail as a share of the device's own, if that is longer
}

// Frames of a camera are no independent pictures: they show one thing on one
// day, and the mean of a hundred of them is as far from the prototype as one
// is. With the threshold of five independent pictures, 67 to 99 % of groceries
// seen in five frames (shifted, turned and brightened by a little) are rejected.
// So views count by how much they differ, compared with two pictures of the
// class: up to likeFrames they are one, from likePictures on they are as many
// as there are. Such frames are at 0.06 to 0.17, five photographs of a grocery
// at 0.67 to 1.4 (two: at 0.43 to 1.7). In between, Kish's design effect says
// how many n views are worth whose correlation is κ: n/(1 + (n−1)·κ) ("Survey
// Sampling", 1965).
const (
	likeFrames   = 0.3
	likePictures = 0.6
)

// worth returns how many independent pictures of the class views are worth.
func (k kin) worth(views int, apart float64) float64 {
	if views < 2 || !(k.rho < 1) {
		return 1
	}
	kappa := (likePictures - apart/(1-k.rho)) / (likePictures - likeFrames)
	n := float64(views)
	return n / (1 + float64((n-1)*min(max(kappa, 0), 1)))
}

// shrinks returns T(n)/T.
func (k kin) shrinks(n float64) float64 {
	if n <= 1 || !(k.usual > 0) {
		return 1
	}
	v := k.rho + (1-k.rho)/n
	r := 1 - (1-k.cosine)/math.Sqrt(v) - float64(k.less*(1/(n*v)+k.own))
	return r / k.usual * (1 + float64((k.ends-1)*(1-1/n)))
}

// typicalTail is how many times as far as usual a threshold is where nothing
// else says what is usual.
const typicalTail = 1.78

// kins returns that of every way, with lim their thresholds for one view under
// rule.
func kins(ways []*way, o own, lim []limit, rule Rule) []kin {
	plain := o
	if o.metric {
		plain = owned(ways, nil)
	}
	k := make([]kin, len(ways))
	for i, w := range ways {
		shots := 1
		k[i].usual = lim[i].distance / typicalTail
		if w.tells() {
			shots = len(w.apart)
			k[i].usual = o.spread[i] * o.fewer(shots)
		}
		k[i].usual = min(k[i].usual, 1)
		k[i].cosine = k[i].usual
		if w.tells() {
			k[i].cosine = min(plain.spread[i]*plain.fewer(shots), 1)
		}
		k[i].ends = 1
		if lim[i].basis == ByLeaveOneOut && lim[i].distance > 0 && lim[i].distance < radiusMax {
			k[i].ends = min(tail(cmp.Or(rule.FalseReject, DefaultFalseReject))*k[i].usual/lim[i].distance, 1)
		}
		// 1 − r = ρ/√(ρ + (1−ρ)·m), m = 1/K, solved for ρ.
		c2, m := (1-k[i].cosine)*(1-k[i].cosine), 1/float64(shots)
		b := float64(c2 * (1 - m))
		k[i].rho = (b + math.Sqrt(float64(b*b)+float64(4*c2*m))) / 2
		if v := k[i].rho + float64((1-k[i].rho)*m); v > 0 {
			k[i].own = m / v
			k[i].less = (k[i].cosine - k[i].usual) / (1 + k[i].own)
		}
	}
	return k
}

// within returns up to which distance way i is known, for the mean of so many
// views.
func (v *view) within(i, views int, apart float64) (distance, worth float64) {
	worth = v.kin[i].worth(views, apart)
	return v.limit[i].distance * v.kin[i].shrinks(worth), worth
}
