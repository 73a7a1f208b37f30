package support

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestRuleIsKept(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	if got := s.Rule(); got != (Rule{FalseReject: DefaultFalseReject, Head: Auto}) {
		t.Errorf("a new store has the rule %+v", got)
	}
	if err := add(s, "cup", 1, 10); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.SetRule(Rule{FalseReject: 2}), ErrRule)
	want := Rule{FalseAccept: 0.02, Head: Ridge}
	if err := s.SetRule(want); err != nil {
		t.Fatal(err)
	}
	ops := disk.ops
	if err := s.SetRule(want); err != nil || disk.ops != ops {
		t.Errorf("the same rule again: %v, %d operations", err, disk.ops-ops)
	}
	// Undo takes the shot back, not the rule.
	if c := must(s.Undo())(t); c.Kind != Added || s.Rule() != want {
		t.Errorf("undo took %v back and left %+v", c, s.Rule())
	}
	s.change.Lock()
	err := s.compact()
	s.change.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	opt := testOptions(disk)
	opt.ReadOnly = true
	ro := must(Open(testDir, opt))(t)
	if got := ro.Rule(); got != want {
		t.Errorf("after a restart the rule is %+v, want %+v", got, want)
	}
	wantError(t, ro.SetRule(Rule{}), ErrReadOnly)
}

// A store of the first version is read and written on as it is, and becomes one
// of this version with its first rule, which that one would have lost.
func TestRuleInAnOldStore(t *testing.T) {
	disk := newMemFS()
	openMem(t, disk).Close()
	node := disk.names[testDir+"/"+fileName]
	h := encodeHeader(0)
	copy(h, node.data[:headerSize])
	h[14] = 0
	sum := checksum(h[:60])
	h[60], h[61], h[62], h[63] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	copy(node.data, h)
	s := openMem(t, disk)
	if err := add(s, "cup", 1, 10); err != nil {
		t.Fatal(err)
	}
	if v := s.Info().Version; v != "1.0" {
		t.Fatalf("the version is %s after a shot", v)
	}
	if err := s.SetRule(Rule{Head: LDA}); err != nil {
		t.Fatal(err)
	}
	want := dump(s)
	if v := s.Info().Version; v != thisVersion {
		t.Fatalf("the version is %s after a rule", v)
	}
	s.Close()
	if s = openMem(t, disk); dump(s) != want || s.Info().Version != thisVersion {
		t.Errorf("after a restart it is %s and holds\n%s\nwant\n%s", s.Info().Version, dump(s), want)
	}
}

// A Set answers as a Classifier of its shots does, at once and after a restart,
// whatever changes led to them.
func TestSetIsAClassifier(t *testing.T) {
	const dim = 64
	disk := newMemFS()
	opt := Options{FS: disk, Fingerprint: printA, Dim: dim}
	s := must(Open(testDir, opt))(t)
	r := rand.New(rand.NewPCG(11, 11))
	pool := clustered(r, dim, 5, 200, 2)
	for i, shot := range pool {
		if _, err := s.Add(shot.Class, shot.Embedding, nil, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		if i%7 == 3 {
			if err := s.Remove(uint64(r.IntN(i) + 1)); err != nil && i < 20 {
				t.Fatal(err)
			}
		}
		if i%11 == 5 {
			must(s.Undo())(t)
		}
	}
	if err := s.Rename("class 2", "two"); err != nil {
		t.Fatal(err)
	}
	for _, shot := range clustered(r, dim, 5, 12, 2) {
		must(s.AddNegative(plus(shot.Embedding, pool[0].Embedding), nil, "", time.Time{}, nil))(t)
	}
	vetoes := 0
	check := func(when string, s *Set) {
		t.Helper()
		for _, rule := range []Rule{{}, {Head: Ridge}, {Head: LDA, FalseReject: 0.2}, {Head: NearestShot}, {FalseAccept: 0.1}} {
			if s.ReadOnly() && rule != s.rule {
				continue
			}
			if err := s.SetRule(rule); err != nil && !s.ReadOnly() {
				t.Fatal(err)
			}
			s.Settle()
			all := append(s.Shots(""), s.Negatives()...)
			c := must(NewClassifier(all, rule))(t)
			if s.Estimate() != c.Estimate() {
				t.Errorf("%s, %+v: estimate %+v, want %+v", when, rule, s.Estimate(), c.Estimate())
			}
			queries := clustered(r, dim, 5, 10, 2)
			for _, n := range s.Negatives() {
				queries = append(queries, Shot{Embedding: plus(n.Embedding, all[0].Embedding)})
			}
			for _, q := range queries {
				got, gp := s.Answer(nil, q.Embedding)
				want, wp := c.Answer(nil, q.Embedding)
				if n := want.Veto.Negative; n != 0 {
					vetoes++
					want.Veto.Negative = all[n-1].ID
				}
				if got != want {
					t.Errorf("%s, %+v: %+v, want %+v", when, rule, got, want)
				}
				if !slices.EqualFunc(gp, wp, func(a, b Prediction) bool {
					return a.Class == b.Class && a.Distance == b.Distance && a.Known == b.Known && math.Abs(a.Score-b.Score) < sameScore
				}) {
					t.Errorf("%s, %+v: %+v, want %+v", when, rule, gp, wp)
				}
			}
		}
	}
	check("taught", s)
	if vetoes == 0 {
		t.Error("no negative objects to anything")
	}
	s.Close()
	s = must(Open(testDir, opt))(t)
	check("opened again", s)
	s.Close()
	opt.ReadOnly = true
	check("read-only", must(Open(testDir, opt))(t))
}

// What takes long to learn does not keep Open or a shot waiting, and what was
// taught meanwhile counts as well.
func TestLearnsInTheBackground(t *testing.T) {
	const dim, n = 256, 300 // n²·dim is beyond learnAtOnce
	disk := newMemFS()
	opt := Options{FS: disk, Fingerprint: printA, Dim: dim}
	s := must(Open(testDir, opt))(t)
	if err := s.SetRule(Rule{Head: Ridge}); err != nil {
		t.Fatal(err)
	}
	pool := clustered(rand.New(rand.NewPCG(12, 12)), dim, 6, n+5, 2)
	for _, shot := range pool[:n] {
		if _, err := s.Add(shot.Class, shot.Embedding, nil, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = must(Open(testDir, opt))(t)
	if a, _ := s.Answer(nil, pool[0].Embedding); a.Nearest == "" || a.Head != Prototype || a.Basis != ByLeaveOneOut {
		t.Errorf("right after Open the answer is %+v", a)
	}
	for _, shot := range pool[n:] {
		if _, err := s.Add(shot.Class, shot.Embedding, nil, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Settle()
	if got := s.Estimate(); got.Shots != n+5 {
		t.Errorf("settled on %+v", got)
	}
	if a, _ := s.Answer(nil, pool[0].Embedding); a.Head != Ridge || a.Basis != ByLeaveOneOut {
		t.Errorf("settled, the answer is %+v", a)
	}
	s.Close()

	// One that is closed before is left alone.
	s = must(Open(testDir, opt))(t)
	s.Close()
	s.Settle()
	if a, _ := s.Answer(nil, pool[0].Embedding); a.Nearest == "" {
		t.Errorf("closed, the answer is %+v", a)
	}
}

// More shots than the learner takes are answered by prototypes, and fewer again
// by what the rule says.
func TestTooManyToLearn(t *testing.T) {
	const dim = 2
	s := must(Open(testDir, Options{FS: newMemFS(), Fingerprint: printA, Dim: dim}))(t)
	s.most = 20
	r := rand.New(rand.NewPCG(13, 13))
	for i := range s.most + 1 {
		shot := clustered(r, dim, 1, 1, 0.1)[0]
		if _, err := s.Add(fmt.Sprint("class ", i%3), shot.Embedding, nil, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	s.Settle()
	if a, _ := s.Answer(nil, vector(dim, 1)); a.Head != Prototype || s.Estimate().Shots != 0 {
		t.Errorf("too many: %+v, %+v", a, s.Estimate())
	}
	if err := s.Remove(1); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	if s.Estimate().Shots != s.most {
		t.Errorf("one less: %+v", s.Estimate())
	}
}
