package gpio

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// at is a moment of the tests' virtual time, milliseconds after its start.
func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

// play feeds a Recogniser edges at the times given, down first, lets time pass
// to the end and returns "gesture@down" for each gesture.
func play(cfg ButtonConfig, end int, edges ...int) []string {
	var got []string
	r := NewRecogniser(cfg, func(p Press) {
		got = append(got, fmt.Sprintf("%s@%d", p.Gesture, p.Down.UnixMilli()))
	})
	for i, t := range edges {
		r.Edge(at(t), i%2 == 0)
	}
	r.Tick(at(end))
	return got
}

func TestGestures(t *testing.T) {
	for _, c := range []struct {
		name  string
		cfg   ButtonConfig
		edges []int
		end   int
		want  []string
	}{
		{"short waits for a second press", ButtonConfig{}, []int{100, 200}, 449, nil},
		{"short", ButtonConfig{}, []int{100, 200}, 450, []string{"short@100"}},
		{"two shorts, slowly", ButtonConfig{}, []int{100, 200, 450, 500}, 800, []string{"short@100", "short@450"}},
		{"double", ButtonConfig{}, []int{100, 200, 449, 500}, 5000, []string{"double@100"}},
		{"double, the second held for ever", ButtonConfig{}, []int{100, 200, 300}, 9000, []string{"double@100"}},
		{"double and short", ButtonConfig{}, []int{100, 200, 300, 400, 500, 600}, 9000, []string{"double@100", "short@500"}},
		{"just short of long", ButtonConfig{}, []int{100, 899}, 9000, []string{"short@100"}},
		{"hold is said while down", ButtonConfig{}, []int{100}, 900, []string{"hold@100"}},
		{"long", ButtonConfig{}, []int{100, 900}, 9000, []string{"hold@100", "long@100"}},
		{"long is no first half of a double", ButtonConfig{}, []int{100, 1000, 1100, 1200}, 9000, []string{"hold@100", "long@100", "short@1100"}},
		{"very long acts while down", ButtonConfig{}, []int{100}, 3100, []string{"hold@100", "very long@100"}},
		{"very long says no long", ButtonConfig{}, []int{100, 4000}, 9000, []string{"hold@100", "very long@100"}},
		{"no doubles", ButtonConfig{Double: -1}, []int{100, 200, 250, 300}, 300, []string{"short@100", "short@250"}},
		{"slow fingers", ButtonConfig{Long: 2 * time.Second}, []int{100, 2000}, 9000, []string{"short@100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := play(c.cfg, c.end, c.edges...); !slices.Equal(got, c.want) {
				t.Errorf("edges at %v: %q, want %q", c.edges, got, c.want)
			}
		})
	}
}

// The gestures of a press do not depend on how often somebody ticks.
func TestTickingChangesNothing(t *testing.T) {
	edges := []int{100, 200, 300, 350, 1000, 2000, 3000, 7000, 7500, 7600}
	want := play(ButtonConfig{}, 9000, edges...)
	var got []string
	r := NewRecogniser(ButtonConfig{}, func(p Press) {
		got = append(got, fmt.Sprintf("%s@%d", p.Gesture, p.Down.UnixMilli()))
	})
	down := false
	for ms := range 9001 {
		if len(edges) > 0 && edges[0] == ms {
			down, edges = !down, edges[1:]
			r.Edge(at(ms), down)
		}
		r.Tick(at(ms))
	}
	if !slices.Equal(got, want) {
		t.Errorf("ticking every millisecond: %q, with edges alone: %q", got, want)
	}
	if len(want) != 6 {
		t.Errorf("%q: want a double, a hold, a long, a hold, a very long and a short", want)
	}
}

func TestRepeatedEdgesAreIgnored(t *testing.T) {
	var got []Press
	r := NewRecogniser(ButtonConfig{}, func(p Press) { got = append(got, p) })
	r.Edge(at(50), false)
	r.Edge(at(100), true)
	r.Edge(at(150), true)
	r.Edge(at(200), false)
	r.Edge(at(250), false)
	r.Tick(at(9000))
	r.Edge(at(9100), true)
	r.Edge(at(9150), false)
	r.Edge(at(9200), true)
	r.Edge(at(9250), true)
	r.Tick(at(9900))
	if due, ok := r.Due(); ok {
		t.Errorf("after a double press something is due at %v", due)
	}
	if want := []Press{{Short, at(100)}, {Double, at(9100)}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
