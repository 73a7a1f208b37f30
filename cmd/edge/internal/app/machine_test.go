package app

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

const dim = 8

// What Machine and Run need is what the real things have.
var (
	_ Set        = (*support.Set)(nil)
	_ Classifier = (*support.Set)(nil)
	_ Embedder   = (*embed.Session)(nil)
	_ Lamp       = (*gpio.Lamp)(nil)
)

func openSet(t *testing.T, dir string) *support.Set {
	t.Helper()
	set, err := support.Open(dir, support.Options{Fingerprint: embed.Fingerprint{1}, Dim: dim})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

func newMachine(t *testing.T, set Set, opt MachineOptions) *Machine {
	t.Helper()
	m, err := NewMachine(set, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// look returns the n-th of pictures that are all different.
func look(n int) *Look {
	e := make(embed.Embedding, dim)
	e[n%dim] = 0.8
	e[(n+1+n/dim)%dim] += 0.6
	return &Look{
		Embedding: e,
		Pixels:    paint(16, func(x, y int) [3]byte { return [3]byte{byte(16 * x), byte(16 * y), byte(n)} }),
		Side:      16,
		Crop:      func() ([]byte, error) { return []byte("jpeg"), nil },
		Source:    "camera:0",
		Time:      time.Date(2026, 7, 1, 10, 0, n, 0, time.UTC),
		Seq:       uint64(n),
	}
}

// play gives commands, a new look for each, and returns what happened, briefly.
func (p *player) play(commands ...Command) (got []string) {
	p.t.Helper()
	for _, c := range commands {
		p.n++
		e, err := p.m.Do(c, look(p.n))
		if err != nil {
			p.t.Errorf("%s: %v", c, err)
		}
		if e.Time.IsZero() {
			p.t.Errorf("%s: an event without a time", c)
		}
		got = append(got, brief(e))
	}
	return got
}

type player struct {
	t *testing.T
	m *Machine
	n int
}

func brief(e Event) string {
	switch e.Kind {
	case EventShot:
		s := fmt.Sprintf("%s %d/%d", e.Class, e.Shots, e.Of)
		if !e.Accepted {
			s += " " + e.Reason
		}
		if e.Taught {
			s += " taught"
		}
		return s
	case EventClass:
		if e.New {
			return "teach new " + e.Class
		}
		return fmt.Sprintf("teach %s %d", e.Class, e.Shots)
	case EventUndo:
		if !e.Accepted {
			return e.Reason
		}
		return fmt.Sprintf("undo %s %s %d", e.Change, e.Class, e.Shots)
	case EventForget:
		if !e.Accepted {
			return "forget " + e.Class + "?"
		}
		return fmt.Sprintf("forgot %s %d", e.Class, e.Shots)
	}
	if e.Kind == EventNothing {
		return strings.TrimSpace(fmt.Sprintf("nothing %d %s", e.ID, e.Reason))
	}
	return e.Kind
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTeaching(t *testing.T) {
	lamp := &fakeLamp{}
	set := openSet(t, t.TempDir())
	p := player{t: t, m: newMachine(t, set, MachineOptions{Shots: 3, Lamp: lamp})}
	equal(t, p.play(Shot), "object 1 1/3")
	if lamp.last() != 1 {
		t.Errorf("one shot, %d blinks", lamp.last())
	}
	equal(t, p.play(Shot), "object 1 2/3")
	if lamp.last() != 2 {
		t.Errorf("two shots, %d blinks", lamp.last())
	}
	equal(t, p.play(Shot), "object 1 3/3 taught")
	if len(lamp.shown) == 0 || !slices.Equal(lamp.shown[len(lamp.shown)-1].Beats, gpio.Saved.Beats) {
		t.Errorf("a class is taught and the lamp shows %v", lamp.shown)
	}
	equal(t, p.play(Shot), "object 1 4/3")

	equal(t, p.play(NextClass, Shot, NextClass, NextClass, NextClass, PrevClass, PrevClass),
		"teach new object 2", "object 2 1/3",
		"teach new object 3", "teach object 1 4", "teach object 2 1", "teach object 1 4", "teach new object 3")
	if n := len(set.Ways()); n != 2 {
		t.Errorf("%d classes stored: stepping past a new one is not to store it", n)
	}
	first, _ := Pick(0)
	third, _ := Pick(2)
	ninth, _ := Pick(8)
	equal(t, p.play(first, third, ninth), "teach object 1 4", "teach new object 3", "teach new object 3")
	if class, shots, of := p.m.Teaching(); class != "object 3" || shots != 0 || of != 3 {
		t.Errorf("teaching %s %d/%d", class, shots, of)
	}
	if p.m.Known() != 2 {
		t.Errorf("%d classes known, want 2", p.m.Known())
	}
}

func TestShotsKeepWhatWasSeen(t *testing.T) {
	set := openSet(t, t.TempDir())
	m := newMachine(t, set, MachineOptions{})
	l := look(3)
	e, err := m.Do(Shot, l)
	if err != nil {
		t.Fatal(err)
	}
	shots := set.Shots("object 1")
	if len(shots) != 1 {
		t.Fatalf("%d shots", len(shots))
	}
	s := shots[0]
	if s.ID != e.ID || s.Source != "camera:0" || !s.Time.Equal(l.Time) || !slices.Equal(s.Embedding, l.Embedding) {
		t.Errorf("stored %+v of %+v", s, l)
	}
	if crop, err := set.Crop(s.ID); err != nil || string(crop) != "jpeg" {
		t.Errorf("crop %q, %v", crop, err)
	}
	if !e.Time.Equal(l.Time) || e.Seq != 3 {
		t.Errorf("the event is of frame %d at %v", e.Seq, e.Time)
	}
}

func TestNamesOfNewClasses(t *testing.T) {
	p := player{t: t, m: newMachine(t, openSet(t, t.TempDir()), MachineOptions{Classes: []string{"cup", "🐈", "object 3"}})}
	equal(t, p.play(NextClass, NextClass, NextClass), "teach new 🐈", "teach new object 3", "teach new cup")
	equal(t, p.play(NextClass, Shot, NextClass, Shot, NextClass, NextClass),
		"teach new 🐈", "🐈 1/5", "teach new cup", "cup 1/5", "teach new object 3", "teach 🐈 1")
	equal(t, p.play(PrevClass, Shot, NextClass), "teach new object 3", "object 3 1/5", "teach new object 4")

	for _, bad := range [][]string{{""}, {"a/b"}, {"unknown"}, {"cup", "cup"}} {
		if _, err := NewMachine(openSet(t, t.TempDir()), MachineOptions{Classes: bad}); !errors.Is(err, support.ErrName) {
			t.Errorf("classes %q: %v", bad, err)
		}
	}
}

// After a restart teaching goes on where it was.
func TestGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	set := openSet(t, dir)
	p := player{t: t, m: newMachine(t, set, MachineOptions{Shots: 2})}
	p.play(Shot, Shot, NextClass, Shot)
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	set = openSet(t, dir)
	p.m = newMachine(t, set, MachineOptions{Shots: 2})
	equal(t, p.play(Shot), "object 2 2/2 taught")
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	p.m = newMachine(t, openSet(t, dir), MachineOptions{Shots: 2})
	equal(t, p.play(Shot), "object 3 1/2")
}

func TestUndo(t *testing.T) {
	p := player{t: t, m: newMachine(t, openSet(t, t.TempDir()), MachineOptions{Shots: 2})}
	equal(t, p.play(Undo), "nothing to undo")
	equal(t, p.play(Shot, Undo, Undo, Shot, Shot, Undo, Shot),
		"object 1 1/2", "undo shot object 1 1", "nothing to undo", "object 1 1/2", "object 1 2/2 taught", "undo shot object 1 1", "object 1 2/2 taught")
	// The class being taught stays what it is, even without a shot left.
	equal(t, p.play(NextClass, Shot, Undo, Shot), "teach new object 2", "object 2 1/2", "undo shot object 2 1", "object 2 1/2")
	equal(t, p.play(Forget, Forget, Undo), "forget object 2?", "forgot object 2 1", "undo forget object 2 1")
}

// What is seen is none of what was taught: it is kept as that, and taken back like
// a shot.
func TestWrong(t *testing.T) {
	set := openSet(t, t.TempDir())
	p := player{t: t, m: newMachine(t, set, MachineOptions{Shots: 2})}
	equal(t, p.play(Shot, Wrong, Wrong, Undo), "object 1 1/2", "nothing 2", "nothing 3", "undo nothing  1")
	if n := set.Negatives(); len(n) != 1 || n[0].ID != 2 || n[0].Source != "camera:0" || n[0].Quality == nil || set.Len() != 1 {
		t.Errorf("negatives %+v, %d shots", n, set.Len())
	}
	// The same picture can be no shot too, nor be nothing twice.
	for _, c := range []struct {
		first, second Command
		want          string
	}{{Shot, Wrong, "the same picture as the last shot"}, {Wrong, Wrong, "the same picture as the last one, which is nothing"}, {Wrong, Shot, "the same picture as the last one, which is nothing"}} {
		m := newMachine(t, openSet(t, t.TempDir()), MachineOptions{})
		for i, command := range []Command{c.first, c.second} {
			e, err := m.Do(command, look(5))
			if err != nil || e.Accepted != (i == 0) || i == 1 && e.Reason != c.want {
				t.Errorf("%s, then %s: %+v, %v", c.first, c.second, e, err)
			}
		}
	}
	m := newMachine(t, set, MachineOptions{})
	if e, err := m.Do(Wrong, nil); err != nil || e.Reason != "no picture yet" || e.Kind != EventNothing {
		t.Errorf("without a picture: %+v, %v", e, err)
	}
	dark := look(7)
	clear(dark.Pixels)
	if e, err := m.Do(Wrong, dark); err != nil || e.Reason != "too dark" || e.Accepted {
		t.Errorf("in the dark: %+v, %v", e, err)
	}
	// Whose shots it looks like is said.
	p = player{t: t, m: newMachine(t, set, MachineOptions{NoGate: true})}
	same := look(9)
	same.Embedding = slices.Clone(set.Shots("")[0].Embedding)
	e, err := p.m.Do(Wrong, same)
	if err != nil || len(e.Advice) != 1 || e.Advice[0].Kind != support.Denied || e.Advice[0].Shots != 1 {
		t.Errorf("of the very shot: %+v, %v", e, err)
	}
	if e, err := newMachine(t, &failingSet{set, support.ErrBroken}, MachineOptions{}).Do(Wrong, look(6)); !errors.Is(err, support.ErrBroken) || e.Kind != EventError {
		t.Errorf("on a bad disk: %+v, %v", e, err)
	}
}

// A class that lost its last shot keeps its place behind the names to come.
func TestUndoOfAnUnlistedClass(t *testing.T) {
	set := openSet(t, t.TempDir())
	p := player{t: t, m: newMachine(t, set, MachineOptions{Shots: 1})}
	p.play(Shot, NextClass, Shot)
	p.m = newMachine(t, set, MachineOptions{Shots: 2, Classes: []string{"cup", "dog"}})
	equal(t, p.play(Undo, PrevClass), "undo shot object 2 1", "teach new dog")
}

func TestForgetWantsToBeToldTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := player{t: t, m: newMachine(t, openSet(t, t.TempDir()), MachineOptions{Shots: 2})}
		equal(t, p.play(Forget), "forget object 1?")
		if e, _ := p.m.Do(Forget, nil); e.Accepted || e.Shots != 0 {
			t.Errorf("a class of no shots: %+v", e)
		}
		p.play(Shot, NextClass, Shot)
		equal(t, p.play(Forget), "forget object 2?")
		<-time.After(ForgetWithin + time.Millisecond)
		equal(t, p.play(Forget), "forget object 2?")
		<-time.After(ForgetWithin)
		equal(t, p.play(Forget), "forgot object 2 1")
		// Whatever comes between takes the question back; asking how things are does not.
		equal(t, p.play(PrevClass, Forget, NextClass, PrevClass, Forget), "teach object 1 1", "forget object 1?", "teach new object 2", "teach object 1 1", "forget object 1?")
		equal(t, p.play(Report, Forget), "status", "forgot object 1 1")
	})
}

func TestRefusals(t *testing.T) {
	lamp := &fakeLamp{}
	set := openSet(t, t.TempDir())
	m := newMachine(t, set, MachineOptions{Lamp: lamp})
	do := func(l *Look) string {
		t.Helper()
		e, err := m.Do(Shot, l)
		if err != nil {
			t.Fatal(err)
		}
		return brief(e)
	}
	dark := look(1)
	dark.Pixels = paint(16, plain(0, 0, 0))
	for _, c := range []struct {
		l    *Look
		want string
	}{
		{nil, "object 1 0/5 no picture yet"},
		{dark, "object 1 0/5 too dark"},
		{look(2), "object 1 1/5"},
		{look(2), "object 1 1/5 the same picture as the last shot"},
	} {
		if got := do(c.l); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if lamp.last() != 2 || slices.Equal(lamp.shown[len(lamp.shown)-1].Beats, gpio.Blink(2).Beats) {
		t.Errorf("the lamp shows %v for a refusal", lamp.shown[len(lamp.shown)-1])
	}
	// Another frame with the same content, the same frame with other content:
	// either is the same picture.
	again := look(2)
	again.Seq = 99
	if got := do(again); !strings.Contains(got, "same picture") {
		t.Errorf("a standing picture: %q", got)
	}
	same := look(3)
	same.Seq = 2
	if got := do(same); !strings.Contains(got, "same picture") {
		t.Errorf("a frame seen twice: %q", got)
	}
	// The same number of another file is another frame.
	same.Source = "b.jpg"
	if got := do(same); got != "object 1 2/5" {
		t.Errorf("another file: %q", got)
	}
	// What was undone may be taken again.
	if _, err := m.Do(Undo, nil); err != nil {
		t.Fatal(err)
	}
	if got := do(same); got != "object 1 2/5" {
		t.Errorf("after undo: %q", got)
	}

	free := newMachine(t, set, MachineOptions{NoGate: true})
	for i := range 2 {
		if e, err := free.Do(Shot, dark); err != nil || !e.Accepted {
			t.Errorf("without a gate, shot %d: %+v, %v", i, e, err)
		}
	}
}

// A shot keeps what the gate measured, whether or not the gate was asked.
func TestShotsKeepTheirQuality(t *testing.T) {
	for _, noGate := range []bool{false, true} {
		set := openSet(t, t.TempDir())
		m := newMachine(t, set, MachineOptions{NoGate: noGate})
		seen, blind := look(1), look(2)
		blind.Side = 0 // no pixels to look at
		for _, l := range []*Look{seen, blind} {
			if e, err := m.Do(Shot, l); err != nil || !e.Accepted {
				t.Fatalf("%+v, %v", e, err)
			}
		}
		want, _ := Gate(seen.Pixels, seen.Side)
		shots := set.Shots("")
		if got := shots[0].Quality; got == nil || *got != *want {
			t.Errorf("gate left out %v: the quality is %+v, want %+v", noGate, got, *want)
		}
		if got := shots[1].Quality; got != nil {
			t.Errorf("gate left out %v: the quality of no pixels is %+v", noGate, *got)
		}
	}
}

func TestAlmostTheSamePictureIsAnother(t *testing.T) {
	m := newMachine(t, openSet(t, t.TempDir()), MachineOptions{})
	if _, err := m.Do(Shot, look(0)); err != nil {
		t.Fatal(err)
	}
	// A turn by an angle φ is at the distance 1 − cos φ ≈ φ²/2.
	for _, c := range []struct {
		phi      float64
		accepted bool
	}{{0.013, false}, {0.016, true}} {
		l := look(0)
		l.Seq = 7
		sin, cos := math.Sincos(c.phi)
		l.Embedding[0], l.Embedding[1] = float32(0.8*cos-0.6*sin), float32(0.6*cos+0.8*sin)
		e, err := m.Do(Shot, l)
		if err != nil || e.Accepted != c.accepted {
			t.Errorf("turned by %v: accepted %v, %v", c.phi, e.Accepted, err)
		}
	}
}

// failingSet is one whose disk has a bad day.
type failingSet struct {
	*support.Set
	err error
}

func (s *failingSet) AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error) {
	if s.err != nil {
		return support.Shot{}, s.err
	}
	return s.Set.AddMeasured(class, e, crop, source, at, q)
}

func (s *failingSet) AddNegative(e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error) {
	if s.err != nil {
		return support.Shot{}, s.err
	}
	return s.Set.AddNegative(e, crop, source, at, q)
}

func (s *failingSet) Undo() (support.Change, error) {
	if s.err != nil {
		return support.Change{}, s.err
	}
	return s.Set.Undo()
}

func (s *failingSet) Forget(class string) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return s.Set.Forget(class)
}

func TestErrorsAreEventsAndTheMachineGoesOn(t *testing.T) {
	lamp := &fakeLamp{}
	set := &failingSet{Set: openSet(t, t.TempDir())}
	m := newMachine(t, set, MachineOptions{Shots: 2, Lamp: lamp})
	if _, err := m.Do(Shot, look(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Do(Forget, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command Command
		err     error
		hint    string
	}{
		{Forget, support.ErrBroken, "room"},
		{Shot, support.ErrReadOnly, "--store"},
		{Shot, errors.New("no space left on device"), ""},
		{Undo, support.ErrBroken, "room"},
	} {
		set.err = c.err
		e, err := m.Do(c.command, look(1))
		if !errors.Is(err, c.err) || e.Kind != EventError || e.What != err.Error() {
			t.Errorf("%s: %+v, %v", c.command, e, err)
		}
		if c.hint == "" && e.Hint != "" || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: hint %q, want %q in it", c.command, e.Hint, c.hint)
		}
		if !slices.Equal(lamp.shown[len(lamp.shown)-1].Beats, gpio.Error.Beats) {
			t.Errorf("%s: the lamp shows no error", c.command)
		}
	}
	set.err = nil
	l := look(2)
	l.Crop = func() ([]byte, error) { return nil, errors.New("no crop") }
	if e, err := m.Do(Shot, l); err == nil || e.Kind != EventError || !strings.Contains(e.What, "no crop") {
		t.Errorf("without a crop: %+v, %v", e, err)
	}
	if e, err := m.Do(Shot, look(1)); err != nil || brief(e) != "object 1 2/2 taught" {
		t.Errorf("afterwards: %+v, %v", e, err)
	}
}

func TestCommandsThatAreNotForAMachine(t *testing.T) {
	m := newMachine(t, openSet(t, t.TempDir()), MachineOptions{})
	for _, c := range []Command{0, Mark, Help, Quit, pick + picks, 255} {
		if e, err := m.Do(c, look(0)); err == nil || e.Kind != EventError {
			t.Errorf("%s: %+v, %v", c, e, err)
		}
	}
}

// advisingSet gives one more advice after every shot.
type advisingSet struct {
	*support.Set
	all   []support.Advice
	shots int
}

func (s *advisingSet) AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error) {
	s.shots++
	return s.Set.AddMeasured(class, e, crop, source, at, q)
}

func (s *advisingSet) Advice() []support.Advice { return s.all[:s.shots] }

// A shot's event says what is new to know, once.
func TestAdviceIsGivenOnce(t *testing.T) {
	overlap := support.Advice{Kind: support.Overlap, Class: "ripe", Other: "unripe", Shots: 4, Of: 10}
	worse := overlap
	worse.Shots++
	set := &advisingSet{Set: openSet(t, t.TempDir()), all: []support.Advice{
		{Kind: support.Outlier, Class: "ripe", Other: "unripe", Shot: 3, Shots: 1, Of: 5}, overlap,
		{Kind: support.Burst, Class: "ripe", Shot: 1, Shots: 3, Of: 5}, worse,
		{Kind: support.Burst, Class: "ripe", Shot: 7, Shots: 4, Of: 9},
		{Kind: support.Outlier, Class: "ripe", Other: "unripe", Shot: 4, Shots: 1, Of: 5},
	}}
	m := newMachine(t, set, MachineOptions{})
	for i, want := range []bool{true, true, true, false, false, true} {
		e, err := m.Do(Shot, look(i))
		if err != nil || !e.Accepted {
			t.Fatal(e, err)
		}
		if want != slices.Equal(e.Advice, set.all[i:i+1]) || !want && len(e.Advice) > 0 {
			t.Errorf("shot %d: %v", i+1, e.Advice)
		}
	}
}
