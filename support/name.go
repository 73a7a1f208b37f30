package support

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unknown is the answer for what was never taught; no class can have it as its
// name.
const Unknown = "unknown"

// MaxName is the length of the longest class name, in runes.
const MaxName = 64

// CheckName says whether a class may be called so: 1 to 64 runes of valid
// UTF-8 with no control character, no slash or backslash (bundles and folders
// are named after classes), no space at either end, and none of ".", ".." and
// "unknown". Emoji are fine. Names are compared byte by byte and never
// normalised. The error wraps ErrName and gives the reason.
func CheckName(class string) error {
	switch {
	case class == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case !utf8.ValidString(class):
		return fmt.Errorf("%w: %.80q is not valid UTF-8", ErrName, class)
	case strings.TrimSpace(class) != class:
		return fmt.Errorf("%w: %.80q begins or ends with a space", ErrName, class)
	case class == "." || class == "..":
		return fmt.Errorf("%w: %q means a folder", ErrName, class)
	case strings.EqualFold(class, Unknown):
		return fmt.Errorf("%w: %q is the answer for what was never taught", ErrName, class)
	}
	if n := utf8.RuneCountInString(class); n > MaxName {
		return fmt.Errorf("%w: %.24q… has %d characters, at most %d are allowed", ErrName, class, n, MaxName)
	}
	for i, r := range class {
		switch {
		case r == '/' || r == '\\':
			return fmt.Errorf("%w: %q holds a %q, which separates folders", ErrName, class, r)
		// U+2028 and U+2029 end a line as surely as a newline does.
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return fmt.Errorf("%w: %q holds a control character (U+%04X) at byte %d", ErrName, class, r, i)
		// Overrides of the writing direction make a name look like another one.
		case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return fmt.Errorf("%w: %q changes the writing direction (U+%04X) at byte %d", ErrName, class, r, i)
		}
	}
	return nil
}
