//go:build gocv

package camera_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
)

func TestOpenCV(t *testing.T) {
	if !camera.HasOpenCV || camera.OpenCVVersion() == "" {
		t.Errorf("HasOpenCV %v, version %q", camera.HasOpenCV, camera.OpenCVVersion())
	}
	t.Run("MJPEG", func(t *testing.T) {
		path := clipFile(t, 30)
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			src, err := camera.OpenCVFile(path, camera.Options{})
			if err != nil {
				t.Fatal(err)
			}
			// What is left is a bool and an error that pass through C.
			return src, cameratest.Want{Frames: 30, Width: 32, Height: 24, Format: camera.BGR, Check: isShade, Allocs: 1}
		})
	})
	for _, name := range []string{"h264.mp4", "mpeg4.avi"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
				return open(t, path, camera.Options{}), cameratest.Want{Frames: 8, Width: 64, Height: 48, Format: camera.BGR, Allocs: -1,
					Check: func(f *camera.Frame) error { // the test pattern is red there
						if p := f.Pix[44*f.Stride+3*4:][:3]; p[0] > 60 || p[1] > 60 || p[2] < 190 {
							return fmt.Errorf("pixel (4,44) is %v, want B 0, G 0, R 255", p)
						}
						return nil
					}}
			})
		})
	}
	t.Run("HTTP", func(t *testing.T) {
		cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
			src, err := camera.OpenCVURL(serve(t, stream(t, dialects["by the book"], 0)))
			if err != nil {
				t.Fatal(err)
			}
			return src, cameratest.Want{Width: 32, Height: 24, Format: camera.BGR, Allocs: -1}
		})
	})
}

func TestOpenCVClip(t *testing.T) {
	src := open(t, "testdata/h264.mp4", camera.Options{Loop: true})
	var f camera.Frame
	var first time.Time
	for i := range 20 {
		if err := src.Next(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = f.Time
		}
		if got := f.Time.Sub(first); f.Seq != uint64(i) || got != time.Duration(i)*100*time.Millisecond {
			t.Errorf("frame %d: Seq %d, dated %v after the first", i, f.Seq, got)
		}
		if f.Path != "testdata/h264.mp4" {
			t.Errorf("frame %d: Path %q", i, f.Path)
		}
	}
	if rate := open(t, "testdata/h264.mp4", camera.Options{Realtime: true}).(camera.Rated).FPS(); rate != 10 {
		t.Errorf("FPS = %v, want 10", rate)
	}
}

func TestOpenCVErrors(t *testing.T) {
	dir := t.TempDir()
	mp4, err := os.ReadFile("testdata/h264.mp4")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	camera.SetOpenLimit(t, 3*time.Second)
	for _, c := range []struct {
		spec string
		want error
		text string
	}{
		{file("noise.mp4", []byte("this is no clip at all")), camera.ErrBadClip, "noise.mp4"},
		{file("cut.mp4", mp4[:len(mp4)/2]), camera.ErrBadClip, "cut.mp4"},
		{"/dev/null", camera.ErrUnsupported, "not a camera"},
		{"camera:65000", camera.ErrNotFound, "camera:65000"},
		{"rtsp://user:secret@127.0.0.1:9/x", camera.ErrLost, "rtsp://user:xxxxx@127.0.0.1:9/x"},
		// The first element is missing: GStreamer, called by OpenCV, may wait for ever.
		{"gst:nosuchelement ! appsink", camera.ErrLost, "gst:nosuchelement"},
	} {
		src, err := camera.Open(c.spec, camera.Options{})
		if err == nil { // some only fail at their first frame
			err = src.Next(t.Context(), new(camera.Frame))
			src.Close()
		}
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("Open(%q): err = %v, want %v with %q", c.spec, err, c.want, c.text)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells a password", err)
		}
	}
}

func TestGStreamer(t *testing.T) {
	// The elements are a package of their own, which setup.sh installs for tests.
	if err := exec.Command("sh", "-c", "ls /usr/lib/*/gstreamer-1.0/libgstvideotestsrc.so /usr/lib/*/gstreamer-1.0/libgstapp.so").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no GStreamer elements: gstreamer1.0-plugins-base is not installed")
		}
		t.Skip("no GStreamer elements: gstreamer1.0-plugins-base is not installed")
	}
	const tail = " ! appsink drop=true max-buffers=1 sync=false"
	cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
		src := open(t, "gst:videotestsrc pattern=blue ! video/x-raw,format=BGR,width=64,height=48,framerate=100/1"+tail, camera.Options{})
		return src, cameratest.Want{Width: 64, Height: 48, Format: camera.BGR, Allocs: -1, Check: func(f *camera.Frame) error {
			if p := f.Pix[:3]; p[0] < 250 || p[1] > 5 || p[2] > 5 {
				return fmt.Errorf("blue is %v", p)
			}
			return nil
		}}
	})
	var f camera.Frame
	ends := open(t, "gst:videotestsrc num-buffers=3 ! video/x-raw,format=BGR,width=64,height=48 ! appsink sync=false", camera.Options{})
	var err error
	for err == nil {
		err = ends.Next(t.Context(), &f)
	}
	if !errors.Is(err, camera.ErrLost) || errors.Is(err, io.EOF) {
		t.Errorf("a pipeline that ends: err = %v", err)
	}
	grey := open(t, "gst:videotestsrc ! video/x-raw,format=GRAY8,width=64,height=48"+tail, camera.Options{})
	if err := grey.Next(t.Context(), &f); !errors.Is(err, camera.ErrUnsupported) || !strings.Contains(err.Error(), "format=BGR") {
		t.Errorf("a grey pipeline: err = %v", err)
	}
}
