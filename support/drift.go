package support

import (
	"math"
	"time"

	"github.com/edge-camera/edge/embed"
)

// Enrolled is what was taught as Drift needs it.
type Enrolled struct {
	// Mean is the mean of the classes' prototypes; empty if there is no class.
	Mean embed.Embedding
	// Scores are the shots' leave-one-out distances as shares of their class's
	// threshold, of those within it: of what is known, how far it is.
	Scores []float64
}

// Enrolled describes what the Set was taught.
func (s *Set) Enrolled() Enrolled { return s.seen.Load().enrolled() }

func (v *view) enrolled() Enrolled {
	var e Enrolled
	for i, w := range v.state.ways {
		if e.Mean == nil {
			e.Mean = make(embed.Embedding, len(w.prototype))
		}
		for j, x := range w.prototype {
			e.Mean[j] += x
		}
		if !w.tells() || !(v.limit[i].distance > 0) {
			continue
		}
		for _, d := range v.own.apart[i] {
			if share := d * v.own.fewer(len(w.apart)) / v.limit[i].distance; share <= 1 {
				e.Scores = append(e.Scores, share)
			}
		}
	}
	return e
}

// Drift watches whether what a camera sees still is like what was enrolled, and
// gives an alarm if not. It changes no answer: what to do about it is up to a
// person.
//
// It watches two numbers, one of each scene. Of known things, the distance to
// their class as a share of the threshold, compared with that of the shots and
// of the scenes before: light, colour or lens have changed and things are still
// recognized, only less well. Of all scenes, the distance to the mean of what
// was enrolled, compared with that of the scenes before: the camera was moved,
// or is so dark that nothing is known any more.
//
// Each is a conformal test of exchangeability (Vovk, Gammerman and Shafer,
// "Algorithmic Learning in a Random World", 2005, chapter 7): as long as the
// numbers could have come in any order, the p-value of each among those before,
//
//	p = (number of those at least as large, itself included) / (number of all)
//
// is uniform or larger, whatever the distribution is, and a bet of ½·p^(−½) on
// small ones wins nothing on average. The alarm is the CUSUM rule of Vovk,
// Petej, Nouretdinov and others, "Retrain or not retrain: conformal test
// martingales for change-point detection" (COPA 2021): it is given when the
// capital since any moment has grown c-fold, and then the mean number of scenes
// until a false alarm is at least c (Lorden, "Procedures for reacting to a
// change in distribution", Annals of Mathematical Statistics 42, 1971). Why not
// Page–Hinkley: its rate of false alarms needs the distribution of the
// distances, and that is another one on every device.
//
// On the scenes of the demo's clip, shown thirty times as they are, there is no
// alarm. With a third of the light it comes after 2 passes, which is some twenty
// scenes; with a yellow tint after 5, with the camera turned by 20° and half as
// far away after 2. With 60 % of the light there is none: that changes little.
//
// Frames of one scene are no independent numbers, so a scene counts once, and
// again when it has become a different picture.
//
// A Drift is used by one goroutine; Observe allocates nothing.
type Drift struct {
	enrolled Enrolled
	known    bets
	all      bets
	last     embed.Embedding // of the scene that was counted last
	any      bool
	quiet    time.Time // no alarm before
}

const (
	// driftScenes is c, for each of the two numbers. The bound is a wide one: in
	// 400,000 scenes in which nothing changed there were 24 alarms of one number,
	// one in 17,000.
	driftScenes = 1_000
	// driftFirst is how many scenes are seen before the first p-value where no
	// shots stand for them.
	driftFirst = 20
	// driftApart is how far a scene is from the one counted last.
	driftApart = 0.1
	// DriftQuiet is how long there is no second alarm.
	DriftQuiet = time.Hour
)

// Alarm is what Drift found.
type Alarm struct {
	Kind   DriftKind
	Scenes int     // of that kind, since the beginning or the alarm before
	Score  float64 // of the last one, see DriftKind
	Usual  float64 // median of those before
}

// DriftKind says what has changed.
type DriftKind string

const (
	DriftKnown DriftKind = "known" // known things are farther from their classes; the score is a share of the threshold
	DriftScene DriftKind = "scene" // pictures are farther from all that was taught; the score is a distance
)

// NewDrift returns a Drift for what was enrolled.
func NewDrift(e Enrolled) *Drift {
	d := new(Drift)
	d.Enrol(e)
	return d
}

// Enrol begins anew, as after something was taught.
func (d *Drift) Enrol(e Enrolled) {
	d.enrolled = e
	d.known.begin(1)
	d.all.begin(2)
	for _, s := range e.Scores {
		d.known.add(s)
	}
	d.last = make(embed.Embedding, len(e.Mean))
	d.any = false
	d.quiet = time.Time{}
}

// Observe takes what is seen, a scene that has settled, with the answer to it
// and the time, and reports whether it gives an alarm.
//
// After an alarm the present state is what further ones are compared with, and
// until DriftQuiet is over there is none.
func (d *Drift) Observe(mean embed.Embedding, a Answer, now time.Time) (Alarm, bool) {
	if len(mean) != len(d.last) || len(mean) == 0 {
		return Alarm{}, false
	}
	norm := math.Sqrt(dot(mean, mean))
	if !(norm > 0) || math.IsInf(norm, 0) {
		return Alarm{}, false
	}
	if d.any && distance(dot(mean, d.last)/norm/math.Sqrt(dot(d.last, d.last))) <= driftApart {
		return Alarm{}, false
	}
	copy(d.last, mean)
	d.any = true

	away := distance(dot(mean, d.enrolled.Mean) / norm / math.Sqrt(dot(d.enrolled.Mean, d.enrolled.Mean)))
	alarm := Alarm{Kind: DriftScene, Score: away}
	found := d.all.observe(away)
	if found {
		alarm.Scenes, alarm.Usual = d.all.seen, d.all.median()
	}
	if a.Known && a.Threshold > 0 {
		if share := a.Distance / a.Threshold; d.known.observe(share) {
			// What is known says more than what may be anything.
			alarm = Alarm{DriftKnown, d.known.seen, share, d.known.median()}
			found = true
		}
	}
	if !found {
		return Alarm{}, false
	}
	d.known.begin(1)
	d.all.begin(2)
	if now.Before(d.quiet) {
		return Alarm{}, false
	}
	d.quiet = now.Add(DriftQuiet)
	return alarm, true
}

// bets is a conformal test of numbers from 0 to most, in steps of most/bins.
type bets struct {
	most    float64
	count   [driftBins]uint32 // of those seen
	n       int               // of them
	seen    int               // without those that were there before
	capital float64           // logarithm of what the best moment's 1 has become
}

const driftBins = 512

func (b *bets) begin(most float64) { *b = bets{most: most} }

func (b *bets) bin(x float64) int {
	return min(max(int(x/b.most*driftBins), 0), driftBins-1)
}

func (b *bets) add(x float64) {
	b.count[b.bin(x)]++
	b.n++
}

// observe bets on a number and reports whether that has won enough.
func (b *bets) observe(x float64) bool {
	larger := 1
	for _, n := range b.count[b.bin(x):] {
		larger += int(n)
	}
	if b.n >= driftFirst {
		p := float64(larger) / float64(b.n+1)
		b.capital = max(b.capital, 0) + math.Log(0.5/math.Sqrt(p))
	}
	b.add(x)
	b.seen++
	return b.capital >= math.Log(driftScenes)
}

// median of what was seen.
func (b *bets) median() float64 {
	left := b.n / 2
	for i, n := range b.count {
		if left -= int(n); left < 0 {
			return (float64(i) + 0.5) / driftBins * b.most
		}
	}
	return 0
}
