package support

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

func naiveUnit(e embed.Embedding) []float64 {
	n := 0.0
	for _, x := range e {
		n += float64(x) * float64(x)
	}
	u := make([]float64, len(e))
	for i, x := range e {
		u[i] = float64(x) / math.Sqrt(n)
	}
	return u
}

// naiveTakes puts shots that are nearly one picture together.
func naiveTakes(es []embed.Embedding) (takes [][]embed.Embedding) {
next:
	for _, e := range es {
		for i, t := range takes {
			cosine := 0.0
			u := naiveUnit(t[0])
			for j, x := range naiveUnit(e) {
				cosine += x * u[j]
			}
			if 1-cosine < sceneSpread {
				takes[i] = append(t, e)
				continue next
			}
		}
		takes = append(takes, []embed.Embedding{e})
	}
	return takes
}

// naive is the classifier as a paper would write it, with a vote for each take.
func naive(shots map[string][]embed.Embedding, q embed.Embedding) map[string]float64 {
	d := make(map[string]float64)
	for class, es := range shots {
		d[class] = naiveDistance(naiveTakes(es), q)
	}
	return d
}

func naiveDistance(takes [][]embed.Embedding, q embed.Embedding) float64 {
	mean := make([]float64, len(q))
	for _, t := range takes {
		for _, e := range t {
			for i, x := range naiveUnit(e) {
				mean[i] += x / float64(len(t)) / float64(len(takes))
			}
		}
	}
	var dot, n float64
	for i, x := range naiveUnit(q) {
		dot += x * mean[i]
		n += mean[i] * mean[i]
	}
	if n < tiny {
		return 1
	}
	return 1 - dot/math.Sqrt(n)
}

func TestClassifyIsTheDefinition(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	for _, dim := range []int{1, 2, 3, 7, 64, 1280} {
		s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: dim}))(t)
		if err := s.SetRule(Rule{Head: Prototype}); err != nil {
			t.Fatal(err)
		}
		shots := make(map[string][]embed.Embedding)
		random := func() embed.Embedding {
			e := make(embed.Embedding, dim)
			for i := range e {
				e[i] = float32(r.NormFloat64()) * 3
			}
			return e
		}
		var last embed.Embedding
		for n := range 40 {
			class := fmt.Sprint("class ", r.IntN(6))
			e := random()
			if n%4 == 3 { // a burst, now and then in one class
				e = plus(last, gaussian(r, dim, 0.1))
			}
			last = e
			shots[class] = append(shots[class], e)
			if _, err := s.Add(class, e, nil, "", time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		var dst []Prediction
		for range 20 {
			q := random()
			want := naive(shots, q)
			dst = s.Classify(dst, q)
			if len(dst) != len(want) {
				t.Fatalf("%d predictions for %d classes", len(dst), len(want))
			}
			for i, p := range dst {
				if math.Abs(p.cosine-want[p.Class]) > 1e-6 {
					t.Errorf("dim %d: distance to %s is %v, want %v", dim, p.Class, p.cosine, want[p.Class])
				}
				if p.Distance > p.cosine { // by the metric, see TestMetric
					t.Errorf("dim %d: distance to %s is %v, more than the cosine's %v", dim, p.Class, p.Distance, p.cosine)
				}
				if p.Score != max(1-p.cosine, 0) {
					t.Errorf("score of %+v", p)
				}
				if i > 0 && p.cosine < dst[i-1].cosine {
					t.Errorf("prediction %d is nearer than the one before", i)
				}
			}
			a, _ := s.Answer(dst, q)
			if a.Nearest != dst[0].Class || a.Distance != dst[0].Distance || a.Margin != dst[1].cosine-dst[0].cosine || a.Known != (a.Distance <= a.Threshold) || a.Known != dst[0].Known {
				t.Errorf("answer %+v to predictions %+v", a, dst[:2])
			}
			if want := map[bool]string{true: a.Nearest, false: Unknown}[a.Known]; a.Class != want {
				t.Errorf("answer %+v names %q, want %q", a, a.Class, want)
			}
		}
		// The spread by its definition: each take against the others' mean.
		for _, w := range s.seen.Load().state.ways {
			total := 0.0
			takes := naiveTakes(shots[w.name])
			for i, t := range takes {
				if len(takes) > 1 {
					others := slices.Delete(slices.Clone(takes), i, i+1)
					for _, e := range t {
						total += naiveDistance(others, e) / float64(len(t))
					}
				}
			}
			n := len(takes)
			if want := total / float64(n); n > 1 && math.Abs(w.spread-want) > 1e-6 || n == 1 && !math.IsNaN(w.spread) {
				t.Errorf("dim %d: spread of %d takes is %v, want %v", dim, n, w.spread, want)
			}
		}
	}
}

// The very bits, which arm64 must give too.
func TestClassifyBits(t *testing.T) {
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA}))(t)
	for n := range uint64(12) {
		if _, err := s.Add([]string{"a", "b", "c"}[n%3], vector(131, n), nil, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []struct {
		class               string
		distance, threshold uint64
	}{
		{"b", 0x3fa376db38a18968, 0x3fdb5f9b15c58f16},
		{"a", 0x3fbdf6532fcb4da1, 0x3fdacda632fc7904},
		{"c", 0x3fc101a552ef294e, 0x3fda9a02a689a846},
	}
	for i, p := range s.Classify(nil, vector(131, 1)) {
		tt := s.seen.Load().limit[s.state.find(p.Class)].distance
		got := fmt.Sprintf("%s %#x %#x", p.Class, math.Float64bits(p.Distance), math.Float64bits(tt))
		if w := fmt.Sprintf("%s %#x %#x", want[i].class, want[i].distance, want[i].threshold); got != w {
			t.Errorf("prediction %d is %s, want %s", i, got, w)
		}
	}
}

func TestAnswerAtTheEdges(t *testing.T) {
	s := openMem(t, newMemFS())
	q := vector(testDim, 1)
	a, preds := s.Answer(nil, q)
	if a != (Answer{Class: Unknown, Distance: 2, Views: 1, Worth: 1}) || len(preds) != 0 {
		t.Errorf("with no class: %+v, %v", a, preds)
	}
	if err := add(s, "cup", 1, 0); err != nil {
		t.Fatal(err)
	}
	a, _ = s.Answer(nil, q)
	if !a.Known || a.Class != "cup" || a.Distance > 1e-7 || math.Abs(a.Margin-2) > 1e-7 {
		t.Errorf("the shot itself: %+v", a)
	}
	opposite := slices.Clone(q)
	for i := range opposite {
		opposite[i] = -opposite[i]
	}
	for name, q := range map[string]embed.Embedding{
		"zero": make(embed.Embedding, testDim), "nan": {nan, 1, 1, 1, 1, 1, 1, 1}, "inf": {inf, 1, 1, 1, 1, 1, 1, 1}, "opposite": opposite,
	} {
		a, preds := s.Answer(nil, q)
		if a.Known || a.Class != Unknown || math.Abs(a.Distance-2) > 1e-7 || preds[0].Score != 0 {
			t.Errorf("%s: %+v %+v", name, a, preds)
		}
	}
	for _, q := range []embed.Embedding{nil, q[:3], make(embed.Embedding, 2*testDim)} {
		if a, preds := s.Answer(nil, q); a.Class != Unknown || len(preds) != 0 {
			t.Errorf("%d numbers: %+v %+v", len(q), a, preds)
		}
	}
	// Shots that cancel out have no direction: nothing is like them, but for how
	// they differ.
	if _, err := s.Add("cup", opposite, nil, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if a, _ := s.Answer(nil, q); math.Abs(a.Distance-(1-1/(2+ridgeLambda))) > 1e-6 {
		t.Errorf("opposite shots: %+v", a)
	}
	// Ties go by name.
	if err := add(s, "b", 2, 0); err != nil {
		t.Fatal(err)
	}
	if err := add(s, "a", 2, 0); err != nil {
		t.Fatal(err)
	}
	if p := s.Classify(nil, vector(testDim, 2)); p[0].Class != "a" || p[1].Class != "b" {
		t.Errorf("ties: %+v", p)
	}
}

// Each class has its own threshold.
func TestKnownIsByClass(t *testing.T) {
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA}))(t)
	for _, shot := range []struct {
		class string
		e     embed.Embedding
	}{{"one", embed.Embedding{1, 0, 0}}, {"wide", embed.Embedding{1, 1, 0}}, {"wide", embed.Embedding{-1, 1, 0}}} {
		must(s.Add(shot.class, shot.e, nil, "", time.Time{}))(t)
	}
	radius := make(map[string]float64)
	for _, w := range s.Ways() {
		radius[w.Class] = w.Radius
	}
	if radius["one"] >= radius["wide"] {
		t.Fatalf("radii are %v", radius)
	}
	// As far from the one as from the other by cosine, and by the metric, too,
	// between the two radii.
	const cos = 0.4
	for _, p := range s.Classify(nil, embed.Embedding{cos, cos, float32(math.Sqrt(1 - 2*cos*cos))}) {
		if math.Abs(p.cosine-(1-cos)) > 1e-6 || p.Distance <= radius["one"] || p.Distance >= radius["wide"] || p.Known != (p.Class == "wide") {
			t.Errorf("%+v with radius %v", p, radius[p.Class])
		}
	}
}

// Answers neither allocate nor wait while another goroutine teaches.
func TestClassifyAllocatesNothing(t *testing.T) {
	s := openMem(t, newMemFS())
	for n := range uint64(30) {
		if err := add(s, fmt.Sprint("class ", n%7), n, 0); err != nil {
			t.Fatal(err)
		}
	}
	q := vector(testDim, 3)
	var dst []Prediction
	if n := testing.AllocsPerRun(100, func() { _, dst = s.Answer(dst, q) }); n != 0 {
		t.Errorf("%v allocations per answer", n)
	}
	// Whoever holds both locks is writing; an answer comes all the same.
	s.change.Lock()
	s.files.Lock()
	if _, dst = s.Answer(dst, q); len(dst) != 7 {
		t.Errorf("%d predictions", len(dst))
	}
	s.files.Unlock()
	s.change.Unlock()
}

// Everything at once, for the race detector; every answer fits one state.
func TestConcurrentUse(t *testing.T) {
	s := openMem(t, newMemFS())
	s.limit = smallLimit
	if err := add(s, "class 0", 0, 100); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var dst []Prediction
			for {
				select {
				case <-stop:
					return
				default:
				}
				var a Answer
				if a, dst = s.Answer(dst, vector(testDim, 1)); a.Known && a.Distance > a.Threshold || len(dst) == 0 {
					t.Errorf("answer %+v of %d", a, len(dst))
					return
				}
				for _, w := range s.Ways() {
					for _, e := range s.Shots(w.Class) {
						if b, err := s.Crop(e.ID); err == nil && len(b) != 100 {
							t.Errorf("crop of %d bytes", len(b))
						}
					}
				}
				s.Info()
			}
		})
	}
	for n := range uint64(60) {
		if err := add(s, fmt.Sprint("class ", n%5), n, 100); err != nil {
			t.Fatal(err)
		}
		switch n % 4 {
		case 1:
			must(s.Undo())(t)
		case 3:
			if err := s.Move(1, fmt.Sprint("class ", n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.change.Lock()
	err := s.compact()
	s.change.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	close(stop)
	readers.Wait()
}

// large is a store of classes × shots with embeddings as a network makes them.
func large(tb testing.TB, fsys FS, dir string, ways, shots, dim, crops int) *Set {
	tb.Helper()
	s := must(Open(dir, Options{FS: fsys, Fingerprint: printA, Dim: dim}))(tb)
	for n := range uint64(ways * shots) {
		if _, err := s.Add(fmt.Sprint("class ", n%uint64(ways)), vector(dim, n), make([]byte, crops), "camera:0", time.Time{}); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func BenchmarkClassify(b *testing.B) {
	for _, ways := range []int{5, 100, 1000} {
		b.Run(fmt.Sprint("ways=", ways), func(b *testing.B) {
			s := large(b, newMemFS(), testDir, ways, 2, 1280, 0)
			q := vector(1280, 3)
			dst := s.Classify(nil, q)
			b.ReportAllocs()
			for b.Loop() {
				dst = s.Classify(dst, q)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	large(b, nil, dir, 50, 20, 1280, 20000).Close()
	b.ReportAllocs()
	for b.Loop() {
		must(Open(dir, Options{Fingerprint: printA}))(b).Close()
	}
}

func BenchmarkAdd(b *testing.B) {
	s := large(b, nil, b.TempDir(), 50, 20, 1280, 0)
	defer s.Close()
	e, c := vector(1280, 1), make([]byte, 20000)
	for b.Loop() {
		if _, err := s.Add("class 1", e, c, "camera:0", time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}

// What is computed while reading and what is computed while adding are the
// same, or a restart would change answers.
func TestDecodeFloatsIsDot(t *testing.T) {
	for dim := range 20 {
		e := vector(max(dim, 1), 5)[:dim]
		var b []byte
		for _, v := range e {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		got := make(embed.Embedding, dim)
		if sum := decodeFloats(got, b); sum != dot(e, e) || !slices.Equal(got, e) {
			t.Errorf("dim %d: %v with sum %v, want %v with %v", dim, got, sum, e, dot(e, e))
		}
	}
}
