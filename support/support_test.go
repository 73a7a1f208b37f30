package support

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

const (
	testDim = 8
	testDir = "/home/state/edge"
)

var (
	printA = embed.Fingerprint{0xaa, 1, 2, 3}
	printB = embed.Fingerprint{0xbb, 1, 2, 3}
)

// vector is an embedding that n decides, near the axis n mod dim.
func vector(dim int, n uint64) embed.Embedding {
	r := rand.New(rand.NewPCG(n, 1))
	e := make(embed.Embedding, dim)
	for i := range e {
		e[i] = float32(r.Float64() * 0.3)
	}
	e[n%uint64(dim)] = 1
	return e
}

// crop is a picture that n decides.
func crop(size int, n uint64) []byte {
	type key struct {
		size int
		n    uint64
	}
	if b, ok := crops.Load(key{size, n}); ok {
		return slices.Clone(b.([]byte))
	}
	r := rand.New(rand.NewPCG(n, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	crops.Store(key{size, n}, slices.Clone(b))
	return b
}

// crops are those made so far: to make them takes longer than all else that a
// test does with a shot.
var crops sync.Map

func testOptions(fsys FS) Options {
	return Options{Fingerprint: printA, Dim: testDim, Now: clock(), FS: fsys}
}

func openMem(t testing.TB, fsys *memFS) *Set {
	t.Helper()
	return must(Open(testDir, testOptions(fsys)))(t)
}

// thisVersion is the one that stores are written in.
var thisVersion = fmt.Sprintf("%d.%d", major, minor)

// add adds a shot that n decides; an even one has figures of quality.
func add(s *Set, class string, n uint64, size int) error {
	_, err := s.AddMeasured(class, vector(testDim, n), crop(size, n), fmt.Sprintf("picture %d", n), time.Unix(int64(n), 5), qualityOf(n))
	return err
}

func qualityOf(n uint64) *Quality {
	if n%2 != 0 {
		return nil
	}
	v := float32(n%100) / 200
	return &Quality{v, v / 2, v / 3, v / 4, 1000 * v}
}

// addNegative adds a negative that n decides, as add does a shot.
func addNegative(s *Set, n uint64, size int) error {
	_, err := s.AddNegative(vector(testDim, n), crop(size, n), fmt.Sprintf("picture %d", n), time.Unix(int64(n), 5), qualityOf(n))
	return err
}

// dump is all that a person can see of a set, history included.
func dump(s *Set) string {
	var b strings.Builder
	for _, w := range s.Ways() {
		fmt.Fprintf(&b, "%s %d %s\n", w.Class, w.Shots, w.Created.Format(time.RFC3339Nano))
		for _, e := range s.Shots(w.Class) {
			dumpShot(&b, s, e)
		}
	}
	for i, e := range s.Negatives() {
		if i == 0 {
			b.WriteString("negatives\n")
		}
		dumpShot(&b, s, e)
	}
	for i := range s.past {
		c := s.past[i].public()
		fmt.Fprintf(&b, "- %s %s %d %s %s %d\n", c.Kind, c.Time.Format(time.RFC3339Nano), c.Shot, c.Class, c.Into, c.Shots)
	}
	fmt.Fprintf(&b, "next %d, rule %+v\n", s.nextID, s.Rule())
	return b.String()
}

func dumpShot(b *strings.Builder, s *Set, e Shot) {
	c, err := s.Crop(e.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		c = []byte(err.Error())
	}
	fmt.Fprintf(b, "  %d %s %s %s %s %v %d %x", e.ID, e.Class, e.Time.Format(time.RFC3339Nano), e.Source, e.Fingerprint.Short(), e.Embedding, len(c), crc32.ChecksumIEEE(c))
	if e.Quality != nil {
		fmt.Fprintf(b, " %+v", *e.Quality)
	}
	b.WriteByte('\n')
}

func classes(s *Set) (names []string) {
	for _, w := range s.Ways() {
		names = append(names, fmt.Sprintf("%s:%d", w.Class, w.Shots))
	}
	return names
}

func wantClasses(t *testing.T, s *Set, want ...string) {
	t.Helper()
	if got := classes(s); !slices.Equal(got, want) {
		t.Fatalf("classes are %q, want %q", got, want)
	}
}

func wantError(t *testing.T, err error, is error, text ...string) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Fatalf("error is %v, want %v", err, is)
	}
	for _, s := range text {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}
