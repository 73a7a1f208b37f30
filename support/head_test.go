package support

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
)

// clustered is n shots of ways classes, each around a direction of its own, all
// of which have one in common, as a network's embeddings do.
func clustered(r *rand.Rand, dim, ways, n int, spread float64) []Shot {
	centre := make([][]float64, ways)
	for c := range centre {
		centre[c] = make([]float64, dim)
		for i := range centre[c] {
			centre[c][i] = 1 + r.NormFloat64()
		}
	}
	shots := make([]Shot, n)
	for i := range shots {
		c := i % ways
		e := make(embed.Embedding, dim)
		for j := range e {
			e[j] = float32(centre[c][j] + spread*r.NormFloat64())
		}
		shots[i] = Shot{Class: fmt.Sprint("class ", c), Embedding: e}
	}
	return shots
}

// matrix is what a textbook would use.
type matrix [][]float64

func zeros(n, m int) matrix {
	a := make(matrix, n)
	for i := range a {
		a[i] = make([]float64, m)
	}
	return a
}

// solveFor returns a⁻¹ b by Gauss's elimination with pivots.
func solveFor(a, b matrix) matrix {
	n := len(a)
	a, b = slices.Clone(a), slices.Clone(b)
	for i := range a {
		a[i], b[i] = slices.Clone(a[i]), slices.Clone(b[i])
	}
	for k := range n {
		p := k
		for i := k; i < n; i++ {
			if math.Abs(a[i][k]) > math.Abs(a[p][k]) {
				p = i
			}
		}
		a[k], a[p], b[k], b[p] = a[p], a[k], b[p], b[k]
		for i := range n {
			if i == k {
				continue
			}
			f := a[i][k] / a[k][k]
			for j := range a[i] {
				a[i][j] -= f * a[k][j]
			}
			for j := range b[i] {
				b[i][j] -= f * b[k][j]
			}
		}
	}
	for i := range b {
		for j := range b[i] {
			b[i][j] /= a[i][i]
		}
	}
	return b
}

func unit(e embed.Embedding) []float64 {
	n := 0.0
	for _, v := range e {
		n += float64(v) * float64(v)
	}
	u := make([]float64, len(e))
	for i, v := range e {
		u[i] = float64(v) / math.Sqrt(n)
	}
	return u
}

// textbook returns the scores of a head by its primal definition: ridge from
// XᵀX + λI, LDA from the scatter around the classes' means, both D × D.
func textbook(h Head, shots []Shot, classes []string, q embed.Embedding) []float64 {
	dim := len(q)
	x := make([][]float64, len(shots))
	mean := map[string][]float64{}
	count := map[string]float64{}
	for i, s := range shots {
		x[i] = unit(s.Embedding)
		if mean[s.Class] == nil {
			mean[s.Class] = make([]float64, dim)
		}
		count[s.Class]++
		for j, v := range x[i] {
			mean[s.Class][j] += v
		}
	}
	for c, m := range mean {
		for j := range m {
			m[j] /= count[c]
		}
	}
	u := unit(q)
	scores := make([]float64, len(classes))
	a := zeros(dim, dim)
	for j := range a {
		a[j][j] = ridgeLambda
	}
	switch h {
	case Prototype:
		for i, c := range classes {
			scores[i] = inner(mean[c], u) / math.Sqrt(inner(mean[c], mean[c]))
		}
	case NearestShot:
		for i, c := range classes {
			scores[i] = -1
			for k, s := range shots {
				if s.Class == c {
					scores[i] = max(scores[i], inner(x[k], u))
				}
			}
		}
	case Ridge:
		b := zeros(dim, len(classes))
		for k, s := range shots {
			for j := range a {
				axpy(a[j], x[k][j], x[k])
				b[j][slices.Index(classes, s.Class)] += x[k][j]
			}
		}
		w := solveFor(a, b)
		for j := range u {
			axpy(scores, u[j], w[j])
		}
	case LDA:
		for k, s := range shots {
			d := slices.Clone(x[k])
			axpy(d, -1, mean[s.Class])
			for j := range a {
				axpy(a[j], d[j], d)
			}
		}
		b := zeros(dim, len(classes))
		for i, c := range classes {
			for j := range b {
				b[j][i] = mean[c][j]
			}
		}
		w := solveFor(a, b)
		for i, c := range classes {
			for j := range u {
				scores[i] += w[j][i] * (u[j] - mean[c][j]/2)
			}
		}
	}
	return scores
}

func classesOf(shots []Shot) (names []string) {
	for _, s := range shots {
		if !slices.Contains(names, s.Class) {
			names = append(names, s.Class)
		}
	}
	return names
}

func TestHeadsAreTheirPapers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, c := range []struct{ dim, ways, n int }{{20, 2, 6}, {24, 3, 40}, {33, 7, 21}, {16, 5, 5}, {12, 1, 3}} {
		shots := clustered(r, c.dim, c.ways, c.n, 1)
		names := classesOf(shots)
		for _, h := range []Head{Prototype, NearestShot, Ridge, LDA} {
			got := must(NewClassifier(shots, Rule{Head: h}))(t)
			if got.Head() != h {
				t.Fatalf("the head is %s, want %s", got.Head(), h)
			}
			for range 10 {
				q := clustered(r, c.dim, c.ways, 1, 1)[0].Embedding
				want := textbook(h, shots, names, q)
				for _, p := range got.Classify(nil, q) {
					if w := want[slices.Index(names, p.Class)]; math.Abs(p.Score-max(w, map[bool]float64{true: 0, false: math.Inf(-1)}[h == Prototype])) > 1e-5*(1+math.Abs(w)) {
						t.Errorf("%v: %s gives %s %v, want %v", c, h, p.Class, p.Score, w)
					}
				}
			}
		}
	}
}

// Leave-one-out by its definition: teach all but one, ask about that one.
func TestLeaveOneOut(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	shots := clustered(r, 30, 4, 26, 3)
	shots = append(shots, Shot{Class: "single", Embedding: clustered(r, 30, 1, 1, 3)[0].Embedding})
	l := learned(t, shots)
	got := l.leaveOneOut(l.between())
	if got.asked != 26 {
		t.Errorf("%d shots were asked about, want 26", got.asked)
	}
	for _, h := range []Head{Prototype, NearestShot, Ridge, LDA} {
		want := 0
		for i, s := range shots[:26] {
			c := must(NewClassifier(slices.Delete(slices.Clone(shots), i, i+1), Rule{Head: h}))(t)
			if c.Classify(nil, s.Embedding)[0].Class == s.Class {
				want++
			}
		}
		if got.right[h] != want || want < 5 || want > 25 {
			t.Errorf("%s is right about %d, want %d", h, got.right[h], want)
		}
	}
}

func stateOf(tb testing.TB, shots []Shot) state {
	tb.Helper()
	return must(NewClassifier(shots, Rule{Head: Prototype}))(tb).view.state
}

func learned(tb testing.TB, shots []Shot) *learner {
	l := newLearner()
	st := stateOf(tb, shots)
	l.sync(st, len(shots[0].Embedding), nil)
	l.learn(st, len(shots[0].Embedding), Rule{}.fill())
	return l
}

// Whatever comes, goes or changes its class, the learner is as one that began
// anew.
func TestLearnerKeepsUp(t *testing.T) {
	const dim = 40
	r := rand.New(rand.NewPCG(5, 5))
	pool := clustered(r, dim, 6, 60, 2)
	st := stateOf(t, pool[:20])
	l := newLearner()
	l.sync(st, dim, nil)
	next := uint64(20)
	for step := range 300 {
		var all []*entry
		st.all(func(_ *way, e *entry) { all = append(all, e) })
		var c change
		switch k := r.IntN(10); {
		case k < 4 || len(all) < 3:
			s := pool[r.IntN(len(pool))]
			next++
			e := &entry{id: next, embedding: s.Embedding}
			if err := e.measure(dot(s.Embedding, s.Embedding)); err != nil {
				t.Fatal(err)
			}
			c = change{kind: kindShot, class: s.Class, shot: e}
		case k < 6:
			c = change{kind: kindRemove, id: all[r.IntN(len(all))].id}
		case k < 7:
			c = change{kind: kindMove, id: all[r.IntN(len(all))].id, class: fmt.Sprint("class ", r.IntN(8))}
		case k < 8:
			c = change{kind: kindRename, class: st.ways[r.IntN(len(st.ways))].name, into: fmt.Sprint("new ", step)}
		case k < 9:
			c = change{kind: kindMerge, class: st.ways[0].name, into: st.ways[len(st.ways)-1].name}
		default:
			c = change{kind: kindForget, class: st.ways[r.IntN(len(st.ways))].name}
		}
		after, err := st.apply(c, false)
		if err != nil {
			continue // moved to where it is, merged into itself
		}
		st = after
		l.sync(st, dim, nil)
		want := newLearner()
		want.sync(st, dim, nil)
		if !slices.Equal(sorted(l.class), sorted(want.class)) || len(l.shots) != len(want.shots) || len(l.row) != len(want.row) {
			t.Fatalf("step %d: classes %v and %d shots, want %v and %d", step, l.class, len(l.shots), want.class, len(want.shots))
		}
		worst := 0.0
		for i, e := range want.shots {
			j := l.row[e]
			if l.shots[j] != e || l.class[l.label[j]] != want.class[want.label[i]] {
				t.Fatalf("step %d: shot %d is in row %d as %s", step, e.id, j, l.class[l.label[j]])
			}
			for k, f := range want.shots {
				worst = max(worst, math.Abs(l.cosine(j, l.row[f])-want.cosine(i, k)), math.Abs(l.inverseColumn(j)[l.row[f]]-want.inverseColumn(i)[k]))
			}
			for c, name := range want.class {
				worst = max(worst, math.Abs(l.coef[j][slices.Index(l.class, name)]-want.coef[i][c]))
			}
		}
		for c, name := range want.class {
			d := slices.Index(l.class, name)
			if l.count[d] != want.count[c] {
				t.Fatalf("step %d: %s has %d rows, want %d", step, name, l.count[d], want.count[c])
			}
			for j, v := range want.weight[c] {
				worst = max(worst, math.Abs(l.weight[d][j]-v))
			}
		}
		if worst > 1e-9 {
			t.Fatalf("step %d: off by %v", step, worst)
		}
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name  string
		shots int
		right map[Head]int
		want  Head
	}{
		{"no shot to ask about", 0, nil, Prototype},
		{"all alike", 25, map[Head]int{Prototype: 25, Ridge: 25, LDA: 25, NearestShot: 25}, Ridge},
		{"a hair better", 25, map[Head]int{Prototype: 21, Ridge: 20, LDA: 20, NearestShot: 20}, Ridge},
		{"better", 25, map[Head]int{Prototype: 22, Ridge: 20, LDA: 20, NearestShot: 20}, Prototype},
		{"LDA best", 100, map[Head]int{Prototype: 60, Ridge: 70, LDA: 80, NearestShot: 70}, LDA},
		{"too few for the nearest", 40, map[Head]int{Prototype: 10, Ridge: 10, LDA: 10, NearestShot: 40}, Ridge},
		{"the nearest", 50, map[Head]int{Prototype: 10, Ridge: 10, LDA: 10, NearestShot: 40}, NearestShot},
		{"no LDA", 50, map[Head]int{Prototype: 0, Ridge: 0}, Ridge},
	} {
		res := looResult{asked: c.shots, right: c.right, named: map[Head][]verdict{}}
		if _, ok := c.right[LDA]; ok {
			res.named[LDA] = make([]verdict, c.shots)
		}
		if got := res.choose(5); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A picture taught in two classes gets the same name whatever the last digits
// of the scores are: of the nearer class, else of the first by name.
func TestRankTies(t *testing.T) {
	for _, c := range []struct {
		in   []Prediction
		want string
	}{
		{[]Prediction{{Class: "b", Score: 0.5, cosine: 0.1}, {Class: "a", Score: 0.5 + 1e-9, cosine: 0.1}, {Class: "c", Score: 0.9, cosine: 0.3}}, "cab"},
		{[]Prediction{{Class: "b", Score: 0.5 + 1e-9, cosine: 0.1}, {Class: "a", Score: 0.5, cosine: 0.1}}, "ab"},
		{[]Prediction{{Class: "a", Score: 0.5 + 1e-9, cosine: 0.2}, {Class: "b", Score: 0.5, cosine: 0.1}}, "ba"},
		{[]Prediction{{Class: "a", Score: 0.5 + 1e-5, cosine: 0.2}, {Class: "b", Score: 0.5, cosine: 0.1}}, "ab"},
	} {
		rank(c.in)
		got := ""
		for _, p := range c.in {
			got += p.Class
		}
		if got != c.want {
			t.Errorf("order %s, want %s", got, c.want)
		}
	}
}

func TestHeadsAllocateNothing(t *testing.T) {
	shots := clustered(rand.New(rand.NewPCG(6, 6)), 50, 6, 30, 1)
	for _, h := range Heads() {
		c := must(NewClassifier(shots, Rule{Head: h}))(t)
		var dst []Prediction
		if n := testing.AllocsPerRun(100, func() { _, dst = c.Answer(dst, shots[3].Embedding) }); n != 0 {
			t.Errorf("%s: %v allocations per answer", h, n)
		}
	}
}

// BenchmarkLearn is one shot more and one less of 1,000, and all that follows
// from it before it counts: the prototype, leave-one-out, the choice of a head,
// its weights and the thresholds. What the disk takes is not in it.
//
// What it comes to on a Raspberry Pi 4, modelled, after "make bench-arm64" has
// built the counter:
//
//	GOARCH=arm64 CGO_ENABLED=0 go test -c -o build/bench/support.test ./support
//	GOGC=off build/bench/count -cpu cortex-a72 -from 2 build/bench/support.test -test.run '^$' -test.bench Learn/ways=50 -test.benchtime '{}x' -test.cpu 1
//
// A third iteration adds a shot. A million cycles are 0.67 ms at 1.5
// GHz: instructions are counted, cycles are llvm-mca's, with every load a
// hit in the first cache, so the 25 MB that it reads and writes come on top,
// about 8 ms at 3 GB/s.
func BenchmarkLearn(b *testing.B) {
	for _, ways := range []int{10, 50} {
		b.Run(fmt.Sprint("ways=", ways), func(b *testing.B) {
			const dim = 1280
			shots := clustered(rand.New(rand.NewPCG(7, 7)), dim, ways, 1000, 1)
			less := stateOf(b, shots[:999])
			last := shots[999]
			shot := entryOf(b, 1000, last.Embedding)
			l := newLearner()
			l.sync(less, dim, nil)
			newView(less, embed.Fingerprint{}, dim, Rule{}.fill(), l)
			b.ReportAllocs()
			st := less
			for i := 0; b.Loop(); i++ {
				c := change{kind: kindShot, class: last.Class, shot: shot}
				if i%2 == 1 {
					c = change{kind: kindRemove, id: shot.id}
				}
				var err error
				if st, err = st.apply(c, false); err != nil {
					b.Fatal(err)
				}
				l.sync(st, dim, nil)
				newView(st, embed.Fingerprint{}, dim, Rule{}.fill(), l)
			}
		})
	}
}
