// Package camera delivers frames: pictures, folders, clips, V4L2 devices and,
// with the build tag gocv, everything OpenCV can open.
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
	ErrBadPicture  = errors.New("bad picture")
	ErrLost        = errors.New("camera lost")
)

// Format is the layout of a Frame's bytes.
type Format uint8

// Formats.
const (
	RGB  Format = iota + 1 // 3 bytes a pixel
	BGR                    // 3 bytes a pixel
	YUYV                   // 4 bytes for two pixels: Y0 U Y1 V; even width
)

// Frame is one picture of a source, upright, top row first.
//
// The caller owns it and hands the same Frame to Next again and again; Next
// grows Pix when it is too small and otherwise reuses it.
type Frame struct {
	Pix           []byte
	Width, Height int
	Stride        int // bytes from one row to the next
	Format        Format

	Seq  uint64    // counts from 0; a gap means dropped frames
	Time time.Time // when it was captured; for a clip, its start plus the frame's offset
	Path string    // the file it came from, if any
}

// Source delivers frames to one goroutine.
type Source interface {
	// String names the source as the user did.
	String() string
	// Next fills f. It returns io.EOF at the end of a finite source and
	// ctx.Err() soon after ctx is done. A picture that cannot be read is an
	// error wrapping ErrBadPicture, after which Next goes on with the following
	// one; every other error is final.
	Next(ctx context.Context, f *Frame) error
	// Close releases the device. It may be called while Next runs.
	Close() error
}
