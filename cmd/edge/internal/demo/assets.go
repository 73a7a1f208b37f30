package demo

import (
	_ "embed" // the clip and its timetable

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
)

//go:embed clip.avi
var clip []byte

//go:embed clip.json
var timetable []byte

// Timetable is the script of the built-in clip.
func Timetable() (*script.Script, error) { return script.Read(timetable) }
