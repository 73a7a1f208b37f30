package demo

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
)

// Transcript tells a person what happens, while it happens. A nil *Transcript
// says nothing.
type Transcript struct {
	W      io.Writer
	Colour bool // W is a terminal that shows colours
	Brief  bool // only how it ended

	err error // the first of W; nothing is written after it

	script *script.Script
	row    string   // the class whose shots the current line shows, "" between lines
	at     int      // the frame of the last press
	scene  int      // first frame of the scene whose answers are being collected, -1 if none
	shown  []answer // these answers
}

func (t *Transcript) printf(format string, args ...any) {
	if t != nil && t.err == nil && !t.Brief {
		_, t.err = fmt.Fprintf(t.W, format, args...)
	}
}

// failed is why the person can no longer be told anything.
func (t *Transcript) failed() error {
	if t == nil || t.err == nil {
		return nil
	}
	return fmt.Errorf("standard output: %w", t.err)
}

func (t *Transcript) title(s *script.Script) {
	if t == nil {
		return
	}
	t.script, t.scene = s, -1
	t.printf(`A camera that you teach by pressing a button.

A clip of %d seconds stands in for the camera and a script for the finger. The rest
is what runs on a board: the network, the button, the memory on disk, one process.

`, s.Frames/s.FPS)
}

func (t *Transcript) opened(m opened) {
	threads := "threads"
	if m.Threads == 1 {
		threads = "thread"
	}
	t.printf("%s  %s, %d numbers a picture, %s kernels, %d %s\n\n%s\n",
		t.bold("network"), m.Precision, m.Dim, m.Kernel, m.Threads, threads, t.bold("lessons"))
}

// clock is where in the clip a frame is.
func (t *Transcript) clock(frame int) string {
	d := t.script.Offset(frame) / time.Second
	return fmt.Sprintf("%d:%02d", d/60, d%60)
}

func (t *Transcript) press(m pressed) {
	if t != nil {
		t.at = m.Seq
	}
}

// line begins the line of a class unless it is the current one.
func (t *Transcript) line(class string) {
	if t.row != class {
		t.endLine()
		t.row = class
		t.printf("  %s  %-12s", t.clock(t.at), class)
	}
}

func (t *Transcript) endLine() {
	if t.row != "" {
		t.row = ""
		t.printf("\n")
	}
}

// did tells what a press led to.
func (t *Transcript) did(d did) {
	if t == nil {
		return
	}
	switch d.Event {
	case "shot":
		t.line(d.Class)
		switch {
		case !d.Accepted:
			t.printf(" ○ (%s)", d.Reason)
		case d.Taught:
			t.printf(" ●  taught")
		default:
			t.printf(" ●")
		}
	case "undo":
		t.printf("  pressed too early; a double press takes it back")
		t.endLine()
	case "class":
		t.printf("; a long press: next")
		t.endLine()
	}
}

func (t *Transcript) killed(how error) {
	if t == nil {
		return
	}
	t.endLine()
	reason := how.Error()
	if exit, ok := errors.AsType[*exec.ExitError](how); ok {
		reason = exit.ProcessState.String() // "signal: killed"
	}
	t.printf("        %s (%s) in the middle of storing the next shot\n", t.red("killed"), reason)
}

func (t *Transcript) remembers(m opened, f fate) {
	if t == nil {
		return
	}
	var known []string
	for _, k := range m.Memory {
		known = append(known, fmt.Sprintf("%s %d", k.Class, k.Shots))
	}
	t.printf("        %s, it remembers %s:\n        every shot that it had acknowledged; ", t.green("started again"), strings.Join(known, ", "))
	switch {
	case f == stored:
		t.printf("and the one in flight, which was whole on the disk\n")
	case m.Torn > 0:
		t.printf("the one in flight, of which\n        %d bytes had been written, is lost: nobody had been told it was kept\n", m.Torn)
	default:
		t.printf("the one in flight is lost:\n        nobody had been told it was kept\n")
	}
}

// frame says that a frame went by which does not count.
func (t *Transcript) frame(int) {
	if t != nil && len(t.shown) > 0 {
		t.flush()
	}
}

func (t *Transcript) answer(a answer) {
	if t == nil {
		return
	}
	c := t.script.At(a.Seq)
	if t.scene < 0 {
		t.endLine()
		t.printf("\n%s\n", t.bold("then it looks by itself"))
	}
	if t.scene != c.First {
		t.flush()
		t.scene = c.First
	}
	t.shown = append(t.shown, a)
}

// flush tells the answers to one scene in a line.
func (t *Transcript) flush() {
	if len(t.shown) == 0 {
		return
	}
	c := t.script.At(t.shown[0].Seq)
	what := fmt.Sprintf("%s on %s", c.Show, c.Table)
	if c.Show == "" {
		what = "nothing on " + c.Table
	}
	var names []string
	marks := map[string]string{}
	var distance, threshold float64
	for _, a := range t.shown {
		if marks[a.Class] == "" {
			names = append(names, a.Class)
		}
		if a.Right {
			marks[a.Class] += t.green("✓")
		} else {
			marks[a.Class] += t.red("✗")
		}
		distance += a.Distance / float64(len(t.shown))
		threshold += a.Threshold / float64(len(t.shown))
	}
	var said []string
	for _, n := range names {
		said = append(said, n+" "+marks[n])
	}
	first := t.shown[0]
	why := fmt.Sprintf("%.2f, limit %.2f", distance, threshold)
	if first.Class == Unknown {
		why = fmt.Sprintf("%.2f from %s, limit %.2f", distance, first.Nearest, threshold)
	}
	t.printf("  %s  %s %s %s\n", t.clock(c.First), pad(what, 26), pad(strings.Join(said, ", "), 16), why)
	t.shown = t.shown[:0]
}

func (t *Transcript) end(r *Result) {
	if t == nil {
		return
	}
	t.flush()
	t.Brief = false
	t.printf("\n%s\n", t.bold("frames by what was shown (down) and answered (across)"))
	t.printf("  %-12s", "")
	for _, n := range r.Tally.Names {
		t.printf(" %*s", cell(n), n)
	}
	t.printf("\n")
	for i, row := range r.Tally.Count {
		t.printf("  %-12s", r.Tally.Names[i])
		for j, n := range row {
			s := fmt.Sprintf("%*d", cell(r.Tally.Names[j]), n)
			switch {
			case n == 0:
				s = fmt.Sprintf("%*s", cell(r.Tally.Names[j]), "·")
			case i == j:
				s = t.green(s)
			default:
				s = t.red(s)
			}
			t.printf(" %s", s)
		}
		t.printf("\n")
	}
	t.printf("\n%d of %d frames of taught things named right, %d of %d of anything else called unknown.\n",
		r.Named, r.Objects, r.Refused, r.Others)
	t.printf("%.1f frames a second", r.FPS)
	for _, s := range stages {
		t.printf("; %s %s ms", s, figure(r.MS[s.String()].P50))
	}
	t.printf(" (median).\nContact sheet: %s\n", r.Sheet)
}

// figure shows a duration with two digits that mean something.
func figure(ms float64) string {
	switch {
	case ms < 0.1:
		return fmt.Sprintf("%.3f", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

func cell(name string) int { return max(utf8.RuneCountInString(name), 4) }

// pad fills s up to n columns. Colours take none.
func pad(s string, n int) string {
	columns, escape := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			columns++
		}
	}
	return s + strings.Repeat(" ", max(n-columns, 0))
}

func (t *Transcript) bold(s string) string  { return t.paint("1", s) }
func (t *Transcript) green(s string) string { return t.paint("32", s) }
func (t *Transcript) red(s string) string   { return t.paint("31", s) }

func (t *Transcript) paint(code, s string) string {
	if t == nil || !t.Colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
