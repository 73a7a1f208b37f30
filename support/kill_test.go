package support

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// teachEnv makes the test program a teacher that is about to be killed: folder
// and number of its first action. It prints the number of each action once that
// is acknowledged.
const (
	teachEnv      = "SUPPORT_TEST_TEACH"
	teachFirstEnv = "SUPPORT_TEST_TEACH_FIRST"

	// killsEnv is how often TestKilled kills: SUPPORT_TEST_KILLS=1000 takes a
	// minute.
	killsEnv = "SUPPORT_TEST_KILLS"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(lookEnv); dir != "" {
		if err := lookOn(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	if dir := os.Getenv(teachEnv); dir != "" {
		if err := teach(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func teach(dir string) error {
	first, err := strconv.Atoi(os.Getenv(teachFirstEnv))
	if err != nil {
		return err
	}
	i := first
	s, err := openTaught(dir, OS, &i)
	if err != nil {
		return err
	}
	for ; ; i++ {
		if err := anyAction(s, i); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// openTaught opens a store whose clock shows the number of the action.
func openTaught(dir string, fsys FS, i *int) (*Set, error) {
	s, err := Open(dir, Options{Fingerprint: printA, Dim: testDim, FS: fsys, Now: func() time.Time { return time.Unix(int64(*i), 0) }})
	if err == nil {
		s.limit = 1 << 15 // compactions every now and then
	}
	return s, err
}

// anyAction does what its number and the Set say, of every kind of change.
func anyAction(s *Set, i int) error {
	r := rand.New(rand.NewPCG(uint64(i), 50))
	ways := s.Ways()
	shots := s.Shots("")
	if len(ways) < 3 || len(shots) < 5 {
		return add(s, fmt.Sprint("class ", i%5), uint64(i), r.IntN(9000))
	}
	way, shot, fresh := ways[r.IntN(len(ways))].Class, shots[r.IntN(len(shots))], fmt.Sprint("new ", i)
	var err error
	switch r.IntN(16) {
	case 0:
		err = s.Remove(shot.ID)
	case 1, 2:
		err = s.Move(shot.ID, fresh)
	case 3, 4:
		err = s.Rename(way, fresh)
	case 5:
		if into := ways[(r.IntN(len(ways)))].Class; into != way {
			err = s.Merge(way, into)
		}
	case 6:
		_, err = s.Forget(way)
	case 7:
		err = s.SetRule(Rule{FalseReject: 0.01 + 0.4*r.Float64()})
	case 8:
		err = s.Reembed(printB, []Embedded{{Shot: shot.ID, Embedding: vector(testDim, uint64(i))}})
	case 9, 10, 11:
		_, err = s.Undo()
	default:
		err = add(s, way, uint64(i), r.IntN(9000))
	}
	return err
}

// A teacher is killed in the middle of whatever it does, again and again: the
// store holds what was acknowledged, or that and the one change in flight, as
// another that does the same in memory.
func TestKilled(t *testing.T) {
	t.Parallel()
	kills := 60
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		kills = n
	}
	dir := t.TempDir()
	disk := newMemFS()
	next := 1 // number of the first action that is not in the shadow
	shadow := must(openTaught(testDir, disk, &next))(t)
	must(openTaught(dir, OS, &next))(t).Close()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	torn, flying := 0, 0
	for round := range kills {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), teachEnv+"="+dir, fmt.Sprint(teachFirstEnv, "=", next))
		out := must(cmd.StdoutPipe())(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		acknowledged := func() {
			t.Helper()
			if got := lines.Text(); got != strconv.Itoa(next) {
				t.Fatalf("round %d: the teacher says %q, want %d", round, got, next)
			}
			if err := anyAction(shadow, next); err != nil {
				t.Fatal(err)
			}
			next++
		}
		// The kill lands while the teacher is on some later action.
		for range 1 + r.IntN(8) {
			if !lines.Scan() {
				t.Fatalf("the teacher stopped by itself: %v", cmd.Wait())
			}
			acknowledged()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			acknowledged()
		}
		cmd.Wait()

		s, err := Open(dir, Options{ReadOnly: true, Fingerprint: printA})
		if err != nil {
			t.Fatal(err)
		}
		if s.Torn() != nil {
			torn++
		}
		got := dump(s)
		s.Close()
		if got != dump(shadow) {
			flying++
			if err := anyAction(shadow, next); err != nil {
				t.Fatal(err)
			}
			next++
			if want := dump(shadow); got != want {
				t.Fatalf("round %d: the store holds\n%s\nwant that before action %d, or\n%s", round, got, next-1, want)
			}
		}
	}
	if disk.kinds["rename"] < 2 {
		t.Error("nothing was ever compacted")
	}
	t.Logf("killed %d times in %d actions: %d changes in flight were kept, %d torn tails; %d compactions", kills, next-1, flying, torn, disk.kinds["rename"]-1)
}

// lookEnv makes the test program a reader.
const lookEnv = "SUPPORT_TEST_LOOK"

// lookOn opens a store again and again and looks at all of it, until its
// standard input ends. Then it says how many different contents it saw.
func lookOn(dir string) error {
	end := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(end)
	}()
	seen := make(map[string]bool)
	for n := 0; ; n++ {
		s, err := Open(dir, Options{ReadOnly: true, Fingerprint: printA})
		if err != nil {
			return err
		}
		at := dump(s) // with a checksum of each picture
		if len(cropErrors(s)) > 0 {
			return errors.New(cropErrors(s))
		}
		if again := dump(s); again != at {
			return fmt.Errorf("it held\n%s\nand then\n%s", at, again)
		}
		s.Close()
		seen[at] = true
		if n == 0 {
			fmt.Println("looking")
		}
		select {
		case <-end:
			fmt.Println("saw", len(seen))
			return nil
		default:
		}
	}
}

// Another process reads while this one teaches, forgets and compacts: it never
// fails, and every picture that it finds in a list is there.
func TestForgetWhileAnotherReads(t *testing.T) {
	dir := t.TempDir()
	i := 0
	s := must(openTaught(dir, OS, &i))(t)
	put := func(class string) {
		t.Helper()
		i++
		if err := add(s, class, uint64(i), 3000); err != nil {
			t.Fatal(err)
		}
	}
	put("cup")
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), lookEnv+"="+dir)
	in := must(cmd.StdinPipe())(t)
	lines := bufio.NewScanner(must(cmd.StdoutPipe())(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "looking" {
		t.Fatalf("the reader says %q", lines.Text())
	}
	compactions, id := 0, s.id
	for compactions < 4 {
		class := fmt.Sprint("class ", i)
		for range 5 {
			put(class)
		}
		must(s.Forget(class))(t)
		for range 4 {
			must(s.Undo())(t)
		}
		if s.id != id {
			compactions, id = compactions+1, s.id
		}
	}
	in.Close()
	var last string
	for lines.Scan() {
		last += lines.Text()
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the reader: %v: %s", err, last)
	}
	var seen int
	if _, err := fmt.Sscanf(last, "saw %d", &seen); err != nil || seen < 2 {
		t.Errorf("the reader says %q, want some contents", last)
	}
	t.Logf("%d changes, %d compactions, %d contents seen", i, compactions, seen)
}
