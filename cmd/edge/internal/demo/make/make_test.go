package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
	"github.com/edge-camera/edge/models/wheel"
)

// The timetable beside the clip is that of the storyboard.
func TestTimetable(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "clip.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := script.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	want := timetable()
	want.SHA256 = got.SHA256
	made, err := json.MarshalIndent(want, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != string(made)+"\n" {
		t.Error("clip.json is not that of storyboard.go: run go run ./cmd/edge/internal/demo/make")
	}
}

// Every photograph is named in CLIP.md, with its sum and its licence.
func TestOrigins(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "CLIP.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range photos {
		if row := "| `" + p.File + "` | " + p.Shows + " | " + p.Origin + " | " + p.Licence + " | `" + p.SHA256 + "` |"; !strings.Contains(string(b), row) {
			t.Errorf("CLIP.md has no line %s", row)
		}
	}
	known := func(file string) bool {
		return slices.ContainsFunc(photos, func(p photo) bool { return p.File == file })
	}
	for _, o := range objects {
		if !known(o.Photo) {
			t.Errorf("%s is cut out of %s, whose origin is not told", o.Name, o.Photo)
		}
	}
	for name, table := range tables {
		if !known(table.Photo) {
			t.Errorf("table %s is made of %s, whose origin is not told", name, table.Photo)
		}
	}
	for i, s := range storyboard {
		if _, ok := tables[s.Table]; !ok {
			t.Errorf("shot %d lies on %q, which is no table", i, s.Table)
		}
		if s.Show != "" && !slices.ContainsFunc(objects, func(o object) bool { return o.Name == s.Show }) {
			t.Errorf("shot %d shows %q, which is no object", i, s.Show)
		}
	}
}

// TestCommittedFrames makes frames anew and finds them in the committed clip
// to the byte. It needs the photographs, which it does not fetch behind
// anybody's back: only where they are in the cache, or in CI.
func TestCommittedFrames(t *testing.T) {
	cache, err := wheel.Cache()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cache, wheel.SciKitImage.File)); err != nil && os.Getenv("CI") == "" {
		t.Skip("the photographs are not in the cache: go run ./cmd/edge/internal/demo/make -check fetches them and checks the whole clip")
	}
	archive, err := wheel.SciKitImage.Fetch(t.Context(), cache, io.Discard)
	if errors.Is(err, wheel.ErrNoPip) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(archive, photos)
	if err != nil {
		t.Fatal(err)
	}
	st, err := newStudio(files)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := os.ReadFile(filepath.Join("..", "clip.avi"))
	if err != nil {
		t.Fatal(err)
	}
	pix := make([]byte, 3*width*height)
	first := 0
	for i := range storyboard {
		s := &storyboard[i]
		// One frame of each shot: the detector of races is slow.
		j := (7 * i) % s.Frames
		st.frame(pix, s, j)
		jpg, err := encode(pix)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(clip, jpg) {
			t.Errorf("frame %d, of shot %d, is not in clip.avi", first+j, i)
		}
		first += s.Frames
	}
}

// paintedStudio is a studio of painted photographs.
var paintedStudio = sync.OnceValues(func() (*studio, error) {
	files := map[string][]byte{}
	for k, p := range photos {
		m := image.NewRGBA(image.Rect(0, 0, 640, 520))
		for y := range 520 {
			for x := range 640 {
				m.SetRGBA(x, y, color.RGBA{byte(x + 40*k), byte(y), byte(x * y >> 6), 255})
			}
		}
		var b bytes.Buffer
		var err error
		if strings.HasSuffix(p.File, ".jpg") {
			err = jpeg.Encode(&b, m, nil)
		} else {
			err = png.Encode(&b, m)
		}
		if err != nil {
			return nil, err
		}
		files[p.File] = b.Bytes()
	}
	return newStudio(files)
})

// A shot begins and ends without its object, and shows all of it while the
// timetable says so.
func TestComingAndGoing(t *testing.T) {
	st, err := paintedStudio()
	if err != nil {
		t.Fatal(err)
	}
	table := timetable()
	shown, empty := make([]byte, 3*width*height), make([]byte, 3*width*height)
	differs := func(s *shot, i int) image.Rectangle {
		st.frame(shown, s, i)
		bare := *s
		bare.Show = ""
		st.frame(empty, &bare, i)
		var r image.Rectangle
		for k := range width * height {
			if !bytes.Equal(shown[3*k:3*k+3], empty[3*k:3*k+3]) {
				p := image.Pt(k%width, k/width)
				r = r.Union(image.Rectangle{p, p.Add(image.Pt(1, 1))})
			}
		}
		return r
	}
	for i := range storyboard {
		s := &storyboard[i]
		if s.Show == "" || slices.ContainsFunc(storyboard[:i], func(o shot) bool { return o.Show == s.Show && o.Teach == s.Teach }) {
			continue // one shot of each kind: the detector of races is slow
		}
		if r := differs(s, 0); r.Max.X > width/2-60 {
			t.Errorf("shot %d begins with its %s at %v", i, s.Show, r)
		}
		whole := table.Scenes[i].Whole
		for _, j := range []int{whole[0], whole[1]} {
			// The network sees the square in the middle.
			r := differs(s, j-table.Scenes[i].First)
			square := image.Rect((width-height)/2, 0, (width+height)/2, height)
			if in := r.Intersect(square); in.Dx()*in.Dy() < r.Dx()*r.Dy()*8/10 || r.Dy() < height/2 {
				t.Errorf("frame %d: the %s is at %v, too far out of %v or too small", j, s.Show, r, square)
			}
		}
	}
}

// A clip is what camera.Open reads, with as many frames as the timetable says.
func TestClipOfPaintedThings(t *testing.T) {
	old := storyboard
	defer func() { storyboard = old }()
	storyboard = []shot{storyboard[0], storyboard[8]}
	storyboard[0].Frames, storyboard[1].Frames = 6, 5
	st, err := paintedStudio()
	if err != nil {
		t.Fatal(err)
	}
	b, err := st.clip()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "clip.avi")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := camera.Open(path, camera.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var f camera.Frame
	n := 0
	for ; ; n++ {
		if err := source.Next(t.Context(), &f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if f.Width != width || f.Height != height {
			t.Errorf("frame %d: %d×%d", n, f.Width, f.Height)
		}
	}
	if n != 11 {
		t.Errorf("%d frames, want 11", n)
	}
	again, err := st.clip()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, again) {
		t.Error("made twice, the clip has two different contents")
	}
}

// A photograph that is not what it was, or not there, makes no clip.
func TestUnpackRefuses(t *testing.T) {
	zipped := func(name, content string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err = errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	want := []photo{{File: "coffee.png", SHA256: sum([]byte("coffee"))}}
	if got, err := unpack(zipped("skimage/data/coffee.png", "coffee"), want); err != nil || string(got["coffee.png"]) != "coffee" {
		t.Errorf("%q, %v", got, err)
	}
	for name, b := range map[string][]byte{
		"another content": zipped("skimage/data/coffee.png", "tea"),
		"another name":    zipped("skimage/data/tea.png", "coffee"),
		"no zip":          []byte("coffee"),
		"a cut-off zip":   zipped("skimage/data/coffee.png", "coffee")[:60],
		"nothing":         nil,
	} {
		if _, err := unpack(b, want); err == nil || !strings.Contains(err.Error(), wheel.SciKitImage.File) {
			t.Errorf("%s: %v, want an error that names the wheel", name, err)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"clip.avi"}} {
		if err := run(context.Background(), args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestOutlines(t *testing.T) {
	square := polygon(10, 10, 20, 10, 20, 20, 10, 20)
	for _, c := range []struct {
		x, y int
		in   bool
	}{{15, 15, true}, {11, 19, true}, {9, 15, false}, {21, 15, false}, {15, 9, false}, {15, 21, false}} {
		if got := within(crossing(square, c.y<<12), c.x<<12); got != c.in {
			t.Errorf("(%d, %d): %v", c.x, c.y, got)
		}
	}
	for _, o := range objects {
		if len(o.Outline) < 3 || o.Height < height/2 || o.Height > height {
			t.Errorf("%s: %d points, %d high", o.Name, len(o.Outline), o.Height)
		}
	}
}
