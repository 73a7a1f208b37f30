package script

import (
	"errors"
	"strings"
	"testing"
)

const good = `{"sha256":"","fps":10,"frames":12,"step":4,"shots":5,"kill":2,"classes":["cup"],
"scenes":[{"show":"cup","teach":true,"first":0,"last":5,"whole":[1,4]},{"show":"coin","first":6,"last":9,"whole":[7,9]},{"show":"cup","first":10,"last":11,"whole":[10,10]}],
"press":[{"frame":1},{"frame":2,"gesture":"short"},{"frame":9,"gesture":"double"}]}`

func TestRead(t *testing.T) {
	s, err := Read([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[int]string{
		0: "", 3: "", // lessons
		6: "", 7: "unknown", 9: "unknown", // the coin comes, and is there
		10: "cup", 11: "", // the cup goes
		12: "", 1000: "", -1: "", // not in the clip
	} {
		got, ok := s.Truth(frame)
		if got != want || ok != (want != "") {
			t.Errorf("frame %d: %q, %v; want %q", frame, got, ok, want)
		}
	}
	for frame := range 40 {
		if got := s.Frame(s.Offset(frame)); got != frame {
			t.Errorf("frame %d is shown at %v, which is frame %d", frame, s.Offset(frame), got)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", `"fps":10`, `"fps":`, "invalid character"},
		{"no frames a second", `"fps":10`, `"fps":0`, "must be positive"},
		{"no step", `"step":4`, `"step":0`, "must be positive"},
		{"no classes", `["cup"]`, `[]`, "must be positive"},
		{"a gap between scenes", `"first":6`, `"first":7`, "scene 1"},
		{"a scene that ends before it begins", `"last":9`, `"last":5`, "scene 1"},
		{"whole outside of its scene", `[7,9]`, `[5,9]`, "scene 1"},
		{"scenes shorter than the clip", `"frames":12`, `"frames":13`, "end at frame 12 of 13"},
		{"a lesson of no class", `"show":"cup","teach"`, `"show":"cap","teach"`, `"cap"`},
		{"a gesture nobody knows", `"double"`, `"triple"`, `"triple"`},
		{"presses out of order", `{"frame":1}`, `{"frame":2}`, "press 1"},
		{"a press after the end", `{"frame":9,`, `{"frame":12,`, "press 2"},
		{"nobody to kill", `"kill":2`, `"kill":3`, "no press at frame 3"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: there is no %s", c.name, c.old)
		}
		_, err := Read([]byte(strings.Replace(good, c.old, c.new, 1)))
		if !errors.Is(err, ErrBad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
