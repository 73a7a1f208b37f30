package app

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a pseudo-terminal: what a person has and what
// a program has.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

func termios(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	m, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *m
}

func TestKeysOfATerminal(t *testing.T) {
	person, program := terminal(t)
	before := termios(t, program)
	out := make(chan Command)
	restore, err := Keys(t.Context(), program, out)
	if err != nil {
		t.Fatal(err)
	}
	during := termios(t, program)
	if during.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != 0 {
		t.Errorf("local modes %#x: keys wait for enter, are echoed or are signals", during.Lflag)
	}
	if during.Oflag&unix.OPOST == 0 {
		t.Error("newlines do not return to the left edge")
	}
	// No enter, and ctrl-C is a key like any other.
	if _, err := person.WriteString(" w\x03"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Command{Shot, Quit} {
		if got := <-out; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for range 2 {
		if err := restore(); err != nil {
			t.Errorf("restore: %v", err)
		}
		if after := termios(t, program); after != before {
			t.Errorf("the terminal was %+v and is %+v", before, after)
		}
	}
}
