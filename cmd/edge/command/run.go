package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// runOptions are the flags of edge run.
type runOptions struct {
	camera      string
	open        camera.Options
	region      regionFlag
	shots       int
	classes     []string
	smooth      int
	views       int
	noGate      bool
	button, led string
	oldModel    string
}

func newRun(e *env) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Watch a camera, name what it sees, learn at the press of a button",
		Long: `Run watches a camera or a clip and prints an event whenever what it sees changes
its name. A button (or, at a terminal, the keyboard) teaches:

` + app.KeyHelp() + `
The button does most of that: a short press is a shot, a long one the next class, a
double one undo, a very long one forgets the class after a second such press. Only
a key says "wrong!": what looks more like that picture than like any shot of the
class is unknown from then on.
The lamp counts the shots. A name rests on the average of the last --views frames
of one scene; another scene begins a new one. At the end of a clip, at q or ctrl-C, the exit code
is 0.

An event "drift" says that what is seen is not like what was taught any more: the
light, the lens or the camera's place have changed. It changes no answer; the
last eight pictures of such events are kept in the store's folder drift.

With another model than the one that was taught, the one before answers until the
new one has looked at every shot's picture, if it is a shipped one or named by
--old-model; else everything is unknown until then. Frames of a clip wait for it.
What the model before made is kept: going back is naming it by --model again.`,
		Example: "  edge run --camera camera:0 --classes cup,keys --shots 5\n  edge run --camera belt.avi --json\n  edge run --button GPIO17 --led GPIO27",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), e) },
	}
	f := c.Flags()
	f.StringVar(&o.camera, "camera", defaultCamera, "camera, clip, folder or picture to watch")
	count(f, &o.open.Width, "width", 0, 0, 16384, "width to ask of a camera; 0 for 640")
	count(f, &o.open.Height, "height", 0, 0, 16384, "height to ask of a camera; 0 for 480")
	count(f, &o.open.FPS, "fps", 0, 0, 1000, "frames a second to ask of a camera, or to play a clip at with --realtime; 0 for its own")
	f.BoolVar(&o.open.Realtime, "realtime", false, "play a clip at its own speed, dropping frames that come too fast")
	f.BoolVar(&o.open.Loop, "loop", false, "begin a clip again when it ends")
	regionVar(f, &o.region)
	count(f, &o.shots, "shots", app.DefaultShots, 1, 1_000_000, "shots until a class is taught")
	f.StringSliceVar(&o.classes, "classes", nil, "names for new classes, with commas (default \"object 1\", \"object 2\", …)")
	count(f, &o.views, "views", app.DefaultViews, 1, 1000, "frames of one scene that are averaged for an answer; 1 for each frame by itself")
	count(f, &o.smooth, "smooth", app.DefaultSmooth, 1, 1000, "frames in a row that must agree before a name changes")
	f.BoolVar(&o.noGate, "no-gate", false, "take every shot, whatever it shows")
	f.StringVar(&o.oldModel, "old-model", "", "model that answers while a new one looks at what was taught (default the shipped one that taught it)")
	pinVars(c, &o.button, &o.led)
	return c
}

func (o *runOptions) run(ctx context.Context, e *env) (err error) {
	for _, c := range o.classes {
		if err := support.CheckName(c); err != nil {
			return coded(exitUsage, fmt.Errorf("--classes: %w", err), "")
		}
	}
	network, err := e.openNetwork()
	if err != nil {
		return err
	}
	set, refit, err := o.openStore(ctx, e, network)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, coded(exitStore, set.Close(), "")) }()
	var swaps <-chan app.Swap
	if refit != nil {
		network, swaps = refit.live(), refit.swaps
	}
	session := network.NewSession(e.threads)
	defer session.Close()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	requests := make(chan app.Command, 16)
	notices := make(chan app.Event, 16)
	lamp, err := o.openLamp()
	if err != nil {
		return err
	}
	opt := app.MachineOptions{Classes: o.classes, Shots: o.shots, NoGate: o.noGate}
	if lamp != nil {
		defer func() { err = firstError(err, lamp.close()) }()
		opt.Lamp = lamp.Lamp
	}
	machine, err := app.NewMachine(set, opt)
	if err != nil {
		return coded(exitUsage, err, "")
	}
	if o.button != "" {
		stop, err := o.watchButton(ctx, requests, notices, opt.Lamp)
		if err != nil {
			return err
		}
		defer stop()
	}
	source, err := o.openSource(notices)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, source.Close()) }()

	out := newRunOutput(e, cancel)
	defer out.close()
	if f, ok := e.stdin.(*os.File); ok && terminal(f) {
		restore, err := app.Keys(ctx, f, requests)
		if err != nil {
			return fmt.Errorf("keyboard: %w", err)
		}
		defer func() { err = firstError(err, restore()) }()
		out.say("space is a shot, n the next class, x wrong, u undo, ? help, q quit")
	}
	if refit != nil {
		refit.start(ctx, notices)
		defer refit.stop()
	}
	var keep func(*app.Look) (string, error)
	if !set.ReadOnly() {
		keep = app.KeepIn(filepath.Join(set.Dir(), "drift"))
	}
	err = app.Run(ctx, app.Config{
		Source:   source,
		Session:  session,
		Side:     network.Input().Height,
		Dim:      network.Dim(),
		Region:   embed.Region(o.region),
		Set:      set,
		Machine:  machine,
		Newest:   camera.Live(o.camera) || o.open.Realtime,
		Views:    o.views,
		Smooth:   o.smooth,
		Requests: requests,
		Enrolled: set.Enrolled,
		Keep:     keep,
		Notices:  notices,
		Swaps:    swaps,
		Emit:     out.event,
		Status:   out.status,
		Help:     func() { out.say(strings.TrimRight(app.KeyHelp(), "\n")) },
	})
	if out.err != nil {
		return out.err
	}
	if _, ok := errors.AsType[interrupt](context.Cause(ctx)); ok && errors.Is(err, context.Canceled) {
		return nil // the service's stop, or a person's ctrl-C
	}
	return err
}

// firstError keeps the error that came first.
func firstError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// openStore opens the store for writing. On a read-only disk a device still
// names what it was taught. Where another model taught it, a camera need not wait
// until this one has looked at that.
func (o *runOptions) openStore(ctx context.Context, e *env, n *embed.Network) (*support.Set, *refitting, error) {
	set, err := e.openStore(n.Fingerprint(), n.Dim())
	switch {
	case errors.Is(err, support.ErrModelMismatch) && (camera.Live(o.camera) || o.open.Realtime):
		r, err := e.openRefitting(n, o.oldModel)
		if err != nil {
			return nil, nil, err
		}
		return r.set, r, nil
	case errors.Is(err, support.ErrModelMismatch):
		set, err = e.refit(ctx, n, e.tellAside)
		return set, nil, err
	case !errors.Is(err, support.ErrReadOnly):
		return set, nil, err
	}
	set, readErr := e.readStore(n.Fingerprint(), n.Dim())
	if readErr != nil || set == nil {
		return nil, nil, firstError(readErr, err)
	}
	e.note("the store is read-only: what it holds is named, nothing new can be taught")
	return set, nil, nil
}

// openSource opens the camera. One that goes away later is waited for; one
// that is not there at the start is an error.
func (o *runOptions) openSource(notices chan<- app.Event) (camera.Source, error) {
	first, err := camera.Open(o.camera, o.open)
	if err != nil || !camera.Live(o.camera) {
		return first, err
	}
	name := first.String()
	open := func() (camera.Source, error) {
		if src := first; src != nil {
			first = nil
			return src, nil
		}
		return camera.Open(o.camera, o.open)
	}
	return camera.Reconnect(name, open, camera.DefaultBackoff, func(err error) {
		ev := app.Event{Kind: app.EventCamera, Time: time.Now(), Camera: name, State: app.CameraBack}
		if err != nil {
			ev.State, ev.What = app.CameraLost, oneLine(err.Error())
		}
		select {
		case notices <- ev:
		default: // nobody has taken sixteen such news: one more adds nothing
		}
	}), nil
}

// openedLamp is a lamp with the pin it holds.
type openedLamp struct {
	*gpio.Lamp
	pin *gpio.Pin
}

func (o *runOptions) openLamp() (*openedLamp, error) {
	if o.led == "" {
		return nil, nil
	}
	pin, err := gpio.OpenOutput(o.led)
	if err != nil {
		return nil, err
	}
	lamp, err := gpio.NewLamp(pin, gpio.LampConfig{})
	if err != nil {
		return nil, errors.Join(err, pin.Close())
	}
	return &openedLamp{lamp, pin}, nil
}

func (l *openedLamp) close() error { return errors.Join(l.Lamp.Close(), l.pin.Close()) }

// watchButton sends the button's commands until stop is called.
func (o *runOptions) watchButton(ctx context.Context, requests chan<- app.Command, notices chan<- app.Event, lamp app.Lamp) (stop func(), err error) {
	pin, err := gpio.OpenInput(o.button)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := app.Presses(ctx, pin, gpio.ButtonConfig{}, requests, lamp); err != nil && ctx.Err() == nil {
			select {
			case notices <- app.ErrorEvent(err):
			case <-ctx.Done():
			}
		}
	}()
	return func() {
		cancel()
		<-done
		pin.Close() // nothing is left to be told of a pin nobody uses
	}, nil
}

// runOutput prints what happens: JSON lines, or lines for people and, at a
// terminal, one that rewrites itself.
type runOutput struct {
	e      *env
	cancel context.CancelCauseFunc
	line   *app.StatusLine // nil where nobody would see it
	err    error           // of standard output, which ends the loop
}

func newRunOutput(e *env, cancel context.CancelCauseFunc) *runOutput {
	r := &runOutput{e: e, cancel: cancel}
	// On one terminal, lines of JSON and a line that rewrites itself would
	// tear each other.
	if f, ok := e.stderr.(*os.File); ok && terminal(f) && !e.quiet && !e.noProgress && !(e.json && terminal(e.stdout)) {
		r.line = app.NewStatusLine(f, func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
			return 80
		})
	}
	return r
}

func (r *runOutput) event(ev app.Event) {
	var err error
	switch {
	case r.e.json:
		err = r.e.line(ev, "")
	case r.line != nil && terminal(r.e.stdout):
		// The status line says what is seen; what was done stays.
		if ev.Kind != app.EventLabel {
			err = r.line.Println(ev.String())
		}
	case ev.Kind == app.EventError:
		r.e.note("edge: %s", oneLine(ev.String()))
	default:
		err = r.e.line(nil, "%s", ev.String())
	}
	if err != nil && r.err == nil {
		r.err = err
		r.cancel(err)
	}
}

func (r *runOutput) status(s *app.Status) {
	// A terminal that cannot be written to shows nothing; the loop goes on.
	_ = r.line.Update(s)
}

// say tells a person at the terminal something.
func (r *runOutput) say(text string) {
	switch {
	case r.e.quiet:
	case r.line != nil:
		_ = r.line.Println(text)
	default:
		_, _ = io.WriteString(r.e.stderr, text+"\n")
	}
}

func (r *runOutput) close() { _ = r.line.Clear() }
