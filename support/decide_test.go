package support

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

// Decide says what Answer says, to the bit, for any head, with and without an
// index.
func TestDecideIsAnswer(t *testing.T) {
	t.Parallel()
	for _, kind := range matchSets {
		for _, dim := range []int{3, 64} {
			t.Run(fmt.Sprint(kind.name, "/", dim), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(dim), 51))
				next := kind.next(r, dim, 250)
				s := matchSet(t, next, dim, 300)
				defer s.Close()
				if n := len(s.Ways()); n < decideMin {
					t.Fatalf("%d classes", n)
				}
				scratch := new(MatchScratch)
				var dst []Prediction
				var want Answer
				check := func(when string) {
					t.Helper()
					for n := range 60 {
						_, q := next()
						switch n % 6 {
						case 1:
							q = gaussian(r, dim, 3)
						case 2:
							q = s.Shots("")[r.IntN(s.Len())].Embedding
						case 3: // as near to one as to another
							q = plus(s.Shots("")[r.IntN(s.Len())].Embedding, q)
						}
						views := 1 + n%3*2
						if views > 1 {
							_, p := next()
							q = Mean(make(embed.Embedding, dim), q, p)
						}
						want, dst = s.AnswerViews(dst, q, views)
						if got := s.Decide(q, views, scratch); got != want {
							t.Fatalf("%s, query %d: %+v, want %+v", when, n, got, want)
						}
					}
					for name, q := range map[string]embed.Embedding{"zero": make(embed.Embedding, dim), "nan": append(make(embed.Embedding, dim-1), float32(math.NaN())), "short": make(embed.Embedding, 2), "none": nil} {
						want, dst = s.AnswerViews(dst, q, 1)
						if got := s.Decide(q, 1, scratch); got != want {
							t.Fatalf("%s, %s: %+v, want %+v", when, name, got, want)
						}
					}
				}
				check("without an index")
				s.indexNow(t)
				for _, head := range []Head{Prototype, NearestShot, Auto} {
					if err := s.SetRule(Rule{Head: head}); err != nil {
						t.Fatal(err)
					}
					v := s.seen.Load()
					if v.index == nil || !v.worthIndex() {
						t.Fatalf("%s: no index", head)
					}
					check(string(head))
				}
			})
		}
	}
}

func TestDecideWithFewClasses(t *testing.T) {
	s := openMem(t, newMemFS())
	defer s.Close()
	scratch := new(MatchScratch)
	var dst []Prediction
	var want Answer
	for n := range uint64(4) {
		for k := range uint64(6) {
			q := vector(testDim, 10+k)
			want, dst = s.AnswerViews(dst, q, 1)
			if got := s.Decide(q, 1, scratch); got != want {
				t.Errorf("%d classes: %+v, want %+v", n, got, want)
			}
		}
		if err := add(s, fmt.Sprint("class ", n), n, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(52, 1))
	next := photographs(r, 64, 200)
	s := matchSet(t, next, 64, 300)
	defer s.Close()
	scratch := new(MatchScratch)
	_, q := next()
	for _, head := range []Head{Prototype, NearestShot} {
		if err := s.SetRule(Rule{Head: head}); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() { s.Decide(q, 1, scratch) }); n != 0 {
			t.Errorf("%s: %v allocations", head, n)
		}
		s.indexNow(t)
	}
}

// Who decides among many classes gets an index, and who has few does not.
func TestDecideWantsIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 1))
	for _, ways := range []int{decideMin / 2, 2 * decideMin} {
		next := photographs(r, 32, ways)
		s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: 32}))(t)
		s.most = 0
		for n := range indexMin {
			_, e := next()
			must(s.Add(fmt.Sprint("class ", n%ways), e, nil, "", time.Time{}))(t)
		}
		scratch := new(MatchScratch)
		_, q := next()
		s.Decide(q, 1, scratch)
		if got, want := s.matched.Load(), ways >= decideMin; got != want {
			t.Errorf("%d classes: an index is wanted: %v", ways, got)
		}
		s.Close()
	}
}

func BenchmarkDecide1000x20(b *testing.B) {
	const dim, ways, shots = 1280, 1000, 20
	r := rand.New(rand.NewPCG(20, 21))
	st, next := stocked(b, photographs(r, dim, ways+50), ways, shots)
	queries := make([]embed.Embedding, 64)
	for i := range queries {
		queries[i] = next(i%2 == 0)
	}
	var p *projection
	for _, head := range []Head{Prototype, NearestShot} {
		v := newView(st, embed.Fingerprint{}, dim, Rule{Head: head}.fill(), nil)
		if p == nil {
			p = projectionOf(v.shots)
		}
		v = v.indexed(p)
		scratch := new(MatchScratch)
		var dst []Prediction
		b.Run(string(head)+"/decide", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				v.decide(queries[i%len(queries)], 1, scratch)
			}
		})
		b.Run(string(head)+"/answer", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_, dst = v.answer(dst, queries[i%len(queries)], 1, nil)
			}
		})
	}
}
