//go:build unix

package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKilledWhileTeaching kills edge teach at a random moment, again and again
// on one store: after whichever line was printed last, and so somewhere in the
// work on the next shot. Every shot that a line acknowledged is there
// afterwards, with its class, and at most one more a round.
func TestKilledWhileTeaching(t *testing.T) {
	w := newWorkbench(t)
	const pictures, rounds = 12, 24
	var paths []string
	for i := range pictures {
		var b bytes.Buffer
		if err := png.Encode(&b, paint(fmt.Sprint("thing", i), "", 64, 48)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, w.write(t, fmt.Sprintf("%d.png", i), b.Bytes()))
	}
	r := rand.New(rand.NewPCG(uint64(t.Name()[0]), 20))
	acknowledged := map[uint64]string{}
	unfinished := 0
	for round := range rounds {
		class := fmt.Sprint("class ", round)
		c := w.edge(t, append([]string{"teach", "--json", "--no-gate", class}, paths...)...)
		lines, stderr := begin(t, c)
		// A shot takes some milliseconds, so the kill comes anywhere in it.
		after, wait := r.IntN(pictures/2), time.Duration(r.IntN(5000))*time.Microsecond
		for n := 0; lines.Scan(); n++ {
			if bytes.HasPrefix(lines.Bytes(), []byte(`{"event":"advice"`)) {
				continue // after the last picture
			}
			var l teachLine
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				t.Fatalf("round %d: %v: %q", round, err, lines.Text())
			}
			if !l.Accepted || l.Class != class || l.Shot == 0 {
				t.Fatalf("round %d: %+v", round, l)
			}
			if was, ok := acknowledged[l.Shot]; ok {
				t.Fatalf("round %d: shot %d was acknowledged twice, for %s and %s", round, l.Shot, was, class)
			}
			acknowledged[l.Shot] = class
			if n == after {
				defer time.AfterFunc(wait, func() { _ = c.Process.Signal(syscall.SIGKILL) }).Stop()
			}
		}
		if err := c.Wait(); err != nil { // else it was done before the kill
			unfinished++
			if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
				t.Fatalf("round %d: %v: %s", round, err, stderr.Bytes())
			}
		}
		there := map[uint64]string{}
		for line := range strings.Lines(w.output(t, "shots", "list", "--json")) {
			var s shotLine
			if err := json.Unmarshal([]byte(line), &s); err != nil {
				t.Fatal(err)
			}
			there[s.ID] = s.Class
		}
		for id, class := range acknowledged {
			if there[id] != class {
				t.Fatalf("round %d: shot %d of %s was acknowledged and is %q now", round, id, class, there[id])
			}
		}
		if extra := len(there) - len(acknowledged); extra < 0 || extra > round+1 {
			t.Fatalf("round %d: %d shots, %d acknowledged", round, len(there), len(acknowledged))
		}
	}
	if unfinished == 0 {
		t.Error("no round was killed at work")
	}
	t.Logf("%d of %d rounds killed at work, %d shots acknowledged", unfinished, rounds, len(acknowledged))
	// What was in flight is there or not; the store goes on either way.
	w.output(t, "teach", "--no-gate", "after", paths[0])
	if got := w.output(t, "classes"); !strings.Contains(got, "after: 1 shot,") {
		t.Errorf("classes afterwards:\n%s", got)
	}
}
