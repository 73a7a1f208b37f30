package app

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/edge-camera/edge/support"
)

// Kinds of Event.
const (
	EventLabel   = "label"   // what the camera sees has another name now
	EventShot    = "shot"    // a shot was taken or refused
	EventClass   = "class"   // another class is being taught
	EventUndo    = "undo"    // the last change was taken back
	EventForget  = "forget"  // a class was forgotten, or that awaits confirmation
	EventNothing = "nothing" // a picture was kept or refused as being none of what was taught
	EventCamera  = "camera"  // the camera came, went or is at its end
	EventStatus  = "status"  // how things are, asked for by Report
	EventDrift   = "drift"   // what is seen is not like what was taught any more
	EventError   = "error"   // something failed and the loop goes on
	EventModel   = "model"   // a new model looks at what was taught, or answers from here on
)

// States of an EventModel.
const (
	ModelLooks = "looks"
	ModelReady = "ready"
)

// States of an EventCamera.
const (
	CameraLost = "lost"
	CameraBack = "back"
	CameraEnd  = "end"
)

// Event is something that happened. Which fields have a meaning depends on
// Kind; MarshalJSON writes those and no others, and those always.
type Event struct {
	Kind  string
	Time  time.Time // the frame's for a label and a shot, else when it happened
	Seq   uint64    // label, shot, drift: the frame
	Class string    // label, shot, class, undo, forget, status

	// label
	Known     bool
	Nearest   string // the nearest class, which Class is too when Known
	Distance  float64
	Threshold float64
	Basis     support.Basis // what Threshold rests on
	Margin    float64
	Veto      support.Veto // the picture of nothing because of which it is not known; zero: none
	Views     int          // frames of one scene that were averaged
	FPS       float64      // status too

	// shot, class, undo, forget, status
	ID       uint64           // shot, nothing, undo: the shot that was taken or came or went back; 0 if none
	Shots    int              // shots of Class now; forget: that were or would be forgotten; undo: that came or went back
	Of       int              // shot, class, status: shots until the class is taught
	Accepted bool             // shot, nothing, undo, forget: it was done
	Reason   string           // shot, nothing, undo, forget: why not
	Taught   bool             // shot: this one completes the class
	Advice   []support.Advice // shot, nothing: what there is to know of what was taught, as long as it is new
	New      bool             // class: it has no shot yet
	Change   string           // undo: what was taken back: shot, remove, move, rename, merge, forget

	// drift
	Drift   support.DriftKind
	Score   float64 // see support.Alarm, as for Usual and Scenes; Nearest is the class nearest to it
	Usual   float64
	Scenes  int
	Picture string // where it is kept; empty if nowhere

	Camera string // camera: its name
	State  string // camera: lost, back or end; model: looks or ready

	Model string   // model: its name
	Done  int      // model: shots that it has looked at
	Total int      // model: of how many
	Aside []uint64 // model, ready: the shots that it can make nothing of

	What string // error; camera: why
	Hint string // error: what to do about it, may be empty

	Classes int    // status: how many have shots
	Frames  uint64 // status: seen since the start
	Dropped uint64 // status: frames that came while another was at work
	Stages  *Stages
}

// number is a float64 that JSON may not be able to say: then it is null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// MarshalJSON implements json.Marshaler: the line of "edge run --json".
func (e Event) MarshalJSON() ([]byte, error) {
	type head struct {
		Event string    `json:"event"`
		Time  time.Time `json:"time"`
	}
	h := head{e.Kind, e.Time.UTC()}
	switch e.Kind {
	case EventLabel:
		return json.Marshal(struct {
			head
			Seq       uint64 `json:"seq"`
			Class     string `json:"class"`
			Known     bool   `json:"known"`
			Nearest   string `json:"nearest"`
			Distance  number `json:"distance"`
			Threshold number `json:"threshold"`
			Margin    number `json:"margin"`
			FPS       number `json:"fps"`

			Basis support.Basis `json:"basis"`
			Views int           `json:"views"`
			Veto  *support.Veto `json:"vetoed_by"`
		}{h, e.Seq, e.Class, e.Known, e.Nearest, number(e.Distance), number(e.Threshold), number(e.Margin), number(e.FPS), e.Basis, e.Views, e.Veto.OrNil()})
	case EventShot:
		return json.Marshal(struct {
			head
			Seq      uint64 `json:"seq"`
			Class    string `json:"class"`
			ID       uint64 `json:"id"`
			Shots    int    `json:"shots"`
			Of       int    `json:"of"`
			Accepted bool   `json:"accepted"`
			Reason   string `json:"reason"`
			Taught   bool   `json:"taught"`
			Advice   []told `json:"advice"`
		}{h, e.Seq, e.Class, e.ID, e.Shots, e.Of, e.Accepted, e.Reason, e.Taught, toldOf(e.Advice)})
	case EventNothing:
		return json.Marshal(struct {
			head
			Seq      uint64 `json:"seq"`
			Was      string `json:"was"`
			ID       uint64 `json:"id"`
			Accepted bool   `json:"accepted"`
			Reason   string `json:"reason"`
			Advice   []told `json:"advice"`
		}{h, e.Seq, e.Class, e.ID, e.Accepted, e.Reason, toldOf(e.Advice)})
	case EventClass:
		return json.Marshal(struct {
			head
			Class string `json:"class"`
			Shots int    `json:"shots"`
			Of    int    `json:"of"`
			New   bool   `json:"new"`
		}{h, e.Class, e.Shots, e.Of, e.New})
	case EventUndo:
		return json.Marshal(struct {
			head
			Change   string `json:"change"`
			Class    string `json:"class"`
			ID       uint64 `json:"id"`
			Shots    int    `json:"shots"`
			Accepted bool   `json:"accepted"`
			Reason   string `json:"reason"`
		}{h, e.Change, e.Class, e.ID, e.Shots, e.Accepted, e.Reason})
	case EventForget:
		return json.Marshal(struct {
			head
			Class    string `json:"class"`
			Shots    int    `json:"shots"`
			Accepted bool   `json:"accepted"`
			Reason   string `json:"reason"`
		}{h, e.Class, e.Shots, e.Accepted, e.Reason})
	case EventCamera:
		return json.Marshal(struct {
			head
			Camera string `json:"camera"`
			State  string `json:"state"`
			What   string `json:"what"`
		}{h, e.Camera, e.State, e.What})
	case EventStatus:
		times := map[string]stageTime{}
		if e.Stages != nil {
			for s := range stages {
				t := e.Stages.Timing(s)
				times[s.String()] = stageTime{milliseconds(t.P50), milliseconds(t.P99)}
			}
		}
		return json.Marshal(struct {
			head
			Class   string               `json:"class"`
			Shots   int                  `json:"shots"`
			Of      int                  `json:"of"`
			Classes int                  `json:"classes"`
			Frames  uint64               `json:"frames"`
			Dropped uint64               `json:"dropped"`
			FPS     number               `json:"fps"`
			MS      map[string]stageTime `json:"ms"`
		}{h, e.Class, e.Shots, e.Of, e.Classes, e.Frames, e.Dropped, number(e.FPS), times})
	case EventModel:
		aside := e.Aside
		if aside == nil {
			aside = []uint64{}
		}
		return json.Marshal(struct {
			head
			Model string   `json:"model"`
			State string   `json:"state"`
			Done  int      `json:"done"`
			Of    int      `json:"of"`
			Aside []uint64 `json:"aside"`
		}{h, e.Model, e.State, e.Done, e.Total, aside})
	case EventDrift:
		return json.Marshal(struct {
			head
			Seq     uint64            `json:"seq"`
			Kind    support.DriftKind `json:"kind"`
			Score   number            `json:"score"`
			Usual   number            `json:"usual"`
			Scenes  int               `json:"scenes"`
			Nearest string            `json:"nearest"`
			Picture string            `json:"picture"`
		}{h, e.Seq, e.Drift, number(e.Score), number(e.Usual), e.Scenes, e.Nearest, e.Picture})
	case EventError:
		return json.Marshal(struct {
			head
			What string `json:"what"`
			Hint string `json:"hint"`
		}{h, e.What, e.Hint})
	}
	return nil, fmt.Errorf("no event of kind %q", e.Kind)
}

// told is an advice with its text.
type told struct {
	support.Advice
	Text string `json:"text"`
}

func toldOf(all []support.Advice) []told {
	list := make([]told, 0, len(all))
	for _, a := range all {
		list = append(list, told{a, a.String()})
	}
	return list
}

type stageTime struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// String returns the event as a line for people.
func (e Event) String() string {
	switch e.Kind {
	case EventLabel:
		return e.label()
	case EventShot:
		return e.shot()
	case EventNothing:
		return e.nothing()
	case EventClass:
		if e.New {
			return fmt.Sprintf("now teaching %s, which is new", e.Class)
		}
		return fmt.Sprintf("now teaching %s, %s so far", e.Class, shotCount(e.Shots))
	case EventUndo:
		return e.undo()
	case EventForget:
		switch {
		case e.Accepted:
			return fmt.Sprintf("forgot %s and its %s", e.Class, shotCount(e.Shots))
		case e.Shots > 0:
			return fmt.Sprintf("forget %s and its %s? %s", e.Class, shotCount(e.Shots), e.Reason)
		}
		return fmt.Sprintf("%s: %s", e.Class, e.Reason)
	case EventCamera:
		switch e.State {
		case CameraLost:
			return fmt.Sprintf("%s is away: %s", e.Camera, e.What)
		case CameraBack:
			return fmt.Sprintf("%s is back", e.Camera)
		}
		return fmt.Sprintf("%s is at its end", e.Camera)
	case EventModel:
		return e.model()
	case EventStatus:
		return e.status()
	case EventDrift:
		return e.drift()
	case EventError:
		if e.Hint != "" {
			return fmt.Sprintf("%s (%s)", e.What, e.Hint)
		}
		return e.What
	}
	return e.Kind
}

func (e Event) label() string {
	switch {
	case e.Known:
		return fmt.Sprintf("%s  %.2f of %.2f", e.Class, e.Distance, e.Threshold)
	case e.Veto != support.Veto{}:
		return fmt.Sprintf("%s  %.2f from %s, but more like picture %d, which is nothing", e.Class, e.Distance, e.Nearest, e.Veto.Negative)
	case e.Nearest != "":
		return fmt.Sprintf("%s  %.2f from %s, whose limit is %.2f", e.Class, e.Distance, e.Nearest, e.Threshold)
	}
	return e.Class
}

func (e Event) shot() string {
	text := ""
	switch {
	case !e.Accepted:
		return fmt.Sprintf("no shot of %s: %s", e.Class, e.Reason)
	case e.Taught:
		text = fmt.Sprintf("%s: shot %d of %d, taught", e.Class, e.Shots, e.Of)
	case e.Shots > e.Of:
		text = fmt.Sprintf("%s: shot %d", e.Class, e.Shots)
	default:
		text = fmt.Sprintf("%s: shot %d of %d", e.Class, e.Shots, e.Of)
	}
	for _, a := range e.Advice {
		text += "; " + a.String()
	}
	return text
}

func (e Event) nothing() string {
	if !e.Accepted {
		return "not kept: " + e.Reason
	}
	text := fmt.Sprintf("picture %d is nothing", e.ID)
	if e.Class != support.Unknown && e.Class != "" {
		text = fmt.Sprintf("not %s: picture %d is nothing", e.Class, e.ID)
	}
	for _, a := range e.Advice {
		text += "; " + a.String()
	}
	return text
}

func (e Event) model() string {
	if e.State == ModelLooks {
		return fmt.Sprintf("%s looks at what was taught: %d of %d", e.Model, e.Done, e.Total)
	}
	text := fmt.Sprintf("%s answers from here on", e.Model)
	if n := len(e.Aside); n > 0 {
		text += fmt.Sprintf("; %s left out, of which it can make nothing", shotCount(n))
	}
	return text
}

func (e Event) drift() string {
	var b strings.Builder
	switch e.Drift {
	case support.DriftKnown:
		fmt.Fprintf(&b, "known things look less like what was taught than they used to: %.0f %% of the limit, %.0f %% is usual", 100*e.Score, 100*e.Usual)
	default:
		fmt.Fprintf(&b, "pictures look less like anything taught than they used to: %.2f away, %.2f is usual", e.Score, e.Usual)
	}
	b.WriteString("; look at light, lens and place, or teach a shot as it is now")
	if e.Picture != "" {
		b.WriteString(" (picture: " + e.Picture + ")")
	}
	return b.String()
}

func (e Event) undo() string {
	if !e.Accepted {
		return e.Reason
	}
	switch e.Change {
	case support.AddedNegative.String():
		return fmt.Sprintf("undone: picture %d is not nothing any more", e.ID)
	case support.RemovedNegative.String():
		return fmt.Sprintf("undone: picture %d is nothing again", e.ID)
	case "shot":
		return "undone: the last shot of " + e.Class
	case "forget":
		return fmt.Sprintf("undone: %s is known again, with %s", e.Class, shotCount(e.Shots))
	}
	return fmt.Sprintf("undone: %s of %s", e.Change, e.Class)
}

func (e Event) status() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d classes known; teaching %s, %d of %d; %.1f frames a second, %d dropped", e.Classes, e.Class, e.Shots, e.Of, e.FPS, e.Dropped)
	if e.Stages != nil {
		for s := range stages {
			t := e.Stages.Timing(s)
			fmt.Fprintf(&b, "; %s %.1f ms", s, milliseconds(t.P50))
		}
	}
	return b.String()
}

func shotCount(n int) string {
	if n == 1 {
		return "1 shot"
	}
	return fmt.Sprintf("%d shots", n)
}
