package camera

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestList(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s + "\n")} }
	sys := fstest.MapFS{
		"video10/name":      file("bcm2835-codec-decode"),
		"video10/index":     file("0"),
		"video13/name":      file("bcm2835-isp-output0"),
		"video2/name":       file("HD Webcam"),
		"video2/index":      file("0"),
		"video3/name":       file("HD Webcam"), // its metadata
		"video3/index":      file("1"),
		"video0/name":       file("USB Camera: USB Camera"),
		"video0/index":      file("0"),
		"video11/name":      file("vivid"),
		"v4l-subdev0/name":  file("imx708"),
		"videox/name":       file("none"),
		"video/name":        file("none"),
		"video9999999/name": file("none"),
	}
	got, err := list(sys)
	if err != nil {
		t.Fatal(err)
	}
	want := []Device{
		{"camera:0", "/dev/video0", "USB Camera: USB Camera"},
		{"camera:2", "/dev/video2", "HD Webcam"},
		{"camera:11", "/dev/video11", "vivid"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := list(fstest.MapFS{}); err != nil || len(got) != 0 {
		t.Errorf("no devices: %v, %v", got, err)
	}
}

// TestParse says what is opened for what a person types.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		spec   string
		opt    Options
		kind   kind
		target string
	}{
		{"photo.jpg", Options{}, kindPath, "photo.jpg"},
		{"dir/with:colon", Options{}, kindPath, "dir/with:colon"},
		{"camera:3", Options{}, kindDevice, "/dev/video3"},
		{"/dev/video0", Options{}, kindDevice, "/dev/video0"},
		{"/dev//video0", Options{}, kindDevice, "/dev/video0"},
		{"/dev/null", Options{}, kindDevice, "/dev/null"},
		{"/dev", Options{}, kindPath, "/dev"},
		{"v4l2:/dev/video0", Options{}, kindV4L2, "/dev/video0"},
		{"http://h/s?a=b", Options{}, kindHTTP, "http://h/s?a=b"},
		{"HTTPS://h/s", Options{}, kindHTTP, "HTTPS://h/s"},
		{"rtsp://u:p@h/s", Options{}, kindURL, "rtsp://u:p@h/s"},
		{"tcp://h:8888", Options{}, kindURL, "tcp://h:8888"},
		{"gst:videotestsrc ! appsink", Options{}, kindGStreamer, "videotestsrc ! appsink"},
		{"picam", Options{}, kindGStreamer, "libcamerasrc ! video/x-raw,format=NV12,width=640,height=480 ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"},
		{"picam", Options{Width: 320, Height: 240, FPS: 15}, kindGStreamer, "libcamerasrc ! video/x-raw,format=NV12,width=320,height=240,framerate=15/1 ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"},
		{"jetson-csi", Options{Width: 1280, Height: 720, FPS: 30}, kindGStreamer, "nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=30/1 ! nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"},
	} {
		k, target, err := parse(c.spec, c.opt)
		if err != nil || k != c.kind || target != c.target {
			t.Errorf("%q: kind %d, %q, %v, want kind %d, %q", c.spec, k, target, err, c.kind, c.target)
		}
	}
}
