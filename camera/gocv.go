//go:build gocv

package camera

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"gocv.io/x/gocv"
)

// HasOpenCV reports whether this program was built with OpenCV.
const HasOpenCV = true

// OpenCVVersion returns the version of OpenCV in use, empty without it.
func OpenCVVersion() string { return gocv.OpenCVVersion() }

// cvOpenLimit is how long opening may take. A GStreamer pipeline whose first
// element is missing blocks for ever, in C, where nothing can interrupt it.
var cvOpenLimit = 15 * time.Second

// capture reads frames of an OpenCV VideoCapture. Mats and captures have no
// finalizer and crash the program when used after they were closed, so only
// the goroutine of a pump touches them.
type capture struct {
	name string
	kind cvKind
	vc   *gocv.VideoCapture
	mat  gocv.Mat

	loop  bool
	good  bool      // a frame came since the file was opened
	start time.Time // of a file
	fps   float64
	seq   uint64
}

// openCV opens target with OpenCV. name is what people call it.
func openCV(name string, kind cvKind, target string, opt Options) (Source, error) {
	if kind == cvDevice {
		// OpenCV only says that it did not work; the driver says why.
		if err := probeV4L2(name, target); err != nil {
			return nil, err
		}
	}
	type result struct {
		c   *capture
		err error
	}
	done := make(chan result, 1)
	gaveUp := make(chan struct{})
	go func() {
		c, err := openCapture(name, kind, target, opt)
		select {
		case <-gaveUp:
			if err == nil {
				c.release()
			}
		case done <- result{c, err}: // room for one
		}
	}()
	limit := time.NewTimer(cvOpenLimit)
	defer limit.Stop()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		return newPump(name, r.c.fps, r.c), nil
	case <-limit.C:
		close(gaveUp)
		why := "OpenCV did not open it in " + cvOpenLimit.String()
		if kind == cvPipeline {
			why += "; is every element of the pipeline installed?"
		}
		return nil, fmt.Errorf("%w: %s: %s", ErrLost, name, why)
	}
}

func openCapture(name string, kind cvKind, target string, opt Options) (*capture, error) {
	quiet()
	api := mediaAPI()
	var what any = target
	switch kind {
	case cvDevice:
		// Asked for any, OpenCV tries GStreamer first: a second lost, and a
		// page of warnings.
		api = gocv.VideoCaptureV4L2
		if n, err := strconv.Atoi(strings.TrimPrefix(target, "/dev/video")); err == nil {
			what = n
		}
	case cvPipeline:
		api = gocv.VideoCaptureGstreamer
	}
	vc, err := gocv.OpenVideoCaptureWithAPI(what, api)
	if err == nil && !vc.IsOpened() {
		err = errors.New("not opened")
	}
	if err != nil {
		if vc != nil {
			vc.Close()
		}
		switch kind {
		case cvFile:
			return nil, fmt.Errorf("%w: %s: OpenCV %s cannot read it", ErrBadClip, name, gocv.OpenCVVersion())
		case cvDevice:
			return nil, fmt.Errorf("%w: %s: OpenCV cannot open it", ErrBusy, name)
		case cvPipeline:
			return nil, fmt.Errorf("%w: %s: GStreamer cannot start this pipeline", ErrLost, name)
		}
		return nil, fmt.Errorf("%w: %s: OpenCV cannot open it", ErrLost, name)
	}
	if kind == cvDevice {
		w, h := opt.size()
		vc.Set(gocv.VideoCaptureFrameWidth, float64(w))
		vc.Set(gocv.VideoCaptureFrameHeight, float64(h))
		if opt.FPS > 0 {
			vc.Set(gocv.VideoCaptureFPS, float64(opt.FPS))
		}
		vc.Set(gocv.VideoCaptureBufferSize, 2)
	}
	c := &capture{name: name, kind: kind, vc: vc, mat: gocv.NewMat(), loop: opt.Loop && kind == cvFile, start: time.Now()}
	if rate := vc.Get(gocv.VideoCaptureFPS); rate > 0 && rate <= maxFPS {
		c.fps = rate
	}
	return c, nil
}

// mediaAPI returns the part of OpenCV that reads files and streams. Asked for
// any, OpenCV would try all of them on a file that is broken.
func mediaAPI() gocv.VideoCaptureAPI {
	for _, api := range []gocv.VideoCaptureAPI{gocv.VideoCaptureFFmpeg, gocv.VideoCaptureGstreamer} {
		if gocv.VideoRegistry.HasBackend(api) {
			return api
		}
	}
	return gocv.VideoCaptureAny
}

func (c *capture) grab(f *Frame) error {
	for !c.vc.Read(&c.mat) || c.mat.Empty() {
		if c.loop && c.good {
			if err := c.rewind(); err != nil {
				return err
			}
			continue
		}
		if c.kind == cvFile {
			if c.seq == 0 {
				return fmt.Errorf("%w: %s: OpenCV found no frame in it", ErrLost, c.name)
			}
			return io.EOF
		}
		return fmt.Errorf("%w: %s: no further frame", ErrLost, c.name)
	}
	at := time.Now()
	if t := c.mat.Type(); t != gocv.MatTypeCV8UC3 {
		return fmt.Errorf("%w: %s: frames of %d channels (%v), want 3 of 8 bits; a pipeline must end in video/x-raw,format=BGR ! appsink",
			ErrUnsupported, c.name, c.mat.Channels(), t)
	}
	width, height := c.mat.Cols(), c.mat.Rows()
	if err := checkSize(width, height); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBadPicture, c.name, err)
	}
	pix, err := c.mat.DataPtrUint8() // a view, valid until the next Read
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrLost, c.name, err)
	}
	f.CopyFrom(&Frame{Pix: pix, Width: width, Height: height, Stride: c.mat.Step(), Format: BGR})
	f.Seq, f.Time, f.Path = c.seq, at, ""
	if c.kind == cvFile {
		f.Path = c.name
		rate := c.fps
		if rate == 0 {
			rate = defaultFPS
		}
		f.Time = c.start.Add(time.Duration(float64(c.seq) / rate * float64(time.Second)))
	}
	c.seq++
	c.good = true
	return nil
}

// rewind opens a file from its beginning: seeking is not exact in every
// container.
func (c *capture) rewind() error {
	c.good = false
	vc, err := gocv.OpenVideoCaptureWithAPI(c.name, mediaAPI())
	if err != nil {
		if vc != nil {
			vc.Close()
		}
		return fmt.Errorf("%w: %s: it cannot be opened a second time", ErrLost, c.name)
	}
	c.vc.Close()
	c.vc = vc
	return nil
}

// interrupt can do nothing: OpenCV has no way to end a Read.
func (c *capture) interrupt() {}

func (c *capture) release() error {
	err := c.mat.Close()
	return errors.Join(err, c.vc.Close())
}
