package app

import (
	"fmt"
	"io"
	"time"
	"unicode"
)

// statusEvery is how often a StatusLine changes at most: eyes need no more.
const statusEvery = 100 * time.Millisecond

// StatusLine is a line on a terminal that says how things are and rewrites
// itself. A nil *StatusLine shows nothing. It is used by one goroutine.
type StatusLine struct {
	w     io.Writer
	width func() int

	shown time.Time
	line  string // what stands there
	text  []byte
}

// NewStatusLine returns a StatusLine on the terminal w, whose width in columns
// width returns; it is asked again and again, for windows change.
func NewStatusLine(w io.Writer, width func() int) *StatusLine {
	return &StatusLine{w: w, width: width}
}

// Update shows s, unless the line changed a moment ago or says so already.
func (l *StatusLine) Update(s *Status) error {
	if l == nil || !l.shown.IsZero() && time.Since(l.shown) < statusEvery {
		return nil
	}
	l.text = appendStatus(l.text[:0], s)
	// The last column stays free: some terminals wrap as soon as it is filled.
	text := clip(l.text, l.width()-1)
	if string(text) == l.line {
		return nil
	}
	l.shown, l.line = time.Now(), string(text)
	// Text first and then the rest of the line, so that nothing flickers.
	_, err := fmt.Fprintf(l.w, "\r%s\x1b[K", text)
	return err
}

// Println replaces the line by text, which stays; the next Update starts below.
func (l *StatusLine) Println(text string) error {
	if l == nil {
		return nil
	}
	_, err := fmt.Fprintf(l.w, "\r%s\x1b[K\n", text)
	l.line, l.shown = "", time.Time{}
	return err
}

// Clear takes the line away.
func (l *StatusLine) Clear() error {
	if l == nil || l.line == "" {
		return nil
	}
	_, err := io.WriteString(l.w, "\r\x1b[K")
	l.line, l.shown = "", time.Time{}
	return err
}

// appendStatus appends what a person wants to know, most important first.
func appendStatus(b []byte, s *Status) []byte {
	switch a := s.Answer; {
	case s.Label == "":
		b = append(b, "looking …"...)
	case a.Nearest == "":
		b = append(b, s.Label...)
	default:
		b = fmt.Appendf(b, "%s  %.2f/%.2f", s.Label, a.Distance, a.Threshold)
	}
	return fmt.Appendf(b, " · teaching %s %d/%d · %.1f fps", s.Class, s.Shots, s.Of, s.FPS)
}

// clip returns the beginning of text that fits into width columns.
func clip(text []byte, width int) []byte {
	used := 0
	for i, r := range string(text) {
		if used += columns(r); used > width {
			return text[:i]
		}
	}
	return text
}

// columns returns how wide a terminal draws r: nothing for combining marks, two
// columns for East Asian wide characters and emoji. Where terminals differ it
// is the wider: a line that ends early looks better than one that wraps.
func columns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r < 0x1100:
		return 1
	case r <= 0x115f, // Hangul Jamo
		r >= 0x2300 && r <= 0x23ff, r >= 0x2600 && r <= 0x27bf, r >= 0x2b00 && r <= 0x2bff, // symbols that some terminals draw as emoji
		r >= 0x2e80 && r <= 0xa4cf, // CJK radicals … Yi
		r >= 0xac00 && r <= 0xd7a3, // Hangul syllables
		r >= 0xf900 && r <= 0xfaff, // CJK compatibility
		r >= 0xfe30 && r <= 0xfe6f,
		r >= 0xff00 && r <= 0xff60, // fullwidth forms
		r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, // emoji
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}
