package support

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// blob returns pictures of one thing: a centre and what differs.
func blob(r *rand.Rand, centre embed.Embedding, spread float64) embed.Embedding {
	e := make(embed.Embedding, len(centre))
	n := 0.0
	for i, c := range centre {
		e[i] = c + float32(spread*r.NormFloat64())
		n += float64(e[i] * e[i])
	}
	for i := range e {
		e[i] /= float32(math.Sqrt(n))
	}
	return e
}

func normal(r *rand.Rand, dim int) embed.Embedding {
	return blob(r, make(embed.Embedding, dim), 1)
}

func TestMean(t *testing.T) {
	a, b := embed.Embedding{3, 0}, embed.Embedding{0, 0.5}
	if got := Mean(make(embed.Embedding, 2), a); !slices.Equal(got, a) {
		t.Errorf("of one: %v", got)
	}
	if got := Mean(make(embed.Embedding, 2), a, b); !slices.Equal(got, embed.Embedding{0.5, 0.5}) {
		t.Errorf("of two at right angles: %v", got)
	}
	if got := apartness(embed.Embedding{0.5, 0.5}, 2); math.Abs(got-1) > 1e-9 {
		t.Errorf("two at right angles are %v apart, want 1", got)
	}
	if got := Mean(make(embed.Embedding, 2), a, embed.Embedding{0, 0}); !slices.Equal(got, embed.Embedding{0.5, 0}) {
		t.Errorf("with one of no direction: %v", got)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var views []embed.Embedding
	pairs, n := 0.0, 0.0
	for range 5 {
		e := normal(r, 20)
		for _, v := range views {
			pairs += 1 - dot(v, e)
			n++
		}
		views = append(views, e)
	}
	if got := apartness(Mean(make(embed.Embedding, 20), views...), 5); math.Abs(got-pairs/n) > 1e-6 {
		t.Errorf("five are %v apart, want %v", got, pairs/n)
	}
}

// One view is Answer; frames that hardly differ are judged as one is, and
// independent pictures by a threshold of their own that rejects as many.
func TestAnswerViews(t *testing.T) {
	const dim, ways, shots, rounds = 60, 5, 5, 200
	r := rand.New(rand.NewPCG(2, 2))
	var rejected, total [3]float64 // one view, five frames of one view, five views
	frames := 0.0
	for range rounds {
		var taught []Shot
		var centre []embed.Embedding
		for c := range ways {
			centre = append(centre, normal(r, dim))
			for range shots {
				taught = append(taught, Shot{Class: string(rune('a' + c)), Embedding: blob(r, centre[c], 0.1)})
			}
		}
		c := must(NewClassifier(taught, Rule{}))(t)
		for _, m := range centre {
			one := blob(r, m, 0.1)
			a, _ := c.Answer(nil, one)
			if b, _ := c.AnswerViews(nil, one, 1); a != b || a.Views != 1 || a.Worth != 1 {
				t.Fatalf("one view: %+v and %+v", a, b)
			}
			still, moving := make(embed.Embedding, dim), make(embed.Embedding, dim)
			var near, apart []embed.Embedding
			for range 5 {
				near = append(near, blob(r, one, 0.01))
				apart = append(apart, blob(r, m, 0.1))
			}
			b, _ := c.AnswerViews(nil, Mean(still, near...), 5)
			d, preds := c.AnswerViews(nil, Mean(moving, apart...), 5)
			if b.Worth != 1 || b.Threshold != a.Threshold && b.Nearest == a.Nearest {
				t.Fatalf("five frames of one view are worth %v, threshold %v, want 1 and %v", b.Worth, b.Threshold, a.Threshold)
			}
			if d.Worth < 4.9 || d.Worth > 5 || d.Threshold > 0.7*a.Threshold && d.Nearest == a.Nearest || d.Known != preds[0].Known || d.Known != (d.Distance <= d.Threshold) {
				t.Fatalf("five views: %+v, %+v; one: %+v", d, preds[0], a)
			}
			for i, answer := range []Answer{a, b, d} {
				total[i]++
				if !answer.Known {
					rejected[i]++
				}
			}
			frames += b.Distance - a.Distance
		}
	}
	for i, what := range []string{"one view", "five frames", "five views"} {
		if share := rejected[i] / total[i]; math.Abs(share-0.05) > 0.025 {
			t.Errorf("%s: %.1f %% rejected, want about 5", what, 100*share)
		}
	}
	if math.Abs(frames/total[1]) > 0.01 {
		t.Errorf("frames are nearer by %v than one view", -frames/total[1])
	}
}

func TestWorth(t *testing.T) {
	k := kin{usual: 0.2, cosine: 0.2, rho: 0.6, ends: 1}
	for _, c := range []struct {
		views int
		apart float64
		want  float64
	}{
		{1, 0, 1}, {5, 0, 1}, {5, 0.3 * 0.4, 1}, {5, 0.6 * 0.4, 5}, {5, 1, 5},
		{5, 0.45 * 0.4, 5 / 3.0}, // half way: κ = ½
	} {
		if got := k.worth(c.views, c.apart); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d views, %v apart: worth %v, want %v", c.views, c.apart, got, c.want)
		}
	}
	if got := (kin{rho: 1}).worth(5, 0.5); got != 1 {
		t.Errorf("of a class without spread: %v", got)
	}
	// v(4) = 0.7: 1 − 0.8/√0.7
	if got, want := k.shrinks(4), (1-0.8/math.Sqrt(0.7))/0.2; math.Abs(got-want) > 1e-12 {
		t.Errorf("four pictures are nearer by the factor %v, want %v", got, want)
	}
	k.ends = 0.8 // three quarters of the way to it
	if got, want := k.shrinks(4), 0.85*(1-0.8/math.Sqrt(0.7))/0.2; math.Abs(got-want) > 1e-12 {
		t.Errorf("with a long tail by the factor %v, want %v", got, want)
	}
	if k.shrinks(1) != 1 || (kin{ends: 1}).shrinks(5) != 1 {
		t.Error("one picture is as far as one is")
	}
}

// What kins solves is its own formula.
func TestKins(t *testing.T) {
	told := func(apart ...float64) *way {
		w := &way{}
		for _, d := range apart {
			w.spread += d / float64(len(apart))
		}
		w.apart = apart
		return w
	}
	ways := []*way{told(0.2, 0.2, 0.2, 0.2, 0.2), told(0.3, 0.3), {derived: derived{spread: math.NaN()}}}
	for i, k := range kins(ways, owned(ways, nil), []limit{{0.4, BySpread}, {0.5, BySpread}, {radiusAlone, ByOneShot}}, Rule{FalseReject: 0.05}) {
		m := max(len(ways[i].apart), 1)
		if v := k.rho + (1-k.rho)/float64(m); k.rho <= 0 || k.rho >= 1 || math.Abs(1-k.usual-k.rho/math.Sqrt(v)) > 1e-9 {
			t.Errorf("way %d: %+v", i, k)
		}
	}
}

// film returns frames of things, a letter each: those of one thing are noise
// apart, things are at right angles.
func film(r *rand.Rand, noise float64, things string) (frames []embed.Embedding) {
	for _, c := range things {
		e := make(embed.Embedding, 30)
		e[c%30] = 1
		frames = append(frames, blob(r, e, noise))
	}
	return frames
}

func TestScene(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, c := range []struct {
		name, things string
		views        string // averaged after each frame
		changed      string // x where the scene is another one
		noise        float64
	}{
		{"still", "aaaaaaaa", "12344444", "x.......", 0.01},
		{"in a hand", "aaaaaaaa", "12344444", "x.......", 0.025},
		{"another thing", "aaaabbbb", "12341234", "x...x...", 0.01},
		{"a hand in between", "aaaaxaaa", "12341444", "x...xx..", 0.01},
		{"a hand for longer", "aaaaxyaa", "12341144", "x...xxx.", 0.01},
		{"back after it settled", "aaaaxxaa", "12341212", "x...x.x.", 0.01},
	} {
		s := NewScene(4, 30)
		views, changed := "", ""
		for i, e := range film(r, c.noise, c.things) {
			mean, n := s.Add(e)
			views += string(rune('0' + n))
			changed += map[bool]string{true: "x", false: "."}[s.Changed()]
			if d := distance(dot(mean, e) / math.Sqrt(dot(mean, mean))); d > 0.1 {
				t.Errorf("%s: frame %d is %v from the mean of its scene", c.name, i, d)
			}
		}
		if views != c.views || changed != c.changed {
			t.Errorf("%s: %s of %s views, changes %s, want %s and %s", c.name, c.things, views, changed, c.views, c.changed)
		}
	}
}

// A camera that is always in motion still gets an average, once that is usual.
func TestSceneInMotion(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	s := NewScene(5, 30)
	n := 0
	for _, e := range film(r, 0.055, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") {
		_, n = s.Add(e)
	}
	if n < 4 {
		t.Errorf("after thirty frames %d are averaged", n)
	}
	// And another thing is another thing all the same.
	if _, n := s.Add(film(r, 0.055, "b")[0]); n != 1 || !s.Changed() {
		t.Errorf("another thing: %d averaged", n)
	}
}

// What is a jump for a camera that stands still is none for one in a hand.
func TestSceneGoesByWhatIsUsual(t *testing.T) {
	turned := make(embed.Embedding, 30) // 0.1 away from "a"
	turned['a'%30], turned['b'%30] = 0.9, float32(math.Sqrt(1-0.9*0.9))
	for _, c := range []struct {
		noise float64
		want  bool
	}{{0.02, true}, {0.042, false}} {
		r := rand.New(rand.NewPCG(6, 6))
		s := NewScene(5, 30)
		for _, e := range film(r, c.noise, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") {
			s.Add(e)
		}
		if s.Add(turned); s.Changed() != c.want {
			t.Errorf("usual %v: something 0.1 away is another scene: %v", s.usual, s.Changed())
		}
	}
}

func TestSceneOfOne(t *testing.T) {
	s := NewScene(0, 2)
	for i, e := range []embed.Embedding{{1, 0}, {0, 1}, {0, 3}} {
		if mean, n := s.Add(e); n != 1 || !slices.Equal(mean, e) || s.Changed() != (i == 0) {
			t.Errorf("frame %d: %v of %d, changed %v", i, mean, n, s.Changed())
		}
	}
}

func TestSceneAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	frames := film(r, 0.01, "aaaabxbbbccca")
	s := NewScene(5, 30)
	i := 0
	if a := testing.AllocsPerRun(100, func() {
		s.Add(frames[i%len(frames)])
		i++
	}); a != 0 {
		t.Errorf("%v allocations a frame", a)
	}
}
