package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// Device is the process that is the camera. It opens the store, looks at the
// clip and does what the button says, and writes a message a line about it.
type Device struct {
	Network *embed.Network
	Threads int
	Store   string
	Clip    string // the file
	From    int    // the first frame to look at
	Kill    bool   // die at the script's press, in the middle of storing its shot
}

// Run plays the clip from d.From to its end. With d.Kill it does not come back.
func (d *Device) Run(ctx context.Context, out io.Writer) error {
	s, err := Timetable()
	if err != nil {
		return err
	}
	set, err := support.Open(d.Store, support.Options{Fingerprint: d.Network.Fingerprint(), Dim: d.Network.Dim()})
	if err != nil {
		return err
	}
	defer set.Close()
	source, err := camera.Open(d.Clip, camera.Options{})
	if err != nil {
		return err
	}
	defer source.Close()
	session := d.Network.NewSession(d.Threads)
	defer session.Close()

	r := &runner{
		script: s, set: set, session: session, lines: json.NewEncoder(out),
		side: d.Network.Input().Height, embedding: make(embed.Embedding, d.Network.Dim()),
	}
	r.pixels = make([]byte, 3*r.side*r.side)
	var memory app.Set = set
	if d.Kill {
		r.doomed = &doomed{Set: set}
		memory = r.doomed
	}
	if r.machine, err = app.NewMachine(memory, app.MachineOptions{Classes: s.Classes, Shots: s.Shots}); err != nil {
		return err
	}
	if err := r.open(d); err != nil {
		return err
	}
	if err := r.play(ctx, source, d.From); err != nil {
		return err
	}
	return errors.Join(r.end(), set.Close())
}

// runner is a Device at work.
type runner struct {
	script  *script.Script
	set     *support.Set
	machine *app.Machine
	session *embed.Session
	lines   *json.Encoder
	doomed  *doomed // nil where nobody dies
	finger  *finger
	err     error // the first, from within a press

	side      int
	frame     camera.Frame
	scratch   embed.Scratch
	pixels    []byte
	embedding embed.Embedding
	nearest   []support.Prediction

	seen   *app.Look // the newest
	marked *app.Look // what was seen when the button went down

	began  time.Time
	frames int
	stages app.Stages
}

// doomed is a store in whose next Add, once it is armed, the process is killed.
type doomed struct {
	*support.Set
	armed bool
}

// mortal is how long the process may live on: about as long as a shot takes to
// get onto the disk, so that now and then it just makes it.
const mortal = 3 * time.Millisecond

// Add starts the killer before it stores the shot: the signal finds the store
// at its work, or just before, or just after.
func (d *doomed) Add(class string, e embed.Embedding, crop []byte, source string, at time.Time) (support.Shot, error) {
	if d.armed {
		time.AfterFunc(rand.N(mortal), killMyself)
	}
	return d.Set.Add(class, e, crop, source, at)
}

// killMyself is kill -9: no deferred call runs, nothing is flushed or closed.
func killMyself() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		err = p.Kill()
		if err == nil {
			return
		}
	}
	os.Exit(137) // where there is no such signal
}

func (r *runner) open(d *Device) error {
	m := opened{Event: "open", Seq: d.From, Kernel: d.Network.Kernel(), Precision: d.Network.Precision().String(),
		Model: d.Network.Model().Meta.Name, Dim: d.Network.Dim(), Threads: d.Threads, Memory: []memory{}}
	for _, w := range r.set.Ways() {
		m.Memory = append(m.Memory, memory{w.Class, w.Shots})
	}
	m.Torn = r.set.Torn() != nil
	m.Teaching, m.Shots, m.Of = r.machine.Teaching()
	return r.lines.Encode(m)
}

// play looks at every Step-th frame from the first one asked for.
func (r *runner) play(ctx context.Context, source camera.Source, from int) error {
	for {
		begin := time.Now()
		err := source.Next(ctx, &r.frame)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		i := int(r.frame.Seq)
		if i < from || i%r.script.Step != 0 {
			continue
		}
		if r.finger == nil {
			r.began = begin
			start := r.frame.Time.Add(-r.script.Offset(i))
			r.finger = newFinger(r.script, start, from, func() { r.marked = r.seen }, r.press)
		}
		r.stages.Add(app.Capture, time.Since(begin))
		// What the finger does until this frame is there meets what was seen
		// before it.
		r.finger.until(r.frame.Time, r.wish)
		if r.err != nil {
			return r.err
		}
		if err := r.look(i); err != nil {
			return err
		}
	}
}

// look embeds the frame and says what it shows.
func (r *runner) look(i int) error {
	t0 := time.Now()
	if err := embed.Preprocess(r.pixels, r.side, app.Picture(&r.frame), embed.Region{}, &r.scratch); err != nil {
		return err
	}
	t1 := time.Now()
	if err := r.session.EmbedPixels(r.embedding, r.pixels); err != nil {
		return err
	}
	t2 := time.Now()
	var a support.Answer
	a, r.nearest = r.set.Answer(r.nearest, r.embedding)
	t3 := time.Now()
	r.stages.Add(app.Preprocess, t1.Sub(t0))
	r.stages.Add(app.Network, t2.Sub(t1))
	r.stages.Add(app.Match, t3.Sub(t2))
	r.frames++

	frame := r.frame // its pixels are overwritten by the next one
	frame.Pix = append([]byte(nil), r.frame.Pix...)
	r.seen = &app.Look{
		Embedding: append(embed.Embedding(nil), r.embedding...),
		Pixels:    append([]byte(nil), r.pixels...),
		Side:      r.side,
		Crop:      func() ([]byte, error) { return app.Crop(&frame, embed.Region{}) },
		Source:    "demo",
		Time:      frame.Time,
		Seq:       frame.Seq,
	}
	return r.lines.Encode(answered{Event: "frame", Seq: i, Class: a.Class, Known: a.Known, Nearest: a.Nearest,
		Distance: a.Distance, Threshold: a.Threshold, Margin: a.Margin})
}

// wish is what a person would do who sees the lamp: teach until the class has
// its shots, then go on to the next one.
func (r *runner) wish() gpio.Gesture {
	class, n, of := r.machine.Teaching()
	switch {
	case n < of:
		return gpio.Short
	case class != r.script.Classes[len(r.script.Classes)-1]:
		return gpio.Long
	}
	return 0
}

// press does what a gesture means.
func (r *runner) press(p gpio.Press) {
	command, ok := app.GestureCommand(p.Gesture)
	if !ok || r.err != nil {
		return
	}
	frame := r.script.Frame(p.Down.Sub(r.finger.start))
	if r.err = r.lines.Encode(pressed{Event: "press", Seq: frame, Gesture: p.Gesture.String()}); r.err != nil {
		return
	}
	dies := r.doomed != nil && frame == r.script.Kill && command == app.Shot
	if dies {
		r.doomed.armed = true
		if r.err = r.lines.Encode(pressed{Event: "kill", Seq: frame}); r.err != nil {
			return
		}
	}
	e, err := r.machine.Do(command, r.marked)
	if r.err = r.lines.Encode(e); r.err == nil {
		r.err = err
	}
	if dies && r.err == nil {
		if !e.Accepted {
			// Nothing was stored, so nothing was killed.
			r.err = fmt.Errorf("the shot at frame %d was refused: %s", frame, e.Reason)
			return
		}
		select {} // the shot was faster; the signal is on its way
	}
}

func (r *runner) end() error {
	m := ended{Event: "end", Frames: r.frames, MS: map[string]timing{}}
	if d := time.Since(r.began).Seconds(); r.frames > 0 && d > 0 {
		m.FPS = float64(r.frames) / d
	}
	for _, s := range []app.Stage{app.Capture, app.Preprocess, app.Network, app.Match} {
		t := r.stages.Timing(s)
		m.MS[s.String()] = timing{milliseconds(t.P50), milliseconds(t.P99)}
	}
	return r.lines.Encode(m)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
