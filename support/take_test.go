package support

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

func entryOf(tb testing.TB, id uint64, e embed.Embedding) *entry {
	tb.Helper()
	x := &entry{id: id, embedding: e}
	if err := x.measure(dot(e, e)); err != nil {
		tb.Fatal(err)
	}
	return x
}

// Whatever came and went, what was known leads to the takes that are found
// anew.
func TestTakesKeepUp(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	several := 0
	for range 200 {
		const dim = 8
		var shots []*entry
		var was []take
		next := uint64(1)
		for step := range 12 {
			e := gaussian(r, dim, 1)
			switch k := r.IntN(6); {
			case k < 3 || len(shots) == 0:
				if len(shots) > 0 && r.IntN(2) == 0 {
					e = plus(shots[r.IntN(len(shots))].embedding, gaussian(r, dim, 0.2))
				}
				next += 2
				shots = append(shots, entryOf(t, next, e))
			case k == 3:
				i := r.IntN(len(shots))
				shots = slices.Delete(slices.Clone(shots), i, i+1)
			case k == 4: // moved here from another class
				i := r.IntN(len(shots))
				e = plus(shots[i].embedding, gaussian(r, dim, 0.2))
				id := shots[i].id - 1
				if i > 0 && shots[i-1].id >= id {
					continue
				}
				shots = slices.Insert(slices.Clone(shots), i, entryOf(t, id, e))
			case k == 5 && r.IntN(3) == 0:
				was = nil
			}
			got, want := takesOf(shots, was), takesOf(shots, nil)
			if !slices.EqualFunc(got, want, func(a, b take) bool { return slices.Equal(a, b) }) {
				t.Fatalf("step %d: takes %v, want %v", step, takeIDs(got), takeIDs(want))
			}
			n := 0
			for _, take := range want {
				n += len(take)
				if len(take) > 1 {
					several++
				}
				for _, e := range take[1:] {
					if d := distance(dot(take[0].embedding, e.embedding) * take[0].inv * e.inv); d >= sceneSpread {
						t.Fatalf("shots %d and %d are in one take, %v apart", take[0].id, e.id, d)
					}
				}
			}
			if n != len(shots) {
				t.Fatalf("%d of %d shots are in takes", n, len(shots))
			}
			was = got
		}
	}
	if several < 100 {
		t.Errorf("only %d takes of several shots were seen", several)
	}
}

func takeIDs(takes []take) (all [][]uint64) {
	for _, t := range takes {
		var of []uint64
		for _, e := range t {
			of = append(of, e.id)
		}
		all = append(all, of)
	}
	return all
}

// burst is frames of one picture.
func burst(r *rand.Rand, of embed.Embedding, n int) []embed.Embedding {
	frames := make([]embed.Embedding, n)
	for i := range frames {
		frames[i] = plus(of, gaussian(r, len(of), 0.05))
	}
	return frames
}

// Five frames of one picture do not outvote two others: the prototype and the
// threshold are about those of one frame.
func TestBurstCountsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 1))
	const dim = 64
	for range 20 {
		centre := gaussian(r, dim, 1)
		var one, five []Shot
		for i := range 3 {
			e := plus(centre, gaussian(r, dim, 0.7))
			shot := Shot{Class: "cup", Embedding: e}
			one, five = append(one, shot), append(five, shot)
			if i == 0 {
				for _, f := range burst(r, e, 4) {
					five = append(five, Shot{Class: "cup", Embedding: f})
				}
			}
			other := Shot{Class: "plate", Embedding: gaussian(r, dim, 1)}
			one, five = append(one, other), append(five, other)
		}
		a, b := must(NewClassifier(one, Rule{Head: Prototype}))(t), must(NewClassifier(five, Rule{Head: Prototype}))(t)
		p, q := a.view.state.ways[0], b.view.state.ways[0]
		if len(q.takes) != 3 || len(q.counted) != 7 {
			t.Fatalf("%d shots in %d takes, want 7 in 3", len(q.counted), len(q.takes))
		}
		if d := 1 - dot(p.prototype, q.prototype); d > 0.001 {
			t.Errorf("a burst moves the prototype by %v", d)
		}
		if x, y := a.Ways()[0].Radius, b.Ways()[0].Radius; y < x*0.97 || y > x*1.03 {
			t.Errorf("a burst makes the threshold %v from %v", y, x)
		}
		if b.Estimate().Shots != 10 {
			t.Errorf("%d shots were asked about, want 10", b.Estimate().Shots)
		}
	}
	// Frames of one picture alone do not tell how the class varies.
	var shots []Shot
	for _, f := range burst(r, gaussian(r, dim, 1), 5) {
		shots = append(shots, Shot{Class: "cup", Embedding: f})
	}
	if w := must(NewClassifier(shots, Rule{}))(t).Ways()[0]; w.Basis != ByOneScene || w.Radius != radiusScene {
		t.Errorf("five frames of one picture: threshold %v by %s", w.Radius, w.Basis)
	}
}

// A class of a thousand frames costs little more than one of a thousand
// pictures: neither looks at all pairs anew.
func BenchmarkTakes(b *testing.B) {
	for _, c := range []struct {
		name   string
		scenes int
	}{{"frames", 5}, {"pictures", 1000}} {
		b.Run(fmt.Sprint("1000-", c.name), func(b *testing.B) {
			r := rand.New(rand.NewPCG(33, 1))
			next := photographs(r, 1280, c.scenes)
			scene := make([]embed.Embedding, c.scenes)
			for i := range scene {
				_, scene[i] = next()
			}
			shots := make([]*entry, 1001)
			for i := range shots {
				e := plus(scene[i%c.scenes], gaussian(r, 1280, 0.001))
				shots[i] = entryOf(b, uint64(i+1), e)
			}
			was := takesOf(shots[:1000], nil)
			for b.Loop() {
				takesOf(shots, was)
			}
		})
	}
}
