package gpio

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// board is a Pi with a second chip twice, unnamed lines and a label with colons.
func board() []line {
	var all []line
	add := func(chip, label string, offset int, name string) {
		all = append(all, line{Line{Chip: chip, Label: label, Offset: offset, Name: name}, &gpiotest.Pin{N: chip, Num: offset}})
	}
	add("gpiochip0", "pinctrl-rp1", 0, "ID_SDA")
	add("gpiochip0", "pinctrl-rp1", 1, "GPIO17")
	add("gpiochip0", "pinctrl-rp1", 2, "GPIO27")
	add("gpiochip0", "pinctrl-rp1", 3, "")
	add("gpiochip1", "expander", 0, "-")
	add("gpiochip2", "expander", 0, "-")
	add("gpiochip3", "usb:1.2", 0, "")
	return all
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"GPIO17":        "gpiochip0(1)",
		"pinctrl-rp1:1": "gpiochip0(1)",
		"gpiochip0:3":   "gpiochip0(3)",
		"gpiochip2:0":   "gpiochip2(0)",
		"usb:1.2:0":     "gpiochip3(0)",
	} {
		if pin, err := find(board(), name); err != nil || pin.String() != want {
			t.Errorf("%s: %v, %v; want %s", name, pin, err, want)
		}
	}
}

func TestFindSaysWhatThereIs(t *testing.T) {
	for name, want := range map[string]string{
		"":                "no name",
		"GPIO7":           "there is GPIO17, GPIO27",
		"gpio17":          "there is GPIO17",
		"expander:0":      "both gpiochip1 and gpiochip2 are labelled expander",
		"pinctrl-rp1:4":   "lines are 0 to 3",
		"pinctrl-rp1:-1":  "lines are 0 to 3",
		"pinctrl-rp2:1":   "no chip pinctrl-rp2; there is pinctrl-rp1 (gpiochip0), expander (gpiochip1), expander (gpiochip2), usb:1.2 (gpiochip3)",
		":3":              "there is",
		"gpiochip0:three": "there is",
	} {
		pin, err := find(board(), name)
		if !errors.Is(err, ErrNoPin) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want no such pin and %q", name, pin, err, want)
		}
	}
	_, err := find(board()[4:], "GPIO17")
	if !errors.Is(err, ErrNoPin) || !strings.Contains(err.Error(), "chip:offset") {
		t.Errorf("on a board without names: %v", err)
	}
}

func TestReadWithoutChips(t *testing.T) {
	_, err := read(filepath.Join(t.TempDir(), "gpiochip*"))
	if !errors.Is(err, ErrNoChip) || !strings.Contains(err.Error(), "gpiochip*") {
		t.Errorf("no devices: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "gpiochip0")); err != nil {
		t.Fatal(err)
	}
	if _, err := read(filepath.Join(dir, "gpiochip*")); !errors.Is(err, ErrNoChip) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a device that is not there: %v", err)
	}
}

// kernelPin is a pin as the kernel's driver makes it.
type kernelPin struct {
	*gpiotest.Pin
	err    error
	closed int
}

func (p *kernelPin) In(pgpio.Pull, pgpio.Edge) error { return p.err }
func (p *kernelPin) Out(pgpio.Level) error           { return p.err }
func (p *kernelPin) Close()                          { p.closed++ }

func TestOpen(t *testing.T) {
	for _, claim := range []func(pgpio.PinIO) error{input, output} {
		pin := &kernelPin{Pin: &gpiotest.Pin{N: "line 17"}}
		found := []line{{Line{Chip: "gpiochip0", Label: "pinctrl-rp1", Name: "GPIO17"}, pin}}
		p, err := open(found, nil, "pinctrl-rp1:0", claim)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name() != "pinctrl-rp1:0" || p.String() != "pinctrl-rp1:0" {
			t.Errorf("opened as pinctrl-rp1:0, called %s and %s", p.Name(), p)
		}
		if err := p.Close(); err != nil || pin.closed != 1 {
			t.Errorf("closed %d times, %v", pin.closed, err)
		}
		if _, err := open(found, nil, "GPIO27", claim); !errors.Is(err, ErrNoPin) {
			t.Errorf("a pin that is not there: %v", err)
		}
		pin.err = fmt.Errorf("line_request ioctl: %w", syscall.EBUSY)
		if _, err := open(found, nil, "GPIO17", claim); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "GPIO17") {
			t.Errorf("a pin in use: %v", err)
		}
		if _, err := open(nil, ErrNoChip, "GPIO17", claim); !errors.Is(err, ErrNoChip) || !strings.Contains(err.Error(), "GPIO17") {
			t.Errorf("no chip: %v", err)
		}
	}
	p := &Pin{PinIO: &gpiotest.Pin{}}
	if err := p.Close(); err != nil {
		t.Errorf("a pin of another driver: %v", err)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"GPIO7", "GPIO17", 1}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := edits(c.b, c.a); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
