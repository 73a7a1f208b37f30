package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo terminal.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}

// TestRunKeys: a person at a terminal teaches by keys, each pressed when the
// answer to the one before is there, and finds the terminal as it was.
func TestRunKeys(t *testing.T) {
	w := newWorkbench(t)
	clip := makeClip(t, w)
	keyboard, terminal := openTerminal(t)
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	c := w.edge(t, "run", "--json", "--loop", "--no-gate", "--camera", clip, "--classes", "cup,keys", "--shots", "2")
	c.Stdin = terminal
	lines, stderr := begin(t, c)
	// await reads events up to the next one of a kind and returns it.
	await := func(kind string) map[string]any {
		t.Helper()
		for lines.Scan() {
			var ev map[string]any
			if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
				t.Fatalf("%v: %q", err, lines.Text())
			}
			if ev["event"] == kind {
				return ev
			}
		}
		t.Fatalf("no %s event; %s", kind, stderr.Bytes())
		return nil
	}
	press := func(key string) {
		t.Helper()
		if _, err := keyboard.WriteString(key); err != nil {
			t.Fatal(err)
		}
	}
	if ev := await("label"); ev["class"] != "unknown" {
		t.Errorf("before it was taught: %v", ev)
	}
	for _, step := range []struct {
		key, kind string
		want      map[string]any
	}{
		{" ", "shot", map[string]any{"class": "cup", "shots": 1.0, "of": 2.0, "accepted": true, "taught": false}},
		{" ", "shot", map[string]any{"class": "cup", "shots": 2.0, "accepted": true, "taught": true}},
		{"n", "class", map[string]any{"class": "keys", "new": true}},
		{" ", "shot", map[string]any{"class": "keys", "shots": 1.0}},
		{"u", "undo", map[string]any{"change": "shot", "class": "keys", "accepted": true}},
		{"p", "class", map[string]any{"class": "cup", "shots": 2.0}},
		{"f", "forget", map[string]any{"class": "cup", "accepted": false}},
		{"f", "forget", map[string]any{"class": "cup", "accepted": true, "shots": 2.0}},
		{"u", "undo", map[string]any{"change": "forget", "class": "cup", "shots": 2.0}},
	} {
		press(step.key)
		ev := await(step.kind)
		for k, want := range step.want {
			if ev[k] != want {
				t.Errorf("key %q: %s is %v, want %v, in %v", step.key, k, ev[k], want, ev)
			}
		}
	}
	press("\x03") // ctrl-C is a key here, and means quit
	for lines.Scan() {
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %s", err, stderr.Bytes())
	}
	after, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("the terminal was left in another mode:\n%+v\n%+v", *after, *before)
	}
	if got := w.output(t, "classes"); !bytes.HasPrefix([]byte(got), []byte("cup: 2 shots,")) || bytes.Count([]byte(got), []byte("\n")) != 1 {
		t.Errorf("classes afterwards:\n%s", got)
	}
}

// TestRunStatusLine: at a terminal one line says how things are, and what was
// done stays above it.
func TestRunStatusLine(t *testing.T) {
	w := newWorkbench(t)
	clip := makeClip(t, w)
	screen, terminal := openTerminal(t)
	c := w.edge(t, "run", "--camera", clip, "--smooth", "1")
	c.Stdout, c.Stderr = terminal, terminal
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	// The terminal is still open here, so what was printed waits to be read.
	var shown []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(shown, []byte("at its end")) {
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, shown)
		}
		shown = append(shown, buf[:n]...)
	}
	if !bytes.Contains(shown, []byte("\runknown · teaching object 1 0/5 · ")) || bytes.Contains(shown, []byte("unknown\x1b[K\r\n")) {
		t.Errorf("%q", shown)
	}
}
