package support

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

const dimB = 6

// vectorB is what network B makes of the shot that n decides.
func vectorB(n uint64) embed.Embedding { return vector(dimB, 100+n) }

func optionsB(fsys FS) Options {
	return Options{Fingerprint: printB, Dim: dimB, Now: clock(), FS: fsys}
}

// reembed makes embeddings of network B for all shots that lack one, in batches,
// until something fails. Shots without a crop get the mark.
func reembed(s *Set, batch int) error {
	for {
		lacking := s.Lacking(printB)
		if len(lacking) == 0 {
			return nil
		}
		var made []Embedded
		for _, shot := range lacking[:min(batch, len(lacking))] {
			m := Embedded{Shot: shot.ID}
			switch _, err := s.Crop(shot.ID); {
			case err == nil:
				m.Embedding = vectorB(shot.ID)
			case !errors.Is(err, ErrNotFound):
				return err
			}
			made = append(made, m)
		}
		if err := s.Reembed(printB, made); err != nil {
			return err
		}
	}
}

// taught is a disk with a life behind it: five shots of A in three classes, one
// without a crop, one that only an undo brings back.
func taught(t testing.TB) *memFS {
	t.Helper()
	disk := newMemFS()
	s := openMem(t, disk)
	for n, class := range []string{"cup", "cup", "dog", "dog", "pen"} {
		size := 5000 * (n % 3) // shots 1 and 4 have no crop
		if err := add(s, class, uint64(n+1), size); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Remove(2), s.Close()); err != nil {
		t.Fatal(err)
	}
	return disk
}

func ids(shots []Shot) (out []uint64) {
	for _, s := range shots {
		out = append(out, s.ID)
	}
	return out
}

func TestReembed(t *testing.T) {
	disk := taught(t)
	s := openMem(t, disk)
	wasA := dump(s)
	if got := ids(s.Lacking(printB)); !slices.Equal(got, []uint64{1, 2, 3, 4, 5}) {
		t.Fatalf("shots %v lack embeddings, the undone one among them", got)
	}
	if got := s.Lacking(printA); got != nil {
		t.Fatalf("shots %v lack embeddings of their own network", ids(got))
	}
	wantError(t, s.Use(printB, dimB), ErrModelMismatch, "shot 1")

	// Half done: A goes on answering, B is refused, also after a restart.
	if err := s.Reembed(printB, []Embedded{{Shot: 3, Embedding: vectorB(3)}, {Shot: 1}, {Shot: 99, Embedding: vectorB(9)}}); err != nil {
		t.Fatal(err)
	}
	if got := dump(s); got != wasA {
		t.Fatalf("A shows\n%s\nwas\n%s", got, wasA)
	}
	s.Close()
	_, err := Open(testDir, optionsB(disk))
	wantError(t, err, ErrModelMismatch, "aa010203", "bb010203", "shot 4")
	s = openMem(t, disk)
	if got := ids(s.Lacking(printB)); !slices.Equal(got, []uint64{2, 4, 5}) {
		t.Fatalf("after a restart shots %v lack embeddings", got)
	}
	if got := s.Networks(); !slices.Equal(got, []embed.Fingerprint{printA}) {
		t.Fatalf("networks %v are done", got)
	}
	if err := reembed(s, 1); err != nil {
		t.Fatal(err)
	}
	if got := s.Networks(); !slices.Equal(got, []embed.Fingerprint{printB, printA}) {
		t.Fatalf("networks %v are done", got)
	}
	if got := dump(s); got != wasA {
		t.Fatalf("A shows\n%s\nwas\n%s", got, wasA)
	}

	// The switch, while it is open and by a restart.
	check := func(s *Set) {
		t.Helper()
		if got := ids(s.Aside()); !slices.Equal(got, []uint64{1, 4}) {
			t.Errorf("shots %v are aside, want those without a crop", got)
		}
		wantClasses(t, s, "cup:1", "dog:2", "pen:1")
		for _, w := range s.Ways() {
			if want := map[string]int{"cup": 1, "dog": 1, "pen": 0}[w.Class]; w.Aside != want {
				t.Errorf("%d shots of %s are aside, want %d", w.Aside, w.Class, want)
			}
		}
		for _, shot := range s.Shots("") {
			if shot.ID != 1 && shot.ID != 4 && (shot.Fingerprint != printB || !slices.Equal(shot.Embedding, vectorB(shot.ID))) {
				t.Errorf("shot %d is %v of %s", shot.ID, shot.Embedding, shot.Fingerprint.Short())
			}
		}
		a, all := s.Answer(nil, vectorB(5))
		if a.Class != "pen" || a.Distance > 1e-6 || len(all) != 2 {
			t.Errorf("the answer is %+v of %d classes", a, len(all))
		}
		if s.Fingerprint() != printB || !s.Ready() {
			t.Errorf("the set is of %s, ready %v", s.Fingerprint().Short(), s.Ready())
		}
	}
	if err := s.Use(printB, dimB); err != nil {
		t.Fatal(err)
	}
	check(s)
	s.Close()
	s = must(Open(testDir, optionsB(disk)))(t)
	check(s)
	s.Close()
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	check(s) // without a model the last one that is done counts
	s.Close()

	// What was undone comes back with its embedding, and a new shot is B's.
	s = must(Open(testDir, optionsB(disk)))(t)
	must(s.Undo())(t)
	if got := s.Shots("cup"); len(got) != 2 || !slices.Equal(got[1].Embedding, vectorB(2)) {
		t.Fatalf("undone are %v", got)
	}
	if _, err := s.Add("cup", vectorB(6), crop(3000, 6), "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	s.Close()

	// The way back: A has its embeddings to the bit and lacks the new shot's.
	_, err = Open(testDir, testOptions(disk))
	wantError(t, err, ErrModelMismatch, "shot 6")
	opt := testOptions(disk)
	opt.Partial = true
	s = must(Open(testDir, opt))(t)
	if a, all := s.Answer(nil, vector(testDim, 1)); s.Ready() || a.Known || len(all) != 0 || s.Len() != 6 {
		t.Errorf("from part of its memory it answers %+v (%d of %d shots)", a, len(all), s.Len())
	}
	if err := s.Reembed(printA, []Embedded{{Shot: 6, Embedding: vector(testDim, 6)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Use(printA, testDim); err != nil {
		t.Fatal(err)
	}
	for _, shot := range s.Shots("") {
		if !slices.Equal(shot.Embedding, vector(testDim, shot.ID)) {
			t.Errorf("shot %d is %v", shot.ID, shot.Embedding)
		}
	}
	if got := s.Aside(); got != nil || !s.Ready() {
		t.Errorf("shots %v are aside", ids(got))
	}
}

// A compaction keeps the embeddings of the network in use, of the one before and
// of one in the making, and no more.
func TestReembedCompacted(t *testing.T) {
	disk := taught(t)
	s := openMem(t, disk)
	if err := reembed(s, 2); err != nil {
		t.Fatal(err)
	}
	compact := func() {
		t.Helper()
		s.change.Lock()
		err := s.compact()
		g := s.garbage()
		s.change.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		// Records of embeddings share pages, so a page for each may be off.
		if g > 4*pageSize {
			t.Errorf("after a compaction %d bytes are garbage", g)
		}
	}
	wasA := dump(s)
	for range 2 {
		compact()
		if got := dump(s); got != wasA {
			t.Fatalf("after a compaction A shows\n%s\nwas\n%s", got, wasA)
		}
	}
	s.Close()
	if s = openMem(t, disk); dump(s) != wasA {
		t.Fatalf("after a restart A shows\n%s\nwas\n%s", dump(s), wasA)
	}
	if err := s.Use(printB, dimB); err != nil {
		t.Fatal(err)
	}
	wasB := dump(s)
	compact()
	if err := add3(s, 20); err != nil {
		t.Fatal(err)
	}
	if got := s.Networks(); !slices.Equal(got, []embed.Fingerprint{printB}) {
		t.Errorf("networks %v are done", got)
	}
	must(s.Undo())(t)
	s.Close()
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	if s.Fingerprint() != printB {
		t.Errorf("after a compaction it counts as of model %s", s.Fingerprint().Short())
	}
	s.Close()
	s = must(Open(testDir, optionsB(disk)))(t)
	if got := dump(s); !same(got, wasB) {
		t.Fatalf("after a compaction B shows\n%s\nwas\n%s", got, wasB)
	}

	// Gone back to A, a compaction says that A is in use.
	if err := s.Reembed(printA, []Embedded{{Shot: 6, Embedding: vector(testDim, 6)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Use(printA, testDim); err != nil {
		t.Fatal(err)
	}
	compact()
	s.Close()
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	if s.Fingerprint() != printA {
		t.Errorf("after going back it counts as of model %s", s.Fingerprint().Short())
	}
	s.Close()
	s = must(Open(testDir, optionsB(disk)))(t)

	// Three more models: the oldest one's embeddings go, but for shots that have
	// no others.
	for i := range 3 {
		f := embed.Fingerprint{0xc0 + byte(i)}
		var made []Embedded
		for _, shot := range s.Lacking(f) {
			m := Embedded{Shot: shot.ID}
			if shot.ID != 1 && shot.ID != 4 {
				m.Embedding = vector(5, 50+shot.ID)
			}
			made = append(made, m)
		}
		if err := s.Reembed(f, made); err != nil {
			t.Fatal(err)
		}
		if err := s.Use(f, 5); err != nil {
			t.Fatal(err)
		}
		compact()
	}
	if got := ids(s.Aside()); !slices.Equal(got, []uint64{1, 4}) {
		t.Errorf("shots %v are aside", got)
	}
	want := []embed.Fingerprint{{0xc2}, {0xc1}, {0xc0}}
	if got := s.Networks(); !slices.Equal(got, want) {
		t.Errorf("networks %v are done, want %v", got, want)
	}
	s.Close()
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	for _, shot := range s.Shots("") {
		if aside := shot.ID == 1 || shot.ID == 4; aside != slices.Equal(shot.Embedding, vector(testDim, shot.ID)) {
			t.Errorf("shot %d is %v of %s", shot.ID, shot.Embedding, shot.Fingerprint.Short())
		}
	}
}

func add3(s *Set, n uint64) error {
	_, err := s.Add("cup", vectorB(n), nil, "", time.Unix(9, 0))
	return err
}

// same compares dumps but for the number of the next shot.
func same(a, b string) bool {
	cut := func(s string) string { s, _, _ = strings.Cut(s, "\nnext "); return s }
	return cut(a) == cut(b)
}

// What an embedding takes is no garbage, and nothing is kept twice.
func TestReembedBytes(t *testing.T) {
	disk := taught(t)
	s := openMem(t, disk)
	before := s.Info()
	var made []Embedded
	for _, shot := range s.Lacking(printB) {
		made = append(made, Embedded{Shot: shot.ID, Embedding: vector(5000, shot.ID)})
	}
	if err := s.Reembed(printB, made); err != nil {
		t.Fatal(err)
	}
	after := s.Info()
	if grown := after.Bytes - before.Bytes; grown < 5*20000 || grown > 5*20000+2*pageSize {
		t.Errorf("five embeddings of 20,000 bytes take %d", grown)
	}
	if after.Garbage > before.Garbage+pageSize {
		t.Errorf("garbage grew from %d to %d bytes", before.Garbage, after.Garbage)
	}
	ops := disk.ops
	if err := s.Reembed(printB, made); err != nil || disk.ops != ops {
		t.Errorf("the same again: %v, %d operations", err, disk.ops-ops)
	}
	// Should a file hold one twice, the first counts.
	rec, _ := appendEmbeddings(nil, s.id, s.seq+1, time.Unix(1, 0), printB, []Embedded{{Shot: 3, Embedding: vector(5000, 77)}})
	if err := s.commit(rec); err != nil {
		t.Fatal(err)
	}
	if err := s.Use(printB, 5000); err != nil {
		t.Fatal(err)
	}
	for _, shot := range s.Shots("") {
		if !slices.Equal(shot.Embedding, vector(5000, shot.ID)) {
			t.Errorf("shot %d has another embedding", shot.ID)
		}
	}
	for e := range s.entries() {
		if len(e.others) != 1 {
			t.Errorf("shot %d has %d more embeddings", e.id, len(e.others))
		}
	}
}

func TestReembedRefuses(t *testing.T) {
	disk := taught(t)
	s := openMem(t, disk)
	ops := disk.ops
	for _, bad := range [][]Embedded{
		{{Shot: 1, Embedding: embed.Embedding{}}},
		{{Shot: 1, Embedding: make(embed.Embedding, 3)}},
		{{Shot: 1, Embedding: make(embed.Embedding, maxDim+1)}},
		{{Shot: 1, Embedding: vector(5, 1)}, {Shot: 3, Embedding: vector(6, 1)}},
	} {
		wantError(t, s.Reembed(printB, bad), ErrShot, "shot")
	}
	wantError(t, s.Reembed(embed.Fingerprint{}, []Embedded{{Shot: 1}}), ErrModelMismatch)
	if err := s.Reembed(printB, nil); err != nil || disk.ops != ops {
		t.Errorf("nothing to keep: %v, %d operations", err, disk.ops-ops)
	}
	// Shots that no store would take, each more than one record holds.
	if err := s.Reembed(printB, []Embedded{{Shot: 1, Embedding: vector(maxDim, 1)}, {Shot: 3, Embedding: vector(maxDim, 1)}, {Shot: 5, Embedding: vector(maxDim, 2)}, {Shot: 4, Embedding: vector(maxDim, 2)}, {Shot: 2, Embedding: vector(maxDim, 3)}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Use(printB, maxDim); err != nil {
		t.Fatal(err)
	}
	s.Close()
	wantError(t, s.Use(printA, testDim), fs.ErrClosed)
}

// A store of an earlier version becomes one of this with its first embedding of
// another network, so that a program of that version cannot drop it.
func TestReembedAnOldStore(t *testing.T) {
	disk := taught(t)
	node := disk.names[testDir+"/"+fileName]
	h := slices.Clone(node.data)
	h[14] = minorRule
	sum := checksum(h[:60])
	h[60], h[61], h[62], h[63] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	node.data = h
	s := openMem(t, disk)
	if v := s.Info().Version; v != "1.1" {
		t.Fatalf("the version is %s", v)
	}
	want := dump(s)
	if err := reembed(s, 2); err != nil {
		t.Fatal(err)
	}
	if v := s.Info().Version; v != thisVersion || dump(s) != want {
		t.Errorf("the version is %s and it shows\n%s\nwas\n%s", v, dump(s), want)
	}
	if err := s.Use(printB, dimB); err != nil {
		t.Fatal(err)
	}
}

// The power goes in every operation of a re-embedding and the compaction after
// it, and comes back to every disk there may be: A is what it was, and what is
// left to do can be done.
func TestReembedCut(t *testing.T) {
	t.Parallel()
	start := taught(t)
	work := func(disk *memFS) error {
		s, err := Open(testDir, testOptions(disk))
		if err != nil {
			return err
		}
		if err := reembed(s, 2); err != nil {
			return err
		}
		if err := s.Use(printB, dimB); err != nil {
			return err
		}
		s.change.Lock()
		err = s.compact()
		s.change.Unlock()
		return errors.Join(err, s.Close())
	}
	whole := start.clone()
	opsBefore := whole.ops
	if err := work(whole); err != nil {
		t.Fatal(err)
	}
	wasA := dump(openMem(t, start.clone()))
	after := func(how string, disk *memFS) {
		s, err := Open(testDir, testOptions(disk))
		if err != nil {
			t.Fatalf("%s: open: %v", how, err)
		}
		if got := dump(s); got != wasA {
			t.Fatalf("%s: A shows\n%s\nwas\n%s", how, got, wasA)
		}
		if err := reembed(s, 2); err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if err := s.Use(printB, dimB); err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		for _, shot := range s.Shots("") {
			if shot.Fingerprint == printB && !slices.Equal(shot.Embedding, vectorB(shot.ID)) {
				t.Fatalf("%s: shot %d is %v", how, shot.ID, shot.Embedding)
			}
		}
		if got := ids(s.Aside()); !slices.Equal(got, []uint64{1, 4}) {
			t.Fatalf("%s: shots %v are aside", how, got)
		}
		s.Close()
	}
	for n := opsBefore + 1; n <= whole.ops; n++ {
		disk := start.clone()
		disk.cutAt = n
		if err := work(disk); !errors.Is(err, errPower) {
			t.Fatalf("operation %d: %v", n, err)
		}
		disk.crashes(func(how string, disk *memFS) { after(fmt.Sprintf("operation %d: %s", n, how), disk) })
	}
	for n := opsBefore + 1; n <= whole.ops; n++ {
		disk := start.clone()
		disk.failAt, disk.failure = n, syscall.EIO
		err := work(disk)
		disk.failAt = 0
		if err != nil && !errors.Is(err, syscall.EIO) {
			t.Fatalf("operation %d: %v", n, err)
		}
		after(fmt.Sprintf("operation %d failed", n), disk.kill())
	}
}

// An embedding that was damaged is an error and no other number.
func TestReembedDamaged(t *testing.T) {
	disk := taught(t)
	s := openMem(t, disk)
	if err := reembed(s, 9); err != nil {
		t.Fatal(err)
	}
	s.Close()
	node := disk.names[testDir+"/"+fileName]
	good := node.data
	at := int64(0)
	for e := range openMem(t, disk.kill()).entries() {
		at = max(at, e.others[0].at)
	}
	node.data = slices.Clone(good)
	node.data[at] ^= 1
	// The last record's damage looks like a cut; one behind it tells.
	s = must(Open(testDir, testOptions(disk.kill())))(t)
	if s.Torn() == nil {
		t.Error("the damage went unnoticed")
	}
	node.data = slices.Clone(good)
	s = must(Open(testDir, testOptions(disk.kill())))(t)
	node.data[at] ^= 1
	wantError(t, s.Use(printB, dimB), ErrCorrupt)
	s.change.Lock()
	err := s.compact()
	s.change.Unlock()
	wantError(t, err, ErrCorrupt, "checksum")
}

func TestDecodeEmbeddings(t *testing.T) {
	rec, places := appendEmbeddings(nil, 1, 2, time.Unix(5, 0), printB, []Embedded{{Shot: 7, Embedding: vectorB(1)}, {Shot: 8}})
	meta := rec[recordSize:]
	var got []other
	var shots []uint64
	visit := func(id uint64, o other) { shots, got = append(shots, id), append(got, o) }
	if err := decodeEmbeddings(0, meta, visit); err != nil || !slices.Equal(got, places) || !slices.Equal(shots, []uint64{7, 8}) {
		t.Errorf("decoded %v %v, %v", shots, got, err)
	}
	for n := range len(meta) {
		if err := decodeEmbeddings(0, meta[:n], visit); err == nil {
			t.Errorf("%d of %d bytes are enough", n, len(meta))
		}
	}
	long := slices.Clone(meta)
	long[embeddingsSize+8+3] = 0xff
	if err := decodeEmbeddings(0, long, visit); err == nil || !strings.Contains(err.Error(), "shot 7") {
		t.Errorf("an embedding of too many numbers: %v", err)
	}
}
