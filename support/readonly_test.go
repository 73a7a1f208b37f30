package support

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A disk that is remounted read-only in the middle of teaching, as Linux does
// after an error, costs the change in hand and is named as what it is. What had
// been acknowledged is still answered from and can be read anew, without a byte
// or a lock being written, and teaching goes on when the disk can be written
// again.
func TestRemountedReadOnly(t *testing.T) {
	dumps, ops := whole(t)
	for n := 1; n <= ops; n++ {
		disk := newMemFS()
		disk.failAt, disk.failAll, disk.failure = n, true, syscall.EROFS
		got, s, err := live(disk)
		if s == nil {
			wantError(t, err, ErrReadOnly, testDir)
			continue
		}
		if err == nil {
			t.Fatalf("operation %d: nobody noticed", n)
		}
		wantError(t, err, ErrReadOnly, testDir)
		done := got[len(got)-1]
		if now := dump(s); now != done {
			t.Fatalf("operation %d: the set holds\n%s\nwant\n%s", n, now, done)
		}
		wantError(t, add(s, "cup", 50, 10), ErrReadOnly, testDir)
		s.Close()

		_, err = Open(testDir, testOptions(lockless{disk}))
		wantError(t, err, ErrReadOnly, testDir)
		opt := testOptions(lockless{disk})
		opt.ReadOnly = true
		before := disk.ops
		ro, err := Open(testDir, opt)
		if err != nil {
			t.Fatalf("operation %d: to read: %v", n, err)
		}
		wantOldOrNew(t, "read-only", dump(ro), dumps, len(got))
		if disk.ops != before {
			t.Fatalf("operation %d: a reader tried to write", n)
		}
		ro.Close()

		disk.failAt = 0
		s = openMem(t, disk)
		wantOldOrNew(t, "mounted again", dump(s), dumps, len(got))
		if err := add(s, "after", 51, 10); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		s.Close()
	}
}

// lockless is a read-only disk as far as locks go: the file cannot be opened
// for writing.
type lockless struct{ *memFS }

func (lockless) Lock(name string) (func(bool) error, bool, error) {
	return nil, false, &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
}

// A folder with nothing but the store's file, which nobody may write, is enough
// to read: no lock, no file appears in it.
func TestReadOnlyRoot(t *testing.T) {
	dir := t.TempDir()
	s := must(Open(dir, Options{Fingerprint: printA}))(t)
	if err := add(s, "cup", 1, 500); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, fileName)
	for path, mode := range map[string]fs.FileMode{log: 0o400, dir: 0o500} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	before := must(os.Stat(log))(t)
	ro := must(Open(dir, Options{Fingerprint: printA, ReadOnly: true}))(t)
	ro.Settle()
	if a, _ := ro.Answer(nil, vector(testDim, 1)); a.Class != "cup" {
		t.Errorf("the answer is %+v", a)
	}
	if got, err := Inspect(dir, Options{}); err != nil || !got.Whole || got.Shots != 1 {
		t.Errorf("inspected it is %+v, %v", got, err)
	}
	must(ro.Crop(1))(t)
	ro.Close()
	var names []string
	for _, e := range must(os.ReadDir(dir))(t) {
		names = append(names, e.Name())
	}
	if after := must(os.Stat(log))(t); !slices.Equal(names, []string{fileName}) || after.ModTime() != before.ModTime() {
		t.Errorf("the folder holds %q, the file is of %v and was of %v", names, after.ModTime(), before.ModTime())
	}
}

// Whatever a disk makes of the lock file, the store opens, and a lock that does
// not say that all was closed is one of a writer that was killed.
func TestLockFlipped(t *testing.T) {
	dir := t.TempDir()
	must(Open(dir, Options{Fingerprint: printA}))(t).Close()
	lock := filepath.Join(dir, lockName)
	for _, good := range []string{closed, "12345\n"} {
		for i := range len(good) * 8 {
			b := []byte(good)
			b[i/8] ^= 1 << (i % 8)
			if err := os.WriteFile(lock, b, 0o600); err != nil {
				t.Fatal(err)
			}
			release, clean, err := OS.Lock(lock)
			if err != nil || clean {
				t.Fatalf("%q: clean %v, %v", b, clean, err)
			}
			// The second writer is told of the one that has the lock, not of
			// what the file said before.
			_, _, err = OS.Lock(lock)
			wantError(t, err, ErrLocked, fmt.Sprintf("process %d", os.Getpid()))
			if err := release(false); err != nil {
				t.Fatal(err)
			}
			if i%8 == 0 {
				must(Open(dir, Options{Fingerprint: printA}))(t).Close()
			}
		}
	}
	for _, b := range []string{"", strings.Repeat("x", 5000), "-1\n", "\x00\x00\x00\x00\x00\x00\x00"} {
		if err := os.WriteFile(lock, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		must(Open(dir, Options{Fingerprint: printA}))(t).Close()
	}
}

// Nothing is written but changes: not by opening, asking, listing, looking at
// pictures or closing, and of a change the disk gets at most three times the
// picture and the embedding.
func TestWritesOnlyChanges(t *testing.T) {
	const dim, size, n = 1280, 25000, 24
	disk := newMemFS()
	opt := Options{FS: disk, Fingerprint: printA, Dim: dim, Now: clock()}
	s := must(Open(testDir, opt))(t)
	start := disk.written
	for i := range uint64(n) {
		if _, err := s.Add(fmt.Sprint("class ", i%5), vector(dim, i), crop(size, i), "camera:0", clock()()); err != nil {
			t.Fatal(err)
		}
		// Every third was a slip: that, and the compactions it leads to, is
		// included.
		if i%3 == 0 {
			must(s.Undo())(t)
		}
	}
	if got, most := disk.written-start, int64(3*n*(size+4*dim)); got > most {
		t.Errorf("%d bytes for %d shots, want at most %d", got, n, most)
	}
	s.Close()
	ops, written := disk.ops, disk.written
	for _, ro := range []bool{true, false} {
		opt.ReadOnly = ro
		s := must(Open(testDir, opt))(t)
		s.Settle()
		for i := range uint64(n) {
			s.Answer(nil, vector(dim, i))
			s.Classify(nil, vector(dim, i))
		}
		for _, shot := range s.Shots("") {
			must(s.Crop(shot.ID))(t)
		}
		s.Ways()
		s.Estimate()
		s.Info()
		if !ro {
			// What changes nothing is no change.
			for _, err := range []error{s.SetRule(s.rule), s.Move(s.Shots("")[0].ID, s.Shots("")[0].Class)} {
				if err != nil {
					t.Error(err)
				}
			}
			if err := s.Remove(99999); !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		}
		s.Close()
		must(Inspect(testDir, opt))(t)
	}
	if disk.ops != ops || disk.written != written {
		t.Errorf("%d operations and %d bytes without a change: %v", disk.ops-ops, disk.written-written, disk.kinds)
	}
}

// On a full disk a torn tail stays where it is, and no start leaves part of it
// beside it.
func TestTornOnAFullDisk(t *testing.T) {
	file, dumps := small(t)
	file = file[:len(file)-10]
	disk := diskWith(file)
	openMem(t, disk).Close()
	ops := disk.ops
	for n := 1; n <= ops; n++ {
		disk := diskWith(file)
		disk.failAt, disk.failure = n, syscall.ENOSPC
		s, err := Open(testDir, testOptions(disk))
		if err != nil {
			t.Fatal(err)
		}
		if got := dump(s); got != dumps[s.seq] {
			t.Fatalf("operation %d: it holds\n%s\nwant\n%s", n, got, dumps[s.seq])
		}
		if kind := disk.failed[0]; kind == "create" || kind == "write" || kind == "sync" && s.torn.Path == "" {
			if names := disk.list(testDir + "/torn-"); len(names) > 0 || len(disk.names[testDir+"/"+fileName].data) != len(file) {
				t.Errorf("operation %d: %s fails: %q is left", n, kind, names)
			}
			wantError(t, add(s, "cup", 9, 10), ErrBroken)
			wantError(t, add(s, "cup", 9, 10), syscall.ENOSPC)
		}
		s.Close()
	}
	if ops < 5 {
		t.Fatalf("only %d operations", ops)
	}
}

// People read the file's name once, whether or not the disk's error has it.
func TestFailedWriteNamesTheFileOnce(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, &fs.PathError{Op: "write", Path: testDir + "/" + fileName, Err: syscall.ENOSPC}, &fs.PathError{Op: "write", Path: testDir + "/" + fileName, Err: syscall.EROFS}} {
		disk := newMemFS()
		s := openMem(t, disk)
		disk.failAt, disk.failure = disk.ops+1, failure
		err := add(s, "cup", 1, 10)
		wantError(t, err, failure)
		if n := strings.Count(err.Error(), fileName); n != 1 {
			t.Errorf("%d times: %v", n, err)
		}
	}
}
