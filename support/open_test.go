package support

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// BenchmarkOpen1000 opens a store of 1,000 shots of 1,280 numbers, with crops
// of 20 kB, in 50 classes, and asks a first question, which prototypes answer.
// open-ms is Open alone.
func BenchmarkOpen1000(b *testing.B) {
	dir := b.TempDir()
	large(b, nil, dir, 50, 20, 1280, 20000).Close()
	q := vector(1280, 3)
	var opened time.Duration
	for b.Loop() {
		start := time.Now()
		s := must(Open(dir, Options{Fingerprint: printA}))(b)
		opened += time.Since(start)
		s.Answer(nil, q)
		b.StopTimer()
		s.Close()
		s.Settle()
		runtime.GC()
		b.StartTimer()
	}
	b.ReportMetric(float64(opened.Microseconds())/1000/float64(b.N), "open-ms")
}

// Whoever asks right after Open, by whatever method, waits for the first view
// and gets what somebody who came later gets.
func TestAskedAtOnce(t *testing.T) {
	disk := newMemFS()
	s := large(t, disk, testDir, 7, 3, testDim, 10)
	q := vector(testDim, 3)
	want, _ := s.Answer(nil, q)
	s.Close()
	opt := Options{FS: disk, Fingerprint: printA, Dim: testDim}
	for name, ask := range map[string]func(s *Set){
		"answer":   func(s *Set) {},
		"length":   func(s *Set) { wantInts(t, s.Len(), 21) },
		"ways":     func(s *Set) { wantInts(t, len(s.Ways()), 7) },
		"estimate": func(s *Set) { wantInts(t, s.Estimate().Shots, 21) },
		"close":    func(s *Set) { s.Close() },
		"change": func(s *Set) {
			if _, err := s.Add("other", vector(testDim, 99), nil, "", time.Time{}); err != nil {
				t.Fatal(err)
			}
			must(s.Undo())(t)
		},
	} {
		s := must(Open(testDir, opt))(t)
		ask(s)
		if got, _ := s.Answer(nil, q); got != want {
			t.Errorf("%s first: the answer is %+v, want %+v", name, got, want)
		}
		s.Close()
	}
}

func wantInts(t *testing.T, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// Of several embeddings that cannot be the first is named, though they are
// looked at on all cores.
func TestFirstBadEmbedding(t *testing.T) {
	const n, dim = 120, 1280 // several batches
	file := encodeHeader(1)
	at := make([]int64, n)
	for i := range n {
		e := &entry{id: uint64(i + 1), at: clock()(), embedding: vector(dim, uint64(i))}
		if i == 40 || i == 70 || i == 119 {
			clear(e.embedding)
		}
		at[i] = nextPage(int64(len(file)))
		file = append(file, make([]byte, at[i]-int64(len(file)))...)
		file = appendShot(file, kindShot, 1, uint64(i+1), "a", e, nil, 0)
	}
	_, err := Open(testDir, Options{FS: diskWith(file)})
	wantError(t, err, ErrCorrupt, "shot 41", fmt.Sprintf("offset %d:", at[40]))
}
