package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"periph.io/x/conn/v3/driver/driverreg"
	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// Line is one line of a GPIO chip.
type Line struct {
	Chip     string `json:"chip"`  // the kernel's name for the chip: gpiochip0
	Label    string `json:"label"` // what the chip is: pinctrl-bcm2711
	Offset   int    `json:"offset"`
	Name     string `json:"name,omitempty"`     // the board's name for the line: GPIO17
	Consumer string `json:"consumer,omitempty"` // who was using it when the chip was first read
}

// line is a Line and the pin that it is.
type line struct {
	Line
	pin pgpio.PinIO
}

// Pin is an open pin. Close gives it back to the kernel.
type Pin struct {
	pgpio.PinIO
	name string
}

// Name returns the name that the pin was opened by.
func (p *Pin) Name() string { return p.name }

// String returns the name that the pin was opened by.
func (p *Pin) String() string { return p.name }

// Close gives the pin back. Nothing may be using it any more.
func (p *Pin) Close() error {
	if c, ok := p.PinIO.(interface{ Close() }); ok {
		c.Close()
		return nil
	}
	return p.Halt()
}

// Lines lists the lines of all chips, or says why there are none: an error
// wrapping ErrNoChip or ErrPermission.
func Lines() ([]Line, error) {
	found, err := lines()
	if err != nil {
		return nil, err
	}
	list := make([]Line, len(found))
	for i, l := range found {
		list[i] = l.Line
	}
	return list, nil
}

// OpenInput claims the pin called name as an input with edges; Watch sets its
// pull. The error wraps ErrNoChip, ErrNoPin, ErrBusy, ErrPermission or ErrPin.
func OpenInput(name string) (*Pin, error) {
	found, err := lines()
	return open(found, err, name, input)
}

// OpenOutput claims the pin called name as an output, Low. Errors are those of
// OpenInput.
func OpenOutput(name string) (*Pin, error) {
	found, err := lines()
	return open(found, err, name, output)
}

func input(p pgpio.PinIO) error  { return p.In(pgpio.PullNoChange, pgpio.BothEdges) }
func output(p pgpio.PinIO) error { return p.Out(pgpio.Low) }

// open claims the pin called name of those that lines returned.
func open(found []line, err error, name string, claim func(pgpio.PinIO) error) (*Pin, error) {
	if err != nil {
		return nil, fmt.Errorf("pin %s: %w", name, err)
	}
	pin, err := find(found, name)
	if err != nil {
		return nil, err
	}
	if err := claim(pin); err != nil {
		return nil, pinError(name, err)
	}
	return &Pin{PinIO: pin, name: name}, nil
}

// lines reads the chips once; what was found stays.
var lines = sync.OnceValues(func() ([]line, error) { return read("/dev/gpiochip*") })

// read opens the chips that match pattern through periph, whose driver knows
// /dev/gpiochip* only and writes to the log what it cannot open. So whether
// there is anything to open is looked at first.
func read(pattern string) ([]line, error) {
	devices, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChip, err)
	}
	var refused error
	ok := false
	for _, d := range devices {
		f, err := os.Open(d)
		if err != nil {
			refused = err
			continue
		}
		ok = true
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
	}
	switch {
	case ok:
	case errors.Is(refused, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w (is the user in the group gpio?)", ErrPermission, refused)
	case refused != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoChip, refused)
	default:
		return nil, fmt.Errorf("%w: nothing matches %s", ErrNoChip, pattern)
	}
	state, err := driverreg.Init()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChip, err)
	}
	if len(gpioioctl.Chips) == 0 {
		for _, f := range state.Failed {
			return nil, fmt.Errorf("%w: %w", ErrNoChip, f.Err)
		}
		return nil, fmt.Errorf("%w: the driver found none behind %s", ErrNoChip, strings.Join(devices, " "))
	}
	var all []line
	for _, chip := range gpioioctl.Chips {
		for _, l := range chip.Lines() {
			// An unnamed line has its consumer, if any, and an empty name.
			all = append(all, line{Line{chip.Name(), chip.Label(), l.Number(), l.Name(), l.Consumer()}, l})
		}
	}
	return all, nil
}

// find returns the pin called name: a line's name, or chip:offset.
func find(all []line, name string) (pgpio.PinIO, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: no name given", ErrNoPin)
	}
	for _, l := range all {
		if l.Name == name {
			return l.pin, nil
		}
	}
	// A label may hold colons itself.
	if i := strings.LastIndexByte(name, ':'); i > 0 {
		if offset, err := strconv.Atoi(name[i+1:]); err == nil {
			return findOffset(all, name[:i], offset)
		}
	}
	if near := nearest(all, name); len(near) > 0 {
		return nil, fmt.Errorf("pin %s: %w; there is %s", name, ErrNoPin, strings.Join(near, ", "))
	}
	return nil, fmt.Errorf("pin %s: %w; the lines of this board have no names: say chip:offset, with one of the chips %s", name, ErrNoPin, strings.Join(chips(all), ", "))
}

func findOffset(all []line, chip string, offset int) (pgpio.PinIO, error) {
	var pin pgpio.PinIO
	known, lines, from := false, 0, ""
	for _, l := range all {
		if l.Chip != chip && l.Label != chip {
			continue
		}
		if known && l.Chip != from {
			return nil, fmt.Errorf("pin %s:%d: %w: both %s and %s are labelled %s; use their names", chip, offset, ErrNoPin, from, l.Chip, chip)
		}
		known, from = true, l.Chip
		lines = max(lines, l.Offset+1)
		if l.Offset == offset {
			pin = l.pin
		}
	}
	switch {
	case !known:
		return nil, fmt.Errorf("pin %s:%d: %w: no chip %s; there is %s", chip, offset, ErrNoPin, chip, strings.Join(chips(all), ", "))
	case pin == nil:
		return nil, fmt.Errorf("pin %s:%d: %w: the chip's lines are 0 to %d", chip, offset, ErrNoPin, lines-1)
	}
	return pin, nil
}

// chips names every chip as "label" or, where they differ, "label (name)".
func chips(all []line) []string {
	var names []string
	for _, l := range all {
		n := l.Label
		if l.Chip != l.Label {
			n += " (" + l.Chip + ")"
		}
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// nearest returns up to three names of lines, those most like name first.
func nearest(all []line, name string) []string {
	var names []string
	for _, l := range all {
		if n := l.Name; n != "" && n != "-" && n != "_" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	want := strings.ToUpper(name)
	slices.SortStableFunc(names, func(a, b string) int {
		return edits(want, strings.ToUpper(a)) - edits(want, strings.ToUpper(b))
	})
	return names[:min(len(names), 3)]
}

// edits is the Levenshtein distance of two strings' bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
