package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// Embedder turns a network's input into an Embedding; *embed.Session is one.
type Embedder interface {
	EmbedPixels(dst embed.Embedding, rgb []byte) error
}

// Classifier names the mean of several views of one thing; *support.Set is one.
type Classifier interface {
	Decide(mean embed.Embedding, views int, scratch *support.MatchScratch) support.Answer
}

// DefaultViews is how many frames of one scene an answer rests on unless
// somebody says otherwise.
const DefaultViews = 5

// DefaultSmooth is how many frames in a row have to agree on a new label
// unless somebody says otherwise.
const DefaultSmooth = 2

// Config is what Run runs on. Functions are called on Run's goroutine, one at
// a time, and may be nil.
type Config struct {
	Source  camera.Source // closed by whoever opened it
	Session Embedder      // used by Run alone
	Side    int           // of the network's input
	Dim     int           // of its embeddings
	Region  embed.Region
	Set     Classifier
	Machine *Machine

	// Newest makes Run work on the newest frame, which a camera needs and a
	// paced clip too. Source is then closed by Run as well.
	Newest bool
	Views  int // frames of one scene that are averaged for an answer; zero: DefaultViews; 1: each frame for itself
	Smooth int // frames that have to agree on a new label; zero: DefaultSmooth; 1: the first one decides

	// Requests are carried out between frames, and while the camera keeps Run
	// waiting. What is buffered when Seen returns is carried out on that very
	// frame.
	Requests <-chan Command
	// Enrolled describes what was taught, for Run to tell when what it sees is
	// not like that any more; nil: it does not watch that. Keep keeps the picture
	// of such an alarm and returns where; see KeepIn.
	Enrolled func() support.Enrolled
	Keep     func(*Look) (path string, err error)
	// Notices are events that come from elsewhere, such as a camera that went
	// away; Run passes them on to Emit.
	Notices <-chan Event
	// Swaps are networks to go on with, such as a new model that has looked at
	// what was taught with the one before. What is buffered when Seen returns
	// comes before the next frame.
	Swaps <-chan Swap

	Emit   func(Event)
	Status func(*Status)               // after every frame and command; only for the time of the call
	Seen   func(*Look, support.Answer) // every frame with the answer, before smoothing; only for the time of the call
	Help   func()                      // the Help command
}

// Status is how things are, for a line that people see.
type Status struct {
	Seq     uint64
	Label   string         // after smoothing; "" before the first one
	Answer  support.Answer // after the last frame, before smoothing
	Class   string         // being taught
	Shots   int
	Of      int
	Frames  uint64 // seen since the start
	Dropped uint64 // came while another was at work
	FPS     float64
	Stages  *Stages
}

// Run shows the camera's frames to the network and says what it sees, until
// the source ends or somebody gives the command Quit (nil), ctx is done
// (ctx.Err()), or the source fails for good or region and picture do not fit
// each other (an error that names it). After a warm-up it allocates nothing for
// a frame whose label is that of the frame before.
func Run(ctx context.Context, cfg Config) error {
	l := newLoop(cfg)
	ctx, cancel := context.WithCancel(ctx)
	l.start(ctx)
	defer func() {
		cancel()
		<-l.stopped
	}()
	l.cfg.Machine.show(gpio.Ready)
	for {
		again, err := l.next(ctx)
		if !again {
			return err
		}
	}
}

// slot is a frame and all that was made of it.
type slot struct {
	frame  camera.Frame
	look   Look
	answer support.Answer
}

func newSlot(cfg *Config) *slot {
	s := &slot{look: Look{
		Embedding: make(embed.Embedding, cfg.Dim),
		Pixels:    make([]byte, 3*cfg.Side*cfg.Side),
		Side:      cfg.Side,
	}}
	s.look.Crop = func() ([]byte, error) { return Crop(&s.frame, cfg.Region) }
	return s
}

// copyFrom makes s an independent copy of o.
func (s *slot) copyFrom(o *slot) {
	s.frame.CopyFrom(&o.frame)
	copy(s.look.Embedding, o.look.Embedding)
	copy(s.look.Pixels, o.look.Pixels)
	s.look.Source, s.look.Time, s.look.Seq = o.look.Source, o.look.Time, o.look.Seq
	s.answer = o.answer
}

// loop is Run's state.
type loop struct {
	cfg     Config
	source  camera.Source
	name    string
	scratch embed.Scratch

	// Two slots go round: the camera fills one while commands still work on
	// the other.
	filling, seen *slot
	any           bool  // seen holds a frame
	mark          *slot // what was seen at Mark
	marked        bool

	fill    chan *camera.Frame // frames for the camera to fill
	filled  chan error         // what Next returned
	stopped chan struct{}      // the capturing goroutine is gone
	since   time.Time          // when the camera was asked
	asked   bool

	match     support.MatchScratch
	scene     *support.Scene
	drift     *support.Drift  // nil: not watched
	mean      embed.Embedding // of the scene, as the last frame left it
	views     int             // in it
	smooth    smooth
	rate      rate
	stages    Stages
	status    Status
	complaint string // the last bad frame's error, not repeated
}

func newLoop(cfg Config) *loop {
	if cfg.Views <= 0 {
		cfg.Views = DefaultViews
	}
	if cfg.Smooth <= 0 {
		cfg.Smooth = DefaultSmooth
	}
	l := &loop{
		cfg:     cfg,
		source:  cfg.Source,
		name:    cfg.Source.String(),
		fill:    make(chan *camera.Frame),
		filled:  make(chan error),
		stopped: make(chan struct{}),
		scene:   support.NewScene(cfg.Views, cfg.Dim),
		smooth:  smooth{need: cfg.Smooth},
	}
	if cfg.Newest {
		l.source = camera.Newest(cfg.Source)
	}
	l.filling, l.seen, l.mark = newSlot(&l.cfg), newSlot(&l.cfg), newSlot(&l.cfg)
	l.status.Stages = &l.stages
	l.watch()
	return l
}

// start starts the goroutine that waits for the camera, so that commands need
// not.
func (l *loop) start(ctx context.Context) {
	go func() {
		defer close(l.stopped)
		if l.cfg.Newest {
			defer l.source.Close()
		}
		for {
			select {
			case f := <-l.fill:
				err := l.source.Next(ctx, f)
				select {
				case l.filled <- err:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
}

// next does what comes next: a frame, a command or a notice. It reports
// whether there is more to do.
func (l *loop) next(ctx context.Context) (again bool, err error) {
	select {
	case s := <-l.cfg.Swaps:
		l.swap(s)
	default:
	}
	if !l.asked {
		select {
		case l.fill <- &l.filling.frame:
			l.asked, l.since = true, time.Now()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	select {
	case err := <-l.filled:
		l.asked = false
		again, err := l.frame(ctx, err)
		if !again || err != nil {
			return false, err
		}
		return l.requests(), nil
	case c, ok := <-l.cfg.Requests:
		if !ok {
			l.cfg.Requests = nil
			return true, nil
		}
		return l.do(c), nil
	case e, ok := <-l.cfg.Notices:
		if !ok {
			l.cfg.Notices = nil
			return true, nil
		}
		l.notice(e)
		return true, nil
	case s := <-l.cfg.Swaps:
		l.swap(s)
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// requests carries out the commands that are there already.
func (l *loop) requests() (again bool) {
	for {
		select {
		case c, ok := <-l.cfg.Requests:
			if !ok {
				l.cfg.Requests = nil
				return true
			}
			if !l.do(c) {
				return false
			}
		default:
			return true
		}
	}
}

// frame handles what the camera returned.
func (l *loop) frame(ctx context.Context, err error) (again bool, _ error) {
	switch {
	case err == nil:
	case errors.Is(err, camera.ErrBadPicture):
		l.complain(err)
		return true, nil
	case errors.Is(err, io.EOF):
		l.emit(Event{Kind: EventCamera, Time: time.Now(), Camera: l.name, State: CameraEnd})
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	default:
		l.cfg.Machine.show(gpio.Lost)
		l.emit(Event{Kind: EventCamera, Time: time.Now(), Camera: l.name, State: CameraLost, What: err.Error()})
		return false, err
	}
	if err := l.step(l.filling); err != nil {
		err = fmt.Errorf("%s: frame %d: %w", l.name, l.filling.frame.Seq, err)
		if errors.Is(err, embed.ErrPicture) {
			l.complain(err)
			return true, nil
		}
		return false, err
	}
	l.seen, l.filling, l.any = l.filling, l.seen, true
	l.report(l.seen)
	return true, nil
}

// complain emits an error of a frame, once where it repeats itself.
func (l *loop) complain(err error) {
	if text := err.Error(); text != l.complaint {
		l.complaint = text
		l.emit(ErrorEvent(err))
	}
}

// step takes a captured frame through the stages.
func (l *loop) step(s *slot) error {
	captured := time.Now()
	l.stages.Add(Capture, captured.Sub(l.since))
	f := &s.frame
	if err := embed.Preprocess(s.look.Pixels, l.cfg.Side, Picture(f), l.cfg.Region, &l.scratch); err != nil {
		return err
	}
	preprocessed := time.Now()
	l.stages.Add(Preprocess, preprocessed.Sub(captured))
	if err := l.cfg.Session.EmbedPixels(s.look.Embedding, s.look.Pixels); err != nil {
		return err
	}
	embedded := time.Now()
	l.stages.Add(Network, embedded.Sub(preprocessed))
	l.mean, l.views = l.scene.Add(s.look.Embedding)
	s.answer = l.cfg.Set.Decide(l.mean, l.views, &l.match)
	done := time.Now()
	l.stages.Add(Match, done.Sub(embedded))
	l.rate.tick(done)

	s.look.Seq, s.look.Time, s.look.Source = f.Seq, f.Time, f.Path
	if s.look.Source == "" {
		s.look.Source = l.name
	}
	return nil
}

// report tells everybody about a frame.
func (l *loop) report(s *slot) {
	if l.status.Frames > 0 && s.frame.Seq > l.status.Seq+1 {
		l.status.Dropped += s.frame.Seq - l.status.Seq - 1
	}
	l.status.Frames++
	l.status.Seq = s.frame.Seq
	l.status.FPS = l.rate.perSecond()
	l.status.Answer = s.answer
	l.complaint = ""
	if l.smooth.push(s.answer.Class) {
		l.emit(Event{
			Kind: EventLabel, Time: s.look.Time, Seq: s.look.Seq,
			Class: s.answer.Class, Known: s.answer.Known, Nearest: s.answer.Nearest,
			Distance: s.answer.Distance, Threshold: s.answer.Threshold, Basis: s.answer.Basis, Margin: s.answer.Margin,
			Veto: s.answer.Veto, Views: s.answer.Views, FPS: l.status.FPS,
		})
	}
	l.watchFrame(s)
	l.status.Label = l.smooth.label
	if l.cfg.Seen != nil {
		l.cfg.Seen(&s.look, s.answer)
	}
	l.tell()
}

// do carries out a command and reports whether the loop goes on.
func (l *loop) do(c Command) (again bool) {
	switch c {
	case Mark:
		if l.any {
			l.mark.copyFrom(l.seen)
			l.marked = true
		}
		return true
	case Quit:
		return false
	case Help:
		if l.cfg.Help != nil {
			l.cfg.Help()
		}
		return true
	}
	var look *Look
	var said string
	switch {
	case l.marked:
		look, said = &l.mark.look, l.mark.answer.Class
	case l.any:
		look, said = &l.seen.look, l.seen.answer.Class
	}
	l.marked = false
	e, _ := l.cfg.Machine.Do(c, look) // an error is an event
	if e.Kind == EventStatus {
		e.FPS, e.Frames, e.Dropped, e.Stages = l.status.FPS, l.status.Frames, l.status.Dropped, &l.stages
	}
	if e.Kind == EventNothing {
		e.Class = said
	}
	l.emit(e)
	if e.Accepted && e.Kind != EventNothing { // something else is taught now
		l.watch()
	}
	l.tell()
	return true
}

func (l *loop) notice(e Event) {
	if e.Kind == EventCamera {
		switch e.State {
		case CameraLost:
			l.cfg.Machine.show(gpio.Lost)
		case CameraBack:
			l.cfg.Machine.show(gpio.Ready)
		}
	}
	l.emit(e)
}

func (l *loop) emit(e Event) {
	if l.cfg.Emit != nil {
		l.cfg.Emit(e)
	}
}

func (l *loop) tell() {
	if l.cfg.Status == nil {
		return
	}
	l.status.Class, l.status.Shots, l.status.Of = l.cfg.Machine.Teaching()
	l.cfg.Status(&l.status)
}
