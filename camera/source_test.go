package camera_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
)

// shade is a picture of one grey.
func shade(w, h int, v byte) image.Image {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	return m
}

// shadeOf is the grey of frame seq in the sources of this file.
func shadeOf(seq uint64) byte { return byte(20 + 10*seq%200) }

// isShade tells whether f has frame Seq's grey, give or take what JPEG does to it.
func isShade(f *camera.Frame) error {
	want := int(shadeOf(f.Seq))
	for i, v := range f.Pix[:3*f.Width] {
		if int(v) < want-2 || int(v) > want+2 {
			return fmt.Errorf("byte %d is %d, want %d", i, v, want)
		}
	}
	return nil
}

func writePNG(t *testing.T, path string, m image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// clipFile is a clip of n frames, at 10 a second.
func clipFile(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.avi")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := camera.NewAVIWriter(file, camera.AVIOptions{Width: 32, Height: 24, FPS: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, shade(32, 24, shadeOf(uint64(i))), nil); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteJPEG(b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, spec string, opt camera.Options) camera.Source {
	t.Helper()
	src, err := camera.Open(spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func TestConformance(t *testing.T) {
	t.Run("picture", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "one.png")
		writePNG(t, path, shade(20, 10, shadeOf(0)))
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			return open(t, path, camera.Options{}), cameratest.Want{Frames: 1, Width: 20, Height: 10, Format: camera.RGB, Check: isShade, Allocs: -1}
		})
	})
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		for i := range 4 {
			writePNG(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), shade(20, 10, shadeOf(uint64(i))))
		}
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			return open(t, dir, camera.Options{}), cameratest.Want{Frames: 4, Width: 20, Height: 10, Format: camera.RGB, Check: isShade, Allocs: -1}
		})
	})
	t.Run("clip", func(t *testing.T) {
		path := clipFile(t, 6)
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			return open(t, path, camera.Options{}), cameratest.Want{Frames: 6, Width: 32, Height: 24, Format: camera.RGB, Check: isShade, Allocs: -1}
		})
	})
	t.Run("looped clip", func(t *testing.T) {
		path := clipFile(t, 20)
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			return open(t, path, camera.Options{Loop: true}), cameratest.Want{Width: 32, Height: 24, Format: camera.RGB, Check: isShade, Allocs: -1}
		})
	})
	t.Run("clip in real time", func(t *testing.T) {
		path := clipFile(t, 6)
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			return open(t, path, camera.Options{Realtime: true, FPS: 1000}), cameratest.Want{Frames: 6, Width: 32, Height: 24, Format: camera.RGB, Check: isShade, Allocs: -1}
		})
	})
	t.Run("newest", func(t *testing.T) {
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			src := camera.Newest(&cameratest.Fake{Period: time.Millisecond})
			return src, cameratest.Want{Width: 64, Height: 48, Format: camera.RGB, Lossy: true}
		})
		cameratest.Waiting(t, func(t *testing.T) camera.Source {
			src := camera.Newest(&cameratest.Fake{Period: time.Hour})
			if err := src.Next(t.Context(), new(camera.Frame)); err != nil {
				t.Fatal(err)
			}
			return src
		})
	})
	t.Run("reconnect", func(t *testing.T) {
		for _, frames := range []int{0, 12} {
			cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
				src := camera.Reconnect("fake", func() (camera.Source, error) {
					return &cameratest.Fake{Frames: frames}, nil
				}, camera.DefaultBackoff, nil)
				return src, cameratest.Want{Frames: frames, Width: 64, Height: 48, Format: camera.RGB}
			})
		}
		cameratest.Waiting(t, func(t *testing.T) camera.Source { // nothing there
			return camera.Reconnect("fake", func() (camera.Source, error) { return nil, camera.ErrNotFound }, camera.Backoff{First: time.Hour}, nil)
		})
		block := make(chan struct{})
		t.Cleanup(func() { close(block) })
		cameratest.Waiting(t, func(t *testing.T) camera.Source { // a driver that hangs
			return camera.Reconnect("fake", func() (camera.Source, error) { <-block; return nil, camera.ErrLost }, camera.DefaultBackoff, nil)
		})
	})
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.png", "a10.PNG", "a2.png", ".hidden.png"} {
		writePNG(t, filepath.Join(dir, name), shade(8, 8, 50))
	}
	for name, text := range map[string]string{"notes.txt": "hello", "c.jpg": "no picture", "d.jpg": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub.png"), 0o777); err != nil {
		t.Fatal(err)
	}
	writePNG(t, filepath.Join(dir, "sub.png", "inner.png"), shade(8, 8, 50))
	if err := os.Symlink("a2.png", filepath.Join(dir, "e.png")); err != nil {
		t.Fatal(err)
	}
	src := open(t, dir, camera.Options{})
	var got []string
	var f camera.Frame
	for {
		err := src.Next(t.Context(), &f)
		if err == io.EOF {
			break
		}
		if err != nil {
			if !errors.Is(err, camera.ErrBadPicture) {
				t.Fatal(err)
			}
			got = append(got, "bad")
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("%q does not name the file", err)
			}
			continue
		}
		got = append(got, fmt.Sprint(filepath.Base(f.Path), f.Seq))
	}
	if want := []string{"a10.PNG0", "a2.png1", "b.png2", "bad", "bad", "e.png5"}; !slices.Equal(got, want) {
		t.Errorf("the folder gives %v, want %v", got, want)
	}

	if _, err := camera.Open(t.TempDir(), camera.Options{}); !errors.Is(err, camera.ErrNotFound) {
		t.Errorf("an empty folder: err = %v", err)
	}
}

func TestFolderChanges(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		writePNG(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), shade(8, 8, 50))
	}
	src := open(t, dir, camera.Options{Loop: true})
	if err := os.Remove(filepath.Join(dir, "1.png")); err != nil {
		t.Fatal(err)
	}
	var f camera.Frame
	var got []uint64
	for range 9 {
		err := src.Next(t.Context(), &f)
		switch {
		case err == nil:
			got = append(got, f.Seq)
		case !errors.Is(err, camera.ErrBadPicture):
			t.Fatal(err)
		}
	}
	if want := []uint64{0, 2, 3, 5, 6, 8}; !slices.Equal(got, want) {
		t.Errorf("frames %v, want %v: round and round, without the one that was removed", got, want)
	}
	for i := range 3 {
		os.Remove(filepath.Join(dir, fmt.Sprintf("%d.png", i)))
	}
	for range 3 {
		if err := src.Next(t.Context(), &f); !errors.Is(err, camera.ErrBadPicture) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("err = %v", err)
		}
	}
	if err := src.Next(t.Context(), &f); err != io.EOF {
		t.Errorf("a folder with nothing left: err = %v, want io.EOF", err)
	}
}

func TestRealtime(t *testing.T) {
	path := clipFile(t, 5)
	for _, c := range []struct {
		opt    camera.Options
		period time.Duration
	}{
		{camera.Options{}, 0},
		{camera.Options{Realtime: true}, 100 * time.Millisecond},
		{camera.Options{Realtime: true, FPS: 50}, 20 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			src, err := camera.Open(path, c.opt)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			start := time.Now()
			var f camera.Frame
			for i := range 5 {
				if err := src.Next(t.Context(), &f); err != nil {
					t.Fatal(err)
				}
				if got, want := time.Since(start), time.Duration(i)*c.period; got != want {
					t.Errorf("%+v: frame %d came after %v, want %v", c.opt, i, got, want)
				}
			}
		})
	}
	// Slow work gets every frame, the late ones at once.
	synctest.Test(t, func(t *testing.T) {
		src, err := camera.Open(path, camera.Options{Realtime: true})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		start := time.Now()
		var f camera.Frame
		for i, want := range []time.Duration{0, 250, 250, 300, 400} {
			if err := src.Next(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want*time.Millisecond || f.Seq != uint64(i) {
				t.Errorf("frame %d came after %v as %d, want %d ms", i, got, f.Seq, want)
			}
			if i == 0 {
				time.Sleep(250 * time.Millisecond)
			}
		}
	})
	// Who gives up waiting does not lose the frame.
	synctest.Test(t, func(t *testing.T) {
		src, err := camera.Open(path, camera.Options{Realtime: true})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		var f camera.Frame
		if err := src.Next(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		for range 2 {
			if err := src.Next(short, &f); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v", err)
			}
		}
		f = camera.Frame{}
		if err := src.Next(t.Context(), &f); err != nil || f.Seq != 1 || isShade(&f) != nil {
			t.Errorf("err = %v, Seq = %d, %v", err, f.Seq, isShade(&f))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := &cameratest.Fake{Period: 10 * time.Millisecond, Frames: 100, Bad: map[uint64]error{42: fmt.Errorf("%w: smeared", camera.ErrBadPicture)}}
		src := camera.Newest(under)
		var f camera.Frame
		var got []uint64
		bad := 0
		for {
			err := src.Next(t.Context(), &f)
			if err == io.EOF {
				break
			}
			if err != nil {
				if !errors.Is(err, camera.ErrBadPicture) {
					t.Fatal(err)
				}
				bad++
				continue
			}
			if err := patternOf(&f); err != nil {
				t.Error(err)
			}
			got = append(got, f.Seq)
			time.Sleep(95500 * time.Microsecond) // work
		}
		// Every look is at the frame that had just come.
		if want := []uint64{0, 9, 19, 28, 38, 47, 57, 66, 76, 85, 95, 99}; !slices.Equal(got, want) {
			t.Errorf("frames %v, want %v", got, want)
		}
		if bad != 1 {
			t.Errorf("%d bad pictures, want 1", bad)
		}
		if err := src.Next(t.Context(), &f); err != io.EOF {
			t.Errorf("err = %v, want io.EOF again", err)
		}
		if src.(camera.Rated).FPS() != 100 {
			t.Errorf("FPS = %v", src.(camera.Rated).FPS())
		}
		if err := src.Close(); err != nil || under.Closed() != 1 {
			t.Errorf("Close: %v, the source below was closed %d times", err, under.Closed())
		}
	})
}

func patternOf(f *camera.Frame) error {
	want := camera.Frame{Seq: f.Seq}
	want.Reset(f.Width, f.Height, f.Format)
	cameratest.Pattern(&want)
	if !bytes.Equal(f.Pix, want.Pix) {
		return fmt.Errorf("frame %d has other pixels", f.Seq)
	}
	return nil
}

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := fmt.Errorf("%w: unplugged", camera.ErrLost)
		away := fmt.Errorf("%w: nothing there", camera.ErrNotFound)
		var sources []*cameratest.Fake
		script := []any{3, away, away, away, 2, away, 1, io.EOF}
		opens := 0
		openNext := func() (camera.Source, error) {
			step := script[opens]
			opens++
			switch step := step.(type) {
			case int:
				s := &cameratest.Fake{Frames: step, End: lost}
				sources = append(sources, s)
				return s, nil
			case error:
				return nil, step
			}
			panic("no such step")
		}
		var told []error
		src := camera.Reconnect("fake", openNext, camera.Backoff{First: time.Second, Max: 3 * time.Second}, func(err error) { told = append(told, err) })
		start := time.Now()
		var f camera.Frame
		var got []uint64
		var at []time.Duration
		for {
			err := src.Next(t.Context(), &f)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Seq)
			at = append(at, time.Since(start)/time.Second)
		}
		if want := []uint64{0, 1, 2, 4, 5, 7}; !slices.Equal(got, want) {
			t.Errorf("frames %v, want %v", got, want)
		}
		// Pauses of 1, 2, 3 and again 3 seconds; then of 1 and 2.
		if want := []time.Duration{0, 0, 0, 9, 9, 12}; !slices.Equal(at, want) {
			t.Errorf("frames came at %v seconds, want %v", at, want)
		}
		want := []error{lost, away, away, away, nil, lost, away, nil, lost}
		if !slices.EqualFunc(told, want, func(a, b error) bool { return errors.Is(a, b) }) {
			t.Errorf("told %v, want %v", told, want)
		}
		for i, s := range sources {
			if s.Closed() == 0 {
				t.Errorf("source %d was not closed", i)
			}
		}
		if err := src.Next(t.Context(), &f); err != io.EOF {
			t.Errorf("the end is not final: %v", err)
		}
	})
}

func TestReconnectPasses(t *testing.T) {
	bad := fmt.Errorf("%w: smeared", camera.ErrBadPicture)
	opens := 0
	src := camera.Reconnect("fake", func() (camera.Source, error) {
		opens++
		return &cameratest.Fake{Bad: map[uint64]error{1: bad}, Frames: 3, Period: time.Millisecond}, nil
	}, camera.DefaultBackoff, nil)
	defer src.Close()
	var f camera.Frame
	if src.(camera.Rated).FPS() != 0 {
		t.Error("a camera that is not there has a frame rate")
	}
	for i, want := range []error{nil, camera.ErrBadPicture, nil, io.EOF, io.EOF} {
		if err := src.Next(t.Context(), &f); !errors.Is(err, want) {
			t.Errorf("call %d: err = %v, want %v", i, err, want)
		}
	}
	if opens != 1 {
		t.Errorf("opened %d times", opens)
	}
	if src.(camera.Rated).FPS() != 1000 {
		t.Error("the camera's frame rate is not passed on")
	}
	never := camera.Reconnect("x", func() (camera.Source, error) { return nil, camera.ErrUnsupported }, camera.DefaultBackoff, nil)
	for range 2 {
		if err := never.Next(t.Context(), &f); !errors.Is(err, camera.ErrUnsupported) {
			t.Errorf("err = %v: trying again cannot help", err)
		}
	}
}

// TestReconnectClosedWhileOpening says that what a slow open returns after
// Close is closed.
func TestReconnectClosedWhileOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &cameratest.Fake{}
		src := camera.Reconnect("fake", func() (camera.Source, error) {
			time.Sleep(time.Minute)
			return late, nil
		}, camera.DefaultBackoff, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := src.Next(ctx, new(camera.Frame)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if late.Closed() != 1 {
			t.Errorf("closed %d times, want once", late.Closed())
		}
	})
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		spec string
		want error
		text string
	}{
		{"", camera.ErrUnsupported, "name a picture"},
		{filepath.Join(dir, "none.jpg"), camera.ErrNotFound, "none.jpg"},
		{filepath.Join(dir, "none"), camera.ErrNotFound, "none"},
		{file("text.txt", "hello"), camera.ErrBadPicture, "not a JPEG, PNG, WebP, BMP or clip"},
		{file("zero.bin", ""), camera.ErrBadPicture, "the file is empty"},
		{file("zero.avi", ""), camera.ErrBadPicture, "the file is empty"},
		{file("stub.avi", "RIFF\x10\x00\x00\x00AVI "), camera.ErrBadClip, "the headers end too early"},
		{filepath.Join(file("file", "x"), "below"), camera.ErrBadPicture, "below"},
		{"camera:", camera.ErrUnsupported, "camera:0"},
		{"camera:x", camera.ErrUnsupported, "camera:0"},
		{"camera:-1", camera.ErrUnsupported, "camera:0"},
		{"camera:99999999999", camera.ErrUnsupported, "camera:0"},
		{"camera:65000", camera.ErrNotFound, "camera:65000"},
		{"/dev/video65000", camera.ErrNotFound, "/dev/video65000"},
		{"v4l2:/dev/video65000", camera.ErrNotFound, "v4l2:/dev/video65000"},
		{"v4l2:/dev/null", camera.ErrUnsupported, "not a camera"},
		{"gst:", camera.ErrUnsupported, "a pipeline"},
		{"gst:  ", camera.ErrUnsupported, "a pipeline"},
		{"ftp://host/x", camera.ErrUnsupported, "rtsp://"},
		{"http://", camera.ErrUnsupported, "no host"},
		{"http://user:secret@[::1", camera.ErrUnsupported, "cannot be read"},
	} {
		src, err := camera.Open(c.spec, camera.Options{})
		if err == nil {
			src.Close()
		}
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("Open(%q): err = %v, want %v with %q", c.spec, err, c.want, c.text)
		}
		if src != nil {
			t.Errorf("Open(%q) returns a source and an error", c.spec)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q): %v tells a password", c.spec, err)
		}
	}
	if _, err := camera.Open("picam", camera.Options{Width: 641, Height: 480}); !errors.Is(err, camera.ErrUnsupported) || !strings.Contains(err.Error(), "even") {
		t.Errorf("err = %v", err)
	}
}

// TestOpenBadFiles says that a file that has a picture's name opens, and tells
// what is wrong when it is read: a folder's bad picture and a single one are
// alike.
func TestOpenBadFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zero.jpg")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	src := open(t, path, camera.Options{})
	var f camera.Frame
	if err := src.Next(t.Context(), &f); !errors.Is(err, camera.ErrBadPicture) || !strings.Contains(err.Error(), path+": the file is empty") {
		t.Errorf("err = %v", err)
	}
	if err := src.Next(t.Context(), &f); err != io.EOF {
		t.Errorf("err = %v, want io.EOF", err)
	}
}

// TestOpenByContent says that a name does not decide.
func TestOpenByContent(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"png.jpg", "picture", "picture.avi"} {
		path := filepath.Join(dir, name)
		writePNG(t, path, shade(8, 8, 9))
		var f camera.Frame
		if err := open(t, path, camera.Options{}).Next(t.Context(), &f); err != nil || f.Pix[0] != 9 {
			t.Errorf("%s: %v", name, err)
		}
	}
	clip, err := os.ReadFile(clipFile(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "clip.dat")
	if err := os.WriteFile(path, clip, 0o666); err != nil {
		t.Fatal(err)
	}
	var f camera.Frame
	if err := open(t, path, camera.Options{}).Next(t.Context(), &f); err != nil {
		t.Errorf("clip.dat: %v", err)
	}
}

func TestLive(t *testing.T) {
	for spec, want := range map[string]bool{
		"camera:0": true, "/dev/video0": true, "v4l2:/dev/video3": true, "rtsp://h/s": true, "http://h/s": true, "gst:videotestsrc ! appsink": true,
		"picam": true, "jetson-csi": true, "a.jpg": false, "folder/": false, "clip.avi": false, "": false, "camera:x": false, "c:\\clip.avi": false,
	} {
		if got := camera.Live(spec); got != want {
			t.Errorf("Live(%q) = %v", spec, got)
		}
	}
}

func TestFrame(t *testing.T) {
	padded := camera.Frame{Width: 2, Height: 2, Stride: 10, Format: camera.BGR, Seq: 5, Path: "p", Time: time.Unix(1, 0)}
	padded.Pix = []byte{1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12}
	var f camera.Frame
	f.CopyFrom(&padded)
	want := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	if !bytes.Equal(f.Pix, want) || f.Stride != 6 || f.Seq != 5 || f.Path != "p" || f.Format != camera.BGR || !f.Time.Equal(padded.Time) {
		t.Errorf("%+v", f)
	}
	f.Reset(4, 1, camera.YUYV)
	if f.Stride != 8 || len(f.Pix) != 8 {
		t.Errorf("%+v", f)
	}
	for format, want := range map[camera.Format]string{camera.RGB: "RGB", camera.BGR: "BGR", camera.YUYV: "YUYV", 9: "no format"} {
		if format.String() != want {
			t.Errorf("Format %d is %q", format, format)
		}
	}
}
