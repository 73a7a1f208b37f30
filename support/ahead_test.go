package support

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// deceiving is a file long enough to be read in stretches, with pictures that
// hold records of this very file: pages that look like the ones asked for.
func deceiving(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	file := encodeHeader(1)
	page := func() int { return len(file) - len(file)%pageSize }
	for seq := uint64(1); len(file) < 5*stretchBytes; seq++ {
		file = append(file, make([]byte, int(nextPage(int64(len(file))))-len(file))...)
		if seq%7 == 0 {
			file = appendChange(file, kindRename, 1, seq, change{at: clock()(), class: "a", into: fmt.Sprint("b ", seq)})
			continue
		}
		e := &entry{id: seq, at: clock()(), source: fmt.Sprint("camera ", seq/3%2), embedding: vector(20, seq)}
		class := fmt.Sprint("class ", r.IntN(5))
		begin := e.floatsAt(class) + 4*int64(len(e.embedding)) // of the picture, in the record
		picture := make([]byte, r.IntN(60)*pageSize+1)
		for at := int(nextPage(begin) - begin); at < len(picture) && page() > 0; at += pageSize * (1 + r.IntN(3)) {
			copy(picture[at:], file[r.IntN(page()/pageSize)*pageSize:][:pageSize])
		}
		file = appendShot(file, kindShot, 1, seq, class, e, picture, checksum(picture))
	}
	return file
}

// Whatever the file and its damage, to read ahead on four cores finds what one
// finds, and says the same about it.
func TestReadAhead(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r := rand.New(rand.NewPCG(60, 1))
	whole := deceiving(t, r)
	records := func(file []byte, cores int) (found []string, took int) {
		runtime.GOMAXPROCS(cores)
		f := &memFile{fs: newMemFS(), node: &inode{data: file}}
		s, err := scan(f, "shots.log", int64(len(file)), 1, func(off int64, c content) error {
			if c.shot == nil {
				found = append(found, fmt.Sprint(off, c.head, c.meta, c.err))
				return nil
			}
			if c.meta == nil {
				took++
			}
			found = append(found, fmt.Sprint(off, c.head, c.class, c.shot.id, c.shot.source, c.shot.embedding, c.shot.inv, c.err))
			return nil
		})
		return append(found, fmt.Sprint(s, err)), took
	}
	for round := range 12 {
		bad := slices.Clone(whole)
		for range round / 2 {
			bad[r.IntN(len(bad))] ^= 1
		}
		if round > 8 {
			bad = bad[:r.IntN(len(bad))]
		}
		want, none := records(bad, 1)
		got, took := records(bad, 4)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %d records, want %d; the last is %.300s, want %.300s", round, len(got), len(want), got[len(got)-1], want[len(want)-1])
		}
		if none > 0 || round == 0 && took < len(want)/2 {
			t.Errorf("round %d: %d of %d records were read ahead, %d on one core", round, took, len(want), none)
		}
	}
}

// What was not read is not given, though something was before and behind it.
func TestReadAheadTakes(t *testing.T) {
	s := &stretch{from: 8192, to: 40960, ready: make(chan struct{}), offs: []int64{12288, 20480}, contents: []content{{head: head{seq: 3}}, {head: head{seq: 5}}}}
	close(s.ready)
	a := &ahead{stretches: []*stretch{s}}
	for _, c := range []struct {
		off int64
		seq uint64
	}{{4096, 0}, {8192, 0}, {12288, 3}, {16384, 0}, {20480, 5}, {24576, 0}, {40960, 0}} {
		if got, ok := a.take(c.off); ok != (c.seq > 0) || got.seq != c.seq {
			t.Errorf("at %d: record %d, %v, want %d", c.off, got.seq, ok, c.seq)
		}
	}
}
