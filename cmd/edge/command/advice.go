package command

import (
	"fmt"
	"slices"

	"github.com/edge-camera/edge/support"
)

// adviceLine is what teach prints of an advice.
type adviceLine struct {
	Event string `json:"event"` // advice
	support.Advice
	Text string `json:"text"`
	Hint string `json:"hint"`
}

func newAdviceLine(a support.Advice) adviceLine {
	return adviceLine{"advice", a, a.String(), adviceHint(a)}
}

// adviceHint is what a person can do about it.
func adviceHint(a support.Advice) string {
	switch a.Kind {
	case support.Outlier:
		return fmt.Sprintf("edge shots move %d %q if it is one, edge shots remove %d if it shows neither well", a.Shot, a.Other, a.Shot)
	case support.Overlap:
		return "take more shots of both, closer up and from more sides, or merge the two: edge classes merge"
	case support.Burst:
		return "take shots with other light, place and side"
	case support.Denied:
		return fmt.Sprintf("edge shots remove %d if it is one of them after all", a.Shot)
	}
	return ""
}

// about keeps the advice that concerns one of classes.
func about(all []support.Advice, classes []string) []support.Advice {
	return slices.DeleteFunc(all, func(a support.Advice) bool {
		return !slices.Contains(classes, a.Class) && !slices.Contains(classes, a.Other)
	})
}

// advise tells people.
func (e *env) advise(all []support.Advice) {
	for _, a := range all {
		e.note("%s\nhint: %s", a, adviceHint(a))
	}
}

// adviceOf is what the lines of a class say: advice that names it.
func adviceOf(all []support.Advice, class string) []adviceLine {
	var lines []adviceLine
	for _, a := range about(slices.Clone(all), []string{class}) {
		lines = append(lines, newAdviceLine(a))
	}
	return lines
}
