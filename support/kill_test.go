package support

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// teachEnv makes the test program a teacher that is about to be killed: it
// prints a line for each shot once it is acknowledged.
const teachEnv = "SUPPORT_TEST_TEACH"

func TestMain(m *testing.M) {
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
	s, err := Open(dir, Options{Fingerprint: printA, Dim: testDim})
	if err != nil {
		return err
	}
	for {
		n := s.nextID
		shot, err := s.Add(fmt.Sprint("class ", n%3), vector(testDim, n), crop(3000, n), "", time.Time{})
		if err != nil {
			return err
		}
		fmt.Println("shot", shot.ID)
		if n%7 == 0 {
			if _, err := s.Undo(); err != nil {
				return err
			}
			fmt.Println("undone", shot.ID)
		}
	}
}

// A teacher is killed in the middle of things, again and again, and every shot
// it had acknowledged is there.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	acked, undone := make(map[uint64]bool), make(map[uint64]bool)
	rounds, torn := 40, 0
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), teachEnv+"="+dir)
		out := must(cmd.StdoutPipe())(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The kill lands while the teacher is on some later shot.
		lines := bufio.NewScanner(io.Reader(out))
		note := func() {
			t.Helper()
			var id uint64
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "shot "):
				fmt.Sscanf(line, "shot %d", &id)
				acked[id] = true
			case strings.HasPrefix(line, "undone "):
				fmt.Sscanf(line, "undone %d", &id)
				undone[id] = true
			default:
				t.Errorf("the teacher says %q", line)
			}
		}
		for range 1 + r.IntN(12) {
			if !lines.Scan() {
				t.Fatalf("the teacher stopped by itself: %v", cmd.Wait())
			}
			note()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			note()
		}
		cmd.Wait()

		s, err := Open(dir, Options{ReadOnly: round%2 == 0})
		if err != nil {
			t.Fatal(err)
		}
		if s.Torn() != nil {
			torn++
		}
		there := make(map[uint64]bool)
		for _, shot := range s.Shots("") {
			there[shot.ID] = true
			if b, err := s.Crop(shot.ID); err != nil || string(b) != string(crop(3000, shot.ID)) {
				t.Errorf("round %d: crop of shot %d: %v", round, shot.ID, err)
			}
		}
		last := s.nextID - 1
		for id := range acked {
			// The undo of the last shot may have been in flight.
			if !there[id] && !undone[id] && (id%7 != 0 || id != last) {
				t.Errorf("round %d: shot %d was acknowledged and is gone", round, id)
			}
		}
		for id := range there {
			if undone[id] {
				t.Errorf("round %d: shot %d was undone and is back", round, id)
			}
			if !acked[id] && id != last {
				t.Errorf("round %d: shot %d was never acknowledged", round, id)
			}
			acked[id] = true
		}
		if !there[last] && last%7 == 0 {
			undone[last] = true
		}
		s.Close()
	}
	t.Logf("killed %d times, %d shots, %d torn tails", rounds, len(acked), torn)
}
