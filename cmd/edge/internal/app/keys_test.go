package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func readKeys(t *testing.T, text string) []Command {
	t.Helper()
	out := make(chan Command, 64)
	ReadKeys(t.Context(), strings.NewReader(text), out)
	close(out)
	var got []Command
	for c := range out {
		got = append(got, c)
	}
	return got
}

func TestReadKeys(t *testing.T) {
	for text, want := range map[string][]Command{
		" nu":                     {Shot, NextClass, Undo},
		"xX":                      {Wrong, Wrong},
		"é…n\xffn":                {NextClass, NextClass},
		"\x1b[A\x1b[1;5Cn":        {NextClass}, // up, ctrl-right
		"\x1bOPn":                 {NextClass}, // F1
		"\x1b[20~n\x1b[200~ \x1b": {NextClass, Shot},
		"\x1b[":                   nil,
	} {
		if got := readKeys(t, text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// An escape key alone does not swallow the key after it.
func TestEscapeAlone(t *testing.T) {
	out := make(chan Command, 4)
	ReadKeys(t.Context(), iotest.OneByteReader(strings.NewReader("\x1bn")), out)
	if len(out) != 1 || <-out != NextClass {
		t.Errorf("esc, then n: want the next class")
	}
}

func TestReadKeysEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ReadKeys(ctx, strings.NewReader(" "), make(chan Command)) // nobody listens
}

func TestKeysWantATerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Keys(t.Context(), f, nil); !errors.Is(err, ErrNoTerminal) {
		t.Errorf("keys of a file: %v", err)
	}
}
