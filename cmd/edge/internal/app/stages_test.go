package app

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestBucketsHoldTheirMiddle(t *testing.T) {
	last := -1
	for d := time.Duration(0); d < 10*time.Minute; d += 1 + d/50 {
		b := bucket(d)
		if b < last || b > last+1 && d > 16 {
			t.Fatalf("%v is in bucket %d, after bucket %d", d, b, last)
		}
		last = b
		if m := middle(b); math.Abs(float64(m-d)) > 0.0625*float64(d) {
			t.Errorf("%v is taken for %v", d, m)
		}
		if bucket(middle(b)) != b {
			t.Errorf("the middle of bucket %d, %v, is in bucket %d", b, middle(b), bucket(middle(b)))
		}
	}
	for _, d := range []time.Duration{-time.Second, math.MinInt64, math.MaxInt64} {
		if b := bucket(d); b < 0 || b > lastBucket {
			t.Errorf("%v is in bucket %d", d, b)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var s Stages
	if got := s.Timing(Network); got != (Timing{}) {
		t.Errorf("nothing timed: %+v", got)
	}
	for i := range 100 {
		s.Add(Network, time.Duration(i+1)*time.Millisecond)
	}
	got := s.Timing(Network)
	near := func(got, want time.Duration) bool {
		return math.Abs(float64(got-want)) <= 0.0625*float64(want)
	}
	if got.Count != 100 || !near(got.P50, 50*time.Millisecond) || !near(got.P99, 99*time.Millisecond) {
		t.Errorf("1 to 100 ms: %+v", got)
	}
	if s.Timing(Match).Count != 0 {
		t.Error("one stage's times are in another's")
	}
}

func TestStagesHaveNames(t *testing.T) {
	var names []string
	for s := range stages {
		names = append(names, s.String())
	}
	if want := []string{"capture", "preprocess", "network", "match"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rate
		ticks := func(n int, every time.Duration) {
			for range n {
				r.tick(time.Now())
				<-time.After(every)
			}
		}
		ticks(1, 100*time.Millisecond)
		if got := r.perSecond(); got != 0 {
			t.Errorf("after one frame: %v a second, want nothing yet", got)
		}
		ticks(1, 100*time.Millisecond)
		if got := r.perSecond(); math.Abs(got-10) > 1e-9 {
			t.Errorf("10 a second: %v", got)
		}
		ticks(400, 25*time.Millisecond)
		if got := r.perSecond(); math.Abs(got-40) > 0.1 {
			t.Errorf("40 a second for 10 s: %v", got)
		}
		<-time.After(75 * time.Millisecond)
		ticks(1, 0)
		if got := r.perSecond(); got < 28 || got > 34 {
			t.Errorf("after one frame that took 100 ms: %v, want a second's memory", got)
		}
		<-time.After(10 * time.Second)
		ticks(1, 0)
		if got := r.perSecond(); got > 0.2 {
			t.Errorf("after a pause of 10 s: %v", got)
		}
	})
}

func TestSmooth(t *testing.T) {
	for _, c := range []struct {
		need          int
		answers, want string // a letter a frame; the label after each
	}{
		{1, "abab", "abab"},
		{2, "aabab", ".aaaa"},
		{2, "aabbaa", ".aabba"},
		{3, "aaabbabbb", "..aaaaaab"},
	} {
		s := smooth{need: c.need}
		var got []byte
		label := byte('.')
		for _, a := range c.answers {
			if s.push(string(a)) {
				label = s.label[0]
			}
			got = append(got, label)
		}
		if want := c.want; string(got) != want {
			t.Errorf("%s with %d: %s, want %s", c.answers, c.need, got, want)
		}
	}
}
