package support

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"cup", "🐈", "a cup of tea", "große Tasse", "👩‍👩‍👧", strings.Repeat("é", 64), "unknown object", "-", "a.b", "…"} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, say := range map[string]string{
		"": "empty", " cup": "space", "cup\n": "space", "a\tb": "U+0009", "a\x00b": "U+0000", "a\u2028b": "U+2028", "a\u202eb": "direction",
		"a/b": "'/'", `a\b`: `'\\'`, ".": "folder", "..": "folder", "unknown": "never taught", "Unknown": "never taught",
		"\xff": "UTF-8", strings.Repeat("x", 300): "300 characters", strings.Repeat("é", 65): "65",
	} {
		wantError(t, CheckName(name), ErrName, say)
	}
}

func TestAddRefuses(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	ops := disk.ops
	good := vector(testDim, 1)
	for _, c := range []struct {
		class  string
		e      embed.Embedding
		crop   []byte
		source string
		is     error
		say    string
	}{
		{"a/b", good, nil, "", ErrName, "separates"},
		{"a", nil, nil, "", ErrShot, "0 numbers"},
		{"a", make(embed.Embedding, testDim), nil, "", ErrShot, "all zero"},
		{"a", embed.Embedding{1, 2, nan, 4, 5, 6, 7, 8}, nil, "", ErrShot, "not finite"},
		{"a", embed.Embedding{1, 2, -inf, 4, 5, 6, 7, 8}, nil, "", ErrShot, "not finite"},
		{"a", good[:5], nil, "", ErrModelMismatch, "5 numbers"},
		{"a", good, make([]byte, maxCrop+1), "", ErrShot, "crop"},
		{"a", good, nil, strings.Repeat("x", maxSource+1), ErrShot, "source"},
	} {
		_, err := s.Add(c.class, c.e, c.crop, c.source, time.Time{})
		wantError(t, err, c.is, c.say)
	}
	if disk.ops != ops || s.Len() != 0 {
		t.Error("a refused shot was written")
	}
}

// What was given comes back, after a restart too, and belongs to the Set.
func TestShotComesBack(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	e, c := vector(testDim, 3), crop(70000, 3)
	at := time.Date(2026, 5, 6, 7, 8, 9, 10, time.FixedZone("", 7200))
	shot := must(s.Add("cup", e, c, "camera:0\xff", at))(t)
	want := Shot{ID: 1, Class: "cup", Time: at.UTC(), Source: "camera:0\ufffd", Fingerprint: printA, Embedding: slices.Clone(e)}
	e[0], c[0] = 5, 5
	check := func(got Shot) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("shot is %v, want %v", got, want)
		}
		if b := must(s.Crop(1))(t); !bytes.Equal(b, crop(70000, 3)) {
			t.Error("the crop is another one")
		}
	}
	check(shot)
	check(s.Shots("cup")[0])
	s.Close()
	s = openMem(t, disk)
	check(s.Shots("")[0])
	_, err := s.Crop(2)
	wantError(t, err, ErrNotFound, "shot 2")
	if err := add(s, "cup", 9, 0); err != nil {
		t.Fatal(err)
	}
	_, err = s.Crop(2)
	wantError(t, err, ErrNotFound, "no picture")
}

// Every change, and every undo back to nothing, with a restart after each.
func TestChangesAndUndo(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	again := func() {
		t.Helper()
		want := dump(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openMem(t, disk)
		if got := dump(s); got != want {
			t.Fatalf("after a restart it holds\n%s\nwant\n%s", got, want)
		}
	}
	type stage struct {
		do   func() error
		want []string
		undo Change
	}
	stages := []stage{
		{func() error { return add(s, "cup", 1, 10) }, []string{"cup:1"}, Change{Kind: Added, Shot: 1, Class: "cup", Shots: 1}},
		{func() error { return add(s, "cat", 2, 10) }, []string{"cup:1", "cat:1"}, Change{Kind: Added, Shot: 2, Class: "cat", Shots: 1}},
		{func() error { return add(s, "cup", 3, 10) }, []string{"cup:2", "cat:1"}, Change{Kind: Added, Shot: 3, Class: "cup", Shots: 1}},
		{func() error { return s.Move(1, "dog") }, []string{"cup:1", "cat:1", "dog:1"}, Change{Kind: Moved, Shot: 1, Class: "cup", Into: "dog", Shots: 1}},
		{func() error { return s.Rename("cat", "kitten") }, []string{"cup:1", "kitten:1", "dog:1"}, Change{Kind: Renamed, Class: "cat", Into: "kitten", Shots: 1}},
		{func() error { return s.Merge("kitten", "dog") }, []string{"cup:1", "dog:2"}, Change{Kind: Merged, Class: "kitten", Into: "dog", Shots: 1}},
		{func() error { return s.Remove(3) }, []string{"dog:2"}, Change{Kind: Removed, Shot: 3, Class: "cup", Shots: 1}},
		{func() error { n, err := s.Forget("dog"); return errors.Join(err, wantInt(n, 2)) }, nil, Change{Kind: Forgot, Class: "dog", Shots: 2}},
		{func() error { return add(s, "cup", 4, 10) }, []string{"cup:1"}, Change{Kind: Added, Shot: 4, Class: "cup", Shots: 1}},
	}
	var dumps []string
	for i, st := range stages {
		dumps = append(dumps, strings.Split(dump(s), "next")[0])
		if err := st.do(); err != nil {
			t.Fatalf("stage %d: %v", i, err)
		}
		wantClasses(t, s, st.want...)
		again()
	}
	for i, st := range slices.Backward(stages) {
		c, err := s.Undo()
		if err != nil {
			t.Fatal(err)
		}
		c.Time = time.Time{}
		if c != st.undo {
			t.Errorf("stage %d: undo took back %+v, want %+v", i, c, st.undo)
		}
		if got := strings.Split(dump(s), "next")[0]; got != dumps[i] {
			t.Fatalf("stage %d: after the undo it holds\n%s\nwant\n%s", i, got, dumps[i])
		}
		again()
	}
	_, err := s.Undo()
	wantError(t, err, ErrNotFound, "no change left")
	// Numbers are never used again, or a person would remove the wrong shot.
	shot := must(s.Add("cup", vector(testDim, 1), nil, "", time.Time{}))(t)
	if shot.ID != 5 {
		t.Errorf("the next shot is %d, want 5", shot.ID)
	}
}

func wantInt(got, want int) error {
	if got != want {
		return fmt.Errorf("got %d, want %d", got, want)
	}
	return nil
}

func TestChangesRefuse(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	for n, class := range []string{"cup", "cat"} {
		if err := add(s, class, uint64(n), 10); err != nil {
			t.Fatal(err)
		}
	}
	ops, want := disk.ops, dump(s)
	wantError(t, s.Remove(9), ErrNotFound, "shot 9")
	wantError(t, s.Move(9, "cup"), ErrNotFound, "shot 9")
	wantError(t, s.Move(1, ""), ErrName, "empty")
	wantError(t, s.Rename("dog", "cow"), ErrNotFound, `"dog"`)
	wantError(t, s.Rename("cup", "cat"), ErrName, "merge")
	wantError(t, s.Rename("cup", "a/b"), ErrName)
	wantError(t, s.Merge("dog", "cup"), ErrNotFound, `"dog"`)
	wantError(t, s.Merge("cup", "dog"), ErrNotFound, `"dog"`)
	wantError(t, s.Merge("cup", "cup"), ErrName, "itself")
	_, err := s.Forget("dog")
	wantError(t, err, ErrNotFound, `"dog"`)
	if err := s.Move(1, "cup"); err != nil {
		t.Errorf("a move to where it is: %v", err)
	}
	if disk.ops != ops || dump(s) != want {
		t.Error("a refused change was written")
	}
}

// Undo reaches back 64 changes, over restarts and compactions.
func TestUndoDepth(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	for n := range uint64(100) {
		if err := add(s, "cup", n, 10); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 64 {
		// Sometimes the process that compacted undoes, sometimes the next.
		if i%20 == 10 {
			if err := s.compact(); err != nil {
				t.Fatal(err)
			}
		}
		if i%20 == 0 || i%20 == 11 {
			s.Close()
			s = openMem(t, disk)
		}
		wantClasses(t, s, fmt.Sprint("cup:", 100-i))
		if n := s.Info().Undo; n != 64-i {
			t.Fatalf("%d changes can be undone, want %d", n, 64-i)
		}
		must(s.Undo())(t)
	}
	wantClasses(t, s, "cup:36")
	_, err := s.Undo()
	wantError(t, err, ErrNotFound)
	s.Close()
	wantClasses(t, openMem(t, disk), "cup:36")
}

// Garbage goes when it is worth it, and nothing else does.
func TestCompaction(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	s.limit = 1 << 16
	for n := range uint64(80) {
		if err := add(s, []string{"cup", "cat"}[n%2], n, 3000); err != nil {
			t.Fatal(err)
		}
	}
	old := must(Open(testDir, Options{FS: disk, ReadOnly: true}))(t)
	oldDump := dump(old)
	must(s.Forget("cat"))(t)
	if disk.kinds["rename"] != 1 {
		t.Fatal("compacted though everything can be undone")
	}
	for n := range uint64(70) {
		if err := add(s, "cow", 100+n, 100); err != nil {
			t.Fatal(err)
		}
		must(s.Undo())(t)
		if err := s.Rename("cup", fmt.Sprint("cup", n)); err != nil {
			t.Fatal(err)
		}
		if err := s.Rename(fmt.Sprint("cup", n), "cup"); err != nil {
			t.Fatal(err)
		}
	}
	if disk.kinds["rename"] < 2 {
		t.Fatal("never compacted")
	}
	if bytes.Contains(disk.names[testDir+"/"+fileName].data, []byte("cat")) {
		t.Error("what was forgotten 64 changes ago is still in the file")
	}
	wantClasses(t, s, "cup:40")
	want := dump(s)
	s.Close()
	s = openMem(t, disk)
	if got := dump(s); got != want {
		t.Fatalf("after a restart it holds\n%s\nwant\n%s", got, want)
	}
	if g := s.Info().Garbage; g > s.end/2 {
		t.Errorf("%d of %d bytes are garbage", g, s.end)
	}
	// A reader from before still has its file.
	if got := dump(old); got != oldDump {
		t.Errorf("the reader now sees\n%s\nand saw\n%s", got, oldDump)
	}
}

func TestModelMismatch(t *testing.T) {
	disk := newMemFS()
	openA := func() *Set { t.Helper(); return openMem(t, disk) }
	s := openA()
	if err := add(s, "cup", 1, 10); err != nil {
		t.Fatal(err)
	}
	s.Close()

	optB := testOptions(disk)
	optB.Fingerprint = printB
	_, err := Open(testDir, optB)
	wantError(t, err, ErrModelMismatch, "aa010203", "bb010203", "shot 1")
	optA := testOptions(disk)
	optA.Dim++
	_, err = Open(testDir, optA)
	wantError(t, err, ErrModelMismatch, "8 numbers", "9")

	// Without a model everything but teaching works.
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	wantClasses(t, s, "cup:1")
	wantError(t, add(s, "cup", 2, 10), ErrModelMismatch, "without a model")
	if err := s.Rename("cup", "mug"); err != nil {
		t.Fatal(err)
	}
	if a, _ := s.Answer(nil, vector(testDim, 1)); a.Class != "mug" {
		t.Errorf("the answer is %+v", a)
	}

	// An empty store is anybody's, but what another model left is not.
	must(s.Forget("mug"))(t)
	s.Close()
	s = must(Open(testDir, optB))(t)
	_, err = s.Undo()
	wantError(t, err, ErrModelMismatch)
	if err := add(s, "dog", 3, 10); err != nil {
		t.Fatal(err)
	}
	must(s.Undo())(t)
	s.Close()

	// Without a model an undo may bring both together; answers then rest on
	// one.
	s = must(Open(testDir, optB))(t)
	if err := add(s, "dog", 3, 10); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = must(Open(testDir, Options{FS: disk, Now: clock()}))(t)
	must(s.Undo())(t)
	must(s.Undo())(t)
	wantClasses(t, s, "mug:1")
	if a, _ := s.Answer(nil, vector(testDim, 1)); a.Class != "mug" {
		t.Errorf("the answer is %+v", a)
	}
}

func TestReadOnly(t *testing.T) {
	disk := newMemFS()
	opt := testOptions(disk)
	opt.ReadOnly = true
	_, err := Open(testDir, opt)
	wantError(t, err, ErrNotFound, "nothing has been taught", testDir)
	wantError(t, err, fs.ErrNotExist)

	w := openMem(t, disk)
	if err := add(w, "cup", 1, 10); err != nil {
		t.Fatal(err)
	}
	ops := disk.ops
	r := must(Open(testDir, opt))(t) // while the writer is there
	wantClasses(t, r, "cup:1")
	wantError(t, add(r, "cup", 2, 10), ErrReadOnly, testDir)
	wantError(t, r.Remove(1), ErrReadOnly)
	wantError(t, r.Move(1, "cup"), ErrReadOnly)
	_, err = r.Undo()
	wantError(t, err, ErrReadOnly)
	if disk.ops != ops {
		t.Error("a reader wrote")
	}
	if err := add(w, "cup", 2, 10); err != nil {
		t.Fatal(err)
	}
	wantClasses(t, r, "cup:1")
	wantClasses(t, must(Open(testDir, opt))(t), "cup:2")

	_, err = Open(testDir, testOptions(disk))
	wantError(t, err, ErrLocked, "process 4711", testDir)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, add(w, "cup", 3, 10), fs.ErrClosed)
	_, err = w.Crop(1)
	wantError(t, err, fs.ErrClosed)
	if err := w.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	wantClasses(t, openMem(t, disk), "cup:2")
}

// A reader that opens while the writer appends sees a prefix, whatever the
// moment.
func TestReaderMeetsWriter(t *testing.T) {
	disk := newMemFS()
	w := openMem(t, disk)
	if err := add(w, "cup", 0, 100); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for n := range uint64(100) {
			if err := add(w, "cup", n, 9000); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	seen := 0
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		r, err := Open(testDir, Options{FS: disk, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := r.Len(); n < seen {
			t.Fatalf("%d shots after %d", n, seen)
		}
		seen = r.Len()
	}
}

// One shot costs the disk little more than the shot, in one write.
func TestBytesWritten(t *testing.T) {
	disk := newMemFS()
	s := must(Open(testDir, Options{FS: disk, Fingerprint: printA, Now: clock()}))(t)
	const dim, size, n = 1280, 25000, 50
	before, ops := disk.written, disk.ops
	for i := range uint64(n) {
		if _, err := s.Add("a class", vector(dim, i), crop(size, i), "camera:0", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if got, most := disk.written-before, int64(n*(size+4*dim)*11/10); got > most {
		t.Errorf("%d bytes for %d shots, want at most %d", got, n, most)
	}
	if disk.ops-ops != 2*n {
		t.Errorf("%d operations for %d shots, want a write and a sync each: %v", disk.ops-ops, n, disk.kinds)
	}
}

// The operating system's files: one folder, private, with what belongs there.
func TestOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "edge")
	opt := Options{Fingerprint: printA}
	s := must(Open(dir, opt))(t)
	if err := add(s, "cup", 1, 5000); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, opt)
	wantError(t, err, ErrLocked, fmt.Sprintf("process %d", os.Getpid()), filepath.Join(dir, lockName))
	opt.ReadOnly = true
	wantClasses(t, must(Open(dir, opt))(t), "cup:1")
	opt.ReadOnly = false
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = must(Open(dir, opt))(t)
	wantClasses(t, s, "cup:1")
	if err := s.compact(); err != nil {
		t.Fatal(err)
	}
	if b := must(s.Crop(1))(t); !bytes.Equal(b, crop(5000, 1)) {
		t.Error("the crop is another one")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info := must(os.Stat(dir))(t); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
	var names []string
	for _, e := range must(os.ReadDir(dir))(t) {
		names = append(names, e.Name())
		if info := must(e.Info())(t); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	if !slices.Equal(names, []string{lockName, fileName}) {
		t.Errorf("the folder holds %q", names)
	}

	file := filepath.Join(dir, fileName)
	_, err = Open(file, opt)
	if err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a file as folder: %v", err)
	}
	os.Remove(file)
	os.Mkdir(file, 0o700)
	if _, err = Open(dir, opt); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a folder as file: %v", err)
	}
	opt.ReadOnly = true
	if _, err = Open(dir, opt); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder as file, read-only: %v", err)
	}
}

// The lock remembers whether its last holder had closed the store.
func TestLockRemembers(t *testing.T) {
	name := filepath.Join(t.TempDir(), lockName)
	last := false
	for _, now := range []bool{true, false, true, true, false, false} {
		release, clean, err := OS.Lock(name)
		if err != nil {
			t.Fatal(err)
		}
		if clean != last {
			t.Errorf("clean is %v after a release with %v", clean, last)
		}
		if err := release(now); err != nil {
			t.Fatal(err)
		}
		last = now
	}
}

// frozen is a file system mounted read-only.
type frozen struct{ FS }

func (f frozen) Lock(name string) (func(bool) error, bool, error) {
	return nil, false, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
func (f frozen) OpenWrite(name string) (File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestReadOnlyFolder(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	if err := add(s, "cup", 1, 10); err != nil {
		t.Fatal(err)
	}
	s.Close()
	opt := testOptions(frozen{disk})
	_, err := Open(testDir, opt)
	wantError(t, err, ErrReadOnly, testDir)
	opt.ReadOnly = true
	wantClasses(t, must(Open(testDir, opt))(t), "cup:1")
}
