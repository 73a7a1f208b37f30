package demo

import (
	"context"
	"encoding/json"
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
	disk := &mortal{FS: support.OS}
	set, err := support.Open(d.Store, support.Options{Fingerprint: d.Network.Fingerprint(), Dim: d.Network.Dim(), FS: disk})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOpen, err)
	}
	defer set.Close()
	source, err := camera.Open(d.Clip, camera.Options{})
	if err != nil {
		return err
	}
	defer source.Close()
	session := d.Network.NewSession(d.Threads)
	defer session.Close()

	machine, err := app.NewMachine(set, app.MachineOptions{Classes: s.Classes, Shots: s.Shots})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &runner{
		device: d, script: s, set: set, disk: disk, machine: machine, lines: json.NewEncoder(out), cancel: cancel,
		// Each press gives two commands at most, with one to spare.
		requests: make(chan app.Command, 3*len(s.Press)),
	}
	r.open()
	if d.From == 0 && set.Len() > 0 {
		return set.Close() // somebody's memory: the parent says so, and not a frame of the clip goes into it
	}
	began := time.Now()
	err = app.Run(ctx, app.Config{
		Source:   &every{Source: source, step: s.Step, from: d.From},
		Session:  session,
		Side:     d.Network.Input().Height,
		Dim:      d.Network.Dim(),
		Set:      set,
		Machine:  machine,
		Requests: r.requests,
		Emit:     r.event,
		Status:   func(s *app.Status) { r.frames, r.stages = s.Frames, s.Stages },
		Seen:     func(l *app.Look, a support.Answer) { r.seen(l, a) },
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	r.end(time.Since(began))
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return set.Close()
}

// every passes on every step-th frame of a clip, the first of them not before
// from: what a camera delivers to a board that is busy with each frame for
// about that long.
type every struct {
	camera.Source
	step, from int
}

// Next implements camera.Source.
func (e *every) Next(ctx context.Context, f *camera.Frame) error {
	for {
		if err := e.Source.Next(ctx, f); err != nil {
			return err
		}
		if i := int(f.Seq); i >= e.from && i%e.step == 0 {
			return nil
		}
	}
}

// mortal is a file system. Once it is doomed, the process does not survive its
// next write: some of the bytes get as far as the disk's cache, then comes
// kill -9, and no deferred call runs, nothing is flushed or closed.
type mortal struct {
	support.FS
	doomed bool
}

// OpenWrite implements support.FS.
func (m *mortal) OpenWrite(name string) (support.File, error) {
	f, err := m.FS.OpenWrite(name)
	if err != nil {
		return nil, err
	}
	return mortalFile{f, m}, nil
}

// Create implements support.FS.
func (m *mortal) Create(name string) (support.File, error) {
	f, err := m.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return mortalFile{f, m}, nil
}

type mortalFile struct {
	support.File
	fs *mortal
}

// WriteAt implements io.WriterAt. How far the last write gets is left to
// chance: from nothing to all of it, in ninths.
func (f mortalFile) WriteAt(b []byte, at int64) (int, error) {
	if !f.fs.doomed {
		return f.File.WriteAt(b, at)
	}
	n, err := f.File.WriteAt(b[:len(b)*rand.IntN(10)/9], at)
	if err != nil {
		return n, err
	}
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil { // there is no such signal here
		os.Exit(137)
	}
	select {}
}

// runner is a Device at work. All of it is on the goroutine of app.Run.
type runner struct {
	device   *Device
	script   *script.Script
	set      *support.Set
	disk     *mortal
	machine  *app.Machine
	lines    *json.Encoder
	cancel   context.CancelCauseFunc
	requests chan app.Command

	finger *finger
	start  time.Time // of the clip
	asked  int       // shots among the requests that are not carried out yet

	frames uint64
	stages *app.Stages
}

// say writes a message. Without anybody to hear it there is no demo.
func (r *runner) say(v any) {
	if err := r.lines.Encode(v); err != nil {
		r.cancel(err)
	}
}

func (r *runner) open() {
	n := r.device.Network
	m := opened{Event: "open", Seq: r.device.From, Kernel: n.Kernel(), Precision: n.Precision().String(),
		Model: n.Model().Meta.Name, Dim: n.Dim(), Threads: r.device.Threads, Memory: []memory{}}
	for _, w := range r.set.Ways() {
		m.Memory = append(m.Memory, memory{w.Class, w.Shots})
	}
	if t := r.set.Torn(); t != nil {
		m.Torn = t.Bytes
	}
	m.Teaching, m.Shots, m.Of = r.machine.Teaching()
	r.say(m)
}

// seen tells what a frame was taken for, and lets the finger do what it does
// until the next one comes.
func (r *runner) seen(l *app.Look, a support.Answer) {
	i := int(l.Seq)
	r.say(answered{Event: "frame", Seq: i, Class: a.Class, Known: a.Known, Nearest: a.Nearest,
		Distance: a.Distance, Threshold: a.Threshold, Margin: a.Margin})
	if r.finger == nil {
		r.start = l.Time.Add(-r.script.Offset(i))
		r.finger = newFinger(r.script, r.start, r.device.From, func() { r.requests <- app.Mark }, r.press)
	}
	r.asked = 0
	r.finger.until(r.start.Add(r.script.Offset(i+r.script.Step)), r.wish)
}

// wish is what a person would do who sees the lamp: teach until the class has
// its shots, then go on to the next one. Where the lamp has not yet said that
// the last shot is stored, a person waits.
func (r *runner) wish() gpio.Gesture {
	class, n, of := r.machine.Teaching()
	switch {
	case n+r.asked < of:
		return gpio.Short
	case n >= of && class != r.script.Classes[len(r.script.Classes)-1]:
		return gpio.Long
	}
	return 0
}

// press hands on what a gesture means.
func (r *runner) press(p gpio.Press) {
	c, ok := app.GestureCommand(p.Gesture)
	if !ok {
		return
	}
	frame := r.script.Frame(p.Down.Sub(r.start))
	r.say(pressed{Event: "press", Seq: frame, Gesture: p.Gesture.String()})
	if c == app.Shot {
		r.asked++
		if r.device.Kill && frame == r.script.Kill {
			r.disk.doomed = true
			r.say(pressed{Event: "kill", Seq: frame})
		}
	}
	r.requests <- c
}

// event passes on what app.Run tells.
func (r *runner) event(e app.Event) {
	r.say(e)
	if r.disk.doomed && e.Kind == app.EventShot { // nothing was written, so nobody was killed
		r.cancel(fmt.Errorf("the shot at frame %d was refused: %s", r.script.Kill, e.Reason))
	}
}

func (r *runner) end(took time.Duration) {
	m := ended{Event: "end", Frames: int(r.frames), MS: map[string]timing{}}
	if s := took.Seconds(); s > 0 {
		m.FPS = float64(r.frames) / s
	}
	if r.stages != nil {
		for _, s := range stages {
			t := r.stages.Timing(s)
			m.MS[s.String()] = timing{milliseconds(t.P50), milliseconds(t.P99)}
		}
	}
	r.say(m)
}

var stages = []app.Stage{app.Capture, app.Preprocess, app.Network, app.Match}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
