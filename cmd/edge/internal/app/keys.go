package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// KeyCommand returns the command of a key, letters in either case.
func KeyCommand(r rune) (Command, bool) {
	if r >= '1' && r <= '9' {
		return Pick(int(r - '1'))
	}
	for _, k := range keys {
		if strings.ContainsRune(k.runes, unicode.ToLower(r)) {
			return k.command, true
		}
	}
	return 0, false
}

// KeyHelp returns a line for each key.
func KeyHelp() string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "  %-6s %s\n", k.name, k.help)
	}
	return b.String()
}

// ErrNoTerminal is what Keys returns where nobody can press keys.
var ErrNoTerminal = errors.New("not a terminal")

// Keys puts the terminal f into a mode in which keys arrive one by one and
// unechoed, and sends their commands to out until ctx is done or f ends.
// restore puts the terminal back as it was; it must be called, may be called
// again, and may be called while keys are read. What is printed meanwhile
// needs no carriage returns.
//
// The goroutine that reads f ends with the first key after ctx is done: a
// terminal's read cannot be interrupted everywhere.
func Keys(ctx context.Context, f *os.File, out chan<- Command) (restore func() error, err error) {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return nil, fmt.Errorf("%s: %w", f.Name(), ErrNoTerminal)
	}
	old, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := keepNewlines(fd); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), term.Restore(fd, old))
	}
	go ReadKeys(ctx, f, out)
	return func() error { return term.Restore(fd, old) }, nil
}

// ReadKeys sends the commands of the keys that r delivers to out until r ends
// or ctx is done. Keys without a command, cursor and function keys among them,
// are skipped.
func ReadKeys(ctx context.Context, r io.Reader, out chan<- Command) {
	in := bufio.NewReaderSize(r, 64)
	for {
		k, _, err := in.ReadRune()
		if err != nil {
			return
		}
		if k == '\x1b' {
			skipSequence(in)
			continue
		}
		c, ok := KeyCommand(k)
		if !ok {
			continue
		}
		select {
		case out <- c:
		case <-ctx.Done():
			return
		}
	}
}

// skipSequence reads what follows an escape that a key such as an arrow sent.
// It came in one piece, so an escape with nothing behind it is the key itself.
func skipSequence(in *bufio.Reader) {
	next := func() (byte, bool) {
		if in.Buffered() == 0 {
			return 0, false
		}
		b, err := in.ReadByte()
		return b, err == nil
	}
	b, ok := next()
	switch {
	case !ok:
	case b == 'O': // SS3: one more byte
		next()
	case b == '[': // CSI: up to a byte from @ to ~
		for b, ok = next(); ok && (b < '@' || b > '~'); b, ok = next() {
		}
	}
}
