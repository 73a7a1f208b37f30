package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

const dim = 24

// pictures are n of each of some classes, around directions of their own. The
// direction is decided by the name, so that another call gives more of the same.
func pictures(seed uint64, first, classes, n int, spread float64) (out []Picture) {
	r := rand.New(rand.NewPCG(seed, 1))
	for c := first; c < first+classes; c++ {
		centre := rand.New(rand.NewPCG(uint64(c), 2))
		mean := make([]float64, dim)
		for i := range mean {
			mean[i] = 1 + centre.NormFloat64()
		}
		for range n {
			e := make(embed.Embedding, dim)
			for i := range e {
				e[i] = float32(mean[i] + spread*r.NormFloat64())
			}
			out = append(out, Picture{fmt.Sprintf("class %02d", c), e})
		}
	}
	return out
}

func embeddings(ps []Picture) (out []embed.Embedding) {
	for _, p := range ps {
		out = append(out, p.Embedding)
	}
	return out
}

func pool(t *testing.T, shots, queries []Picture, far []embed.Embedding) *Pool {
	t.Helper()
	p, err := NewPool(shots, queries, far)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, p *Pool, o Options) []Result {
	t.Helper()
	rs, err := Run(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestRun(t *testing.T) {
	p := pool(t, pictures(1, 0, 8, 20, 0.8), nil, embeddings(pictures(2, 50, 6, 10, 0.8)))
	total := 0
	o := Options{Way: 4, Shot: 5, Query: 10, Episodes: 60, Seed: 3, Rules: []support.Rule{{Head: support.Prototype}, {}, {FalseReject: 0.3}}, Progress: func(done, of int) {
		if total++; done != total || of != 60 {
			t.Errorf("%d of %d are done, want %d of 60", done, of, total)
		}
	}}
	rs := run(t, p, o)
	if total != 60 || len(rs) != 3 {
		t.Fatalf("%d steps, %d results", total, len(rs))
	}
	for i, r := range rs {
		if r.Accuracy.Mean < 0.8 || r.AUROC.Mean < 0.8 || r.FarAUROC.Mean < 0.8 || !(r.Accuracy.CI95 > 0 && r.Accuracy.CI95 < 0.05) {
			t.Errorf("rule %d: %+v", i, r)
		}
		n := 0
		for _, k := range r.Heads {
			n += k
		}
		if n != 60 || i == 0 && r.Heads[support.Prototype] != 60 {
			t.Errorf("rule %d: heads %v", i, r.Heads)
		}
		if math.Abs(r.Gain.Mean-(r.Accuracy.Mean-rs[0].Accuracy.Mean)) > 1e-12 {
			t.Errorf("rule %d: gain %v of %v", i, r.Gain, r.Accuracy)
		}
		if r.Right.Mean > r.Accuracy.Mean || r.Right.Mean < r.Accuracy.Mean-r.FalseReject.Mean-1e-12 {
			t.Errorf("rule %d: %v known and right of %v, %v rejected", i, r.Right, r.Accuracy, r.FalseReject)
		}
	}
	if rs[2].FalseReject.Mean < rs[1].FalseReject.Mean+0.1 || rs[2].FalseAccept.Mean > rs[1].FalseAccept.Mean {
		t.Errorf("more rejects asked: %v, %v; less: %v, %v", rs[2].FalseReject, rs[2].FalseAccept, rs[1].FalseReject, rs[1].FalseAccept)
	}
	// Paired: the interval of a difference on equal episodes is narrow.
	if rs[0].Gain != (Mean{}) || rs[1].Gain.CI95 > rs[1].Accuracy.CI95 {
		t.Errorf("gains %v, %v", rs[0].Gain, rs[1].Gain)
	}
	// The seed decides, and nothing else.
	o.Progress = nil
	if again := run(t, p, o); !reflect.DeepEqual(again, rs) {
		t.Errorf("again: %+v, want %+v", again, rs)
	}
	o.Seed++
	if other := run(t, p, o); reflect.DeepEqual(other[0].Accuracy, rs[0].Accuracy) {
		t.Error("another seed gives the same episodes")
	}
}

// Scores change what is known and not what it is named, and are compared on the
// same episodes.
func TestScores(t *testing.T) {
	p := pool(t, pictures(1, 0, 8, 20, 0.8), nil, nil)
	o := Options{Way: 4, Shot: 5, Query: 10, Episodes: 40, Rules: []support.Rule{{}, {Head: support.Prototype}}, Scores: []support.Score{support.Cosine, support.Within}}
	rs := run(t, p, o)
	if len(rs) != 4 {
		t.Fatalf("%d results", len(rs))
	}
	for i, r := range rs {
		if r.Rule != o.Rules[i/2] || r.Score != o.Scores[i%2] || math.Abs(r.AUROCGain.Mean-(r.AUROC.Mean-rs[0].AUROC.Mean)) > 1e-12 {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if rs[0].Accuracy != rs[1].Accuracy || rs[2].Accuracy != rs[3].Accuracy || rs[0].AUROC == rs[1].AUROC || rs[0].AUROCGain != (Mean{}) {
		t.Errorf("%+v", rs)
	}
	o.Scores = nil
	if device := run(t, p, o); device[0].Score != support.Within || device[0].AUROC != rs[1].AUROC {
		t.Errorf("the device's: %+v, want %+v", device[0], rs[1])
	}
	o.Scores = []support.Score{"best"}
	if _, err := Run(context.Background(), p, o); !errors.Is(err, support.ErrRule) {
		t.Errorf("no such score: %v", err)
	}
}

// What an episode shows is never what it taught, and of the right classes.
func TestDraw(t *testing.T) {
	all := pictures(1, 0, 6, 8, 1)
	class := map[*float32]string{}
	for _, p := range all {
		class[&p.Embedding[0]] = p.Class
	}
	p := pool(t, all, nil, nil)
	o := Options{Way: 3, Shot: 3, Query: 4, Views: 1}
	for n := range uint64(200) {
		e := p.draw(rand.New(rand.NewPCG(1, n)), []int{0, 1, 2, 3, 4, 5}, 3, &o)
		taught, count := map[*float32]bool{}, map[string]int{}
		for _, s := range e.shots {
			taught[&s.Embedding[0]] = true
			count[s.Class]++
			if class[&s.Embedding[0]] != s.Class {
				t.Fatal("a shot of another class")
			}
		}
		if len(taught) != 9 || len(count) != 3 || len(e.known) != 12 || len(e.near) != 12 || len(e.far) != 0 {
			t.Fatalf("%d shots of %v, %d known, %d near, %d far", len(taught), count, len(e.known), len(e.near), len(e.far))
		}
		seen := map[*float32]bool{}
		for _, q := range e.known {
			k := &q.mean[0]
			if taught[k] || seen[k] || class[k] != q.class || count[q.class] != 3 {
				t.Fatal("a known picture that was taught, is there twice or is of another class")
			}
			seen[k] = true
		}
		for _, q := range e.near {
			if count[class[&q.mean[0]]] != 0 {
				t.Fatal("an unknown picture of a class that was taught")
			}
		}
	}
}

func TestApart(t *testing.T) {
	shots, queries := pictures(1, 0, 5, 3, 0.3), pictures(2, 1, 6, 4, 0.3)
	p := pool(t, shots, queries, nil)
	usable, short := p.Usable(3)
	if !slices.Equal(usable, []string{"class 01", "class 02", "class 03", "class 04"}) || !slices.Equal(short, []string{"class 00", "class 05", "class 06"}) {
		t.Errorf("usable %q, short %q", usable, short)
	}
	r := run(t, p, Options{Shot: 3, Query: 9, Episodes: 4})[0]
	if r.Accuracy.Mean < 0.95 || !r.AUROC.Defined() || r.FarAUROC.Defined() {
		t.Errorf("%+v", r)
	}
}

// The mean of several views is nearer to what the class is.
func TestViews(t *testing.T) {
	p := pool(t, pictures(1, 0, 8, 30, 1.2), nil, nil)
	o := Options{Way: 5, Shot: 5, Query: 10, Episodes: 80, Seed: 1}
	one := run(t, p, o)[0]
	o.Views = 5
	five := run(t, p, o)[0]
	if five.Accuracy.Mean < one.Accuracy.Mean+0.05 || five.AUROC.Mean < one.AUROC.Mean+0.05 {
		t.Errorf("five views: %v and %v, one: %v and %v", five.Accuracy, five.AUROC, one.Accuracy, one.AUROC)
	}
	// The threshold goes with them: as many known ones are rejected, and far
	// fewer unknown ones accepted.
	for _, r := range []Result{one, five} {
		if r.FalseReject.Mean < 0.02 || r.FalseReject.Mean > 0.12 {
			t.Errorf("rejected %v, asked 0.05: 0.06 and 0.10 here, where the shots differ in 20 of 24 directions", r.FalseReject)
		}
	}
	if five.FalseAccept.Mean > one.FalseAccept.Mean/3 {
		t.Errorf("five views: %v accepted, one: %v", five.FalseAccept, one.FalseAccept)
	}
}

func TestRunRefuses(t *testing.T) {
	two := pictures(1, 0, 2, 3, 1)
	for name, c := range map[string]struct {
		pictures []Picture
		o        Options
		is       error
	}{
		"one class":        {pictures(1, 0, 1, 9, 1), Options{Shot: 1, Query: 1, Episodes: 1}, ErrPool},
		"one picture each": {pictures(1, 0, 4, 1, 1), Options{Shot: 1, Query: 1, Episodes: 1}, ErrPool},
		"too many ways":    {two, Options{Way: 3, Shot: 1, Query: 1, Episodes: 1}, ErrPool},
		"too many shots":   {two, Options{Way: 2, Shot: 3, Query: 1, Episodes: 1}, ErrPool},
		"no shot":          {two, Options{Way: 2, Query: 1, Episodes: 1}, ErrPool},
		"no query":         {two, Options{Way: 2, Shot: 1, Episodes: 1}, ErrPool},
		"no episode":       {two, Options{Way: 2, Shot: 1, Query: 1}, ErrPool},
		"bad rule":         {two, Options{Way: 2, Shot: 1, Query: 1, Episodes: 1, Rules: []support.Rule{{FalseReject: 7}}}, support.ErrRule},
	} {
		if _, err := Run(context.Background(), pool(t, c.pictures, nil, nil), c.o); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewPool(nil, nil, nil); !errors.Is(err, ErrPool) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := NewPool(two, nil, []embed.Embedding{{1, 2}}); !errors.Is(err, ErrPool) {
		t.Errorf("another length: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, pool(t, two, nil, nil), Options{Way: 2, Shot: 1, Query: 1, Episodes: 9}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestStatistics(t *testing.T) {
	if got := auroc([]float64{3, 1, 2}, []float64{2, 4}); got != (1.5/3+1)/2 {
		t.Errorf("AUROC %v", got)
	}
	known := make([]float64, 20)
	for i := range known {
		known[19-i] = float64(i + 1)
	}
	// 19 of 20 are up to 19.
	if got := fpr95(known, []float64{18.5, 19, 19.5, 30}); got != 0.5 {
		t.Errorf("fpr95 %v", got)
	}
	if m := mean([]float64{1, math.NaN(), 3}); m.Mean != 2 || math.Abs(m.CI95-1.96) > 1e-12 {
		t.Errorf("mean %v", m)
	}
	if m := mean([]float64{1}); m.Mean != 1 || !math.IsNaN(m.CI95) {
		t.Errorf("mean of one %v", m)
	}
	if m := mean(nil); m.Defined() || !math.IsNaN(auroc(nil, known)) || !math.IsNaN(fpr95(known, nil)) {
		t.Errorf("of nothing: %v", m)
	}
	if b, err := json.Marshal([]Number{0.5, Number(math.NaN())}); err != nil || string(b) != "[0.5,null]" {
		t.Errorf("%s, %v", b, err)
	}
}
