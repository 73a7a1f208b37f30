package support

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

// kinds of sets to search, by the vectors that they hold.
var matchSets = []struct {
	name string
	// next returns the next shot's class of ways and its vector.
	next func(r *rand.Rand, dim, ways int) func() (int, embed.Embedding)
}{
	{"photographs", photographs},
	{"uniform", func(r *rand.Rand, dim, ways int) func() (int, embed.Embedding) {
		return func() (int, embed.Embedding) { return r.IntN(ways), gaussian(r, dim, 1) }
	}},
	// Every vector many times, in different classes, at different lengths.
	{"equal", func(r *rand.Rand, dim, ways int) func() (int, embed.Embedding) {
		few := make([]embed.Embedding, 5)
		for i := range few {
			few[i] = gaussian(r, dim, 1)
		}
		return func() (int, embed.Embedding) {
			e := slices.Clone(few[r.IntN(len(few))])
			scale := float32(int(1) << r.IntN(4))
			for i := range e {
				e[i] *= scale
			}
			return r.IntN(ways), e
		}
	}},
	// Nearly one point: only the last digits tell them apart.
	{"dense", func(r *rand.Rand, dim, ways int) func() (int, embed.Embedding) {
		centre := gaussian(r, dim, 1)
		return func() (int, embed.Embedding) { return r.IntN(ways), plus(centre, gaussian(r, dim, 1e-5)) }
	}},
	// One number has all the weight, and shots cancel out.
	{"axes", func(r *rand.Rand, dim, ways int) func() (int, embed.Embedding) {
		return func() (int, embed.Embedding) {
			e := make(embed.Embedding, dim)
			e[r.IntN(min(dim, 40))] = float32(1 - 2*r.IntN(2))
			return r.IntN(ways), e
		}
	}},
}

func gaussian(r *rand.Rand, dim int, scale float64) embed.Embedding {
	e := make(embed.Embedding, dim)
	for i := range e {
		e[i] = float32(r.NormFloat64() * scale)
	}
	return e
}

func plus(a, b embed.Embedding) embed.Embedding {
	sum := make(embed.Embedding, len(a))
	for i := range a {
		sum[i] = a[i] + b[i]
	}
	return sum
}

// photographs is how a network's embeddings of photographs lie, by the figures
// of 81 groceries and 400 emoji: all on one side of the origin, the class means'
// variance 0.47 and the shots' around them 0.30 of the mean square, both along
// few axes (of the former the first 64 have 79 %, of the latter 55 %), but not
// the same ones.
func photographs(r *rand.Rand, dim, ways int) func() (int, embed.Embedding) {
	between, within := make([]float64, dim), make([]float64, dim)
	order := make([]float64, dim) // the within's, related to the between's
	for i := range order {
		order[i] = float64(i) + r.Float64()*float64(dim)/3
	}
	for i := range dim {
		between[i] = math.Pow(float64(i+1), -1.1)
		rank := 0
		for _, o := range order {
			if o < order[i] {
				rank++
			}
		}
		within[i] = math.Pow(float64(rank+1), -0.9)
	}
	for variance, of := range map[float64][]float64{0.47: between, 0.30: within} {
		sum := 0.0
		for _, v := range of {
			sum += v
		}
		for i, v := range of {
			of[i] = math.Sqrt(v / sum * variance)
		}
	}
	spread := func(deviation []float64) embed.Embedding {
		e := make(embed.Embedding, dim)
		for i, d := range deviation {
			e[i] = float32(r.NormFloat64() * d)
		}
		return e
	}
	mean := gaussian(r, dim, math.Sqrt(0.35/float64(dim)))
	centres := make([]embed.Embedding, ways)
	for i := range centres {
		centres[i] = plus(mean, spread(between))
	}
	// The axes are none of the coordinates': a dozen rounds of turning pairs of
	// them by an eighth make any of them all.
	var turns [][]int
	for range 12 {
		turns = append(turns, r.Perm(dim))
	}
	return func() (int, embed.Embedding) {
		w := r.IntN(ways)
		e := plus(centres[w], spread(within))
		for _, p := range turns {
			for i := 0; i+1 < dim; i += 2 {
				a, b := e[p[i]], e[p[i+1]]
				e[p[i]], e[p[i+1]] = (a+b)*math.Sqrt2/2, (a-b)*math.Sqrt2/2
			}
		}
		return w, e
	}
}

// exhaustive is Match by its definition.
func exhaustive(s *Set, q embed.Embedding, within float64) Match {
	m := Match{Distance: 2, ShotDistance: 2}
	inv := 1 / math.Sqrt(dot(q, q))
	if math.IsNaN(inv) || math.IsInf(inv, 0) || inv == 0 {
		return m
	}
	v := s.seen.Load()
	for i, w := range v.state.ways {
		d := min(max(1-float64(dot(q, w.prototype)*inv), 0), 2)
		if m.Class == "" || d < m.Distance || d == m.Distance && w.name < m.Class {
			m.Class, m.Distance, m.Threshold = w.name, d, v.limit[i].distance
		}
		for _, e := range w.shots {
			d := min(max(1-float64(float64(dot(q, e.embedding)*inv)*e.inv), 0), 2)
			if d <= within && (m.Shot == 0 || d < m.ShotDistance || d == m.ShotDistance && e.id < m.Shot) {
				m.Shot, m.ShotClass, m.ShotDistance = e.id, w.name, d
			}
		}
	}
	return m
}

// indexNow makes the Set's index, where otherwise one would come in time.
func (s *Set) indexNow(t testing.TB) {
	t.Helper()
	v := s.seen.Load()
	s.projection = projectionOf(v.shots)
	s.seen.Store(v.indexed(s.projection))
}

func matchSet(t testing.TB, next func() (int, embed.Embedding), dim, shots int) *Set {
	t.Helper()
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: dim}))(t)
	s.most = 0        // prototypes are all that counts
	s.indexing = true // never by itself: tests say when
	for range shots {
		w, e := next()
		must(s.Add(fmt.Sprint("class ", w), e, nil, "", time.Time{}))(t)
	}
	return s
}

// Whatever is taught, asked and excluded, Match says what looking at everything
// says, to the bit.
func TestMatchIsExhaustive(t *testing.T) {
	t.Parallel()
	for _, kind := range matchSets {
		for _, dim := range []int{1, 3, 17, 200, 1280} {
			if dim == 1280 && kind.name != "photographs" {
				continue // enough of what takes long
			}
			t.Run(fmt.Sprint(kind.name, "/", dim), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(dim), 11))
				next := kind.next(r, dim, 30)
				s := matchSet(t, next, dim, 200)
				defer s.Close()
				scratch := new(MatchScratch)
				check := func() {
					t.Helper()
					for n := range 40 {
						_, q := next()
						switch n % 4 {
						case 1:
							q = gaussian(r, dim, 3)
						case 2:
							q = s.Shots("")[r.IntN(s.Len())].Embedding
						}
						within := []float64{2, 2, 0.3, 0.05, 0}[r.IntN(5)]
						if got, want := s.Match(q, within, scratch), exhaustive(s, q, within); got != want {
							t.Fatalf("query %d within %v: %+v, want %+v", n, within, got, want)
						}
					}
				}
				check()
				s.indexNow(t)
				check()
				// The old projection serves what comes and goes.
				for n := range 20 {
					w, e := next()
					must(s.Add(fmt.Sprint("class ", w), e, nil, "", time.Time{}))(t)
					if n%3 == 0 {
						must(s.Undo())(t)
					}
				}
				must(s.Forget(s.Ways()[3].Class))(t)
				if err := s.Remove(s.Shots("")[0].ID); err != nil {
					t.Fatal(err)
				}
				if s.seen.Load().index == nil {
					t.Fatal("a change has lost the index")
				}
				check()
			})
		}
	}
}

// A projection that has nothing to do with the shots rules out less, never more.
func TestMatchOnAnyProjection(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	next := photographs(r, 200, 30)
	s := matchSet(t, next, 200, 200)
	defer s.Close()
	var sample []embed.Embedding
	var inv []float64
	for range 5 {
		e := gaussian(r, 200, 1)
		sample, inv = append(sample, e), append(inv, 1/math.Sqrt(dot(e, e)))
	}
	s.seen.Store(s.seen.Load().indexed(newProjection(sample, inv, 5)))
	scratch := new(MatchScratch)
	for range 50 {
		_, q := next()
		if got, want := s.Match(q, 2, scratch), exhaustive(s, q, 2); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

// The bounds hold for every pair and are worth something.
func TestSketchBounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 15))
	const dim = 300
	next := photographs(r, dim, 30)
	s := matchSet(t, next, dim, 300)
	defer s.Close()
	s.indexNow(t)
	v := s.seen.Load()
	scratch := new(MatchScratch)
	var ratio float64
	pairs := 0
	for range 40 {
		_, q := next()
		scratch.inv = 1 / math.Sqrt(dot(q, q))
		scratch.prepare(s.projection, q)
		for row := range v.shots {
			d := shotRows(v.shots).distance(q, scratch.inv, row)
			for _, within := range []float64{d, d * (1 + 1e-12)} {
				scratch.begin(within, false)
				sum := 0.0
				for p, part := range parts {
					width := part.to - part.from
					var x int64
					for j := range width {
						x += int64(scratch.short[part.from+j]) * int64(v.index.shots.part[p][row*width+j])
					}
					sum += s.projection.weight(p) * float64(int64(v.index.shots.base[p][row])-x)
					if sum > scratch.bound(&v.index.shots, p) {
						t.Fatalf("part %d rules out a shot at distance %v", p, d)
					}
				}
				if !scratch.mayBeNear(v.index.shots.sketches[row]) {
					t.Fatalf("the full sketch rules out a shot at distance %v", d)
				}
				ratio += math.Sqrt(sum+scratch.norm[len(parts)-1]) / math.Sqrt(2*d)
				pairs++
			}
		}
	}
	if mean := ratio / float64(pairs); mean < 0.7 || mean > 1.01 {
		t.Errorf("sketches are %.2f of the distance apart", mean)
	}
}

func TestMatchAtTheEdges(t *testing.T) {
	s := openMem(t, newMemFS())
	defer s.Close()
	nothing := Match{Distance: 2, ShotDistance: 2}
	scratch := new(MatchScratch)
	q := vector(testDim, 1)
	if m := s.Match(q, 2, scratch); m != nothing {
		t.Errorf("with no class: %+v", m)
	}
	if err := add(s, "cup", 1, 0); err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]embed.Embedding{
		"zero": make(embed.Embedding, testDim), "nan": {nan, 1, 1, 1, 1, 1, 1, 1}, "inf": {inf, 1, 1, 1, 1, 1, 1, 1}, "short": q[:3], "none": nil,
	} {
		if m := s.Match(q, 2, scratch); m != nothing {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, within := range []float64{-1, 0, 0.1, 2, 3, math.NaN(), math.Inf(1)} {
		m := s.Match(vector(testDim, 2), within, scratch)
		if m.Class != "cup" || (m.Shot == 1) != !(within < 1) {
			t.Errorf("within %v: %+v", within, m)
		}
	}
}

// The index comes by itself, and with it the same answers.
func TestIndexComes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(16, 17))
	next := photographs(r, 64, 10)
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: 64}))(t)
	defer s.Close()
	scratch := new(MatchScratch)
	s.most = 0
	for n := range 2 * indexMin {
		w, e := next()
		must(s.Add(fmt.Sprint("class ", w), e, nil, "", time.Time{}))(t)
		if n%16 == 0 {
			if got, want := s.Match(e, 2, scratch), exhaustive(s, e, 2); got != want {
				t.Fatalf("%+v, want %+v", got, want)
			}
		}
	}
	for s.seen.Load().index == nil {
		_, e := next()
		s.Match(e, 2, scratch)
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 19))
	next := photographs(r, 64, 10)
	s := matchSet(t, next, 64, 300)
	defer s.Close()
	scratch := new(MatchScratch)
	_, q := next()
	for range 2 {
		if n := testing.AllocsPerRun(20, func() { s.Match(q, 2, scratch) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		s.indexNow(t)
	}
}

// stocked returns a state of ways·shots pictures of the first ways things that
// all gives, and more pictures: of these or of those that were never taught.
func stocked(tb testing.TB, all func() (int, embed.Embedding), ways, shots int) (st state, next func(taught bool) embed.Embedding) {
	tb.Helper()
	draw := func(taught bool) (int, embed.Embedding) {
		for {
			if w, e := all(); w < ways == taught {
				return w, e
			}
		}
	}
	for n := range ways * shots {
		w, e := draw(true)
		st, _ = st.apply(change{kind: kindShot, class: fmt.Sprint("class ", w), shot: entryOf(tb, uint64(n)+1, e)}, true)
	}
	return st, func(taught bool) embed.Embedding {
		_, e := draw(taught)
		return e
	}
}

func BenchmarkMatch1000x20(b *testing.B) {
	const dim, ways, shots = 1280, 1000, 20
	for _, kind := range matchSets[:2] {
		r := rand.New(rand.NewPCG(20, 21))
		st, next := stocked(b, kind.next(r, dim, ways+50), ways, shots)
		v := newView(st, embed.Fingerprint{}, dim, Rule{Head: Prototype}.fill(), nil)
		v = v.indexed(projectionOf(v.shots))
		known, unknown := make([]embed.Embedding, 64), make([]embed.Embedding, 64)
		for i := range known {
			known[i], unknown[i] = next(true), next(false)
		}
		for _, c := range []struct {
			name    string
			queries []embed.Embedding
			within  float64
		}{{"known", known, 2}, {"unknown", unknown, 2}, {"unknown-within-0.3", unknown, 0.3}} {
			b.Run(kind.name+"/"+c.name, func(b *testing.B) {
				scratch := new(MatchScratch)
				n := 0
				b.ReportAllocs()
				for b.Loop() {
					v.match(c.queries[n%len(c.queries)], c.within, scratch)
					n++
				}
			})
		}
	}
}
