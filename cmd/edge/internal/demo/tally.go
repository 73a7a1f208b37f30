package demo

import (
	"slices"
)

// Unknown is the answer to what was never taught.
const Unknown = "unknown"

// What is asked of the clip, in shares of the frames that count.
const (
	wantNamed   = 0.90 // of taught objects: named right
	wantRefused = 0.80 // of everything else: called unknown
)

// Tally counts answers by what was shown.
type Tally struct {
	Names []string `json:"names"` // the classes, then Unknown
	Count [][]int  `json:"count"` // [shown][answered], in the order of Names
}

// NewTally returns an empty Tally for the classes.
func NewTally(classes []string) *Tally {
	t := &Tally{Names: append(slices.Clone(classes), Unknown)}
	t.Count = make([][]int, len(t.Names))
	for i := range t.Count {
		t.Count[i] = make([]int, len(t.Names))
	}
	return t
}

// Add counts one answer. A name that is no class counts as Unknown when it was
// shown; as an answer it is added to the table.
func (t *Tally) Add(shown, answered string) {
	i := slices.Index(t.Names, shown)
	if i < 0 {
		i = len(t.Count) - 1
	}
	j := slices.Index(t.Names, answered)
	if j < 0 {
		j = len(t.Names)
		t.Names = append(t.Names, answered)
	}
	for k := range t.Count {
		for len(t.Count[k]) < len(t.Names) {
			t.Count[k] = append(t.Count[k], 0)
		}
	}
	t.Count[i][j]++
}

// Named returns how many frames of taught objects were named right, of how many.
func (t *Tally) Named() (right, all int) {
	for i := range len(t.Count) - 1 {
		for j, n := range t.Count[i] {
			all += n
			if i == j {
				right += n
			}
		}
	}
	return right, all
}

// Refused returns how many frames of what was never taught were called Unknown,
// of how many.
func (t *Tally) Refused() (right, all int) {
	last := len(t.Count) - 1
	for j, n := range t.Count[last] {
		all += n
		if j == last {
			right += n
		}
	}
	return right, all
}

// Good says whether the camera did what the demo is there to show.
func (t *Tally) Good() bool {
	named, objects := t.Named()
	refused, strangers := t.Refused()
	return objects > 0 && strangers > 0 &&
		float64(named) >= wantNamed*float64(objects) &&
		float64(refused) >= wantRefused*float64(strangers)
}
