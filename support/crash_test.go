package support

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// action is one thing a person does; scenario is a whole life of a store.
type action func(s *Set) error

func scenario() []action {
	put := func(class string, n uint64, size int) action {
		return func(s *Set) error { return add(s, class, n, size) }
	}
	undo := func(s *Set) error { _, err := s.Undo(); return err }
	return []action{
		put("cup", 1, 5000),
		put("cup", 2, 100),
		put("🐈 cat", 3, 9000),
		put("cup", 4, 0),
		func(s *Set) error { return s.SetRule(Rule{FalseReject: 0.1, Head: LDA}) },
		func(s *Set) error { return s.Remove(2) },
		func(s *Set) error { return s.Move(4, "dog") },
		func(s *Set) error { return addNegative(s, 9, 3000) },
		func(s *Set) error { return s.Remove(5) },
		undo,
		func(s *Set) error { return s.Rename("cup", "mug") },
		undo,
		put("cup", 5, 4096-40),
		func(s *Set) error { return s.Merge("dog", "cup") },
		func(s *Set) error { _, err := s.Forget("🐈 cat"); return err },
		undo,
		undo,
		// Undone shots are garbage, and enough of them is a compaction.
		put("junk", 6, 30000),
		put("junk", 7, 30000),
		undo,
		undo,
		put("cup", 8, 700),
		func(s *Set) error { return s.SetRule(Rule{FalseAccept: 0.02}) },
		func(s *Set) error { _, err := s.Forget("dog"); return err },
		undo,
		undo,
	}
}

const smallLimit = 2 * pageSize

// live opens the store and goes through the scenario until something fails. It
// returns the dump before the first action and after each that succeeded.
func live(disk *memFS) (dumps []string, s *Set, err error) {
	if s, err = Open(testDir, testOptions(disk)); err != nil {
		return nil, nil, err
	}
	s.limit = smallLimit
	dumps = append(dumps, dump(s))
	for _, act := range scenario() {
		if err := act(s); err != nil {
			return dumps, s, err
		}
		dumps = append(dumps, dump(s))
	}
	return dumps, s, nil
}

// whole is the scenario on a disk that never fails.
func whole(t *testing.T) (dumps []string, ops int) {
	t.Helper()
	disk := newMemFS()
	dumps, s, err := live(disk)
	if err != nil {
		t.Fatal(err)
	}
	if disk.kinds["rename"] < 2 {
		t.Fatal("the scenario compacts nothing")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dumps, disk.ops
}

// wantOldOrNew checks what a disk holds against what was acknowledged (done
// actions), alone or with the one in flight.
func wantOldOrNew(t *testing.T, how string, got string, dumps []string, done int) {
	t.Helper()
	want := dumps[max(done-1, 0):min(done+1, len(dumps))]
	if !slices.Contains(want, got) {
		t.Fatalf("%s: after %d actions the store holds\n%s\nwant\n%s", how, done-1, got, strings.Join(want, "\nor\n"))
	}
}

// revive opens a disk after a crash, to read and then to write, checks it and
// goes on teaching.
func revive(t *testing.T, how string, disk *memFS, dumps []string, done int) {
	t.Helper()
	opt := testOptions(disk)
	opt.ReadOnly = true
	before := disk.ops
	s, err := Open(testDir, opt)
	switch {
	case err == nil:
		wantOldOrNew(t, how+", read-only", dump(s), dumps, done)
		s.Close()
	case done > 0 || !errors.Is(err, ErrNotFound):
		t.Fatalf("%s: open to read: %v", how, err)
	}
	if disk.ops != before {
		t.Fatalf("%s: a read-only open changed the disk", how)
	}
	if s, err = Open(testDir, testOptions(disk)); err != nil {
		t.Fatalf("%s: open: %v", how, err)
	}
	wantOldOrNew(t, how, dump(s), dumps, done)
	if err := add(s, "after", 99, 5000); err != nil {
		t.Fatalf("%s: add after the crash: %v", how, err)
	}
	want := dump(s)
	s.Close()
	if s, err = Open(testDir, testOptions(disk)); err != nil {
		t.Fatalf("%s: open again: %v", how, err)
	}
	if got := dump(s); got != want {
		t.Fatalf("%s: opened again it holds\n%s\nwant\n%s", how, got, want)
	}
	if s.Torn() != nil {
		t.Fatalf("%s: opened again it is still torn: %+v", how, s.Torn())
	}
	s.Close()
}

// The power goes in every single operation, and the disk is found in every
// state that this may leave.
func TestPowerCutAnywhere(t *testing.T) {
	t.Parallel()
	dumps, ops := whole(t)
	images, torn := 0, 0
	for n := 1; n <= ops; n++ {
		disk := newMemFS()
		disk.cutAt = n
		got, _, err := live(disk)
		if !errors.Is(err, errPower) && n < ops {
			t.Fatalf("operation %d: %v", n, err)
		}
		disk.crashes(func(how string, disk *memFS) {
			images++
			revive(t, how, disk, dumps, len(got))
			for _, name := range disk.list(testDir + "/torn-") {
				torn++
				if len(disk.names[name].data) == 0 {
					t.Fatalf("operation %d: %s: %s is empty", n, how, name)
				}
			}
		})
	}
	if images < 10*ops || torn == 0 {
		t.Fatalf("%d operations gave only %d disks, %d of them with a torn tail", ops, images, torn)
	}
	t.Logf("%d operations, %d disks after a power cut, %d torn tails set aside", ops, images, torn)
}

// The power goes again while the store is being put in order after the first
// cut.
func TestPowerCutDuringRecovery(t *testing.T) {
	t.Parallel()
	dumps, ops := whole(t)
	images, asides := 0, 0
	for n := 1; n <= ops; n += 3 {
		disk := newMemFS()
		disk.cutAt = n
		got, _, _ := live(disk)
		disk.crashes(func(how string, first *memFS) {
			if !strings.Contains(how, "4097 of") && !strings.Contains(how, "without") && !strings.Contains(how, "nothing") {
				return
			}
			var tail []byte
			var at int64
			log := testDir + "/" + fileName
			if s, err := Open(testDir, Options{FS: first, ReadOnly: true}); err == nil && s.Torn() != nil {
				at = s.Torn().Offset
				tail = first.names[log].data[at:]
			}
			for m := 1; ; m++ {
				second := first.clone()
				second.cutAt = m
				s, err := Open(testDir, testOptions(second))
				if err == nil {
					err = s.broken // an open that fails halfway reads on
				}
				if !errors.Is(err, errPower) {
					break
				}
				second.crashes(func(again string, third *memFS) {
					images++
					if data := third.names[log]; tail != nil && (len(data.data) < int(at) || !bytes.Equal(data.data[at:], tail)) {
						kept := slices.ContainsFunc(third.list(testDir+"/torn-"), func(name string) bool {
							return bytes.Equal(third.names[name].data, tail)
						})
						if !kept {
							t.Fatalf("operation %d: %s, then %s: the torn tail is neither in its place nor set aside", n, how, again)
						}
						asides++
					}
					revive(t, how+", then "+again, third, dumps, len(got))
				})
			}
		})
	}
	if images < ops || asides == 0 {
		t.Fatalf("only %d disks, %d with a tail set aside", images, asides)
	}
	t.Logf("%d disks after a second power cut", images)
}

// The process is killed in every operation; the system lives on. What the next
// process sees is safe from a power cut from then on.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	dumps, ops := whole(t)
	for n := 1; n <= ops; n++ {
		disk := newMemFS()
		disk.cutAt = n
		done, _, _ := live(disk)
		alive := disk.kill()
		s, err := Open(testDir, testOptions(alive))
		if err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		seen := dump(s)
		wantOldOrNew(t, "killed", seen, dumps, len(done))
		alive.crashes(func(how string, disk *memFS) {
			s, err := Open(testDir, testOptions(disk))
			if err != nil {
				t.Fatalf("operation %d: %s: %v", n, how, err)
			}
			if got := dump(s); got != seen {
				t.Fatalf("operation %d: %s: a power cut took back what was shown:\n%s\nwas\n%s", n, how, got, seen)
			}
		})
	}
}

// Every single operation fails, once or from then on: the change in hand is
// refused or kept, nothing else is written, and nothing acknowledged is lost.
func TestEveryOperationFails(t *testing.T) {
	t.Parallel()
	dumps, ops := whole(t)
	for _, failure := range []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS} {
		for _, all := range []bool{false, true} {
			refused := 0
			for n := 1; n <= ops; n++ {
				disk := newMemFS()
				disk.failAt, disk.failAll, disk.failure = n, all, failure
				got, s, err := live(disk)
				disk.failAt = 0
				if err == nil {
					// Only the tidying up after a change may fail unnoticed, and
					// a folder above ours that we have no business with.
					if s.tidy == nil && (!readOnly(failure) || !slices.Equal(disk.failed, []string{"syncdir"})) {
						t.Fatalf("operation %d (%v) failed and nobody noticed", n, disk.failed)
					}
					if now := dump(s); now != dumps[len(dumps)-1] {
						t.Fatalf("operation %d: the set holds\n%s", n, now)
					}
				} else if s != nil {
					refused++
					if !errors.Is(err, failure) {
						t.Fatalf("operation %d: error %q hides %q", n, err, failure)
					}
					if errors.Is(failure, syscall.EROFS) && !errors.Is(err, ErrReadOnly) {
						t.Fatalf("operation %d: error %q is not ErrReadOnly", n, err)
					}
					if now := dump(s); now != got[len(got)-1] {
						t.Fatalf("operation %d: after %v the set holds\n%s\nacknowledged was\n%s", n, err, now, got[len(got)-1])
					}
					writes := disk.ops
					for _, again := range scenario()[:1] {
						wantError(t, again(s), ErrBroken)
					}
					if _, err := s.Undo(); !errors.Is(err, ErrBroken) {
						t.Fatalf("operation %d: undo after a failure: %v", n, err)
					}
					if disk.ops != writes {
						t.Fatalf("operation %d: something was written after a failure", n)
					}
				}
				if s != nil {
					s.Close()
				}
				// The power goes at once …
				if failure == syscall.EIO {
					disk.crashes(func(how string, disk *memFS) { revive(t, how, disk, dumps, len(got)) })
				}
				// … or the system lives on, teaches and loses power then.
				if all {
					continue // a disk like that has lost its cache too
				}
				s, err = Open(testDir, testOptions(disk))
				if err != nil {
					t.Fatalf("operation %d: reopen: %v", n, err)
				}
				wantOldOrNew(t, "reopened", dump(s), dumps, len(got))
				if err := add(s, "after", 99, 5000); err != nil {
					t.Fatalf("operation %d: add after reopening: %v", n, err)
				}
				want := dump(s)
				disk.crashes(func(how string, disk *memFS) {
					s, err := Open(testDir, testOptions(disk))
					if err != nil {
						t.Fatalf("operation %d: %s: %v", n, how, err)
					}
					if got := dump(s); got != want {
						t.Fatalf("operation %d: %s: the store holds\n%s\nwant\n%s", n, how, got, want)
					}
				})
			}
			if refused < ops/2 {
				t.Fatalf("only %d of %d failures were refused", refused, ops)
			}
		}
	}
}
