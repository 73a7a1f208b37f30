// Package demo is edge's main job on a clip instead of a camera, with a script
// instead of a finger: things are taught by pressing the button, the process
// is killed in the middle of it and started again, and then everything is
// shown that was taught, and some things that were not.
//
// Two processes take part. The Device is the camera: a camera.Source, the
// network, the button's gestures, the state machine and the store are those of
// edge run. The parent starts it, sees it die, starts it again, and compares
// its answers with the script.
package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
)

// Errors of Run, and ErrOpen of a Device. ErrBelow is no fault of the program's parts but of what they
// make together.
var (
	ErrDevice    = errors.New("the device process failed")
	ErrOpen      = errors.New("the demo's store")
	ErrStore     = errors.New("the demo teaches into an empty store, this one holds shots")
	ErrForgotten = errors.New("a shot that was acknowledged is gone")
	ErrBelow     = errors.New("below what the demo asks for")
)

// Options are the circumstances of a demo.
type Options struct {
	// Device returns the command that is a Device with this store, clip and
	// first frame, killed on the way or not. Run sets its outputs.
	Device func(ctx context.Context, store, clip string, from int, kill bool) *exec.Cmd
	Store  string                            // the folder to teach into, empty or not there yet; "" for one that does not stay
	Sheet  string                            // where the contact sheet goes
	Write  func(path string, b []byte) error // writes it
	Tell   *Transcript                       // may be nil
	// Line is called with each message of the device, in order, as the value
	// that JSON is made of. It may be nil.
	Line func(any) error
}

// Result is what came of it.
type Result struct {
	Event   string            `json:"event"` // result
	Good    bool              `json:"good"`
	Named   int               `json:"named"`   // frames of taught things named right
	Objects int               `json:"objects"` // of so many
	Refused int               `json:"refused"` // frames of other things called unknown
	Others  int               `json:"others"`  // of so many
	Kept    int               `json:"kept"`    // shots that outlived the kill
	Flight  fate              `json:"flight"`  // of the shot that was being stored
	Tally   *Tally            `json:"confusion"`
	Frames  int               `json:"frames"`
	FPS     float64           `json:"fps"`
	MS      map[string]timing `json:"ms"`
	Sheet   string            `json:"sheet"`
}

// Run gives the demo. The Result is there whenever the clip was played to its
// end, also with an error that wraps ErrBelow.
func Run(ctx context.Context, opt Options) (*Result, error) {
	s, err := Timetable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "edge-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "clip.avi")
	if err := os.WriteFile(file, clip, 0o600); err != nil {
		return nil, err
	}

	if opt.Store == "" {
		opt.Store = filepath.Join(dir, "store")
	}
	p := &parent{opt: opt, script: s, clip: file, tally: NewTally(s.Classes), acknowledged: map[string]int{}, flight: lost}
	opt.Tell.title(s)
	p.before = true
	if err := p.device(ctx, 0, true); err != nil {
		return nil, err
	}
	p.before = false
	if err := p.device(ctx, s.Kill+1, false); err != nil {
		return nil, err
	}
	r := p.result()
	if err := writeSheet(ctx, p, r); err != nil {
		return nil, fmt.Errorf("contact sheet: %w", err)
	}
	opt.Tell.end(r)
	if err := opt.Tell.failed(); err != nil {
		return r, err
	}
	if !r.Good {
		err = fmt.Errorf("%w: %d of %d frames of taught things named right, %d of %d frames of other things called unknown; want %.0f %% and %.0f %%",
			ErrBelow, r.Named, r.Objects, r.Refused, r.Others, 100*wantNamed, 100*wantRefused)
	}
	return r, err
}

// fate is what became of the shot that was being stored when the process died.
type fate string

const (
	lost   fate = "lost"   // it is not there
	stored fate = "stored" // it is there, although nobody had been told so
)

// parent follows what the device says.
type parent struct {
	opt    Options
	script *script.Script
	clip   string
	tally  *Tally

	before       bool           // it has not been killed yet
	killing      bool           // it is about to be
	acknowledged map[string]int // shots by class that it said are stored
	open         opened         // of the last start
	kept         int
	flight       fate // of the shot that was being stored

	lessons []lesson
	answers []answer
	end     ended
	ended   bool
}

// lesson is a shot that was taken, and not taken back.
type lesson struct {
	class string
	frame int
}

// answer is what was said about a frame that counts.
type answer struct {
	answered
	Shown string `json:"shown"`
	Right bool   `json:"right"`
}

// device runs one and follows it to its end, which has to be a violent one if
// kill is set.
func (p *parent) device(ctx context.Context, from int, kill bool) error {
	cmd := p.opt.Device(ctx, p.opt.Store, p.clip, from, kill)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	err = p.follow(out)
	if err != nil {
		// Its end is of no interest any more; it is not to be left behind.
		_ = cmd.Process.Kill()
	}
	died := cmd.Wait()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case kill && died == nil:
		return fmt.Errorf("%w: it was to be killed and came to its end", ErrDevice)
	case kill && !p.killing:
		return fmt.Errorf("%w before it was to be killed: %w", ErrDevice, died)
	case !kill && died != nil:
		return fmt.Errorf("%w: %w", ErrDevice, died)
	case !kill && !p.ended:
		return fmt.Errorf("%w: it stopped before the end of the clip", ErrDevice)
	}
	if kill {
		p.opt.Tell.killed(died)
	}
	return nil
}

// maxLine bounds what the device may say at once.
const maxLine = 1 << 20

func (p *parent) follow(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := p.message(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// message takes note of one line.
func (p *parent) message(line []byte) error {
	var head struct {
		Event string `json:"event"`
	}
	decode := func(v any) error {
		if err := json.Unmarshal(line, v); err != nil {
			return fmt.Errorf("%w: it said %q: %w", ErrDevice, line, err)
		}
		return nil
	}
	if err := decode(&head); err != nil {
		return err
	}
	pass := any(json.RawMessage(line))
	tell := p.opt.Tell
	switch head.Event {
	case "open":
		if err := decode(&p.open); err != nil {
			return err
		}
		if p.before {
			if len(p.open.Memory) > 0 {
				return fmt.Errorf("%w: %s", ErrStore, p.opt.Store)
			}
			tell.opened(p.open)
		} else if err := p.compare(); err != nil {
			return err
		}
	case "press":
		var m pressed
		if err := decode(&m); err != nil {
			return err
		}
		tell.press(m)
	case "kill":
		p.killing = true
	case "frame":
		var a answer
		if err := decode(&a.answered); err != nil {
			return err
		}
		shown, ok := p.script.Truth(a.Seq)
		if !ok {
			tell.frame(a.Seq)
			break
		}
		a.Shown, a.Right = shown, a.Class == shown
		p.tally.Add(shown, a.Class)
		p.answers = append(p.answers, a)
		tell.answer(a)
		pass = a
	case "end":
		if err := decode(&p.end); err != nil {
			return err
		}
		p.ended = true
	default:
		var d did
		if err := decode(&d); err != nil {
			return err
		}
		p.did(d)
		tell.did(d)
		if d.Event == "error" {
			return fmt.Errorf("%w: %s", ErrDevice, d.What)
		}
	}
	if p.opt.Line == nil {
		return tell.failed()
	}
	return p.opt.Line(pass)
}

func (p *parent) did(d did) {
	switch {
	case d.Event == "shot" && d.Accepted:
		p.acknowledged[d.Class] = d.Shots
		p.lessons = append(p.lessons, lesson{d.Class, d.Seq})
	case d.Event == "undo" && len(p.lessons) > 0:
		p.acknowledged[d.Class]--
		p.lessons = p.lessons[:len(p.lessons)-1]
	}
}

// compare holds what the device remembers after it was killed against what it
// had acknowledged before: all of that, and at most the one shot in flight.
func (p *parent) compare() error {
	left := 1
	remembered := map[string]int{}
	for _, m := range p.open.Memory {
		remembered[m.Class] = m.Shots
		p.kept += m.Shots
		extra := m.Shots - p.acknowledged[m.Class]
		if extra > 0 {
			left -= extra
			p.flight = stored
		}
	}
	for class, n := range p.acknowledged {
		if remembered[class] < n {
			return fmt.Errorf("%w: %s had %d shots and has %d", ErrForgotten, class, n, remembered[class])
		}
	}
	if left < 0 {
		return fmt.Errorf("%w: it remembers more than it was taught", ErrDevice)
	}
	if p.flight == stored {
		p.lessons = append(p.lessons, lesson{p.open.Memory[len(p.open.Memory)-1].Class, (p.script.Kill - 1) / p.script.Step * p.script.Step})
	}
	p.opt.Tell.remembers(p.open, p.flight)
	return nil
}

func (p *parent) result() *Result {
	r := &Result{Event: "result", Good: p.tally.Good(), Kept: p.kept, Flight: p.flight, Tally: p.tally,
		Frames: p.end.Frames, FPS: p.end.FPS, MS: p.end.MS, Sheet: p.opt.Sheet}
	r.Named, r.Objects = p.tally.Named()
	r.Refused, r.Others = p.tally.Refused()
	return r
}
