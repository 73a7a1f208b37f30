// Package camera delivers frames: pictures, folders, clips, V4L2 devices,
// MJPEG over HTTP and, with the build tag gocv, everything OpenCV can open.
//
// [Open] takes what a person types and returns a [Source]. A source hands out
// frames one at a time into a [Frame] the caller owns, so that a loop over a
// camera allocates nothing once it has warmed up:
//
//	src, err := camera.Open("camera:0", camera.Options{})
//	if err != nil { … }
//	defer src.Close()
//	var f camera.Frame
//	for {
//		err := src.Next(ctx, &f)
//		if errors.Is(err, camera.ErrBadPicture) { continue } // the next one may be fine
//		if err != nil { break }                              // io.EOF, ctx.Err(), camera.ErrLost …
//		use(&f)
//	}
//
// Wrap a live source in [Newest] where work on a frame takes longer than the
// camera takes to deliver one, and in [Reconnect] where the cable may come
// loose.
//
// # Why frames are copied
//
// A driver's buffer, OpenCV's Mat and a decoder's picture each belong to
// someone who will write to them again. Next copies into the caller's Frame:
// 0.1 ms for 640×480, and in return nobody can read a frame that is being
// overwritten, and a source may be closed while its last frame is in use.
//
// # Why two readers
//
// Everything a person needs to try the program works with no C compiler and no
// OpenCV: pictures, MJPEG clips, V4L2 cameras and MJPEG over HTTP are read in
// pure Go, and a clip gives the same bytes on every board. The tag gocv adds
// what only OpenCV has: RTSP, GStreamer (and so the cameras of a Raspberry Pi
// and a Jetson) and every codec FFmpeg knows.
//
// It knows nothing of the rest of this module.
package camera

import (
	"context"
	"errors"
	"time"
)

// Sentinel errors. What is returned wraps one of them with the source's name
// and, for files, the path and offset.
var (
	ErrUnsupported = errors.New("unsupported source")
	ErrNotFound    = errors.New("no such camera or file")
	ErrBusy        = errors.New("camera in use by another program")
	ErrDenied      = errors.New("no permission to use the camera")
	ErrBadPicture  = errors.New("bad picture")
	ErrLost        = errors.New("camera lost")
)

// ErrBadClip is the ErrBadPicture of a clip: errors.Is finds either.
var ErrBadClip error = badClip{}

type badClip struct{}

func (badClip) Error() string        { return "bad clip" }
func (badClip) Is(target error) bool { return target == ErrBadPicture }

// Format is the layout of a Frame's bytes.
type Format uint8

// Formats.
const (
	RGB  Format = iota + 1 // 3 bytes a pixel
	BGR                    // 3 bytes a pixel
	YUYV                   // 4 bytes for two pixels: Y0 U Y1 V, BT.601 limited range; even width
)

// String returns the format's name.
func (f Format) String() string {
	switch f {
	case RGB:
		return "RGB"
	case BGR:
		return "BGR"
	case YUYV:
		return "YUYV"
	}
	return "no format"
}

// rowBytes returns the bytes of width pixels, without padding.
func (f Format) rowBytes(width int) int {
	if f == YUYV {
		return 2 * width
	}
	return 3 * width
}

// Frame is one picture of a source, upright, top row first.
//
// The caller owns it and hands the same Frame to Next again and again; Next
// grows Pix when it is too small and otherwise reuses it.
type Frame struct {
	Pix           []byte
	Width, Height int
	Stride        int // bytes from one row to the next
	Format        Format

	Seq  uint64    // counts from 0; a gap means dropped or unreadable frames
	Time time.Time // when it was captured; for a clip, its start plus the frame's offset; for a picture, when its file was last written
	Path string    // the file it came from, if any
}

// Reset makes f a Width×Height frame without row padding. Pix is reused where
// it is large enough; its content is then what it was.
func (f *Frame) Reset(width, height int, format Format) {
	f.Width, f.Height, f.Format = width, height, format
	f.Stride = format.rowBytes(width)
	n := f.Stride * height
	if cap(f.Pix) < n {
		f.Pix = make([]byte, n)
	}
	f.Pix = f.Pix[:n]
}

// CopyFrom makes f an independent copy of g, without row padding, reusing f's
// Pix where it is large enough.
func (f *Frame) CopyFrom(g *Frame) {
	f.Reset(g.Width, g.Height, g.Format)
	f.Seq, f.Time, f.Path = g.Seq, g.Time, g.Path
	if f.Stride == g.Stride {
		copy(f.Pix, g.Pix)
		return
	}
	for y := range f.Height {
		copy(f.Pix[y*f.Stride:(y+1)*f.Stride], g.Pix[y*g.Stride:])
	}
}

// Source delivers frames to one goroutine.
type Source interface {
	// String names the source as the user did.
	String() string
	// Next fills f. It returns io.EOF at the end of a finite source and
	// ctx.Err() soon after ctx is done. A picture that cannot be read is an
	// error wrapping ErrBadPicture, after which Next goes on with the following
	// one; every other error but ctx.Err() is final and comes again from every
	// later call. After Close the error wraps fs.ErrClosed.
	Next(ctx context.Context, f *Frame) error
	// Close releases the device. It may be called while Next runs, which then
	// returns soon, and more than once.
	Close() error
}

// Rated is a source that knows how many frames a second it was made at or
// promises to deliver. All clips and most cameras are Rated.
type Rated interface {
	Source
	// FPS returns frames a second, 0 where it is not known.
	FPS() float64
}
