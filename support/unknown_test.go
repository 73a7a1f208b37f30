package support

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// told is a class whose shots are so far from the others of their class.
func told(apart ...float64) *way {
	w := &way{shots: make([]*entry, len(apart)), derived: derived{apart: apart, spread: math.NaN()}}
	if len(apart) == 1 {
		w.apart = nil
		return w
	}
	w.spread = 0
	for i, d := range apart {
		w.shots[i] = &entry{id: uint64(i + 1)}
		w.spread += d / float64(len(apart))
	}
	w.counted = w.shots
	for _, e := range w.shots {
		w.takes = append(w.takes, take{e})
	}
	return w
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		rule Rule
		ways []*way
		want []limit
	}{
		{"nothing", Rule{}, nil, nil},
		{"one shot", Rule{}, []*way{told(0)}, []limit{{radiusAlone, ByOneShot}}},
		{"frames of one scene", Rule{}, []*way{told(0.001, 0.002, 0.001)}, []limit{{radiusScene, ByOneScene}}},
		{"wild", Rule{}, []*way{told(0.9, 0.9, 0.9)}, []limit{{radiusMax, BySpread}}},
		// r = (2·0.1 + 3·0.15)/5 and (2·0.2 + 3·0.15)/5
		{"two classes", Rule{}, []*way{told(0.1, 0.1, 0.1), told(0.2, 0.2, 0.2)}, []limit{
			{1.78 * 0.13, BySpread}, {1.78 * 0.17, BySpread},
		}},
		{"of every kind", Rule{}, []*way{told(0), told(0.2, 0.2), told(0.01, 0.01)}, []limit{
			{radiusAlone, ByOneShot}, {1.78 * 0.87 * 0.2, BySpread}, {radiusScene, ByOneScene},
		}},
		{"less may be rejected", Rule{FalseReject: 0.01}, []*way{told(0.1, 0.1, 0.1)}, []limit{{2.3 * 0.1, BySpread}}},
		{"more may be rejected", Rule{FalseReject: 0.1}, []*way{told(0.1, 0.1, 0.1)}, []limit{{1.46 * 0.1, BySpread}}},
		// Nine shots are enough for 10 %: the farthest is 1.5 times as far as
		// the other eight, without it r is theirs.
		{"one in ten", Rule{FalseReject: 0.1}, []*way{told(0.1, 0.1, 0.1, 0.1, 0.15, 0.1, 0.1, 0.1, 0.1)}, []limit{
			{1.5 * (1 - 0.18/8.5) * 0.95 / 9, ByLeaveOneOut},
		}},
		{"accepts with one class", Rule{FalseAccept: 0.05}, []*way{told(0.1, 0.1, 0.1)}, []limit{{1.78 * 0.1, BySpread}}},
	} {
		got := limits(c.ways, owned(c.ways, nil), c.rule.fill(), Prototype, nil)
		if !slices.EqualFunc(got, c.want, func(a, b limit) bool { return a.basis == b.basis && math.Abs(a.distance-b.distance) < 1e-6 }) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Two classes of two shots in the plane: what they are from each other, by hand.
func TestLimitsByOthers(t *testing.T) {
	at := func(degrees float64) embed.Embedding {
		a := degrees * math.Pi / 180
		return embed.Embedding{float32(math.Cos(a)), float32(math.Sin(a))}
	}
	far := func(degrees float64) float64 { return 1 - math.Cos(degrees*math.Pi/180) }
	shots := []Shot{{Class: "a", Embedding: at(0)}, {Class: "a", Embedding: at(20)}, {Class: "b", Embedding: at(80)}, {Class: "b", Embedding: at(90)}}
	ea, eb := (far(85)+far(65))/2, (far(70)+far(80))/2
	pooled := (ea + eb) / 2
	factor := 0.39 + 0.078*math.Log(2)
	c := must(NewClassifierBy(Cosine, shots, Rule{FalseAccept: 0.05}))(t)
	for i, want := range []float64{factor * (2*ea + 3*pooled) / 5, factor * (2*eb + 3*pooled) / 5} {
		w := c.Ways()[i]
		if math.Abs(w.Radius-want) > 1e-6 || w.Basis != ByOthers {
			t.Errorf("%+v, want radius %v", w, want)
		}
	}
	// Without a learner the mean is by class: the same here, where one class
	// is the nearest of all the shots.
	st := c.view.state
	for i, l := range limits(st.ways, owned(st.ways, nil), Rule{FalseAccept: 0.05}, Prototype, nil) {
		if math.Abs(l.distance-c.Ways()[i].Radius) > 1e-6 || l.basis != ByOthers {
			t.Errorf("without a learner: %v, want %v", l, c.Ways()[i].Radius)
		}
	}
}

// The promise itself, on classes that vary by different amounts: of further
// pictures from the same source as many are rejected as were asked for.
func TestFalseRejectsAreKept(t *testing.T) {
	const dim, ways, shots, queries, rounds = 40, 6, 8, 20, 150
	r := rand.New(rand.NewPCG(8, 8))
	for _, c := range []struct {
		share float64
		twins bool // every two classes are the same thing, so that half the names are wrong
	}{{0.05, false}, {0.2, false}, {0.2, true}} {
		share, twins := c.share, c.twins
		var centre []float64
		rejected, total := 0, 0
		for range rounds {
			var taught []Shot
			var asked []embed.Embedding
			for c := range ways {
				if !twins || c%2 == 0 {
					centre = make([]float64, dim)
					for i := range centre {
						centre[i] = r.NormFloat64()
					}
				}
				spread := 0.4 + 0.1*float64(c)
				draw := func() embed.Embedding {
					e := make(embed.Embedding, dim)
					for i := range e {
						e[i] = float32(centre[i] + spread*r.NormFloat64())
					}
					return e
				}
				for range shots {
					taught = append(taught, Shot{Class: fmt.Sprint("class ", c), Embedding: draw()})
				}
				for range queries {
					asked = append(asked, draw())
				}
			}
			cl := must(NewClassifier(taught, Rule{FalseReject: share}))(t)
			var dst []Prediction
			for _, q := range asked {
				var a Answer
				if a, dst = cl.Answer(dst, q); a.Basis != ByLeaveOneOut {
					t.Fatalf("the threshold rests on %q", a.Basis)
				} else if !a.Known {
					rejected++
				}
				total++
			}
		}
		if got := float64(rejected) / float64(total); math.Abs(got-share) > 0.25*share {
			t.Errorf("twins %v: %.3f of known pictures are rejected, asked for %v", twins, got, share)
		}
	}
}

// The estimate by its definition: teach all but one, ask about that one; teach
// all but its class, ask about it.
func TestEstimate(t *testing.T) {
	shots := clustered(rand.New(rand.NewPCG(9, 9)), 20, 4, 28, 2.2)
	for _, h := range []Head{Prototype, Ridge, LDA, NearestShot} {
		c := must(NewClassifier(shots, Rule{FalseReject: 0.2, Head: h}))(t)
		limit := map[string]float64{}
		for _, w := range c.Ways() {
			limit[w.Class] = w.Radius
		}
		right, rejected, accepted := 0, 0, 0
		for i, s := range shots {
			rest := slices.Delete(slices.Clone(shots), i, i+1)
			p := must(NewClassifier(rest, Rule{Head: h}))(t).Classify(nil, s.Embedding)[0]
			if p.Class == s.Class {
				right++
			}
			if p.Distance > limit[p.Class] {
				rejected++
			}
			rest = slices.DeleteFunc(rest, func(o Shot) bool { return o.Class == s.Class })
			p = must(NewClassifier(rest, Rule{Head: Prototype}))(t).Classify(nil, s.Embedding)[0]
			if p.Distance <= limit[p.Class] {
				accepted++
			}
		}
		n := float64(len(shots))
		want := Estimate{h, len(shots), float64(right) / n, float64(rejected) / n, float64(accepted) / n}
		if got := c.Estimate(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if rejected == 0 || accepted == 0 || right == 28 {
			t.Errorf("%s: the shots tell nothing: %+v", h, want)
		}
	}
}

func TestRuleCheck(t *testing.T) {
	for _, r := range []Rule{{}, {FalseReject: 0.005}, {FalseAccept: 0.5}, {Head: LDA}, {Head: Auto, FalseReject: 0.1}} {
		if err := r.Check(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for _, r := range []Rule{{FalseReject: math.NaN()}, {FalseReject: -0.1}, {FalseReject: 0.001}, {FalseReject: 0.6}, {FalseAccept: 1}, {FalseReject: 0.1, FalseAccept: 0.1}, {Head: "best"}} {
		wantError(t, r.Check(), ErrRule)
		if _, err := NewClassifier([]Shot{{Class: "a", Embedding: embed.Embedding{1}}}, r); err == nil {
			t.Errorf("%+v: learned", r)
		}
	}
}

func TestNewClassifierRefuses(t *testing.T) {
	one := Shot{Class: "a", Embedding: embed.Embedding{1, 0}}
	for _, c := range []struct {
		shots []Shot
		want  error
	}{
		{nil, ErrShot},
		{[]Shot{one, {Class: "a", Embedding: embed.Embedding{1}}}, ErrShot},
		{[]Shot{one, {Class: "a", Embedding: embed.Embedding{0, 0}}}, ErrShot},
		{[]Shot{one, {Class: "unknown", Embedding: embed.Embedding{1, 0}}}, ErrName},
	} {
		_, err := NewClassifier(c.shots, Rule{})
		wantError(t, err, c.want)
	}
}
