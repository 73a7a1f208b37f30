package camera

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Options says how a source is opened. The zero value is right for most.
type Options struct {
	// Width and Height are asked of a device, which delivers the nearest size
	// it has; 0 means 640×480. Pictures and clips come in the size they have.
	Width, Height int
	// FPS is asked of a device; 0 means 30, or what it can do. With Realtime it
	// takes the place of a clip's own rate and paces pictures.
	FPS int
	// Realtime holds a clip to its frame rate instead of reading it as fast as
	// it can be decoded.
	Realtime bool
	// Loop begins a file or folder again when it ends. Seq counts on.
	Loop bool
}

func (o Options) size() (width, height int) {
	if o.Width <= 0 || o.Height <= 0 {
		return 640, 480
	}
	return o.Width, o.Height
}

// kind is what a spec names.
type kind uint8

const (
	kindPath   kind = iota // a picture, folder or clip
	kindDevice             // /dev/videoN
	kindV4L2               // the same, without OpenCV
	kindHTTP
	kindURL // any other URL
	kindGStreamer
)

// The pipelines behind the names of cameras that only GStreamer can reach.
// Each ends in BGR, because an appsink that is handed NV12 shows OpenCV a grey
// picture, and keeps one frame only, because a queue would make them old.
const (
	picamPipeline  = "libcamerasrc ! video/x-raw,format=NV12,width=%d,height=%d%s ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"
	jetsonPipeline = "nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),format=NV12,width=%d,height=%d%s ! nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"
)

// parse says what spec names, and what to open for it.
func parse(spec string, opt Options) (kind, string, error) {
	bad := func(why string) (kind, string, error) {
		return 0, "", fmt.Errorf("%w: %q: %s", ErrUnsupported, spec, why)
	}
	pipeline := func(format string) (kind, string, error) {
		w, h := opt.size()
		if w%2 == 1 || h%2 == 1 {
			return bad("this camera needs an even width and height")
		}
		rate := ""
		if opt.FPS > 0 {
			rate = fmt.Sprintf(",framerate=%d/1", opt.FPS)
		}
		return kindGStreamer, fmt.Sprintf(format, w, h, rate), nil
	}
	switch {
	case spec == "":
		return bad("name a picture, folder, clip or camera")
	case spec == "picam":
		return pipeline(picamPipeline)
	case spec == "jetson-csi":
		return pipeline(jetsonPipeline)
	}
	scheme, rest, found := strings.Cut(spec, ":")
	switch {
	case !found:
	case scheme == "camera":
		n, err := strconv.ParseUint(rest, 10, 16)
		if err != nil {
			return bad("want camera:0, camera:1 and so on")
		}
		return kindDevice, "/dev/video" + strconv.FormatUint(n, 10), nil
	case scheme == "v4l2":
		return kindV4L2, rest, nil
	case scheme == "gst":
		if strings.TrimSpace(rest) == "" {
			return bad("want a pipeline after gst:")
		}
		return kindGStreamer, rest, nil
	case strings.HasPrefix(rest, "//"):
		u, err := url.Parse(spec)
		if err != nil {
			// The parser's message quotes the URL, and with it a password.
			return 0, "", fmt.Errorf("%w: this %s:// address cannot be read", ErrUnsupported, scheme)
		}
		if u.Host == "" {
			return bad("the address has no host")
		}
		switch strings.ToLower(u.Scheme) {
		case "http", "https":
			return kindHTTP, spec, nil
		case "rtsp", "rtsps", "rtmp", "tcp", "udp", "rtp":
			return kindURL, spec, nil
		}
		return bad("want rtsp:// or http://")
	}
	if clean := filepath.Clean(spec); strings.HasPrefix(clean, "/dev/") {
		if info, err := os.Stat(clean); err != nil || info.Mode()&fs.ModeCharDevice != 0 {
			return kindDevice, clean, nil
		}
	}
	return kindPath, spec, nil
}

// Live reports whether spec names something that goes on by itself, whether
// anyone looks or not: a device, a stream or a pipeline. Such a source is best
// wrapped in Newest and Reconnect; a picture, folder or clip is not.
func Live(spec string) bool {
	k, _, err := parse(spec, Options{})
	return err == nil && k != kindPath
}

// Open opens what a person names:
//
//	photo.jpg, folder/, clip.avi   files
//	camera:0, /dev/video0          a camera by its number or device
//	v4l2:/dev/video0               the same, never through OpenCV
//	http://host/stream             MJPEG, or a single JPEG
//	rtsp://host/stream             with OpenCV
//	gst:PIPELINE                   a GStreamer pipeline that ends in an appsink, with OpenCV
//	picam, jetson-csi              a Raspberry Pi's or Jetson's own camera, with OpenCV
//
// A file is known by its content, not by its name. Errors wrap ErrNotFound,
// ErrUnsupported, ErrBadPicture, ErrBusy, ErrDenied or ErrLost.
func Open(spec string, opt Options) (Source, error) {
	k, target, err := parse(spec, opt)
	if err != nil {
		return nil, err
	}
	switch k {
	case kindDevice:
		if HasOpenCV {
			return openCV(spec, cvDevice, target, opt)
		}
		return openV4L2(spec, target, opt)
	case kindV4L2:
		return openV4L2(spec, target, opt)
	case kindHTTP:
		return openHTTP(target, opt)
	case kindURL:
		return openCV(redact(target), cvURL, target, opt)
	case kindGStreamer:
		return openCV(spec, cvPipeline, target, opt)
	}
	return openPath(target, opt)
}

// openPath opens a file or folder by what it holds.
func openPath(path string, opt Options) (Source, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrNotFound, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrBadPicture, path, cause(err))
	case info.IsDir():
		src, err := openFolder(path, opt)
		return paceFor(src, float64(opt.FPS), opt), err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s: not a file, folder or camera", ErrUnsupported, path)
	}
	head, err := firstBytes(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadPicture, path, cause(err))
	}
	switch {
	case sniff(head) != nil || IsPicture(path):
		return paceFor(openPicture(path, opt), float64(opt.FPS), opt), nil
	case len(head) == 0:
		return nil, fmt.Errorf("%w: %s: the file is empty", ErrBadPicture, path)
	case bytes.HasPrefix(head, []byte("RIFF")) && len(head) == 12 && string(head[8:]) == "AVI ":
		clip, err := openAVI(path, opt)
		if codec, ok := errors.AsType[errNotMJPEG](err); ok {
			if HasOpenCV {
				return openClip(path, opt)
			}
			return nil, fmt.Errorf("%w: %s: %w, and this edge was built without OpenCV: make build", ErrUnsupported, path, codec)
		}
		if err != nil {
			return nil, err
		}
		return paceFor(clip, clip.FPS(), opt), nil
	case isClip(path, head):
		return openClip(path, opt)
	}
	return nil, fmt.Errorf("%w: %s: not a JPEG, PNG, WebP, BMP or clip", ErrBadPicture, path)
}

// openClip opens a clip in whatever OpenCV can decode.
func openClip(path string, opt Options) (Source, error) {
	src, err := openCV(path, cvFile, path, opt)
	if err != nil {
		return nil, err
	}
	return paceFor(src, fps(src), opt), nil
}

// paceFor paces src where that was asked for. rate is its own, 0 if it has
// none.
func paceFor(src Source, rate float64, opt Options) Source {
	if opt.FPS > 0 {
		rate = float64(opt.FPS)
	}
	if src == nil || !opt.Realtime || rate <= 0 {
		return src
	}
	return pace(src, rate)
}

// firstBytes returns the first 12 bytes of a file, or what it has.
func firstBytes(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b := make([]byte, 12)
	n, err := io.ReadFull(file, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

// isClip recognises the containers of clips: by their first bytes where those
// say it, else by the name.
func isClip(path string, head []byte) bool {
	switch {
	case len(head) == 12 && string(head[4:8]) == "ftyp", // MP4, QuickTime
		bytes.HasPrefix(head, []byte("\x1a\x45\xdf\xa3")), // Matroska, WebM
		bytes.HasPrefix(head, []byte("OggS")),
		bytes.HasPrefix(head, []byte("\x00\x00\x01\xba")): // MPEG programme stream
		return true
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ogv", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".h264", ".h265", ".mjpg", ".mjpeg", ".y4m":
		return true
	}
	return false
}

// redact returns a URL without its password.
func redact(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Redacted()
}
