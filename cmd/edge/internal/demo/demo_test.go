package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A test's device is this test binary, in a part that it plays.
const partVariable = "DEMO_TEST_PART"

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		os.Exit(playPart(part, os.Args[1] == "true"))
	}
	os.Exit(m.Run())
}

// cast returns a demo with a device that plays part.
func cast(t *testing.T, part string) (Options, *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	return Options{
		Device: func(ctx context.Context, store, clip string, from int, kill bool) *exec.Cmd {
			c := exec.CommandContext(ctx, program, fmt.Sprint(kill))
			c.Env = append(os.Environ(), partVariable+"="+part)
			c.Stderr = os.Stderr
			return c
		},
		Sheet: filepath.Join(t.TempDir(), "sheet.png"),
		Write: func(path string, b []byte) error { return os.WriteFile(path, b, 0o600) },
		Tell:  &Transcript{W: &told},
	}, &told
}

const (
	openEmpty = `{"event":"open","memory":[],"teaching":"cup","of":5}`
	shots2    = `{"event":"shot","seq":4,"class":"cup","shots":1,"of":5,"accepted":true}
{"event":"shot","seq":8,"class":"cup","shots":2,"of":5,"accepted":true}`
	kill = `{"event":"kill","seq":111}`
)

// playPart is the device.
func playPart(part string, killed bool) int {
	say := func(lines ...string) { fmt.Println(strings.Join(lines, "\n")) }
	die := func() int {
		p, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = p.Kill()
		}
		if err != nil {
			return 137
		}
		select {}
	}
	if killed {
		switch part {
		case "mute":
			return 4
		case "babbler":
			say("hello")
			select {} // it has to be ended
		case "old hand":
			say(`{"event":"open","memory":[{"class":"dog","shots":1}]}`)
			return die()
		case "survivor":
			say(openEmpty, shots2, kill)
			return 0
		case "complainer":
			say(openEmpty, `{"event":"error","what":"the disk is full"}`)
			return 0
		case "early death":
			say(openEmpty, shots2)
			return die()
		}
		say(openEmpty, shots2, kill)
		return die()
	}
	remembers := func(n int) string {
		return fmt.Sprintf(`{"event":"open","memory":[{"class":"cup","shots":%d}],"torn":77,"teaching":"cup"}`, n)
	}
	switch part {
	case "forgetter":
		say(remembers(1))
	case "inventor":
		say(remembers(4))
	case "sleeper":
		say(remembers(2))
	case "mayfly":
		say(remembers(2))
		return die()
	case "genius", "lucky genius", "parrot":
		n := 2
		if part == "lucky genius" {
			n = 3
		}
		say(remembers(n), `{"event":"press","seq":121,"gesture":"short"}`)
		for n++; n <= 5; n++ {
			say(fmt.Sprintf(`{"event":"shot","seq":%d,"class":"cup","shots":%d,"of":5,"accepted":true,"taught":%v}`, 116+4*n, n, n == 5))
		}
		say(`{"event":"shot","seq":0,"class":"cup","accepted":false,"reason":"too dark"}`, `{"event":"class","class":"cat"}`,
			`{"event":"shot","seq":140,"class":"cat","shots":1,"of":5,"accepted":true}`, `{"event":"undo","change":"shot","class":"cat","shots":1}`)
		s, err := Timetable()
		if err != nil {
			panic(err)
		}
		for i := s.Kill + 1; i < s.Frames; i++ {
			if i%s.Step != 0 {
				continue
			}
			class, ok := s.Truth(i)
			if part == "parrot" || !ok {
				class = "cup"
			}
			say(fmt.Sprintf(`{"event":"frame","seq":%d,"class":"%s","known":%v,"nearest":"cup","distance":0.25,"threshold":0.5}`, i, class, class != Unknown))
		}
		say(`{"event":"end","frames":64,"fps":12.5,"ms":{"network":{"p50":41.2,"p99":60},"capture":{"p50":1.25}}}`)
	}
	return 0
}

func TestDevicesThatDoNotDoTheirPart(t *testing.T) {
	for _, c := range []struct {
		part string
		want error
		text string
	}{
		{"mute", ErrDevice, "before it was to be killed"},
		{"early death", ErrDevice, "before it was to be killed"},
		{"babbler", ErrDevice, `it said "hello"`},
		{"old hand", ErrStore, ""},
		{"survivor", ErrDevice, "came to its end"},
		{"complainer", ErrDevice, "the disk is full"},
		{"forgetter", ErrForgotten, "cup had 2 shots and has 1"},
		{"inventor", ErrDevice, "remembers more than it was taught"},
		{"sleeper", ErrDevice, "before the end of the clip"},
		{"mayfly", ErrDevice, "signal: killed"},
	} {
		opt, _ := cast(t, c.part)
		_, err := Run(t.Context(), opt)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %v with %q", c.part, err, c.want, c.text)
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); c.part == "mute" && (!ok || exit.ExitCode() != 4) {
			t.Errorf("%s: %v does not say with which code it ended", c.part, err)
		}
	}
}

func TestDeviceThatIsNotThere(t *testing.T) {
	opt, _ := cast(t, "genius")
	opt.Device = func(ctx context.Context, _, _ string, _ int, _ bool) *exec.Cmd {
		return exec.CommandContext(ctx, filepath.Join(t.TempDir(), "edge"))
	}
	if _, err := Run(t.Context(), opt); !errors.Is(err, ErrDevice) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestInterrupted(t *testing.T) {
	opt, _ := cast(t, "genius")
	why := errors.New("ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	opt.Line = func(any) error { cancel(why); return nil }
	if _, err := Run(ctx, opt); !errors.Is(err, why) {
		t.Errorf("%v, want %v", err, why)
	}
}

func TestTranscript(t *testing.T) {
	for part, flight := range map[string]fate{"genius": lost, "lucky genius": stored} {
		opt, told := cast(t, part)
		var lines int
		opt.Line = func(any) error { lines++; return nil }
		r, err := Run(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		kept := 2
		if flight == stored {
			kept = 3
		}
		if !r.Good || r.Named != 18 || r.Objects != 18 || r.Refused != 12 || r.Others != 12 || r.Flight != flight || r.Kept != kept || r.Frames != 64 {
			t.Errorf("%s: %+v", part, r)
		}
		if lines < 60 {
			t.Errorf("%s: %d lines, want one for each message", part, lines)
		}
		text := told.String()
		for _, want := range []string{
			"\n  0:00  cup          ● ●\n        killed (signal: killed) in the middle of storing the next shot\n",
			fmt.Sprintf("started again, it remembers cup %d:\n", kept),
			"taught ○ (too dark); a long press: next\n",
			"cat          ●  pressed too early; a double press takes it back\n",
			"  0:20  cat on slate               cat ✓✓✓          0.25, limit 0.50\n",
			"  nothing on hay             unknown ✓✓✓      0.25 from cup, limit 0.50\n",
			"  cup             6    ·      ·         ·       ·\n",
			"  unknown         ·    ·      ·         ·      12\n",
			"18 of 18 frames of taught things named right, 12 of 12 of anything else called unknown.\n",
			"12.5 frames a second; capture 1.2 ms; preprocess 0.000 ms; network 41 ms;",
			"Contact sheet: " + opt.Sheet + "\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the transcript lacks %q:\n%s", part, want, text)
			}
		}
		if got := strings.Contains(text, "of which\n        77 bytes had been written, is lost"); got != (flight == lost) {
			t.Errorf("%s: says that the shot in flight is lost: %v\n%s", part, got, text)
		}
		for line := range strings.Lines(text) {
			if n := len([]rune(line)); n > 101 && !strings.HasPrefix(line, "Contact sheet") {
				t.Errorf("%s: %d columns: %s", part, n, line)
			}
		}
		f, err := os.Open(opt.Sheet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: contact sheet: %v", part, err)
		}
		f.Close()
	}
}

// Where the answers are bad that is an error, and a person who wants it brief
// is told how bad.
func TestBelowInBrief(t *testing.T) {
	opt, told := cast(t, "parrot")
	opt.Tell.Brief = true
	r, err := Run(t.Context(), opt)
	if want := "6 of 18 frames of taught things named right, 0 of 12"; !errors.Is(err, ErrBelow) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %v with %q", err, ErrBelow, want)
	}
	if r == nil || r.Good || r.Named != 6 || r.Refused != 0 {
		t.Errorf("%+v", r)
	}
	if got := told.String(); !strings.HasPrefix(got, "\nframes by what was shown") || !strings.Contains(got, "6 of 18") {
		t.Errorf("%s", got)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestNobodyReads(t *testing.T) {
	opt, _ := cast(t, "genius")
	opt.Tell.W = closedPipe{}
	if _, err := Run(t.Context(), opt); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, want what the pipe said", err)
	}
}

// The clip, its timetable and CLIP.md belong together.
func TestClip(t *testing.T) {
	s, err := Timetable()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(clip)
	if got := hex.EncodeToString(sum[:]); got != s.SHA256 {
		t.Errorf("clip.avi has sha256 %s, clip.json says %s", got, s.SHA256)
	}
	doc, err := os.ReadFile("CLIP.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{fmt.Sprintf("| `clip.avi` | %d | `%x` |", len(clip), sum), "CC0"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("CLIP.md lacks %q", want)
		}
	}
	if most := 3_000_000; len(clip) > most {
		t.Errorf("clip.avi has %d bytes, want %d at most", len(clip), most)
	}
	taught, strangers := map[string]bool{}, map[string]bool{}
	for i := range s.Frames {
		switch class, ok := s.Truth(i); {
		case !ok:
		case class == Unknown:
			strangers[s.At(i).Show] = true
		default:
			taught[class] = true
		}
	}
	if len(taught) != 4 || len(strangers) < 3 {
		t.Errorf("shown at the end: %v, and never taught: %v", taught, strangers)
	}
}
