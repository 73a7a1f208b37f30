package support

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

// byDefinition is ½ (x − p)ᵀ λ(S + λI)⁻¹ (x − p), with S made and inverted, for
// a class of some shots; the first most of every class count in S.
func byDefinition(x embed.Embedding, classes [][]embed.Embedding, class, most int) float64 {
	dim := len(x)
	unit := func(e embed.Embedding) []float64 {
		u, n := make([]float64, dim), math.Sqrt(dot(e, e))
		for i, v := range e {
			u[i] = float64(v) / n
		}
		return u
	}
	s := make([][]float64, dim)
	for i := range s {
		s[i] = make([]float64, dim)
		s[i][i] = ridgeLambda
	}
	for _, shots := range classes {
		shots = shots[:min(len(shots), most)]
		mean := make([]float64, dim)
		for _, e := range shots {
			axpy(mean, 1/float64(len(shots)), unit(e))
		}
		for _, e := range shots {
			d := unit(e)
			axpy(d, -1, mean)
			for i := range s {
				axpy(s[i], d[i], d)
			}
		}
	}
	v, p := unit(x), make([]float64, dim)
	for _, e := range classes[class] {
		axpy(p, 1, unit(e))
	}
	axpy(v, -1/math.Sqrt(inner(p, p)), p)
	sum := 0.0
	for i, row := range invert(s) {
		sum += v[i] * inner(row, v)
	}
	return ridgeLambda * sum / 2
}

func shotsOf(classes [][]embed.Embedding) (shots []Shot) {
	for c, es := range classes {
		for _, e := range es {
			shots = append(shots, Shot{Class: string(rune('a' + c)), Embedding: e})
		}
	}
	return shots
}

func TestMetric(t *testing.T) {
	const dim = 50
	r := rand.New(rand.NewPCG(71, 1))
	for _, c := range []struct {
		name  string
		shots []int // of each class
		most  int   // that have room
	}{
		{"few", []int{3, 1, 4}, 4},
		{"one class", []int{6}, 6},
		{"more than have room", []int{24, 24, 24, 24}, 17},
	} {
		classes := make([][]embed.Embedding, len(c.shots))
		for i, n := range c.shots {
			centre := normal(r, dim)
			for range n {
				classes[i] = append(classes[i], blob(r, centre, 0.1))
			}
		}
		cl := must(NewClassifier(shotsOf(classes), Rule{Head: Prototype}))(t)
		plain := must(NewClassifierBy(Cosine, shotsOf(classes), Rule{Head: Prototype}))(t)
		less := 0.0
		for range 20 {
			q := normal(r, dim)
			_, cosines := plain.Answer(nil, q)
			a, got := cl.Answer(nil, q)
			for i, p := range got {
				want := byDefinition(q, classes, int(p.Class[0]-'a'), c.most)
				if math.Abs(p.Distance-want) > 1e-6 {
					t.Fatalf("%s: %v from %s, want %v", c.name, p.Distance, p.Class, want)
				}
				if p.Class != cosines[i].Class || p.Score != cosines[i].Score || p.Distance > cosines[i].Distance {
					t.Fatalf("%s: %+v, by cosine %+v", c.name, p, cosines[i])
				}
				less = max(less, cosines[i].Distance-p.Distance)
			}
			if a.Distance != got[0].Distance {
				t.Fatalf("%s: answered %v, predicted %v", c.name, a.Distance, got[0].Distance)
			}
		}
		if less < 0.01 {
			t.Errorf("%s: the shots make no difference: %v", c.name, less)
		}
	}
}

// With a shot for each class nothing is known of how pictures of one differ.
func TestMetricOfSingleShots(t *testing.T) {
	shots := clustered(rand.New(rand.NewPCG(72, 1)), 20, 4, 4, 1)
	a, _ := must(NewClassifier(shots, Rule{}))(t).Answer(nil, shots[0].Embedding)
	b, _ := must(NewClassifierBy(Cosine, shots, Rule{}))(t).Answer(nil, shots[0].Embedding)
	if a != b {
		t.Errorf("%+v, by cosine %+v", a, b)
	}
}

// Whatever came and went before, the metric is the one of the shots there are,
// to the bit, and one shot more of many changes nothing.
func TestMetricKeepsUp(t *testing.T) {
	const dim = 30
	r := rand.New(rand.NewPCG(73, 1))
	var shots []Shot
	var was *metric
	for step := range 200 {
		if len(shots) > 0 && r.IntN(3) == 0 {
			shots = slices.Delete(shots, 0, 1)
		} else {
			shots = append(shots, Shot{Class: string(rune('a' + r.IntN(4))), Embedding: normal(r, dim)})
		}
		if len(shots) == 0 {
			was = nil
			continue
		}
		ways := stateOf(t, shots).ways
		fresh, kept := newMetric(ways, dim, nil), newMetric(ways, dim, was)
		if (fresh == nil) != (kept == nil) {
			t.Fatalf("step %d: %v and %v", step, fresh, kept)
		}
		if fresh != nil && !slices.EqualFunc(fresh.rows, kept.rows, slices.Equal[embed.Embedding]) {
			t.Fatalf("step %d: another metric than from scratch", step)
		}
		was = kept
	}
	shots = clustered(r, dim, 4, 4*metricRows, 1)
	ways := stateOf(t, shots).ways
	was = newMetric(ways, dim, nil)
	if len(was.rows) != metricRows {
		t.Fatalf("%d rows", len(was.rows))
	}
	w := *ways[1]
	w.takes = append(slices.Clone(w.takes), take{entryOf(t, 1e6, normal(r, dim))})
	ways[1] = &w
	if newMetric(ways, dim, was) != was {
		t.Error("a shot for which there is no room makes another metric")
	}
}

// What was taught shot by shot gives the same answers as after a restart.
func TestMetricAfterRestart(t *testing.T) {
	fs := newMemFS()
	s := openMem(t, fs)
	r := rand.New(rand.NewPCG(74, 1))
	shots := clustered(r, testDim, 5, 60, 1.5)
	for n, i := range r.Perm(len(shots)) {
		must(s.Add(shots[i].Class, shots[i].Embedding, nil, "", time.Time{}))(t)
		if n%7 == 6 {
			must(s.Undo())(t)
		}
	}
	var before []Answer
	queries := clustered(r, testDim, 5, 20, 1.5)
	for i, q := range queries {
		a, _ := s.AnswerViews(nil, q.Embedding, 1+i%2*4)
		before = append(before, a)
	}
	if s.seen.Load().metric == nil {
		t.Fatal("no metric")
	}
	s.Close()
	s = openMem(t, fs)
	defer s.Close()
	s.Settle()
	for i, q := range queries {
		if a, _ := s.AnswerViews(nil, q.Embedding, 1+i%2*4); a != before[i] {
			t.Errorf("query %d: %+v, before %+v", i, a, before[i])
		}
	}
}
