//go:build linux

package camera

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/blackjack/webcam"
)

// fakeDevice is a V4L2 device: what it returns from each call, in order.
type fakeDevice struct {
	wait  func() error
	frame func() ([]byte, error)
	out   int // buffers that were taken and not given back
	took  uint32
	fail  error // of ReleaseFrame
	close int
}

func (d *fakeDevice) WaitForFrame(uint32) error {
	if d.wait != nil {
		return d.wait()
	}
	return nil
}

func (d *fakeDevice) GetFrame() ([]byte, uint32, error) {
	b, err := d.frame()
	if err != nil {
		return nil, 0, err
	}
	d.out++
	d.took++
	return b, d.took, nil
}

func (d *fakeDevice) ReleaseFrame(index uint32) error {
	if index != d.took {
		return fmt.Errorf("buffer %d was given back, %d was taken", index, d.took)
	}
	d.out--
	return d.fail
}

func (d *fakeDevice) Close() error { d.close++; return nil }

// bytesOf returns n bytes that begin with v.
func bytesOf(n int, v byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = v + byte(i)
	}
	return b
}

func TestV4L2Grab(t *testing.T) {
	const w, h = 8, 4
	jpeg := testJPEG(t, w, h, 1)
	for name, c := range map[string]struct {
		format webcam.PixelFormat
		b      []byte
		want   Format
		row    int
	}{
		"YUYV":        {pixYUYV, bytesOf(2*w*h, 1), YUYV, 2 * w},
		"padded YUYV": {pixYUYV, bytesOf((2*w+48)*h, 1), YUYV, 2 * w},
		"a byte more": {pixYUYV, bytesOf(2*w*h+1, 1), YUYV, 2 * w},
		"BGR":         {pixBGR, bytesOf(3*w*h, 1), BGR, 3 * w},
		"RGB":         {pixRGB, bytesOf(3*w*h, 1), RGB, 3 * w},
		"MJPEG":       {pixMJPG, jpeg, RGB, 3 * w},
		"bare MJPEG":  {pixMJPG, withoutDHT(t, jpeg), RGB, 3 * w},
		"JPEG":        {pixJPEG, append(bytes.Clone(jpeg), 0, 0, 0, 0), RGB, 3 * w},
	} {
		dev := &fakeDevice{frame: func() ([]byte, error) { return c.b, nil }}
		v := &v4l2{name: "camera:0", dev: dev, mode: mode{format: c.format, width: w, height: h}}
		var f Frame
		for i := range 3 {
			if err := v.grab(&f); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if f.Width != w || f.Height != h || f.Format != c.want || f.Stride != c.row || len(f.Pix) != c.row*h || f.Seq != uint64(i) || f.Time.IsZero() {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if c.want != RGB || c.format == pixRGB {
			stride := len(c.b) / h
			for y := range h {
				if !bytes.Equal(f.Pix[y*c.row:(y+1)*c.row], c.b[y*stride:y*stride+c.row]) {
					t.Errorf("%s: row %d has other bytes", name, y)
				}
			}
		}
		if dev.out != 0 {
			t.Errorf("%s: %d buffers were not given back", name, dev.out)
		}
	}
}

func TestV4L2Failures(t *testing.T) {
	good := bytesOf(2*8*4, 0)
	timeout := func() error { return new(webcam.Timeout) }
	fails := func(err error) func() ([]byte, error) { return func() ([]byte, error) { return nil, err } }
	for name, c := range map[string]struct {
		dev   *fakeDevice
		grabs int // how many it takes
		text  string
	}{
		"unplugged":        {&fakeDevice{frame: fails(syscall.ENODEV)}, 1, "camera:0: unplugged"},
		"unplugged asleep": {&fakeDevice{wait: func() error { return syscall.ENODEV }}, 1, "camera:0: unplugged"},
		"silent":           {&fakeDevice{wait: timeout}, v4l2Silence, "no frame for 5 seconds"},
		"awake for naught": {&fakeDevice{frame: fails(syscall.EAGAIN)}, v4l2Spins, "camera:0"},
		"broken cable":     {&fakeDevice{frame: fails(syscall.EIO)}, 1, "input/output error"},
		"buffer kept":      {&fakeDevice{frame: func() ([]byte, error) { return good, nil }, fail: syscall.ENODEV}, 1, "unplugged"},
	} {
		v := &v4l2{name: "camera:0", dev: c.dev, mode: mode{format: pixYUYV, width: 8, height: 4}}
		var f Frame
		var err error
		grabs := 0
		for err = errAgain; err == errAgain && grabs < 1000; grabs++ {
			err = v.grab(&f)
		}
		if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), c.text) || grabs != c.grabs {
			t.Errorf("%s: after %d grabs: %v, want %q after %d", name, grabs, err, c.text, c.grabs)
		}
		if err := v.release(); err != nil || c.dev.close != 1 {
			t.Errorf("%s: release: %v", name, err)
		}
	}
}

// TestV4L2Silence says that pauses shorter than the limit do not add up.
func TestV4L2Silence(t *testing.T) {
	n := 0
	dev := &fakeDevice{
		frame: func() ([]byte, error) { return bytesOf(2*8*4, 0), nil },
		wait: func() error {
			if n++; n%v4l2Silence != 0 {
				return new(webcam.Timeout)
			}
			return nil
		},
	}
	v := &v4l2{name: "camera:0", dev: dev, mode: mode{format: pixYUYV, width: 8, height: 4}}
	for range 20 * v4l2Silence {
		if err := v.grab(new(Frame)); err != nil && err != errAgain {
			t.Fatal(err)
		}
	}
	if v.seq != 20 {
		t.Errorf("%d frames, want 20", v.seq)
	}
}

// TestV4L2BadFrames says that a few broken frames are a gap in Seq, and many an
// error.
func TestV4L2BadFrames(t *testing.T) {
	good := testJPEG(t, 8, 4, 0)
	broken := map[uint32]bool{1: true, 2: true, 5: true}
	dev := &fakeDevice{}
	dev.frame = func() ([]byte, error) {
		if broken[dev.took+1] {
			return good[:20], nil
		}
		return good, nil
	}
	v := &v4l2{name: "camera:0", dev: dev, mode: mode{format: pixMJPG, width: 8, height: 4}}
	var f Frame
	var seqs []uint64
	for range 7 {
		switch err := v.grab(&f); err {
		case nil:
			seqs = append(seqs, f.Seq)
		case errAgain:
		default:
			t.Fatal(err)
		}
	}
	if fmt.Sprint(seqs) != "[2 3 5 6]" {
		t.Errorf("frames %v, want [2 3 5 6]", seqs)
	}
	for i := range uint32(100) {
		broken[dev.took+1+i] = true
	}
	var errs int
	for range 2 * v4l2Bad {
		switch err := v.grab(&f); {
		case err == errAgain:
		case errors.Is(err, ErrBadPicture):
			errs++
		default:
			t.Fatal(err)
		}
	}
	if errs != 2 {
		t.Errorf("%d errors for %d broken frames, want 2", errs, 2*v4l2Bad)
	}
	if dev.out != 0 {
		t.Errorf("%d buffers were not given back", dev.out)
	}
}

func TestV4L2WrongSizes(t *testing.T) {
	for name, n := range map[string]int{"empty": 0, "short": 2*8*4 - 1, "huge": 2 * 80 * 40} {
		v := &v4l2{name: "camera:0", mode: mode{format: pixYUYV, width: 8, height: 4}}
		if err := v.convert(new(Frame), make([]byte, n)); err == nil {
			t.Errorf("%s: %d bytes were taken for 8×4 of YUYV", name, n)
		}
	}
}

// TestV4L2Pump runs the device through the whole source.
func TestV4L2Pump(t *testing.T) {
	dev := &fakeDevice{}
	dev.frame = func() ([]byte, error) {
		if dev.took == 3 {
			return nil, syscall.ENODEV
		}
		return bytesOf(2*8*4, byte(dev.took)), nil
	}
	p := newPump("camera:0", 30, &v4l2{name: "camera:0", dev: dev, mode: mode{format: pixYUYV, width: 8, height: 4}})
	var f Frame
	for i := range 3 {
		if err := p.Next(t.Context(), &f); err != nil || f.Seq != uint64(i) || f.Pix[0] != byte(i) {
			t.Fatalf("frame %d: Seq %d, first byte %d, %v", i, f.Seq, f.Pix[0], err)
		}
	}
	for range 2 {
		if err := p.Next(t.Context(), &f); !errors.Is(err, ErrLost) {
			t.Errorf("err = %v", err)
		}
	}
	if err := p.Close(); err != nil || dev.close != 1 {
		t.Errorf("Close: %v, the device was closed %d times", err, dev.close)
	}
	if err := p.Next(t.Context(), &f); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("err = %v", err)
	}
}

func TestV4L2Allocations(t *testing.T) {
	b := bytesOf(2*640*480, 0)
	dev := &fakeDevice{frame: func() ([]byte, error) { return b, nil }}
	v := &v4l2{name: "camera:0", dev: dev, mode: mode{format: pixYUYV, width: 640, height: 480}}
	var f Frame
	if n := testing.AllocsPerRun(100, func() {
		if err := v.grab(&f); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// fakeList is what a device can do.
type fakeList map[webcam.PixelFormat][]struct {
	size webcam.FrameSize
	fps  []uint32
}

func (l fakeList) GetSupportedFormats() map[webcam.PixelFormat]string {
	m := map[webcam.PixelFormat]string{}
	for f := range l {
		m[f] = "some format"
	}
	return m
}

func (l fakeList) GetSupportedFrameSizes(f webcam.PixelFormat) (sizes []webcam.FrameSize) {
	for _, s := range l[f] {
		sizes = append(sizes, s.size)
	}
	return sizes
}

func (l fakeList) GetSupportedFramerates(f webcam.PixelFormat, w, h uint32) (rates []webcam.FrameRate) {
	for _, s := range l[f] {
		if s.size.MinWidth <= w && w <= s.size.MaxWidth && s.size.MinHeight <= h && h <= s.size.MaxHeight {
			for _, fps := range s.fps {
				rates = append(rates, webcam.FrameRate{MinNumerator: 1, MaxNumerator: 1, MinDenominator: fps, MaxDenominator: fps})
			}
		}
	}
	return rates
}

func discrete(w, h uint32) webcam.FrameSize {
	return webcam.FrameSize{MinWidth: w, MaxWidth: w, MinHeight: h, MaxHeight: h}
}

func TestV4L2Choose(t *testing.T) {
	type sizes = []struct {
		size webcam.FrameSize
		fps  []uint32
	}
	usb := fakeList{
		pixYUYV: sizes{{discrete(1280, 720), []uint32{10, 5}}, {discrete(640, 480), []uint32{15, 30}}, {discrete(320, 240), []uint32{30}}},
		pixMJPG: sizes{{discrete(640, 480), []uint32{30}}, {discrete(1280, 720), []uint32{30}}, {discrete(1920, 1080), []uint32{30}}},
	}
	any := webcam.FrameSize{MinWidth: 16, MaxWidth: 4000, StepWidth: 16, MinHeight: 16, MaxHeight: 3000, StepHeight: 8}
	for name, c := range map[string]struct {
		dev  fakeList
		opt  Options
		want mode
	}{
		"nothing asked":        {usb, Options{}, mode{pixYUYV, 640, 480, 30}},
		"large: MJPEG":         {usb, Options{Width: 1280, Height: 720}, mode{pixMJPG, 1280, 720, 30}},
		"large but slow":       {usb, Options{Width: 1280, Height: 720, FPS: 5}, mode{pixYUYV, 1280, 720, 10}},
		"only as MJPEG":        {usb, Options{Width: 4000, Height: 3000}, mode{pixMJPG, 1920, 1080, 30}},
		"small":                {usb, Options{Width: 300, Height: 200}, mode{pixYUYV, 320, 240, 30}},
		"steps":                {fakeList{pixMJPG: sizes{{any, nil}}}, Options{Width: 500, Height: 301}, mode{pixMJPG, 496, 304, 0}},
		"beyond the steps":     {fakeList{pixBGR: sizes{{any, nil}}}, Options{Width: 9000, Height: 1}, mode{pixBGR, 4000, 16, 0}},
		"sizes not listed":     {fakeList{pixYUYV: nil}, Options{Width: 800, Height: 600}, mode{pixYUYV, 800, 600, 0}},
		"rates not listed":     {fakeList{pixYUYV: sizes{{discrete(640, 480), nil}}, pixMJPG: sizes{{discrete(640, 480), nil}}}, Options{}, mode{pixYUYV, 640, 480, 0}},
		"odd width is no YUYV": {fakeList{pixYUYV: sizes{{discrete(641, 480), nil}}, pixRGB: sizes{{discrete(1000, 480), nil}}}, Options{}, mode{pixRGB, 1000, 480, 0}},
	} {
		got, err := choose(modes(c.dev, c.opt), c.opt)
		if err != nil || got != c.want {
			t.Errorf("%s: %s %d×%d at %v, %v, want %s %d×%d at %v", name, fourCC(got.format), got.width, got.height, got.fps, err,
				fourCC(c.want.format), c.want.width, c.want.height, c.want.fps)
		}
	}
	raw := webcam.PixelFormat('R' | 'G'<<8 | 'G'<<16 | 'B'<<24)
	if _, err := choose(modes(fakeList{raw: nil}, Options{}), Options{}); err == nil {
		t.Error("a camera that delivers raw Bayer only was taken")
	}
}

func TestV4L2Rate(t *testing.T) {
	for _, c := range []struct {
		mode float64
		opt  int
		want float64
	}{{0, 0, 30}, {60, 0, 30}, {15, 0, 15}, {60, 50, 50}, {25, 50, 25}, {0, 50, 50}} {
		if got := (mode{fps: c.mode}).rate(Options{FPS: c.opt}); got != c.want {
			t.Errorf("a camera of %v, asked for %d: %v, want %v", c.mode, c.opt, got, c.want)
		}
	}
}

func TestV4L2Errors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want error
	}{
		{syscall.ENOENT, ErrNotFound}, {syscall.ENODEV, ErrNotFound}, {syscall.EACCES, ErrDenied}, {syscall.EBUSY, ErrBusy},
		{errors.New("Failed to start streaming: " + syscall.EBUSY.Error()), ErrBusy},
		{syscall.ENOTTY, ErrUnsupported}, {syscall.EIO, ErrLost}, {errors.New("Not a video capture device"), ErrUnsupported},
	} {
		if err := v4l2Error("camera:0", c.err); !errors.Is(err, c.want) || !strings.Contains(err.Error(), "camera:0") {
			t.Errorf("%v becomes %v, want %v", c.err, err, c.want)
		}
	}
}
