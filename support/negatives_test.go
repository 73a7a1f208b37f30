package support

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

// Whatever is done to a negative and to its store, it stays what it was, and is
// none of the shots.
func TestNegativesStay(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	must(s.Add("cup", vector(testDim, 1), crop(100, 1), "", time.Time{}))(t)
	q := *qualityOf(2)
	given := must(s.AddNegative(vector(testDim, 2), crop(5000, 2), "table", time.Unix(7, 0), &q))(t)
	if want := (Shot{ID: 2, Time: time.Unix(7, 0).UTC(), Source: "table", Fingerprint: printA, Embedding: vector(testDim, 2), Quality: &q}); fmt.Sprint(given.Quality) != fmt.Sprint(want.Quality) {
		t.Errorf("it is %+v", given)
	} else if given.Quality, want.Quality = nil, nil; fmt.Sprint(given) != fmt.Sprint(want) {
		t.Errorf("it is %+v, want %+v", given, want)
	}
	if c := must(s.Undo())(t); c.Kind != AddedNegative || c.Shot != 2 || c.Class != "" || c.Shots != 1 {
		t.Errorf("taken back was %+v", c)
	}
	s.Close()
	if s = openMem(t, disk); len(s.Negatives()) != 0 {
		t.Error("it is there after an undo and a restart")
	}
	must(s.AddNegative(vector(testDim, 2), crop(5000, 2), "table", time.Unix(7, 0), &q))(t)
	id := s.Negatives()[0].ID
	check := func(when string) {
		t.Helper()
		wantClasses(t, s, "cup:1")
		n := s.Negatives()
		if len(n) != 1 || s.Len() != 1 || len(s.Shots("")) != 1 || n[0].ID != id || n[0].Source != "table" || *n[0].Quality != q {
			t.Fatalf("%s: negatives %+v", when, n)
		}
		if c, err := s.Crop(id); err != nil || !bytes.Equal(c, crop(5000, 2)) {
			t.Fatalf("%s: %v", when, err)
		}
	}
	check("at first")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"removed and taken back", func() error {
			if err := s.Remove(id); err != nil || len(s.Negatives()) != 0 {
				t.Fatalf("%v, negatives %v", err, s.Negatives())
			}
			if c := must(s.Undo())(t); c.Kind != RemovedNegative || c.Shot != id {
				t.Errorf("taken back was %+v", c)
			}
			return nil
		}},
		{"not moved", func() error {
			wantError(t, s.Move(id, "cup"), ErrNotFound, "remove it")
			return nil
		}},
		{"older than any undo", func() error {
			for n := range undoDepth {
				if err := s.Rename([]string{"cup", "mug"}[n%2], []string{"mug", "cup"}[n%2]); err != nil {
					return err
				}
			}
			return s.compact()
		}},
		{"opened again", func() error { s.Close(); s = openMem(t, disk); return nil }},
		{"compacted again", func() error { return s.compact() }},
		{"looked at by another network", func() error {
			if l := ids(s.Lacking(printB)); !slices.Equal(l, []uint64{1, id}) {
				t.Errorf("%v lack embeddings", l)
			}
			err := s.Reembed(printB, []Embedded{{1, vector(4, 1)}, {id, vector(4, 2)}})
			if err == nil {
				err = s.Use(printB, 4)
			}
			if err == nil && !slices.Equal(s.Negatives()[0].Embedding, vector(4, 2)) {
				t.Error("it is that of the other network")
			}
			return err
		}},
		{"compacted with two networks", func() error { return s.compact() }},
		{"repaired", func() error {
			var r Salvage
			if s, r = repaired(t, disk, s); r.Negatives != 1 || r.Shots != 1 {
				t.Errorf("saved was %+v", r)
			}
			return nil
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		check(step.name)
	}
}

// A negative of which a network can make nothing is set aside, and a set that is
// only half looked at does not answer.
func TestNegativesAside(t *testing.T) {
	s := openMem(t, newMemFS())
	if err := add(s, "cup", 1, 100); err != nil {
		t.Fatal(err)
	}
	if err := addNegative(s, 9, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Reembed(printB, []Embedded{{1, vector(testDim, 1)}}); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Use(printB, testDim), ErrModelMismatch, "shot 2")
	if err := s.Reembed(printB, []Embedded{{Shot: 2}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Use(printB, testDim); err != nil {
		t.Fatal(err)
	}
	if got := ids(s.Aside()); !slices.Equal(got, []uint64{2}) || len(s.Negatives()) != 1 {
		t.Errorf("aside are %v, negatives %v", got, s.Negatives())
	}
	if a, _ := s.Answer(nil, vector(testDim, 9)); !a.Known || a.Distance < 0.001 {
		t.Errorf("to the very picture that is aside: %+v", a)
	}
}

func TestAddNegativeRefuses(t *testing.T) {
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA}))(t)
	_, err := s.AddNegative(make(embed.Embedding, 4), nil, "", time.Time{}, nil)
	wantError(t, err, ErrShot, "zero")
	_, err = s.AddNegative(vector(4, 1), make([]byte, maxCrop+1), "", time.Time{}, nil)
	wantError(t, err, ErrShot, "crop")
	_, err = s.AddNegative(vector(4, 1), nil, "", time.Time{}, &Quality{Light: 2})
	wantError(t, err, ErrShot, "light")
	must(s.AddNegative(vector(4, 1), nil, "", time.Time{}, nil))(t)
	_, err = s.AddNegative(vector(5, 1), nil, "", time.Time{}, nil)
	wantError(t, err, ErrModelMismatch, "5 numbers, want 4")
	_, err = s.Add("cup", vector(5, 1), nil, "", time.Time{})
	wantError(t, err, ErrModelMismatch, "5 numbers, want 4")
	if a, _ := s.Answer(nil, vector(4, 1)); a.Known || a.Veto != (Veto{}) {
		t.Errorf("with no class: %+v", a)
	}
}

// A program of an earlier version reads what was taught and passes over all that
// was done to negatives, also what took it back.
func TestEarlierProgramsReadOn(t *testing.T) {
	disk := thisStore(t)
	s := openMem(t, disk)
	for i, act := range []action{
		func(s *Set) error { return addNegative(s, 20, 50) },
		func(s *Set) error { return add(s, "cow", 21, 50) },
		func(s *Set) error { return addNegative(s, 22, 50) },
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { return add(s, "cow", 23, 50) },
	} {
		if err := act(s); err != nil {
			t.Fatalf("action %d: %v", i, err)
		}
	}
	if len(s.Negatives()) == 0 {
		t.Fatal("there are none")
	}
	s.Close()
	strip := func(d string) string { // of all about negatives
		d, _, _ = strings.Cut(d, "next ")
		d, past, _ := strings.Cut(d, "- ")
		d, _, _ = strings.Cut(d, "negatives\n")
		var kept []string
		for line := range strings.Lines("- " + past) {
			if !strings.Contains(line, "nothing") {
				kept = append(kept, line)
			}
		}
		return d + strings.Join(kept, "")
	}
	want := strip(dump(openMem(t, disk)))
	log := disk.names[testDir+"/"+fileName]
	log.data = slices.Clone(log.data)
	passed := map[kind]int{}
	for _, m := range recordsOf(log.data) {
		if k := m.head.kind; k > kindEmbeddings {
			passed[k]++
			b := log.data[m.off:]
			b[4] += 200 // a kind that nobody knows
			binary.LittleEndian.PutUint32(b[36:], checksum(b[:36]))
		}
	}
	if len(passed) != 4 {
		t.Fatalf("of the kinds since 1.3 there are %v", passed)
	}
	opt := testOptions(disk)
	opt.ReadOnly = true
	old := must(Open(testDir, opt))(t)
	// It can undo farther back than a program that counts negatives.
	if got := strip(dump(old)); !strings.HasSuffix(got, want[strings.Index(want, "- "):]) || got[:strings.Index(got, "- ")] != want[:strings.Index(want, "- ")] {
		t.Errorf("it sees\n%s\nwant\n%s", got, want)
	}
}

// vetoWorld is shots of some classes, negatives of others, and queries of both.
func vetoWorld(r *rand.Rand, dim, classes, shots, negatives, queries int) (all, asked []Shot) {
	const others = 4
	for _, s := range clustered(r, dim, classes+others, 2*(classes+others)*(shots+negatives+queries), 1) {
		var c int
		fmt.Sscanf(s.Class, "class %d", &c)
		switch {
		case c < classes && count(all, s.Class) < shots:
			all = append(all, s)
		case c >= classes && negatives > 0:
			negatives--
			all = append(all, Shot{Embedding: s.Embedding})
		case len(asked) < queries:
			asked = append(asked, s)
		}
	}
	return all, asked
}

func count(shots []Shot, class string) (n int) {
	for _, s := range shots {
		if s.Class == class {
			n++
		}
	}
	return n
}

// The veto by its definition, summed by itself.
func TestVetoIsTheDefinition(t *testing.T) {
	const dim = 40
	vetoes, passed := 0, 0
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 61))
		all, asked := vetoWorld(r, dim, 4, 1+int(seed%4), 1+int(seed), 80)
		for _, head := range []Head{Prototype, Ridge} {
			with := must(NewClassifier(all, Rule{Head: head}))(t)
			without := must(NewClassifier(slices.DeleteFunc(slices.Clone(all), func(s Shot) bool { return s.Class == "" }), Rule{Head: head}))(t)
			if with.Estimate() != without.Estimate() || fmt.Sprint(with.Ways()) != fmt.Sprint(without.Ways()) {
				t.Fatal("negatives change more than answers")
			}
			for n, q := range asked {
				query := q.Embedding
				views := 1 + n%2*2
				if views > 1 {
					query = Mean(make(embed.Embedding, dim), query, all[n%len(all)].Embedding)
				}
				a, ap := with.AnswerViews(nil, query, views)
				b, bp := without.AnswerViews(nil, query, views)
				if !slices.Equal(ap, bp) {
					t.Fatal("negatives change predictions")
				}
				near, neg, id := 9.0, 9.0, uint64(0)
				for i, s := range all {
					d := 1 - inner64(query, s.Embedding)/math.Sqrt(inner64(query, query)*inner64(s.Embedding, s.Embedding))
					switch {
					case s.Class == b.Nearest:
						near = min(near, d)
					case s.Class == "" && d < neg:
						neg, id = d, uint64(i+1)
					}
				}
				limit := vetoLimit(all, b.Nearest) * near
				vetoed := b.Known && neg < limit
				want := b
				if vetoed {
					vetoes++
					want.Class, want.Known = Unknown, false
					if a.Veto.Negative != id || math.Abs(a.Veto.Distance-neg) > 1e-9 || math.Abs(a.Veto.Limit-limit) > 1e-6 {
						t.Fatalf("veto %+v, want %d at %v of %v", a.Veto, id, neg, limit)
					}
					want.Veto = a.Veto
				} else if b.Known {
					passed++
				}
				if a != want {
					t.Fatalf("%+v, want %+v", a, want)
				}
			}
		}
	}
	if vetoes < 50 || passed < 50 {
		t.Errorf("%d vetoes, %d passed", vetoes, passed)
	}
}

func inner64(a, b embed.Embedding) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// Decide says of a negative what Answer says, to the bit, with and without an
// index, and allocates nothing.
func TestDecideWithNegatives(t *testing.T) {
	const dim = 64
	for _, few := range []bool{true, false} {
		r := rand.New(rand.NewPCG(71, 1))
		negatives := vetoMin + 8
		if few {
			negatives = vetoMin / 2
		}
		all, queries := vetoWorld(r, dim, 6, 6, negatives, 120)
		s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: dim}))(t)
		s.indexing = true // never by itself
		for _, shot := range all {
			if shot.Class != "" {
				must(s.Add(shot.Class, shot.Embedding, nil, "", time.Time{}))(t)
			} else {
				must(s.AddNegative(shot.Embedding, nil, "", time.Time{}, nil))(t)
			}
		}
		queries = append(queries, all[:20]...)
		for i, shot := range slices.Clone(all) { // a thing between a shot and a negative
			n := all[(i*7+3)%len(all)]
			if len(queries) == 240 || shot.Class == "" || n.Class != "" {
				continue
			}
			for share := range 4 {
				mixed := make(embed.Embedding, dim)
				for k := range mixed {
					mixed[k] = shot.Embedding[k] + float32(1+0.2*float64(share))*n.Embedding[k]
				}
				queries = append(queries, Shot{Embedding: mixed})
			}
		}
		scratch := new(MatchScratch)
		vetoes := 0
		check := func(when string) {
			t.Helper()
			for n, q := range queries {
				views, mean := 1, q.Embedding
				if n%3 == 0 {
					views, mean = 2, Mean(make(embed.Embedding, dim), mean, queries[(n+1)%len(queries)].Embedding)
				}
				want, _ := s.AnswerViews(nil, mean, views)
				if got := s.Decide(mean, views, scratch); got != want {
					t.Fatalf("%s, query %d: %+v, want %+v", when, n, got, want)
				}
				if want.Veto.Negative != 0 {
					vetoes++
					if n := testing.AllocsPerRun(2, func() { s.Decide(mean, views, scratch) }); n != 0 {
						t.Fatalf("%s: %v allocations", when, n)
					}
				}
			}
		}
		check("without an index")
		s.indexNow(t)
		for _, head := range []Head{Prototype, NearestShot, Auto} {
			if err := s.SetRule(Rule{Head: head}); err != nil {
				t.Fatal(err)
			}
			s.Settle()
			check(string(head))
		}
		if v := s.seen.Load(); v.index == nil || len(v.index.negatives.sketches) != negatives {
			t.Fatal("there is no index of the negatives")
		}
		if vetoes < 40 {
			t.Errorf("only %d vetoes", vetoes)
		}
		// A negative that comes and goes is in the index and out of it.
		q := queries[0].Embedding
		a := s.Decide(q, 1, scratch)
		e := must(s.AddNegative(q, nil, "", time.Time{}, nil))(t)
		if b := s.Decide(q, 1, scratch); a.Known && (b.Known || b.Veto.Negative != e.ID || b.Veto.Distance > 1e-9) {
			t.Errorf("the very picture is %+v, was %+v", b, a)
		}
		must(s.Undo())(t)
		if b := s.Decide(q, 1, scratch); b != a {
			t.Errorf("taken back it is %+v, was %+v", b, a)
		}
		s.Close()
	}
}

// Many negatives are worth an index, even where classes and shots are few.
func TestNegativesWantIndex(t *testing.T) {
	for _, negatives := range []int{vetoMin - 1, vetoMin} {
		s := openMem(t, newMemFS())
		var st state
		for n := range uint64(negatives + 1) {
			c := change{kind: kindNegative, shot: &entry{id: n + 1, embedding: vector(testDim, n)}}
			if n == 0 {
				c.kind, c.class = kindShot, "cup"
			}
			if err := c.shot.measure(1); err != nil {
				t.Fatal(err)
			}
			st = must(st.apply(c, true))(t)
		}
		s.seen.Load()
		s.seen.Store(newView(st, printA, testDim, Rule{}.fill(), nil))
		s.Decide(vector(testDim, 1), 1, new(MatchScratch))
		if got := s.matched.Load(); got != (negatives >= vetoMin) {
			t.Errorf("one shot and %d negatives: an index is wanted: %v", negatives, got)
		}
		s.Close()
	}
}

// What a person should know of a negative: whose shots it looks like.
func TestDenied(t *testing.T) {
	at := func(angle float64) embed.Embedding {
		return embed.Embedding{float32(math.Cos(angle)), float32(math.Sin(angle)), 0}
	}
	shots := []Shot{
		{Class: "cup", Embedding: at(0)}, {Class: "cup", Embedding: at(0.2)}, {Class: "cup", Embedding: at(0.7)},
		{Class: "key", Embedding: at(1.5)},
		{Class: "pen", Embedding: at(2.5)}, {Class: "pen", Embedding: at(2.6)},
	}
	for _, c := range []struct {
		angle float64
		want  string
	}{
		{0.7, "[picture 7, which is nothing, looks like 1 of the 3 shots of \"cup\"]"},
		{0.1, "[picture 7, which is nothing, looks like 2 of the 3 shots of \"cup\"]"}, // the third is nearer to 0.2 than to it, by less
		{0.45, "[picture 7, which is nothing, looks like 1 of the 3 shots of \"cup\"]"},
		{-0.5, "[]"},
		{1.5, "[picture 7, which is nothing, looks like 1 of the 1 shots of \"key\"]"},
		{1.9, "[]"},
		{2.55, "[picture 7, which is nothing, looks like 2 of the 2 shots of \"pen\"]"},
		{2.3, "[]"},
	} {
		all := append(slices.Clone(shots), Shot{Embedding: at(c.angle)})
		got := must(NewClassifier(all, Rule{}))(t).Advice()
		got = slices.DeleteFunc(got, func(a Advice) bool { return a.Kind != Denied })
		if fmt.Sprint(got) != c.want {
			t.Errorf("at %v: %v, want %s", c.angle, got, c.want)
		}
	}
	// In a Set it follows what is taught.
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA}))(t)
	denied := func() string {
		return fmt.Sprint(slices.DeleteFunc(s.Advice(), func(a Advice) bool { return a.Kind != Denied }))
	}
	must(s.Add("cup", at(0), nil, "", time.Time{}))(t)
	must(s.AddNegative(at(0.4), nil, "", time.Time{}, nil))(t)
	if got := denied(); got != "[]" {
		t.Errorf("a picture far from the only shot: %s", got)
	}
	must(s.Add("cup", at(1), nil, "", time.Time{}))(t)
	if got := denied(); got != "[picture 2, which is nothing, looks like 2 of the 2 shots of \"cup\"]" {
		t.Errorf("between two shots: %s", got)
	}
	must(s.Undo())(t)
	if got := denied(); got != "[]" {
		t.Errorf("taken back: %s", got)
	}
}

// The cost of a thousand negatives, none of them near.
func BenchmarkDecideWithNegatives(b *testing.B) {
	const dim = 1280
	r := rand.New(rand.NewPCG(73, 1))
	next := photographs(r, dim, 60)
	for _, negatives := range []int{0, 10, 100, 1000} {
		var st state
		var queries []embed.Embedding
		id := uint64(0)
		for n := range 4000 {
			way, e := next()
			id++
			x := &entry{id: id, embedding: e}
			if err := x.measure(dot(e, e)); err != nil {
				b.Fatal(err)
			}
			switch {
			case way < 10 && n < 600:
				st, _ = st.apply(change{kind: kindShot, class: fmt.Sprint("class ", way), shot: x}, true)
			case way < 10 && len(queries) < 64:
				queries = append(queries, e)
			case way >= 10 && len(st.negatives) < negatives:
				st, _ = st.apply(change{kind: kindNegative, shot: x}, true)
			}
		}
		v := newView(st, embed.Fingerprint{}, dim, Rule{Head: Prototype}.fill(), nil)
		if v.worthProjection() {
			v = v.indexed(projectionOf(slices.Concat(v.shots, v.negatives)))
		}
		scratch := new(MatchScratch)
		known := 0
		b.Run(fmt.Sprint(negatives), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if a := v.decide(queries[i%len(queries)], 1, scratch); a.Known {
					known++
				}
			}
			b.ReportMetric(float64(known)/float64(max(b.N, 1)), "known/op")
		})
	}
}

// vetoLimit is the share of the distance to a class's nearest shot, by its
// definition.
func vetoLimit(all []Shot, class string) float64 {
	apart := func(a, b Shot) float64 {
		return 1 - inner64(a.Embedding, b.Embedding)/math.Sqrt(inner64(a.Embedding, a.Embedding)*inner64(b.Embedding, b.Embedding))
	}
	var ratios []float64
	for i, s := range all {
		own, foreign := 9.0, 9.0
		for j, o := range all {
			switch {
			case i == j || s.Class == "" || o.Class == "":
			case s.Class == o.Class:
				own = min(own, apart(s, o))
			default:
				foreign = min(foreign, apart(s, o))
			}
		}
		if own < 9 {
			ratios = append(ratios, foreign/own)
		}
	}
	most := map[int]float64{1: 0.5, 2: 0.75}[count(all, class)]
	if most == 0 {
		most = 0.9
	}
	if len(ratios) == 0 {
		return most
	}
	slices.Sort(ratios)
	place := max(0.04*float64(len(ratios)+1)-1, 0)
	i := int(place)
	low := ratios[i]
	if i+1 < len(ratios) {
		low += (place - float64(i)) * (ratios[i+1] - low)
	}
	return min(most, max(low, 0.5))
}

// Frames of one scene do not stand for each other: what a shot is left out of is
// its whole take.
func TestVetoRatiosLeaveTakesOut(t *testing.T) {
	at := func(angle float64) embed.Embedding {
		return embed.Embedding{float32(math.Cos(angle)), float32(math.Sin(angle))}
	}
	shots := []Shot{{Class: "cup", Embedding: at(0)}, {Class: "cup", Embedding: at(0.01)}, {Class: "cup", Embedding: at(1)}, {Class: "cup", Embedding: at(1.01)}, {Class: "key", Embedding: at(-0.72)}, {Embedding: at(3)}}
	// The second frame's own is 0.99 away, the key 0.73.
	want := (1 - math.Cos(0.72)) / (1 - math.Cos(1))
	c := must(NewClassifier(shots, Rule{}))(t)
	if got := c.view.ratios; math.Abs(got[0]-want) > 1e-3 || got[1] != vetoLeast {
		t.Errorf("ratios %v, want %v and %v", got, want, vetoLeast)
	}
}
