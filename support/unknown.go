package support

import "math"

// Basis is what a threshold rests on.
type Basis string

const (
	// ByLeaveOneOut: on how far the shots are from their own class without
	// them, so that the share of pictures that was asked for is kept.
	ByLeaveOneOut Basis = "leave-one-out"
	// BySpread: on the same distances, which are too few for their tail to be
	// seen, times what the tail is elsewhere.
	BySpread Basis = "spread"
	// ByOthers: on how far the shots are from the nearest other class.
	ByOthers Basis = "other classes"
	// ByOneShot: on nothing of the device's own. It is not calibrated: a
	// second and a third shot are the remedy.
	ByOneShot Basis = "one shot"
	// ByOneScene: likewise, because the class's shots are frames of one scene
	// and do not tell how it looks in another. Shots under other conditions
	// are the remedy.
	ByOneScene Basis = "one scene"
)

// Calibrated reports whether the threshold rests on the device's own shots.
func (b Basis) Calibrated() bool { return b != ByOneShot && b != ByOneScene }

// limit is up to which distance a class is known.
type limit struct {
	distance float64
	basis    Basis
}

// Thresholds that rest on nothing of the device's own, and bounds for the rest.
const (
	// radiusAlone is for a class with one shot, of which nothing says how much
	// it varies. 95 % of further pictures are within 0.50 for groceries, 0.29
	// for signs, 0.30 for parts: there is no good number.
	radiusAlone = 0.40

	// radiusScene is for shots that are frames of one scene. Of five such
	// frames, later ones with the thing moved by 15 %, turned by 15°, scaled
	// by a quarter and 30 % brighter are up to 0.22 away, ones before another
	// background up to 0.35. With 0.20, 3.3 % of the former are rejected and
	// 0.1 % of other things accepted; with 0.25, 0.0 and 0.7; with 0.30, 0.0
	// and 3.0; with 0.35, 0.0 and 7.0.
	radiusScene = 0.30

	// sceneSpread tells frames of one scene, which are 0.01 apart, from single
	// photographs: of a hundred classes of groceries, signs or parts one has a
	// spread below 0.12, 0.07 or 0.05.
	sceneSpread = 0.04

	// radiusMax keeps far unknowns out: one in a thousand is nearer than 0.50
	// to 0.66 to the nearest of five prototypes.
	radiusMax = 0.60

	// poolWeight is how many shots' worth the other classes count in what is
	// believed of a class.
	poolWeight = 3
)

// own is what the shots say of their own classes.
type own struct {
	apart  [][]float64 // by way and take: leave-one-out distance; nil where there is one take
	mean   []float64   // by way: of apart
	spread []float64   // by way: r, see below; NaN where the class's own shots do not tell
	pooled float64     // mean over the shots that tell
	shots  int         // that tell
	metric bool        // distances are by a metric and not by cosine
}

// owned returns, for classes of K shots with the mean leave-one-out distance m,
//
//	r = ((K−1)·m + 3·pooled)/(K+2)
//
// pooled being the mean over all shots: with few shots a class is believed to
// vary as the others do.
func owned(ways []*way, loo *looResult) own {
	o := own{apart: make([][]float64, len(ways)), mean: make([]float64, len(ways)), spread: make([]float64, len(ways))}
	for i, w := range ways {
		o.apart[i] = w.apart
		if loo != nil && loo.told != nil {
			o.apart[i], o.metric = loo.told[loo.column[i]], true
		}
		sum := 0.0
		for _, d := range o.apart[i] {
			sum += d
		}
		o.mean[i] = sum / float64(len(o.apart[i]))
		if w.tells() {
			o.pooled += sum
			o.shots += len(o.apart[i])
		}
	}
	o.pooled /= float64(max(o.shots, 1))
	for i, w := range ways {
		o.spread[i] = math.NaN()
		if w.tells() {
			o.spread[i] = shrink(o.mean[i], float64(len(w.apart)-1), o.pooled)
		}
	}
	return o
}

// tells reports whether the way's shots say how much it varies.
func (w *way) tells() bool { return w.spread >= sceneSpread } // NaN is not

// shrink is the mean m of k values moved towards another mean.
func shrink(m, k, pooled float64) float64 {
	return (float64(k*m) + float64(poolWeight*pooled)) / (k + poolWeight)
}

// fewer returns a factor that corrects for a prototype of K shots being nearer to a further picture
// than one of K−1, as in leave-one-out, is to the shot left out. It is the ratio
// of both means on groceries, signs and parts. By cosine: 0.82 (K = 2), 0.93 (3),
// 0.96 (5), 0.98 (10), each within 0.02. By the metric, which has one shot more,
// too: 0.73 to 0.79 (2), 0.80 to 0.92 (3), 0.91 to 0.96 (5), 0.91 to 0.99 (10),
// 0.96 and 0.97 (20), in 3 to 20 ways.
func (o own) fewer(k int) float64 {
	switch {
	case o.metric:
		return 1 - 0.2/float64(k-1)
	case k == 2:
		return 0.82
	}
	return 1 - 0.18/(float64(k)-0.5)
}

// limits returns for each way up to which distance it is known under rule, with
// head choosing among them. loo is what leave-one-out says, nil where there is
// no learner.
func limits(ways []*way, o own, rule Rule, head Head, loo *looResult) []limit {
	lim := make([]limit, len(ways))
	for i, w := range ways {
		switch {
		case w.tells():
		case math.IsNaN(w.spread) && len(w.counted) < 2:
			lim[i] = limit{radiusAlone, ByOneShot}
		default:
			lim[i] = limit{radiusScene, ByOneScene}
		}
	}
	switch {
	case rule.FalseAccept > 0 && len(ways) > 1:
		byOthers(lim, ways, rule.FalseAccept, loo)
	case rule.FalseAccept > 0: // with one class there is no other to tell
		byOwn(lim, ways, o, DefaultFalseReject, head, loo)
	default:
		byOwn(lim, ways, o, rule.FalseReject, head, loo)
	}
	for i := range lim {
		// A learner that went through other shots than these has last digits
		// of its own.
		lim[i].distance = math.Round(min(lim[i].distance, radiusMax)*1e9) / 1e9
	}
	return lim
}

// byOwn keeps the share of false rejects.
//
// Where the shots are enough for their tail to be seen it is a conformal
// prediction set: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random
// World" (2005), in its leave-one-out form (Barber et al., "Predictive
// inference with the jackknife+", Annals of Statistics 49, 2021). The
// nonconformity of a shot is its distance to the class that the others name it,
// in units of that class's r (without the shot); the threshold is the value
// that share·(n+1) of n shots are beyond, times fewer(K), because the class has
// one shot more than in leave-one-out. For a share of 5 % that takes 19 shots.
// In between two shots it is interpolated: always the next larger one would give
// 3.8 % at n = 25 and 50.
//
// With fewer shots it is a multiple of r; see tails.
func byOwn(lim []limit, ways []*way, o own, share float64, head Head, loo *looResult) {
	var beyond float64
	basis := BySpread
	if share*float64(o.shots+1) >= 1-1e-9 {
		basis = ByLeaveOneOut
		beyond = upper(nonconformity(ways, o, head, loo), share)
	}
	for i, w := range ways {
		if !w.tells() {
			continue
		}
		k := len(w.apart)
		factor := beyond * o.fewer(k)
		if basis == BySpread {
			factor = tail(share)
			if k == 2 {
				factor *= 0.87 // measured likewise
			}
		}
		lim[i] = limit{factor * o.spread[i], basis}
	}
}

// nonconformity returns that of every shot whose class tells.
func nonconformity(ways []*way, o own, head Head, loo *looResult) []float64 {
	var scores []float64
	var named []verdict
	if loo != nil {
		named = loo.named[head]
	}
	for i, w := range ways {
		if !w.tells() {
			continue
		}
		k, n := float64(len(w.apart)), float64(o.shots)
		for j, d := range o.apart[i] {
			// What is believed of the class without this shot.
			pooled := (float64(o.pooled*n) - d) / max(n-1, 1)
			r := pooled
			if k > 2 {
				r = shrink((float64(o.mean[i]*k)-d)/(k-1), k-2, pooled)
			}
			s := d / r
			// With one shot left the own class is at so great a disadvantage
			// against the others that what it is named says little.
			if named != nil && k > 2 {
				v := named[loo.row[w.takes[j][0]]]
				if other := loo.way(v.column); other != i && ways[other].tells() {
					s = v.distance / o.spread[other]
				}
			}
			scores = append(scores, s)
		}
	}
	return scores
}

// upper returns the value that a share of n+1 is beyond, interpolated. It sorts.
func upper(values []float64, share float64) float64 {
	return quantileFromTop(values, float64(share*float64(len(values)+1))-1)
}

// tails is how many r the distance is to the nearest prototype that a share of
// known pictures are beyond, on groceries, signs and parts at K = 3 to 10: means
// of values that are within 15 % of each other up to 5 %.
var tails = []point{{0.005, 2.55}, {0.01, 2.3}, {0.02, 2.1}, {0.05, 1.78}, {0.1, 1.46}, {0.2, 1.18}, {0.5, 0.83}}

func tail(share float64) float64 { return interpolate(tails, share) }

// byOthers keeps the share of false accepts by what the device knows of things
// that are not the class: its other classes. With e the mean distance of a
// class's shots to the nearest other class, shrunk like r, the threshold is a
// multiple of e. An absolute distance does not carry over from groceries to
// signs, where it accepts 90 % instead of 5 %, and this does.
//
// The multiple grows with the number of classes W, because the nearest of many
// is nearer: measured 0.42 to 0.60 (W = 3), 0.48 to 0.53 (5), 0.55 (8), 0.60
// (10), 0.61 to 0.64 (20), 0.66 (35) for 5 %, and for other shares in the
// proportions of accepts.
func byOthers(lim []limit, ways []*way, share float64, loo *looResult) {
	e := others(ways, loo)
	pooled, n := 0.0, 0
	for i, w := range ways {
		pooled += float64(e[i] * float64(len(w.shots)))
		n += len(w.shots)
	}
	pooled /= float64(n)
	factor := (0.39 + 0.078*math.Log(float64(len(ways)))) * interpolate(accepts, share)
	for i, w := range ways {
		lim[i] = limit{factor * shrink(e[i], float64(len(w.shots)), pooled), ByOthers}
	}
}

var accepts = []point{{0.005, 0.76}, {0.01, 0.82}, {0.02, 0.89}, {0.05, 1}, {0.1, 1.11}, {0.2, 1.28}, {0.5, 1.7}}

// others returns each way's mean distance from its shots to the nearest other
// way.
func others(ways []*way, loo *looResult) []float64 {
	if loo != nil {
		return loo.others()
	}
	// Without the shots' own distances: those of the shots' mean, which is as
	// much shorter than norm 1 as the shots are apart. It is exact if one class
	// is the nearest of all the shots.
	e := make([]float64, len(ways))
	for i, w := range ways {
		best := -1.0
		for j, o := range ways {
			if j != i {
				best = max(best, dot(w.prototype, o.prototype))
			}
		}
		e[i] = 1 - float64(best*w.length)
	}
	return e
}
