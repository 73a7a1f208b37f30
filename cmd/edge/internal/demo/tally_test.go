package demo

import (
	"encoding/json"
	"testing"
)

func TestTally(t *testing.T) {
	for _, c := range []struct {
		name           string
		named, wrong   int // frames of taught things
		refused, taken int // frames of other things
		good           bool
	}{
		{"all right", 10, 0, 10, 0, true},
		{"just enough", 9, 1, 8, 2, true},
		{"one name too few", 8, 1, 10, 0, false},
		{"one stranger too many", 10, 0, 7, 3, false},
		{"no stranger was shown", 10, 0, 0, 0, false},
		{"nothing taught was shown", 0, 0, 10, 0, false},
		{"nothing at all", 0, 0, 0, 0, false},
	} {
		tally := NewTally([]string{"cup", "cat"})
		add := func(n int, shown, answered string) {
			for range n {
				tally.Add(shown, answered)
			}
		}
		add(c.named, "cup", "cup")
		add(c.wrong, "cat", Unknown)
		add(c.refused, Unknown, Unknown)
		add(c.taken, Unknown, "cat")
		if got := tally.Good(); got != c.good {
			t.Errorf("%s: good %v, want %v", c.name, got, c.good)
		}
		if right, all := tally.Named(); right != c.named || all != c.named+c.wrong {
			t.Errorf("%s: named %d of %d", c.name, right, all)
		}
		if right, all := tally.Refused(); right != c.refused || all != c.refused+c.taken {
			t.Errorf("%s: refused %d of %d", c.name, right, all)
		}
	}
}

// A class that nobody taught can only be a wrong answer; it gets a column.
func TestTallyOfAForeignName(t *testing.T) {
	tally := NewTally([]string{"cup"})
	tally.Add("cup", "object 1")
	tally.Add("cup", "cup")
	tally.Add("a thing", Unknown)
	b, err := json.Marshal(tally)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"names":["cup","unknown","object 1"],"count":[[1,0,1],[0,1,0]]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
