//go:build !gocv

package camera_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/edge-camera/edge/camera"
)

// TestWithoutOpenCV says that what needs OpenCV says so.
func TestWithoutOpenCV(t *testing.T) {
	if camera.HasOpenCV || camera.OpenCVVersion() != "" {
		t.Errorf("HasOpenCV %v, version %q", camera.HasOpenCV, camera.OpenCVVersion())
	}
	for _, spec := range []string{"rtsp://user:secret@host/s", "gst:videotestsrc ! appsink", "picam", "jetson-csi", "testdata/h264.mp4", "testdata/mpeg4.avi"} {
		_, err := camera.Open(spec, camera.Options{})
		if !errors.Is(err, camera.ErrUnsupported) || !strings.Contains(err.Error(), "without OpenCV: make build") {
			t.Errorf("Open(%q): err = %v", spec, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v tells a password", err)
		}
	}
}
