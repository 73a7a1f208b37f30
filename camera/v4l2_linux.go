package camera

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/blackjack/webcam"
)

// FourCC codes of V4L2 pixel formats, <linux/videodev2.h>.
const (
	pixYUYV = webcam.PixelFormat('Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24)
	pixMJPG = webcam.PixelFormat('M' | 'J'<<8 | 'P'<<16 | 'G'<<24)
	pixJPEG = webcam.PixelFormat('J' | 'P'<<8 | 'E'<<16 | 'G'<<24)
	pixRGB  = webcam.PixelFormat('R' | 'G'<<8 | 'B'<<16 | '3'<<24)
	pixBGR  = webcam.PixelFormat('B' | 'G'<<8 | 'R'<<16 | '3'<<24)
)

const (
	v4l2Buffers = 4   // in the driver
	v4l2Silence = 5   // seconds without a frame until a camera counts as lost
	v4l2Spins   = 100 // wake-ups without a frame, in a row
	v4l2Bad     = 30  // broken JPEGs in a row until one is reported
)

// v4l2Device is the part of *webcam.Webcam that frames come through.
type v4l2Device interface {
	WaitForFrame(seconds uint32) error
	GetFrame() ([]byte, uint32, error)
	ReleaseFrame(index uint32) error
	Close() error
}

// v4l2 reads frames of a started device.
type v4l2 struct {
	name string
	dev  v4l2Device
	mode mode
	mjpg mjpeg

	seq     uint64
	silence int // seconds
	spins   int
	bad     int
}

// mode is one way a device can deliver: a pixel format and a size.
type mode struct {
	format        webcam.PixelFormat
	width, height int
	fps           float64 // the fastest it lists; 0 if it lists none
}

// rate returns the frames a second to ask for.
func (m mode) rate(opt Options) float64 {
	want := float64(opt.FPS)
	if opt.FPS <= 0 {
		want = 30
	}
	if m.fps > 0 {
		want = min(want, m.fps)
	}
	return want
}

// openV4L2 opens and starts the device at path.
func openV4L2(name, path string, opt Options) (Source, error) {
	cam, err := webcam.Open(path)
	if err != nil {
		return nil, v4l2Error(name, err)
	}
	m, err := choose(modes(cam, opt), opt)
	if err != nil {
		cam.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrUnsupported, name, err)
	}
	got, _, _, err := cam.SetImageFormat(m.format, uint32(m.width), uint32(m.height))
	if err != nil {
		cam.Close()
		return nil, v4l2Error(name, err)
	}
	if got != m.format {
		cam.Close()
		return nil, fmt.Errorf("%w: %s: the driver lists %s but does not deliver it", ErrUnsupported, name, fourCC(m.format))
	}
	// Left alone, some cameras start at 5 a second although they can do 30. One
	// that cannot set its rate keeps the one it has.
	_ = cam.SetFramerate(float32(m.rate(opt)))
	rate := m.fps
	if got, err := cam.GetFramerate(); err == nil {
		rate = float64(got)
	}
	if err := cam.SetBufferCount(v4l2Buffers); err != nil {
		cam.Close()
		return nil, v4l2Error(name, err)
	}
	if err := cam.StartStreaming(); err != nil {
		cam.Close()
		return nil, v4l2Error(name, err)
	}
	return newPump(name, rate, &v4l2{name: name, dev: cam, mode: m}), nil
}

// v4l2Error says why a device cannot be opened.
func v4l2Error(name string, err error) error {
	kind := ErrUnsupported
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%w: %s", ErrNotFound, name)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%w: %s", ErrDenied, name)
	case errors.Is(err, syscall.EBUSY), isBusy(err):
		return fmt.Errorf("%w: %s", ErrBusy, name)
	case errors.Is(err, syscall.ENOTTY), errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%w: %s: not a camera", ErrUnsupported, name)
	case errors.Is(err, syscall.EIO):
		kind = ErrLost
	}
	return fmt.Errorf("%w: %s: %w", kind, name, err)
}

// isBusy finds EBUSY in an error of StartStreaming, which keeps its text only.
func isBusy(err error) bool {
	text := err.Error()
	busy := syscall.EBUSY.Error()
	return len(text) >= len(busy) && text[len(text)-len(busy):] == busy
}

// lister is the part of *webcam.Webcam that tells what a device can do.
type lister interface {
	GetSupportedFormats() map[webcam.PixelFormat]string
	GetSupportedFrameSizes(webcam.PixelFormat) []webcam.FrameSize
	GetSupportedFramerates(f webcam.PixelFormat, width, height uint32) []webcam.FrameRate
}

// modes lists the modes of a device that this package can read, at the sizes
// it offers or, where it takes any, at the size asked for.
func modes(dev lister, opt Options) []mode {
	w, h := opt.size()
	var all []mode
	formats := dev.GetSupportedFormats()
	for _, format := range []webcam.PixelFormat{pixYUYV, pixMJPG, pixJPEG, pixBGR, pixRGB} { // a map has no order
		if _, ok := formats[format]; !ok {
			continue
		}
		sizes := dev.GetSupportedFrameSizes(format)
		if len(sizes) == 0 { // an old driver: it may take what is asked for
			sizes = []webcam.FrameSize{{MinWidth: uint32(w), MaxWidth: uint32(w), MinHeight: uint32(h), MaxHeight: uint32(h)}}
		}
		for _, s := range sizes {
			m := mode{
				format: format,
				width:  nearest(w, s.MinWidth, s.MaxWidth, s.StepWidth),
				height: nearest(h, s.MinHeight, s.MaxHeight, s.StepHeight),
			}
			if m.width < 1 || m.height < 1 || checkSize(m.width, m.height) != nil {
				continue
			}
			if format == pixYUYV && m.width%2 == 1 {
				continue
			}
			for _, r := range dev.GetSupportedFramerates(format, uint32(m.width), uint32(m.height)) {
				if r.MinNumerator > 0 { // the shortest interval
					m.fps = max(m.fps, float64(r.MinDenominator)/float64(r.MinNumerator))
				}
			}
			all = append(all, m)
		}
	}
	return all
}

// nearest returns the value of lo, lo+step, … hi that is nearest to want.
func nearest(want int, lo, hi, step uint32) int {
	v := max(int(lo), min(want, int(hi)))
	if step > 1 {
		v = int(lo) + (v-int(lo)+int(step)/2)/int(step)*int(step)
		if v > int(hi) {
			v -= int(step)
		}
	}
	return v
}

// choose picks the mode to use: the size nearest to the one asked for, at a
// rate that is enough, and of those the format that costs least to read.
// Uncompressed frames need no decoding but fill the cable: at a large size
// many cameras deliver them at 5 a second, and then MJPEG is better.
func choose(all []mode, opt Options) (mode, error) {
	if len(all) == 0 {
		return mode{}, errors.New("the camera delivers none of YUYV, MJPEG, BGR and RGB")
	}
	w, h := opt.size()
	enough := float64(opt.FPS)
	if opt.FPS <= 0 {
		enough = 15
	}
	off := func(m mode) int { return abs(m.width-w) + abs(m.height-h) }
	cost := func(m mode) int {
		c := 0
		if m.format == pixMJPG || m.format == pixJPEG {
			c = 1
		}
		if m.fps > 0 && m.fps < enough {
			c += 2
		}
		return c
	}
	best := all[0]
	for _, m := range all[1:] {
		if off(m) < off(best) || off(m) == off(best) && cost(m) < cost(best) {
			best = m
		}
	}
	return best, nil
}

func abs(v int) int { return max(v, -v) }

func fourCC(f webcam.PixelFormat) string {
	return string([]byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f >> 24)})
}

func (v *v4l2) grab(f *Frame) error {
	switch err := v.dev.WaitForFrame(1); {
	case err == nil:
	case errors.As(err, new(*webcam.Timeout)):
		if v.silence++; v.silence >= v4l2Silence {
			return fmt.Errorf("%w: %s: no frame for %d seconds", ErrLost, v.name, v4l2Silence)
		}
		return errAgain
	case errors.Is(err, syscall.EINTR):
		return errAgain
	default:
		return v.lost(err)
	}
	b, index, err := v.dev.GetFrame()
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		// An unplugged device may wake us for ever.
		if v.spins++; v.spins >= v4l2Spins {
			return v.lost(err)
		}
		return errAgain
	}
	if err != nil {
		return v.lost(err)
	}
	at := time.Now()
	v.spins, v.silence = 0, 0
	bad := v.convert(f, b)
	if err := v.dev.ReleaseFrame(index); err != nil {
		return v.lost(err)
	}
	seq := v.seq
	v.seq++
	if bad != nil {
		// Cameras send a broken JPEG now and then, often as their first: a gap
		// in Seq says enough, unless nothing else comes.
		if v.bad++; v.bad < v4l2Bad {
			return errAgain
		}
		v.bad = 0
		return fmt.Errorf("%w: %s: %w", ErrBadPicture, v.name, bad)
	}
	v.bad = 0
	f.Seq, f.Time, f.Path = seq, at, ""
	return nil
}

// convert makes a frame of a driver's buffer.
func (v *v4l2) convert(f *Frame, b []byte) error {
	var format Format
	switch v.mode.format {
	case pixMJPG, pixJPEG:
		return v.mjpg.decode(b, f)
	case pixRGB:
		format = RGB
	case pixBGR:
		format = BGR
	default:
		format = YUYV
	}
	w, h := v.mode.width, v.mode.height
	// Drivers pad rows but do not say by how much here.
	row := format.rowBytes(w)
	stride := len(b) / h
	if stride < row {
		return fmt.Errorf("%d bytes are too few for %d×%d pixels of %v", len(b), w, h, format)
	}
	if stride >= row+256 || stride != row && len(b)%h != 0 {
		return fmt.Errorf("%d bytes are no %d×%d pixels of %v", len(b), w, h, format)
	}
	f.CopyFrom(&Frame{Pix: b, Width: w, Height: h, Stride: stride, Format: format})
	return nil
}

func (v *v4l2) lost(err error) error {
	if errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("%w: %s: unplugged", ErrLost, v.name)
	}
	return fmt.Errorf("%w: %s: %w", ErrLost, v.name, err)
}

// interrupt has nothing to do: grab never waits longer than a second.
func (v *v4l2) interrupt() {}

func (v *v4l2) release() error {
	if err := v.dev.Close(); err != nil && !errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}
