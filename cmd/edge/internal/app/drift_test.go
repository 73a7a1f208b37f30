package app

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// hours is a camera that shows three things in turn, a minute each, four frames
// a minute; from frame dark on its picture is darker.
func hours(frames, dark int) *cameratest.Fake {
	return &cameratest.Fake{
		Width: side, Height: side, Frames: frames, Start: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), Period: 15 * time.Second,
		Paint: func(f *camera.Frame) {
			cameratest.Pattern(f)
			f.Pix[0], f.Pix[1], f.Pix[2] = byte(f.Seq/4%3), byte(f.Seq/4*7), 0
			if int(f.Seq) >= dark {
				f.Pix[2] = 1
			}
		},
	}
}

// nightBlind sees things as somewhat different each time, and in the dark as
// farther from what they are.
type nightBlind struct{}

func (nightBlind) EmbedPixels(dst embed.Embedding, rgb []byte) error {
	clear(dst)
	a := 0.2 + 0.15*float64(rgb[1]%10)/10
	if rgb[2] > 0 {
		a += 0.3
	}
	sin, cos := math.Sincos(a)
	dst[rgb[0]] = float32(cos)
	dst[3+int(rgb[1])%5] = float32(sin)
	return nil
}

func TestDriftIsTold(t *testing.T) {
	for _, c := range []struct {
		name string
		dark int
		want support.DriftKind
	}{{"as it was taught", math.MaxInt, ""}, {"dark", 400, support.DriftScene}} {
		source := hours(1200, c.dark)
		source.Period = 0 // its frames' times are 15 s apart all the same
		paint := source.Paint
		source.Paint = func(f *camera.Frame) {
			paint(f)
			f.Time = source.Start.Add(time.Duration(f.Seq) * 15 * time.Second)
		}
		r := newRig(t, source, MachineOptions{Shots: 3, Classes: []string{"apple", "bear", "cup"}})
		r.Config.Session = nightBlind{}
		r.Enrolled, r.Keep = r.set.Enrolled, KeepIn(filepath.Join(t.TempDir(), "store", "drift"))
		lessons := map[uint64][]Command{}
		for scene := range uint64(9) {
			pick, _ := Pick(int(scene % 3))
			lessons[4*scene] = []Command{pick, Shot}
		}
		r.at(lessons)
		if err := Run(t.Context(), r.Config); err != nil {
			t.Fatal(err)
		}
		var alarms []Event
		for _, e := range r.events {
			switch e.Kind {
			case EventDrift:
				alarms = append(alarms, e)
			case EventError:
				t.Error(e)
			}
		}
		if c.want == "" {
			if len(alarms) > 0 {
				t.Errorf("%s: %v", c.name, alarms)
			}
			continue
		}
		// It is told once, soon, and with the picture; what is dark has become
		// what is usual, which changes no answer.
		if len(alarms) != 1 || alarms[0].Drift != c.want || alarms[0].Seq < 400 || alarms[0].Seq > 400+4*25 || alarms[0].Score < alarms[0].Usual {
			t.Fatalf("%s: %+v", c.name, alarms)
		}
		if b, err := os.ReadFile(alarms[0].Picture); err != nil || len(b) < 100 || string(b[:2]) != "\xff\xd8" {
			t.Errorf("%s: the picture: %d bytes, %v", c.name, len(b), err)
		}
	}
}

func TestDriftPicturesAreFew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "drift-notes.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	keep := KeepIn(dir)
	at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.FixedZone("", 3600))
	var last string
	for n := range 20 {
		path, err := keep(&Look{Time: at.Add(time.Duration(n) * time.Hour), Crop: func() ([]byte, error) { return []byte{byte(n)}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		last = path
	}
	if filepath.Base(last) != "drift-20260702T040000.000.jpg" {
		t.Errorf("the last is %s", last)
	}
	files, err := filepath.Glob(filepath.Join(dir, "drift-*.jpg"))
	if err != nil || len(files) != driftPictures || files[len(files)-1] != last {
		t.Errorf("%d files, %v", len(files), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "drift-notes.txt")); err != nil {
		t.Errorf("a file of somebody else is gone: %v", err)
	}
	if _, err := keep(&Look{Crop: func() ([]byte, error) { return nil, errors.New("no crop") }}); err == nil {
		t.Error("no crop and no error")
	}
}

// What cannot be kept is said, and the alarm comes all the same.
func TestDriftWithoutAPicture(t *testing.T) {
	source := hours(600, 300)
	source.Period = 0
	r := newRig(t, source, MachineOptions{Shots: 3, Classes: []string{"apple", "bear", "cup"}})
	r.Config.Session = nightBlind{}
	r.Enrolled = r.set.Enrolled
	r.Keep = func(*Look) (string, error) { return "", errors.New("no room") }
	lessons := map[uint64][]Command{}
	for scene := range uint64(9) {
		pick, _ := Pick(int(scene % 3))
		lessons[4*scene] = []Command{pick, Shot}
	}
	r.at(lessons)
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	got := slices.DeleteFunc(r.brief(), func(s string) bool { return s != EventDrift && !strings.HasPrefix(s, "error") })
	equal(t, got, "error picture of the drift: no room", "drift")
}

func TestDriftEvent(t *testing.T) {
	at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		e          Event
		json, text string
	}{
		{Event{Drift: support.DriftKnown, Seq: 7, Score: 0.875, Usual: 0.5, Scenes: 60, Nearest: "cup", Picture: "drift/a.jpg"},
			`"seq":7,"kind":"known","score":0.875,"usual":0.5,"scenes":60,"nearest":"cup","picture":"drift/a.jpg"}`,
			"known things look less like what was taught than they used to: 88 % of the limit, 50 % is usual; look at light, lens and place, or teach a shot as it is now (picture: drift/a.jpg)"},
		{Event{Drift: support.DriftScene, Score: 0.75, Usual: 0.5},
			`"seq":0,"kind":"scene","score":0.75,"usual":0.5,"scenes":0,"nearest":"","picture":""}`,
			"pictures look less like anything taught than they used to: 0.75 away, 0.50 is usual; look at light, lens and place, or teach a shot as it is now"},
	} {
		c.e.Kind, c.e.Time = EventDrift, at
		b, err := c.e.MarshalJSON()
		if want := `{"event":"drift","time":"2026-07-01T10:00:00Z",` + c.json; err != nil || string(b) != want {
			t.Errorf("got  %s, %v\nwant %s", b, err, want)
		}
		if got := fmt.Sprint(c.e); got != c.text {
			t.Errorf("got  %s\nwant %s", got, c.text)
		}
	}
}
