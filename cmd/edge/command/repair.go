package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edge-camera/edge/support"
)

// repairLine is what edge doctor --repair did.
type repairLine struct {
	Event string `json:"event"` // "repair"
	support.Salvage
}

// repair puts the store right, if there is one that is not, and tells all that
// could not be saved.
func (d *doctor) repair() error {
	dir, err := d.e.storeDir()
	if err != nil {
		return err
	}
	got, err := support.Repair(dir, support.Options{})
	if errors.Is(err, support.ErrNotFound) {
		d.e.note("%s: nothing was taught here, so there is nothing to repair", dir)
		return nil
	}
	if err != nil {
		return coded(exitStore, err, "")
	}
	text := fmt.Sprintf("%s is whole: nothing to repair", got.Path)
	if !got.Whole {
		text = strings.Join(append(append([]string{"repaired " + got.Path + ": saved " + saved(&got)}, losses(&got)...),
			"the damaged file is kept as "+got.Kept), "\n")
	}
	return d.e.line(repairLine{"repair", got}, "%s", text)
}

// damaged is the error for a store that could be repaired.
func damaged(s *support.Salvage) error {
	err := fmt.Errorf("%w: %s: %s; %s can be saved", support.ErrCorrupt, s.Path, strings.Join(losses(s), "; "), saved(s))
	return coded(exitStore, err, "edge doctor --repair saves what can be saved and keeps the damaged file")
}

func saved(s *support.Salvage) string {
	text := shots(s.Shots) + " in " + number(s.Classes, "class", "classes")
	if s.Negatives > 0 {
		text += " and " + number(s.Negatives, "picture", "pictures") + " of nothing"
	}
	return text
}

// shownRanges is how many damaged places a text names; JSON names all.
const shownRanges = 4

// losses says what is wrong with a store and what of it is gone, a line each.
func losses(s *support.Salvage) []string {
	var lines []string
	for i, r := range s.Damage {
		if i == shownRanges {
			lines = append(lines, fmt.Sprintf("damaged: %d more places (--json lists them)", len(s.Damage)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("damaged: bytes %d to %d: %s", r.Offset, r.Offset+r.Bytes-1, oneLine(r.Reason)))
	}
	if len(s.Lost) > 0 {
		lines = append(lines, "lost: "+lostShots(s.Lost))
	}
	if len(s.Crops) > 0 {
		lines = append(lines, "lost the picture, not the shot: "+lostShots(s.Crops))
	}
	if s.Missing > 0 {
		lines = append(lines, fmt.Sprintf("lost: %s of which nothing is left to tell whether it was a shot or a change", number(s.Missing, "record", "records")))
	}
	for _, a := range s.Apart {
		lines = append(lines, fmt.Sprintf("class %s is called %s now: what had taken it out of the way is lost", a.Class, a.Into))
	}
	return lines
}

func lostShots(list []support.LostShot) string {
	var names []string
	for _, l := range list {
		name := fmt.Sprint("shot ", l.ID)
		if l.Class != "" {
			name += " of " + l.Class
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
