package support

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var writeStore = flag.Bool("write-store", false, "write the testdata of this version anew")

// thisStore is a store of this version for testdata: taught, changed in every
// way there is, compacted, and changed again.
func thisStore(t testing.TB) *memFS {
	disk := newMemFS()
	s := openMem(t, disk)
	acts := []action{
		func(s *Set) error { return add(s, "cup", 1, 300) },
		func(s *Set) error { return s.SetRule(Rule{FalseReject: 0.1, Head: LDA}) },
		func(s *Set) error { return add(s, "cup", 2, 0) },
		func(s *Set) error { return add(s, "🐈 cat", 3, 700) },
		func(s *Set) error { return add(s, "cup", 4, 500) },
		func(s *Set) error {
			return s.Reembed(printB, []Embedded{{Shot: 1, Embedding: vector(4, 1)}, {Shot: 2}})
		},
		func(s *Set) error { return s.Move(2, "dog") },
		func(s *Set) error { _, err := s.Forget("🐈 cat"); return err },
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { return s.Remove(4) },
		func(s *Set) error { return addNegative(s, 10, 400) },
		func(s *Set) error { return addNegative(s, 11, 0) },
		func(s *Set) error { return s.Remove(6) },
	}
	for i := range undoDepth / 2 {
		other := fmt.Sprintf("cup%d", i)
		acts = append(acts,
			func(s *Set) error { return s.Rename("cup", other) },
			func(s *Set) error { return s.Rename(other, "cup") })
	}
	acts = append(acts,
		(*Set).compact,
		func(s *Set) error { return s.Rename("cup", "mug") },
		func(s *Set) error { return add(s, "cow", 6, 200) },
		func(s *Set) error { return s.Merge("dog", "mug") },
		func(s *Set) error { return addNegative(s, 12, 100) },
		func(s *Set) error { return addNegative(s, 13, 200) },
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { return s.Remove(5) },
		func(s *Set) error { _, err := s.Undo(); return err },
	)
	for i, act := range acts {
		if err := act(s); err != nil {
			t.Fatalf("action %d: %v", i, err)
		}
	}
	s.Close()
	return disk
}

// The store of this version is among those of testdata, which
//
//	go test ./support -run TestThisStore -write-store
//
// writes: when this version is an earlier one it stays as it was.
func TestThisStore(t *testing.T) {
	disk := thisStore(t)
	got := dump(openMem(t, disk))
	base := "testdata/store-" + thisVersion
	if *writeStore {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(disk.names[testDir+"/"+fileName].data) // a buffer takes everything
		if err := errors.Join(z.Close(), os.WriteFile(base+".log.gz", b.Bytes(), 0o666), os.WriteFile(base+".txt", []byte(got), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(must(os.ReadFile(base + ".txt"))(t)); got != want {
		t.Errorf("it holds\n%s\nand that of testdata\n%s", got, want)
	}
}

// oldStore is a file that a program of an earlier version wrote, and what it
// held for that program: testdata/store-1.0.log.gz and so on. Each was taught,
// changed in every way that version has, compacted, and changed again.
type oldStore struct {
	version string
	file    []byte
	want    string
}

func oldStores(t testing.TB) (all []oldStore) {
	t.Helper()
	for _, name := range must(filepath.Glob("testdata/store-*.log.gz"))(t) {
		base := strings.TrimSuffix(name, ".log.gz")
		z := must(gzip.NewReader(bytes.NewReader(must(os.ReadFile(name))(t))))(t)
		all = append(all, oldStore{
			strings.TrimPrefix(filepath.Base(base), "store-"), must(io.ReadAll(z))(t), string(must(os.ReadFile(base + ".txt"))(t)),
		})
	}
	if len(all) <= minor {
		t.Fatal("the old stores are missing")
	}
	return all
}

// disk is a disk that has held the store for long.
func (o *oldStore) disk() *memFS {
	disk := diskWith(o.file)
	disk.safe = maps.Clone(disk.names)
	return disk
}

// upgrades are the changes that an earlier version has no records for, and some
// that it has.
func upgrades() []action {
	return []action{
		func(s *Set) error { return add(s, "new", 7, 300) },
		func(s *Set) error { return s.SetRule(Rule{FalseAccept: 0.02, Head: Ridge}) },
		func(s *Set) error { return s.Move(1, "new") },
		func(s *Set) error {
			return s.Reembed(printB, []Embedded{{Shot: 1, Embedding: vector(4, 1)}, {Shot: 2}})
		},
		func(s *Set) error { _, err := s.Undo(); return err },
		func(s *Set) error { return add(s, "measured", 8, 300) },
		func(s *Set) error { return addNegative(s, 9, 300) },
		func(s *Set) error { return s.Remove(s.nextID - 1) },
	}
}

// A store of an earlier version holds for this program what it held for that
// one, goes on as it is, and becomes one of this version with the first change
// that the earlier would not know.
func TestOldStores(t *testing.T) {
	for _, o := range oldStores(t) {
		t.Run(o.version, func(t *testing.T) {
			hold := func(s *Set, when string) {
				t.Helper()
				got := dump(s)
				if o.version == "1.0" { // there was no rule to show
					got = strings.Replace(got, ", rule {FalseReject:0.05 FalseAccept:0 Head:auto}", "", 1)
				}
				if got != o.want {
					t.Fatalf("%s it holds\n%s\nwant\n%s", when, got, o.want)
				}
			}
			disk := o.disk()
			opt := testOptions(disk)
			opt.ReadOnly = true
			hold(must(Open(testDir, opt))(t), "to read")
			s := openMem(t, disk)
			hold(s, "to write")
			if v := s.Info().Version; v != o.version || disk.written > 0 {
				t.Fatalf("opened it is %s, with %d bytes written", v, disk.written)
			}
			version := o.version
			for i, act := range upgrades() {
				if err := act(s); err != nil {
					t.Fatal(err)
				}
				if i == 1 && version < "1.1" || i == 3 && version < "1.2" || i == 5 {
					version = thisVersion // an upgrade goes all the way
				}
				want := dump(s)
				if got := s.Info().Version; got != version {
					t.Fatalf("after action %d it is %s, want %s", i, got, version)
				}
				s.Close()
				if s = openMem(t, disk); dump(s) != want {
					t.Fatalf("after action %d and a restart it holds\n%s\nwant\n%s", i, dump(s), want)
				}
			}
			if got := s.Lacking(printB); len(got) == 0 || slices.ContainsFunc(got, func(s Shot) bool { return s.ID <= 2 }) {
				t.Errorf("embeddings lack %v", got)
			}
			// All the way back, to what is older than any undo reaches.
			for s.Info().Undo > 0 {
				must(s.Undo())(t)
			}
			if n := s.Len(); n != 3 {
				t.Errorf("%d shots are left after every undo, want 3", n)
			}
		})
	}
}

// The power goes in every operation of an upgrade, or that operation fails.
func TestUpgradeCutAnywhere(t *testing.T) {
	t.Parallel()
	first := newMemFS()
	s := openMem(t, first)
	for n := range uint64(2) {
		if err := add(s, "cup", 2*n+1, 300); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	file := first.names[testDir+"/"+fileName].data
	file[14] = 0 // to look at, that is what the first version wrote
	binary.LittleEndian.PutUint32(file[60:], checksum(file[:60]))
	o := oldStore{"1.0", file, ""}

	life := func(disk *memFS) (dumps []string, s *Set, err error) {
		if s, err = Open(testDir, testOptions(disk)); err != nil {
			return nil, nil, err
		}
		dumps = append(dumps, dump(s))
		for _, act := range upgrades() {
			if err := act(s); err != nil {
				return dumps, s, err
			}
			dumps = append(dumps, dump(s))
		}
		return dumps, s, nil
	}
	disk := o.disk()
	dumps, s, err := life(disk)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	ops := disk.ops
	if disk.kinds["rename"] == 0 {
		t.Fatalf("nothing was upgraded: %v", disk.kinds)
	}
	for n := 1; n <= ops; n++ {
		disk := o.disk()
		disk.cutAt = n
		got, _, err := life(disk)
		if !errors.Is(err, errPower) && n < ops {
			t.Fatalf("operation %d: %v", n, err)
		}
		disk.crashes(func(how string, disk *memFS) { revive(t, how, disk, dumps, max(len(got), 1)) })

		disk = o.disk()
		disk.failAt, disk.failAll, disk.failure = n, true, syscall.EIO
		got, s, err := life(disk)
		if err == nil {
			t.Fatalf("operation %d failed and nobody noticed", n)
		}
		if s != nil && dump(s) != got[len(got)-1] {
			t.Fatalf("operation %d: after %v the set holds\n%s\nwant\n%s", n, err, dump(s), got[len(got)-1])
		}
		disk.failAt = 0
		disk.crashes(func(how string, disk *memFS) { revive(t, how, disk, dumps, max(len(got), 1)) })
	}
}
