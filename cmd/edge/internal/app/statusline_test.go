package app

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/support"
)

// screen is a terminal of one line of text and what scrolled away above it. It
// knows \r, \n and the erasing of a line's rest.
type screen struct {
	t      *testing.T
	writes int
	above  []string
	line   []rune
	at     int
}

func (s *screen) Write(b []byte) (int, error) {
	s.writes++
	for text := string(b); text != ""; {
		if rest, ok := strings.CutPrefix(text, "\x1b[K"); ok {
			s.line, text = s.line[:s.at], rest
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.at = 0
		case '\n':
			s.above, s.line, s.at = append(s.above, string(s.line)), nil, 0
		case '\x1b':
			s.t.Errorf("an escape that is no erasing: %q", b)
		default:
			if s.at < len(s.line) {
				s.line[s.at] = r
			} else {
				s.line = append(s.line, r)
			}
			s.at++
		}
	}
	return len(b), nil
}

func TestStatusLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scr := &screen{t: t}
		width := 80
		l := NewStatusLine(scr, func() int { return width })
		update := func(s Status) {
			t.Helper()
			<-time.After(statusEvery)
			if err := l.Update(&s); err != nil {
				t.Fatal(err)
			}
		}
		shows := func(want string) {
			t.Helper()
			if got := string(scr.line); got != want {
				t.Errorf("the line is\n%q, want\n%q", got, want)
			}
		}
		s := Status{Class: "cup", Shots: 2, Of: 5, FPS: 12.34}
		update(s)
		shows("looking … · teaching cup 2/5 · 12.3 fps")
		s.Label, s.Answer = "cup", support.Answer{Nearest: "cup", Distance: 0.2, Threshold: 0.4}
		update(s)
		shows("cup  0.20/0.40 · teaching cup 2/5 · 12.3 fps")
		s.Label, s.Answer = "unknown", support.Answer{Distance: 2}
		update(s)
		shows("unknown · teaching cup 2/5 · 12.3 fps")

		writes := scr.writes
		update(s)
		if scr.writes != writes {
			t.Error("a line that says the same was written again")
		}
		s.Shots = 3
		if update(s); scr.writes != writes+1 {
			t.Error("a change was not written at once")
		}
		s.Shots = 4
		if err := l.Update(&s); err != nil || scr.writes != writes+1 {
			t.Errorf("two changes in no time: %v, %d writes", err, scr.writes-writes)
		}

		if err := l.Println("cup: shot 4 of 5"); err != nil {
			t.Fatal(err)
		}
		shows("")
		if len(scr.above) != 1 || scr.above[0] != "cup: shot 4 of 5" {
			t.Errorf("above the line: %q", scr.above)
		}
		update(s)
		shows("unknown · teaching cup 4/5 · 12.3 fps")

		width = 20
		s.Label = "猫猫"
		update(s)
		shows("猫猫 · teaching cup") // 19 columns: two columns a character, the last column free
		if err := l.Clear(); err != nil {
			t.Fatal(err)
		}
		shows("")
	})
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""}, {"abc", -1, ""},
		{"猫猫", 3, "猫"}, {"☕a", 2, "☕"}, {"🍎a", 2, "🍎"}, {"e\u0301a", 1, "e\u0301"},
	} {
		if got := string(clip([]byte(c.text), c.width)); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestStatusLineReportsErrors(t *testing.T) {
	l := NewStatusLine(brokenPipe{}, func() int { return 80 })
	if err := l.Update(&Status{}); !errors.Is(err, errPipe) {
		t.Errorf("Update: %v", err)
	}
	if err := l.Println("x"); !errors.Is(err, errPipe) {
		t.Errorf("Println: %v", err)
	}
}

func TestNoStatusLine(t *testing.T) {
	var l *StatusLine
	if l.Update(&Status{}) != nil || l.Println("x") != nil || l.Clear() != nil {
		t.Error("no status line has an error")
	}
}
