package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/edge-camera/edge/gpio"
)

func TestKeyCommand(t *testing.T) {
	for key, want := range map[rune]Command{
		' ': Shot, 'n': NextClass, 'N': NextClass, 'p': PrevClass, 'u': Undo, 'f': Forget,
		's': Report, 'x': Wrong, '?': Help, 'q': Quit, '\x03': Quit, '\x04': Quit, '1': pick, '9': pick + 8,
	} {
		if got, ok := KeyCommand(key); !ok || got != want {
			t.Errorf("%q: %v, %v; want %v", key, got, ok, want)
		}
	}
	for _, key := range "0wyz\n\r\t…" {
		if got, ok := KeyCommand(key); ok {
			t.Errorf("%q: %v, want no command", key, got)
		}
	}
}

func TestKeysAreUnambiguousAndExplained(t *testing.T) {
	owner := map[rune]string{}
	help := KeyHelp()
	for _, k := range keys {
		for _, r := range k.runes {
			if owner[r] != "" {
				t.Errorf("%q means %s and %s", r, owner[r], k.name)
			}
			owner[r] = k.name
			if r >= '0' && r <= '9' {
				t.Errorf("%q is a digit, which picks a class", r)
			}
		}
		if !strings.Contains(help, k.name) || !strings.Contains(help, k.help) {
			t.Errorf("the help does not explain %s", k.name)
		}
	}
	// Whatever a person can ask for, a key asks for.
	for c := Shot; c < pick; c++ {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.command == c && k.runes != "" }) {
			t.Errorf("no key for %s", c)
		}
	}
}

func TestGestureCommand(t *testing.T) {
	for g, want := range map[gpio.Gesture]Command{
		gpio.Short: Shot, gpio.Long: NextClass, gpio.Double: Undo, gpio.VeryLong: Forget,
	} {
		if got, ok := GestureCommand(g); !ok || got != want {
			t.Errorf("%s: %v, %v; want %v", g, got, ok, want)
		}
	}
	if c, ok := GestureCommand(gpio.Hold); ok {
		t.Errorf("hold is %v, want no command: it only announces one", c)
	}
}

func TestPick(t *testing.T) {
	seen := map[Command]bool{}
	for i := range picks {
		c, ok := Pick(i)
		if !ok || seen[c] || !strings.HasPrefix(c.String(), "class ") {
			t.Errorf("Pick(%d) = %v, %v", i, c, ok)
		}
		seen[c] = true
	}
	for _, i := range []int{-1, picks} {
		if c, ok := Pick(i); ok {
			t.Errorf("Pick(%d) = %v", i, c)
		}
	}
}
