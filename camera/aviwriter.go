package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
)

// AVIOptions says what a clip's header holds.
type AVIOptions struct {
	Width, Height int // pixels, 1…65535
	// FPS is frames a second, above 0 and at most 1000; kept as a fraction of a
	// thousandth.
	FPS float64
	// Quality is of WriteFrame's JPEGs, 1…100; 0 means 90.
	Quality int
}

// AVIWriter writes a clip of motion JPEG that this package and every common
// player reads. The same frames give the same bytes.
//
// The index is written by Close. A clip that was never closed can still be
// read as far as it goes.
type AVIWriter struct {
	w       io.WriteSeeker
	opt     AVIOptions
	at      int64    // bytes written
	frames  []uint32 // sizes of the frames, for the index
	largest uint32   // the largestt of them
	buf     bytes.Buffer
	err     error // the first, sticky
}

// The layout up to the first frame, see avi.go: RIFF, LIST hdrl with avih and
// one LIST strl with strh and strf, LIST movi.
const (
	aviStrl     = 4 + 8 + 56 + 8 + 40
	aviHdrl     = 4 + 8 + 56 + 8 + aviStrl
	aviMovi     = 12 + 8 + aviHdrl // offset of LIST movi
	aviHeader   = aviMovi + 12
	maxAVIBytes = math.MaxUint32 // RIFF sizes are 32 bits
)

// NewAVIWriter begins a clip at the start of w.
func NewAVIWriter(w io.WriteSeeker, opt AVIOptions) (*AVIWriter, error) {
	if opt.Width < 1 || opt.Width > math.MaxUint16 || opt.Height < 1 || opt.Height > math.MaxUint16 {
		return nil, fmt.Errorf("a clip of %d×%d pixels: want 1…65535 each way", opt.Width, opt.Height)
	}
	if !(opt.FPS >= 0.001 && opt.FPS <= maxFPS) {
		return nil, fmt.Errorf("a clip of %v frames a second: want 0.001…%d", opt.FPS, maxFPS)
	}
	if opt.Quality == 0 {
		opt.Quality = 90
	}
	if opt.Quality < 1 || opt.Quality > 100 {
		return nil, fmt.Errorf("JPEG quality %d: want 1…100", opt.Quality)
	}
	a := &AVIWriter{w: w, opt: opt}
	a.write(a.header(false))
	return a, a.err
}

// header returns the bytes up to the first frame. Sizes that are not known
// before the end are 0 until then, which readers take for "to the end".
func (a *AVIWriter) header(done bool) []byte {
	var b []byte
	u32 := func(vs ...uint32) {
		for _, v := range vs {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	name := func(s string) { b = append(b, s...) }
	frames := uint32(len(a.frames))
	width, height := uint32(a.opt.Width), uint32(a.opt.Height)
	rate := uint32(math.Round(a.opt.FPS * 1000))

	var riff, movi uint32
	if done {
		movi = 4
		for _, n := range a.frames {
			movi += 8 + n + n&1
		}
		riff = aviMovi + movi // less the 8 bytes of its own head, and 8 of movi's
		if frames > 0 {
			riff += 8 + 16*frames
		}
	}

	name("RIFF")
	u32(riff)
	name("AVI ")
	name("LIST")
	u32(aviHdrl)
	name("hdrl")
	name("avih")
	u32(56,
		uint32(math.Round(1e9/float64(rate))), // microseconds a frame
		0,                                     // bytes a second: not known
		0,                                     // padding
		0x10,                                  // has an index
		frames,
		0, // initial frames
		1, // streams
		a.largest,
		width, height,
		0, 0, 0, 0)
	name("LIST")
	u32(aviStrl)
	name("strl")
	name("strh")
	u32(56)
	name("vidsMJPG")
	u32(0, 0, 0, // flags, priority and language, initial frames
		1000, rate, // scale and rate
		0, frames,
		a.largest,
		math.MaxUint32, // default quality
		0,              // samples differ in size
		0)              // the rectangle's left and top
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	b = binary.LittleEndian.AppendUint16(b, uint16(height))
	name("strf")
	u32(40, 40, width, height, 1|24<<16) // one plane, 24 bits a pixel
	name("MJPG")
	u32(3*width*height, 0, 0, 0, 0)
	name("LIST")
	u32(movi)
	name("movi")
	return b
}

func (a *AVIWriter) write(b []byte) {
	if a.err != nil {
		return
	}
	n, err := a.w.Write(b)
	a.at += int64(n)
	a.err = err
}

// WriteJPEG adds a frame that is a JPEG already. It is written as it is.
func (a *AVIWriter) WriteJPEG(b []byte) error {
	if a.err != nil {
		return a.err
	}
	if kind := sniff(b); kind != kindJPEG {
		return fmt.Errorf("%w: frame %d of a clip is not a JPEG", ErrBadPicture, len(a.frames))
	}
	if len(b) > maxFrame {
		return fmt.Errorf("frame %d of a clip: %d bytes is larger than %d MiB", len(a.frames), len(b), maxFrame>>20)
	}
	if a.at+int64(len(b))+9+int64(16*len(a.frames)+24) > maxAVIBytes {
		return errors.New("a clip cannot be larger than 4 GiB")
	}
	n := uint32(len(b))
	head := binary.LittleEndian.AppendUint32([]byte("00dc"), n)
	a.write(head)
	a.write(b)
	if n&1 == 1 {
		a.write([]byte{0})
	}
	if a.err == nil {
		a.frames = append(a.frames, n)
		a.largest = max(a.largest, n)
	}
	return a.err
}

// WriteFrame adds f as a JPEG. f must be RGB or BGR and of the clip's size.
func (a *AVIWriter) WriteFrame(f *Frame) error {
	if a.err != nil {
		return a.err
	}
	if f.Width != a.opt.Width || f.Height != a.opt.Height {
		return fmt.Errorf("%w: frame %d is %d×%d in a clip of %d×%d", ErrBadPicture, len(a.frames), f.Width, f.Height, a.opt.Width, a.opt.Height)
	}
	if f.Format != RGB && f.Format != BGR {
		return fmt.Errorf("%w: frame %d is %v, want RGB or BGR", ErrBadPicture, len(a.frames), f.Format)
	}
	a.buf.Reset()
	if err := jpeg.Encode(&a.buf, frameImage{f}, &jpeg.Options{Quality: a.opt.Quality}); err != nil {
		return err
	}
	return a.WriteJPEG(a.buf.Bytes())
}

// Close writes the index and the final sizes. It does not close the file below.
func (a *AVIWriter) Close() error {
	if a.err != nil {
		return a.err
	}
	if len(a.frames) > 0 {
		b := binary.LittleEndian.AppendUint32([]byte("idx1"), uint32(16*len(a.frames)))
		at := uint32(4) // from the letters movi
		for _, n := range a.frames {
			b = append(b, "00dc"...)
			b = binary.LittleEndian.AppendUint32(b, 0x10) // a key frame
			b = binary.LittleEndian.AppendUint32(b, at)
			b = binary.LittleEndian.AppendUint32(b, n)
			at += 8 + n + n&1
		}
		a.write(b)
	}
	if a.err == nil {
		_, a.err = a.w.Seek(0, io.SeekStart)
	}
	a.write(a.header(true))
	if a.err == nil {
		_, a.err = a.w.Seek(0, io.SeekEnd)
	}
	if a.err == nil {
		a.err = errAVIDone
		return nil
	}
	return a.err
}

var errAVIDone = errors.New("the clip is closed")

// frameImage lets image/jpeg read an RGB or BGR frame.
type frameImage struct{ f *Frame }

func (m frameImage) ColorModel() color.Model { return color.RGBAModel }
func (m frameImage) Bounds() image.Rectangle { return image.Rect(0, 0, m.f.Width, m.f.Height) }
func (m frameImage) At(x, y int) color.Color {
	p := m.f.Pix[y*m.f.Stride+3*x:][:3]
	if m.f.Format == BGR {
		return color.RGBA{p[2], p[1], p[0], 255}
	}
	return color.RGBA{p[0], p[1], p[2], 255}
}
