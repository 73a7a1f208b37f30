package bundle

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkPath refuses names of entries that would not stay in the folder they are
// unpacked in, wherever that is. Folders end in a slash.
func checkPath(name string) error {
	bad := func(why string) error { return fmt.Errorf("%w: an entry is called %.80q: %s", ErrCorrupt, name, why) }
	if name == "" {
		return bad("that is no name")
	}
	if !utf8.ValidString(name) {
		return bad("that is not UTF-8")
	}
	for _, r := range name {
		switch {
		case r == '\\':
			return bad("a backslash leaves the folder on some systems")
		case unicode.IsControl(r):
			return bad("it holds a control character")
		}
	}
	if len(name) >= 2 && name[1] == ':' {
		return bad("it begins with a drive")
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name, "/"), "/") {
		switch part {
		case "":
			return bad("it is absolute, or a part of it is empty")
		case ".", "..":
			return bad("it leaves its folder")
		}
	}
	return nil
}

// folders hands out a folder for every class: its name, where every system can
// have a folder of that name and none of the others differs only in case.
type folders map[string]bool

func (f folders) take(class string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, class)
	name = strings.TrimRight(name, ".")
	// Folders that begin with a dot are hidden, and not taught from.
	if strings.HasPrefix(name, ".") || name == "" {
		name = "_" + name
	}
	if base, _, _ := strings.Cut(strings.ToUpper(name), "."); reserved[strings.TrimRight(base, " ")] {
		name = "_" + name
	}
	for try, n := name, 2; ; n++ {
		if key := strings.ToLower(try); !f[key] {
			f[key] = true
			return try
		}
		try = fmt.Sprintf("%s~%d", name, n)
	}
}

// reserved are names that a file cannot have on Windows.
var reserved = map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true}

func init() {
	for _, d := range "123456789" {
		reserved["COM"+string(d)], reserved["LPT"+string(d)] = true, true
	}
}
