package app

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// Set is where shots are kept; *support.Set is one.
type Set interface {
	AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error)
	AddNegative(e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error)
	Forget(class string) (shots int, err error)
	Undo() (support.Change, error)
	Ways() []support.Way
	Advice() []support.Advice
}

// DefaultShots is how many shots teach a class unless somebody says otherwise.
const DefaultShots = 5

// ForgetWithin is how long Forget waits for its confirmation.
const ForgetWithin = 5 * time.Second

// sameDistance is the cosine distance below which two pictures are one: a
// camera's noise alone makes ten times that.
const sameDistance = 1e-4

// MachineOptions are the choices of a Machine.
type MachineOptions struct {
	Classes []string // names for new classes, in this order; after those "object N"
	Shots   int      // shots until a class is taught; zero: DefaultShots
	NoGate  bool     // take every picture
	Lamp    Lamp     // may be nil
}

// Machine is the state machine behind the button: which class is being taught,
// how far it is, what a command does. It is used by one goroutine.
type Machine struct {
	set  Set
	opt  MachineOptions
	last struct { // the last picture taken; zero after anything but that
		embedding embed.Embedding
		source    string
		seq       uint64
		nothing   bool // it was no shot
	}
	forget struct { // a Forget that waits to be confirmed
		class string
		until time.Time
	}

	ways    []support.Way    // as the set had them after the last command
	advised []support.Advice // as the set gave them after the last command
	current string           // the class being taught, with or without shots
}

// NewMachine returns a Machine that goes on with the class that was taught
// last if it has not all its shots yet, and else begins a new one. The error
// wraps support.ErrName.
func NewMachine(set Set, opt MachineOptions) (*Machine, error) {
	if opt.Shots <= 0 {
		opt.Shots = DefaultShots
	}
	for i, c := range opt.Classes {
		if err := support.CheckName(c); err != nil {
			return nil, err
		}
		if slices.Contains(opt.Classes[:i], c) {
			return nil, fmt.Errorf("%w: %q is listed twice", support.ErrName, c)
		}
	}
	m := &Machine{set: set, opt: opt, ways: set.Ways(), advised: set.Advice()}
	m.current = m.newName()
	// The order of ways is that of their creation, so the last one is what
	// somebody was at.
	if n := len(m.ways); n > 0 && m.ways[n-1].Shots < opt.Shots {
		m.current = m.ways[n-1].Class
	}
	return m, nil
}

// Teaching returns the class being taught, how many shots it has and how many
// it takes.
func (m *Machine) Teaching() (class string, shots, of int) {
	return m.current, m.count(m.current), m.opt.Shots
}

// Known returns how many classes have shots.
func (m *Machine) Known() int { return len(m.ways) }

// Do carries out c. look is what the camera saw when c was given, nil if there
// was no picture yet; it is not kept.
//
// An error never leaves the Machine unusable: the Event then is an EventError
// that says the same, and the set holds what it held before. A refusal (a
// picture that the gate does not let pass, nothing to undo) is an Event and no
// error. Mark, Help and Quit are not for a Machine.
func (m *Machine) Do(c Command, look *Look) (Event, error) {
	if c != Forget && c != Report {
		m.forget.class = ""
	}
	var e Event
	var err error
	switch c {
	case Shot:
		e, err = m.shoot(look)
	case Wrong:
		e, err = m.deny(look)
	case NextClass:
		e = m.step(1)
	case PrevClass:
		e = m.step(-1)
	case Undo:
		e, err = m.undo()
	case Forget:
		e, err = m.forgetClass()
	case Report:
		e = Event{Kind: EventStatus, Class: m.current, Shots: m.count(m.current), Of: m.opt.Shots, Classes: len(m.ways)}
	default:
		i := int(c) - int(pick)
		if i < 0 || i >= picks {
			err = fmt.Errorf("no command %s", c)
			break
		}
		e = m.pick(i)
	}
	if err != nil {
		m.show(gpio.Error)
		e = ErrorEvent(err)
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	return e, err
}

// ErrorEvent returns the event of an error that the loop survives.
func ErrorEvent(err error) Event {
	return Event{Kind: EventError, Time: time.Now(), What: err.Error(), Hint: hint(err)}
}

func hint(err error) string {
	switch {
	case errors.Is(err, support.ErrReadOnly):
		return "start with a --store that can be written to"
	case errors.Is(err, support.ErrBroken):
		return "every shot that was acknowledged is safe; make room on the disk and start again"
	}
	return ""
}

func (m *Machine) show(p gpio.Pattern) {
	if m.opt.Lamp != nil {
		m.opt.Lamp.Show(p)
	}
}

// count returns how many shots a class has.
func (m *Machine) count(class string) int {
	for _, w := range m.ways {
		if w.Class == class {
			return w.Shots
		}
	}
	return 0
}

// shoot takes a shot of the current class.
func (m *Machine) shoot(look *Look) (Event, error) {
	e := Event{Kind: EventShot, Class: m.current, Shots: m.count(m.current), Of: m.opt.Shots}
	err := m.keep(&e, look, func(crop []byte, quality *support.Quality) (support.Shot, error) {
		return m.set.AddMeasured(m.current, look.Embedding, crop, look.Source, look.Time, quality)
	})
	if err != nil {
		return e, fmt.Errorf("shot of %s: %w", m.current, err)
	}
	if !e.Accepted {
		return e, nil
	}
	m.ways = m.set.Ways()
	e.Shots = m.count(m.current)
	e.Advice = m.news()
	if e.Taught = e.Shots == m.opt.Shots; e.Taught {
		m.show(gpio.Saved)
	} else {
		m.show(gpio.Blink(e.Shots))
	}
	return e, nil
}

// keep keeps what is seen by add, or says in e.Reason why it does not.
func (m *Machine) keep(e *Event, look *Look, add func(crop []byte, quality *support.Quality) (support.Shot, error)) error {
	if look == nil {
		e.Reason = "no picture yet"
		m.show(gpio.Refused)
		return nil
	}
	e.Seq, e.Time = look.Seq, look.Time
	var quality *support.Quality
	if quality, e.Reason = m.judge(look); e.Reason != "" {
		m.show(gpio.Refused)
		return nil
	}
	crop, err := look.Crop()
	if err != nil {
		return err
	}
	shot, err := add(crop, quality)
	if err != nil {
		return err
	}
	m.last.embedding = append(m.last.embedding[:0], look.Embedding...)
	m.last.source, m.last.seq, m.last.nothing = look.Source, look.Seq, e.Kind == EventNothing
	e.ID, e.Accepted = shot.ID, true
	return nil
}

// deny keeps what is seen as a picture of nothing that was taught.
func (m *Machine) deny(look *Look) (Event, error) {
	e := Event{Kind: EventNothing}
	err := m.keep(&e, look, func(crop []byte, quality *support.Quality) (support.Shot, error) {
		return m.set.AddNegative(look.Embedding, crop, look.Source, look.Time, quality)
	})
	if err != nil {
		return e, fmt.Errorf("picture of nothing: %w", err)
	}
	if !e.Accepted {
		return e, nil
	}
	e.Advice = m.news()
	m.show(gpio.Blink(1))
	return e, nil
}

// news returns the advice of the set that it did not give before the last shot.
// It is none that the share of two classes that overlap is another one now, nor
// that a class has another burst.
func (m *Machine) news() []support.Advice {
	before := m.advised
	m.advised = m.set.Advice()
	var fresh []support.Advice
	for _, a := range m.advised {
		same := func(b support.Advice) bool {
			return a.Kind == b.Kind && a.Class == b.Class && a.Other == b.Other && (a.Shot == b.Shot || a.Kind == support.Burst)
		}
		if !slices.ContainsFunc(before, same) {
			fresh = append(fresh, a)
		}
	}
	return fresh
}

// judge returns how good look's picture is, as far as there is one, and why it
// makes no shot, "" if it does.
func (m *Machine) judge(look *Look) (quality *support.Quality, reason string) {
	if look.Side > 0 {
		quality, reason = Gate(look.Pixels, look.Side)
	}
	switch {
	case m.opt.NoGate:
		return quality, ""
	case reason != "", len(m.last.embedding) == 0:
	case look.Source == m.last.source && look.Seq == m.last.seq,
		cosineDistance(look.Embedding, m.last.embedding) < sameDistance:
		reason = "the same picture as the last shot"
		if m.last.nothing {
			reason = "the same picture as the last one, which is nothing"
		}
	}
	return quality, reason
}

// cosineDistance returns 1 − cos of two embeddings, whose norms are 1.
func cosineDistance(a, b embed.Embedding) float64 {
	if len(a) != len(b) {
		return 2
	}
	dot := 0.0
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
	}
	return 1 - dot
}

// order returns the classes that NextClass steps through: those with shots in
// the order of their creation, then the names that wait for a first shot.
func (m *Machine) order() []string {
	var names []string
	for _, w := range m.ways {
		names = append(names, w.Class)
	}
	known := len(names)
	for _, c := range m.opt.Classes {
		if !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	if len(names) == known {
		names = append(names, m.numbered())
	}
	// The current class may have just lost its last shot.
	if !slices.Contains(names, m.current) {
		names = append(names, m.current)
	}
	return names
}

// newName returns the first name that waits for a first shot.
func (m *Machine) newName() string {
	for _, c := range m.opt.Classes {
		if m.count(c) == 0 {
			return c
		}
	}
	return m.numbered()
}

// numbered returns "object N" with the first N, from one more than there are
// classes, that is free.
func (m *Machine) numbered() string {
	for n := len(m.ways) + 1; ; n++ {
		if name := fmt.Sprintf("object %d", n); m.count(name) == 0 {
			return name
		}
	}
}

func (m *Machine) step(by int) Event {
	names := m.order()
	i := slices.Index(names, m.current)
	return m.teach(names[(i+by+len(names))%len(names)])
}

func (m *Machine) pick(i int) Event {
	if names := m.order(); i < len(names) {
		return m.teach(names[i])
	}
	return m.teach(m.current)
}

func (m *Machine) teach(class string) Event {
	m.current = class
	n := m.count(class)
	m.show(gpio.Blink(slices.Index(m.order(), class) + 1))
	return Event{Kind: EventClass, Class: class, Shots: n, Of: m.opt.Shots, New: n == 0}
}

func (m *Machine) undo() (Event, error) {
	change, err := m.set.Undo()
	if errors.Is(err, support.ErrNotFound) {
		m.show(gpio.Refused)
		return Event{Kind: EventUndo, Reason: "nothing to undo"}, nil
	}
	if err != nil {
		return Event{}, fmt.Errorf("undo: %w", err)
	}
	m.last.embedding = m.last.embedding[:0]
	m.ways = m.set.Ways()
	m.show(gpio.Blink(m.count(m.current)))
	return Event{Kind: EventUndo, Accepted: true, Change: change.Kind.String(), Class: change.Class, ID: change.Shot, Shots: change.Shots}, nil
}

func (m *Machine) forgetClass() (Event, error) {
	e := Event{Kind: EventForget, Class: m.current, Shots: m.count(m.current)}
	now := time.Now()
	switch {
	case e.Shots == 0:
		e.Reason = "nothing to forget: it has no shots"
		m.show(gpio.Refused)
		return e, nil
	case m.forget.class != m.current || now.After(m.forget.until):
		m.forget.class, m.forget.until = m.current, now.Add(ForgetWithin)
		e.Reason = fmt.Sprintf("say it again within %d seconds", int(ForgetWithin.Seconds()))
		m.show(gpio.Confirm)
		return e, nil
	}
	m.forget.class = ""
	n, err := m.set.Forget(m.current)
	if err != nil {
		return Event{}, fmt.Errorf("forget %s: %w", m.current, err)
	}
	m.last.embedding = m.last.embedding[:0]
	m.ways = m.set.Ways()
	e.Accepted, e.Shots = true, n
	m.show(gpio.Saved)
	return e, nil
}
