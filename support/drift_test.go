package support

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

// Long runs in which nothing changes: false alarms are as rare as promised. The
// scores come from a skewed distribution that the test is not told.
func TestDriftFalseAlarms(t *testing.T) {
	const scenes = 400_000
	r := rand.New(rand.NewPCG(1, 1))
	alarms := 0
	b := new(bets)
	b.begin(1)
	for range scenes {
		x := r.Float64()
		if b.observe(x * x) {
			alarms++
			b.begin(1)
		}
	}
	// What is promised is less than 400; there are 24. None at all would not be
	// a test of it.
	if alarms < 5 || alarms > 50 {
		t.Errorf("%d false alarms in %d scenes, about 24 are usual", alarms, scenes)
	}
}

// watcher feeds a Drift with scenes: a direction away from what was enrolled
// and a share of the threshold.
type watcher struct {
	d   *Drift
	r   *rand.Rand
	now time.Time
	gap time.Duration // between scenes
	n   int
}

const driftDim = 64

func newWatcher(seed uint64, shots int) *watcher {
	w := &watcher{r: rand.New(rand.NewPCG(seed, 9)), now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), gap: time.Minute}
	e := Enrolled{Mean: make(embed.Embedding, driftDim)}
	e.Mean[0] = 3
	for range shots {
		e.Scores = append(e.Scores, w.share(0))
	}
	w.d = NewDrift(e)
	return w
}

func (w *watcher) share(more float64) float64 { return min(max(0.5+0.15*w.r.NormFloat64()+more, 0), 1) }

// scene is one that is about away from what was enrolled.
func (w *watcher) scene(away, share float64, known bool) (Alarm, bool) {
	w.n++
	w.now = w.now.Add(w.gap)
	e := make(embed.Embedding, driftDim)
	c := 1 - min(max(away+0.05*w.r.NormFloat64(), 0), 1)
	e[0], e[1+w.n%(driftDim-1)] = float32(c), float32(math.Sqrt(1-c*c))
	a := Answer{Known: known, Distance: 0.3 * share, Threshold: 0.3}
	return w.d.Observe(e, a, w.now)
}

func TestDriftAlarms(t *testing.T) {
	for _, c := range []struct {
		name  string
		shots int
		away  float64 // from what was enrolled, 0.5 before
		more  float64 // of the threshold
		known bool
		kind  DriftKind
		most  int // scenes until the alarm
	}{
		{"nothing", 25, 0.5, 0, true, "", 200},
		{"nothing, and no shots to compare with", 0, 0.5, 0, true, "", 200},
		{"known things are farther", 25, 0.5, 0.25, true, DriftKnown, 40},
		{"farther, without shots", 0, 0.5, 0.25, true, DriftKnown, 40},
		{"all is dark", 25, 0.8, 0, false, DriftScene, 15},
	} {
		w := newWatcher(1, c.shots)
		for range 150 {
			if a, ok := w.scene(0.5, w.share(0), true); ok {
				t.Fatalf("%s: an alarm before anything happened: %+v", c.name, a)
			}
		}
		var got Alarm
		n := 0
		for ; n < c.most && got.Kind == ""; n++ {
			got, _ = w.scene(c.away, w.share(c.more), c.known)
		}
		if got.Kind != c.kind {
			t.Errorf("%s: %+v after %d scenes, want %q", c.name, got, n, c.kind)
		}
		if c.kind == DriftKnown && (got.Usual > 0.6 || got.Usual < 0.4 || got.Scenes < 150) || c.kind == DriftScene && (got.Usual > 0.55 || got.Score < 0.7) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// What the shots say counts from the first scene.
func TestDriftAgainstTheShots(t *testing.T) {
	w := newWatcher(2, 50)
	n := 0
	for ; n < 60; n++ {
		if a, ok := w.scene(0.5, w.share(0.3), true); ok {
			if a.Kind != DriftKnown {
				t.Errorf("%+v", a)
			}
			break
		}
	}
	if n == 60 {
		t.Error("things were never as near as the shots and nobody was told")
	}
}

// After an alarm the new state is the usual one; a further change is told, but
// not within the hour, and what is taught begins everything anew.
func TestDriftRearms(t *testing.T) {
	w := newWatcher(3, 25)
	until := func(away float64, most int) (scenes int) {
		for n := range most {
			if _, ok := w.scene(away, w.share(0), false); ok {
				return n + 1
			}
		}
		return 0
	}
	if n := until(0.4, 100); n != 0 {
		t.Fatalf("an alarm of nothing, after %d scenes", n)
	}
	if n := until(0.6, 40); n == 0 {
		t.Fatal("no alarm")
	}
	if n := until(0.6, 100); n != 0 {
		t.Errorf("the same again after %d scenes", n)
	}
	if n := until(0.8, 40); n == 0 {
		t.Error("no alarm of a second change, an hour later")
	}
	// Within the hour a third change is passed over, and becomes what is usual.
	w.gap = 10 * time.Second
	if n := until(0.8, 100); n != 0 {
		t.Errorf("the same again after %d scenes", n)
	}
	if n := until(0.99, 60); n != 0 {
		t.Errorf("two alarms within the hour, after %d scenes", n)
	}
	w.gap = time.Hour
	if n := until(0.99, 60); n != 0 {
		t.Errorf("an hour later, an alarm of what was passed over, after %d scenes", n)
	}
	w.d.Enrol(w.d.enrolled)
	if n := until(0.5, 100); n != 0 {
		t.Errorf("after teaching, an alarm of nothing after %d scenes", n)
	}
}

// One scene is one number, however long it is looked at.
func TestDriftCountsScenes(t *testing.T) {
	w := newWatcher(4, 25)
	for range 100 {
		w.scene(0.5, w.share(0), true)
	}
	e := make(embed.Embedding, driftDim)
	e[5] = 1
	before := w.d.all.seen
	for range 10_000 {
		w.now = w.now.Add(time.Minute)
		if a, ok := w.d.Observe(e, Answer{Known: true, Distance: 0.3, Threshold: 0.3}, w.now); ok {
			t.Fatalf("a thing that lies there gives an alarm: %+v", a)
		}
	}
	if n := w.d.all.seen - before; n != 1 {
		t.Errorf("it counts %d times", n)
	}
	// And one that becomes another picture bit by bit counts for each.
	for i := range 90 {
		a := float64(i) * math.Pi / 180
		e[5], e[6] = float32(math.Cos(a)), float32(math.Sin(a))
		w.d.Observe(e, Answer{}, w.now)
	}
	if n := w.d.all.seen - before; n < 3 || n > 5 {
		t.Errorf("turned by a right angle it counts %d times", n)
	}
	for _, bad := range []embed.Embedding{nil, {1}, make(embed.Embedding, driftDim)} {
		if _, ok := w.d.Observe(bad, Answer{}, w.now); ok {
			t.Error("an alarm of nothing")
		}
	}
	if a := testing.AllocsPerRun(100, func() { w.d.Observe(e, Answer{Known: true, Threshold: 1}, w.now) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func TestEnrolled(t *testing.T) {
	s := openMem(t, newMemFS())
	if e := s.Enrolled(); len(e.Mean) != 0 || len(e.Scores) != 0 {
		t.Errorf("of nothing: %+v", e)
	}
	for n := range uint64(12) {
		if err := add(s, string(rune('a'+n%2)), n%2+testDim*n, 10); err != nil {
			t.Fatal(err)
		}
	}
	e := s.Enrolled()
	if len(e.Mean) != testDim || e.Mean[0] < 0.5 || e.Mean[1] < 0.5 || len(e.Scores) < 3 || len(e.Scores) > 12 {
		t.Errorf("%+v", e)
	}
	for _, x := range e.Scores {
		if !(x > 0 && x <= 1) {
			t.Errorf("a score of %v", x)
		}
	}
}
