package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

const side = 16

// scene is a camera that shows one thing after the other: a letter a frame, a
// capital for a thing nobody taught. Each frame differs a little from those
// before.
func scene(things string) *cameratest.Fake {
	return &cameratest.Fake{
		Width: side, Height: side, Frames: len(things), Start: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC),
		Paint: func(f *camera.Frame) {
			cameratest.Pattern(f)
			f.Pix[0], f.Pix[1] = things[f.Seq], byte(f.Seq)
		},
	}
}

// eye is a network that knows the letters of a scene.
type eye struct{ err error }

func (e *eye) EmbedPixels(dst embed.Embedding, rgb []byte) error {
	if e.err != nil {
		return e.err
	}
	clear(dst)
	sin, cos := math.Sincos(0.02 * float64(rgb[1]%16))
	dst[rgb[0]%7], dst[7] = float32(cos), float32(sin)
	return nil
}

// rig is a Config with everything in it, and what came out.
type rig struct {
	Config
	set    *support.Set
	lamp   *fakeLamp
	eye    *eye
	events []Event
}

func newRig(t *testing.T, source camera.Source, opt MachineOptions) *rig {
	t.Helper()
	r := &rig{set: openSet(t, t.TempDir()), lamp: &fakeLamp{}, eye: &eye{}}
	opt.Lamp = r.lamp
	requests := make(chan Command, 64)
	r.Config = Config{
		Source: source, Session: r.eye, Side: side, Dim: dim,
		Set: r.set, Machine: newMachine(t, r.set, opt),
		Requests: requests,
		Emit:     func(e Event) { r.events = append(r.events, e) },
	}
	return r
}

// at gives commands when frames are seen: at[3] on frame 3.
func (r *rig) at(commands map[uint64][]Command) {
	requests := make(chan Command, 64)
	r.Requests = requests
	r.Seen = func(l *Look, _ support.Answer) {
		for _, c := range commands[l.Seq] {
			requests <- c
		}
	}
}

// brief returns what happened, with frame numbers.
func (r *rig) brief() (got []string) {
	for _, e := range r.events {
		switch e.Kind {
		case EventLabel:
			got = append(got, fmt.Sprintf("%d: %s", e.Seq, e.Class))
		case EventShot:
			got = append(got, fmt.Sprintf("%d: %s", e.Seq, brief(e)))
		case EventCamera:
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Camera, e.State, e.What)))
		case EventError:
			got = append(got, "error "+e.What)
		default:
			got = append(got, brief(e))
		}
	}
	return got
}

func TestTeachAndName(t *testing.T) {
	//                      0    5    10   15   20
	r := newRig(t, scene("aaaaabbbbbXXXaaaabaabbbb"), MachineOptions{Classes: []string{"apple", "bear"}, Shots: 2})
	r.at(map[uint64][]Command{1: {Shot}, 2: {Shot}, 5: {NextClass, Shot}, 6: {Shot}})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(),
		"1: unknown",
		"1: apple 1/2", "2: apple 2/2 taught",
		"3: apple",
		"teach new bear",
		"5: bear 1/2", "6: bear 2/2 taught",
		"7: bear",
		"11: unknown",
		"14: apple", // frame 17 alone shows a bear and changes nothing
		"21: bear",
		"fake end")
	for _, e := range r.events {
		if e.Kind == EventLabel && (e.Known != (e.Class != support.Unknown) || e.Known && (e.Nearest != e.Class || e.Distance > e.Threshold)) {
			t.Errorf("%+v contradicts itself", e)
		}
	}
}

// alike is an eye to which an A looks much like an a.
type alike struct{ eye }

func (e *alike) EmbedPixels(dst embed.Embedding, rgb []byte) error {
	capital := rgb[0] == 'A'
	if capital {
		rgb[0] = 'a'
	}
	err := e.eye.EmbedPixels(dst, rgb)
	if capital {
		rgb[0] = 'A'
		dst[0] = 0.8
	}
	return err
}

// Wrong! And what is seen has no name, then and after, until that is taken back.
func TestWrongWhileItRuns(t *testing.T) {
	//                      0    5    10   15   20   25
	r := newRig(t, scene("aaaaaAAAAAAaaaaAAAAAAAAAA"), MachineOptions{Classes: []string{"apple"}, Shots: 2})
	r.Session = &alike{}
	r.at(map[uint64][]Command{1: {Shot}, 2: {Shot}, 7: {Wrong}, 19: {Undo}})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(),
		"1: unknown",
		"1: apple 1/2", "2: apple 2/2 taught",
		"3: apple",
		"nothing 3",
		"9: unknown",
		"12: apple",
		"16: unknown",
		"undo nothing  1",
		"21: apple",
		"fake end")
	for _, e := range r.events {
		if e.Kind == EventNothing && (e.Class != "apple" || e.Seq != 7) || e.Kind == EventLabel && (e.Veto.Negative == 3) != (e.Seq == 9 || e.Seq == 16) {
			t.Errorf("%+v", e)
		}
	}
}

func TestSmoothingCanBeOff(t *testing.T) {
	r := newRig(t, scene("aabab"), MachineOptions{})
	r.Smooth = 1
	r.at(map[uint64][]Command{0: {Shot}, 2: {NextClass, Shot}})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(), "0: unknown", "0: object 1 1/5", "1: object 1", "2: unknown", "teach new object 2", "2: object 2 1/5", "3: object 1", "4: object 2", "fake end")
}

// A press works on the frame of its beginning, whatever is seen when it ends.
func TestMark(t *testing.T) {
	r := newRig(t, scene("abcd"), MachineOptions{})
	r.at(map[uint64][]Command{
		0: {Mark},
		2: {Shot}, // of the marked frame 0
		3: {NextClass, Shot},
	})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(), "1: unknown", "0: object 1 1/5", "teach new object 2", "3: object 2 1/5", "fake end")
	shots := r.set.Shots("object 1")
	if len(shots) != 1 {
		t.Fatal(shots)
	}
	want := make(embed.Embedding, dim)
	if err := r.eye.EmbedPixels(want, []byte{'a', 0, 0}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(shots[0].Embedding, want) {
		t.Errorf("the shot is of %v, want %v: what was seen at the press", shots[0].Embedding, want)
	}
	crop, err := r.set.Crop(shots[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	f := new(camera.Frame)
	f.Reset(side, side, camera.RGB)
	f.Seq = 0
	scene("a").Paint(f)
	if same, err := Crop(f, embed.Region{}); err != nil || !slices.Equal(crop, same) {
		t.Errorf("the crop is not that of frame 0 (%v)", err)
	}
}

// Mark holds for one command.
func TestMarkIsUsedUp(t *testing.T) {
	r := newRig(t, scene("abc"), MachineOptions{})
	r.at(map[uint64][]Command{0: {Mark}, 1: {NextClass}, 2: {Shot}})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(), "1: unknown", "teach new object 1", "2: object 1 1/5", "fake end")
}

func TestBadFramesAreEvents(t *testing.T) {
	source := scene("aaaaaaaa")
	bad := fmt.Errorf("a.jpg: %w", camera.ErrBadPicture)
	other := fmt.Errorf("b.jpg: %w", camera.ErrBadPicture)
	source.Bad = map[uint64]error{0: bad, 1: bad, 3: bad, 4: other}
	r := newRig(t, source, MachineOptions{})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	// One that repeats itself is said once, and again after a good one.
	equal(t, r.brief(), "error a.jpg: bad picture", "error a.jpg: bad picture", "error b.jpg: bad picture", "5: unknown", "fake end")
}

func TestPicturesThatCannotBeEmbeddedAreEvents(t *testing.T) {
	source := scene("aaa")
	paint := source.Paint
	source.Paint = func(f *camera.Frame) {
		if paint(f); f.Seq == 1 {
			f.Stride = 1
		}
	}
	r := newRig(t, source, MachineOptions{})
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	if len(r.events) != 3 || r.events[0].Kind != EventError || !strings.Contains(r.events[0].What, "fake: frame 1: ") {
		t.Errorf("%q", r.brief())
	}
}

func TestWhatEndsTheLoop(t *testing.T) {
	broken := errors.New("the network is broken")
	lost := fmt.Errorf("fake: %w", camera.ErrLost)
	for _, c := range []struct {
		name string
		bend func(*rig)
		want error
		last string
	}{
		{"a camera that goes away", func(r *rig) { r.Source.(*cameratest.Fake).Bad = map[uint64]error{2: lost} }, camera.ErrLost, "fake lost fake: camera lost"},
		{"a region that is none", func(r *rig) { r.Region = embed.Region{X: 2} }, embed.ErrRegion, ""},
		{"a network that fails", func(r *rig) { r.eye.err = broken }, broken, ""},
		{"quit", func(r *rig) { r.at(map[uint64][]Command{1: {Quit, Shot}}) }, nil, "1: unknown"},
		{"the end", func(*rig) {}, nil, "fake end"},
	} {
		r := newRig(t, scene("aaaa"), MachineOptions{})
		c.bend(r)
		if err := Run(t.Context(), r.Config); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		last := ""
		if got := r.brief(); len(got) > 0 {
			last = got[len(got)-1]
		}
		if last != c.last {
			t.Errorf("%s: the last event is %q, want %q", c.name, last, c.last)
		}
	}
}

// stuck is a camera that never delivers anything.
type stuck struct{}

func (stuck) String() string { return "stuck" }
func (stuck) Close() error   { return nil }
func (stuck) Next(ctx context.Context, _ *camera.Frame) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCommandsDoNotWaitForTheCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, stuck{}, MachineOptions{})
		requests, notices := make(chan Command), make(chan Event)
		r.Requests, r.Notices = requests, notices
		helped := 0
		r.Help = func() { helped++ }
		done := make(chan error)
		go func() { done <- Run(t.Context(), r.Config) }()
		for _, c := range []Command{Help, Mark, Shot, NextClass, Report} {
			requests <- c
		}
		notices <- Event{Kind: EventCamera, Camera: "camera:0", State: CameraLost, What: "unplugged"}
		synctest.Wait()
		if !slices.Equal(r.lamp.shown[len(r.lamp.shown)-1].Beats, gpio.Lost.Beats) {
			t.Error("the lamp does not show that the camera is away")
		}
		notices <- Event{Kind: EventCamera, Camera: "camera:0", State: CameraBack}
		close(notices)
		requests <- Quit
		if err := <-done; err != nil {
			t.Error(err)
		}
		equal(t, r.brief(), "0: object 1 0/5 no picture yet", "teach new object 1", "status", "camera:0 lost unplugged", "camera:0 back")
		if helped != 1 {
			t.Errorf("help was shown %d times", helped)
		}
	})
}

// hasty is a camera that has written half of its second frame.
type hasty struct {
	*cameratest.Fake
	first bool
}

func (s *hasty) Next(ctx context.Context, f *camera.Frame) error {
	if s.first {
		s.first = false
		return s.Fake.Next(ctx, f)
	}
	f.Reset(side, side, camera.RGB)
	clear(f.Pix)
	<-ctx.Done()
	return ctx.Err()
}

// What a command works on is not what the camera is writing.
func TestShotsAreOfWholeFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &hasty{scene("a"), true}
		r := newRig(t, source, MachineOptions{})
		requests := make(chan Command)
		r.Requests = requests
		done := make(chan error)
		go func() { done <- Run(t.Context(), r.Config) }()
		synctest.Wait()
		requests <- Shot
		requests <- Quit
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		equal(t, r.brief(), "0: object 1 1/5")
		f := new(camera.Frame)
		f.Reset(side, side, camera.RGB)
		scene("a").Paint(f)
		want, err := Crop(f, embed.Region{})
		if err != nil {
			t.Fatal(err)
		}
		if crop, err := r.set.Crop(1); err != nil || !slices.Equal(crop, want) {
			t.Errorf("the crop is not that of the frame seen (%v)", err)
		}
	})
}

func TestContextEndsTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, stuck{}, MachineOptions{})
		requests := make(chan Command)
		close(requests) // a keyboard that ended is no reason to stop
		r.Requests = requests
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Run(ctx, r.Config) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Run returned %v by itself", err)
		default:
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// A slow network sees the newest frames of a camera, and says how many it
// missed.
func TestNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := scene(strings.Repeat("a", 100))
		source.Period = 10 * time.Millisecond
		r := newRig(t, source, MachineOptions{})
		r.Newest = true
		r.Config.Session = slow{r.eye, 95 * time.Millisecond}
		var seen []uint64
		var last Status
		r.Seen = func(l *Look, _ support.Answer) {
			seen = append(seen, l.Seq)
		}
		r.Status = func(s *Status) { last = *s }
		if err := Run(t.Context(), r.Config); err != nil {
			t.Fatal(err)
		}
		if len(seen) < 9 || len(seen) > 12 {
			t.Fatalf("%d frames of 100 seen in a second at 95 ms each", len(seen))
		}
		for i, seq := range seen[:len(seen)-1] {
			if next := seen[i+1]; next < seq+9 && next != 99 {
				t.Errorf("after frame %d comes %d, which was old by then", seq, next)
			}
		}
		if want := 100 - uint64(len(seen)); last.Dropped != want || last.Frames != uint64(len(seen)) {
			t.Errorf("%d dropped of 100, want %d", last.Dropped, want)
		}
		if math.Abs(last.FPS-10) > 1 {
			t.Errorf("%.1f frames a second, want 10", last.FPS)
		}
		if p50 := last.Stages.Timing(Network).P50; p50 < 90*time.Millisecond || p50 > 100*time.Millisecond {
			t.Errorf("the network takes %v, want 95 ms", p50)
		}
		if source.Closed() == 0 {
			t.Error("the camera is still open")
		}
	})
}

// slow is a network that takes its time.
type slow struct {
	Embedder
	d time.Duration
}

func (s slow) EmbedPixels(dst embed.Embedding, rgb []byte) error {
	<-time.After(s.d)
	return s.Embedder.EmbedPixels(dst, rgb)
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := scene("aaaa")
		source.Period = 100 * time.Millisecond
		r := newRig(t, source, MachineOptions{Shots: 2})
		r.at(map[uint64][]Command{1: {Shot}, 3: {Report}})
		var all []Status
		r.Status = func(s *Status) { all = append(all, *s) }
		if err := Run(t.Context(), r.Config); err != nil {
			t.Fatal(err)
		}
		if len(all) != 6 {
			t.Fatalf("%d times, want one for each of four frames and two commands", len(all))
		}
		first, last := all[0], all[5]
		if first.Label != "" || first.Class != "object 1" || first.Shots != 0 || first.Of != 2 || first.FPS != 0 || first.Answer.Class != support.Unknown {
			t.Errorf("at first %+v", first)
		}
		if last.Label != "object 1" || last.Shots != 1 || last.Seq != 3 || last.Frames != 4 || last.Dropped != 0 || math.Abs(last.FPS-10) > 0.01 {
			t.Errorf("at last %+v", last)
		}
		report := r.events[len(r.events)-2]
		if report.Kind != EventStatus || report.Frames != 4 || report.Classes != 1 || report.Shots != 1 || math.Abs(report.FPS-10) > 0.01 || report.Stages.Timing(Capture).P50 < 94*time.Millisecond {
			t.Errorf("reported %+v", report)
		}
	})
}

func TestCameraNotices(t *testing.T) {
	notices := make(chan Event, 16)
	notify := CameraNotices("camera:0", notices)
	notify(nil)
	for range 100 {
		notify(errors.New("un\nplugged"))
	}
	notify(nil)
	notify(nil)
	for _, want := range []Event{{State: CameraLost, What: "un plugged"}, {State: CameraBack}} {
		got := <-notices
		if got.Kind != EventCamera || got.Camera != "camera:0" || got.State != want.State || got.What != want.What || got.Time.IsZero() {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if len(notices) != 0 {
		t.Errorf("%d notices too many", len(notices))
	}
	for range 100 { // nobody reads: nobody waits
		notify(errors.New("unplugged"))
		notify(nil)
	}
}

// A camera that is unplugged and plugged in again, all the way.
func TestReplugging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		open := func() (camera.Source, error) {
			opened++
			switch opened {
			case 1:
				s := scene("aaaa")
				s.End = fmt.Errorf("camera:0: %w", camera.ErrLost)
				return s, nil
			case 2, 3:
				return nil, fmt.Errorf("camera:0: %w", camera.ErrNotFound)
			}
			return scene("aaaa"), nil
		}
		notices := make(chan Event, 16)
		source := camera.Reconnect("camera:0", open, camera.Backoff{First: time.Second, Max: time.Second}, CameraNotices("camera:0", notices))
		defer source.Close()
		r := newRig(t, source, MachineOptions{})
		r.Notices = notices
		if err := Run(t.Context(), r.Config); err != nil {
			t.Fatal(err)
		}
		got := r.brief()
		slices.Sort(got)
		equal(t, got, "1: unknown", "camera:0 back", "camera:0 end", "camera:0 lost camera:0: camera lost")
	})
}

// The whole way with a network of real layers and the real classifier.
func TestNoAllocationsPerFrame(t *testing.T) {
	m := embedtest.Tiny()
	n, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	session := n.NewSession(1)
	defer session.Close()
	set, err := support.Open(t.TempDir(), support.Options{Fingerprint: n.Fingerprint(), Dim: n.Dim()})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for i := range 3 {
		e := make(embed.Embedding, n.Dim())
		if err := session.EmbedPixels(e, embedtest.Pixels(3*n.Input().Width*n.Input().Height, uint64(i))); err != nil {
			t.Fatal(err)
		}
		if _, err := set.Add(fmt.Sprint("class ", i), e, []byte("jpeg"), "test", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []camera.Format{camera.RGB, camera.BGR, camera.YUYV} {
		frames := 0
		ctx, cancel := context.WithCancel(t.Context())
		l := newLoop(Config{
			Source:  &cameratest.Fake{Width: 64, Height: 48, Format: format, Paint: func(f *camera.Frame) { f.Pix[0] = byte(f.Seq) }},
			Session: session, Side: n.Input().Width, Dim: n.Dim(),
			Set: set, Machine: newMachine(t, set, MachineOptions{}), Enrolled: set.Enrolled,
			Requests: make(chan Command),
			Notices:  make(chan Event),
			Status:   func(s *Status) { frames = int(s.Frames) },
			Seen:     func(*Look, support.Answer) {},
		})
		l.start(ctx)
		next := func() {
			if again, err := l.next(ctx); !again || err != nil {
				t.Fatal(again, err)
			}
		}
		for range 10 {
			next()
		}
		before := frames
		if a := testing.AllocsPerRun(100, next); a != 0 {
			t.Errorf("%v: %v allocations a frame", format, a)
		}
		if frames != before+101 {
			t.Errorf("%v: %d frames were seen in 101 rounds", format, frames-before)
		}
		// Marking copies a frame into memory that is there.
		if l.do(Mark); testing.AllocsPerRun(10, func() { l.do(Mark) }) != 0 {
			t.Errorf("%v: marking a frame allocates", format)
		}
		cancel()
		<-l.stopped
	}
}
