package camera

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// An AVI file is a tree of RIFF chunks: four letters, a little-endian uint32
// size, that many bytes, and one byte of padding where the size is odd. LIST
// and RIFF chunks begin with four more letters and hold further chunks:
//
//	RIFF "AVI "
//	  LIST "hdrl"
//	    "avih"           56 bytes: microseconds a frame, …, width and height at 32
//	    LIST "strl"      one for every stream
//	      "strh"         "vids", handler, …, scale at 20, rate at 24
//	      "strf"         BITMAPINFOHEADER: compression at 16
//	  LIST "movi"        "00dc" chunks, one JPEG each; may be grouped in LIST "rec "
//	  "idx1"             an index, which reading in order does not need
//	RIFF "AVIX"          goes on with LIST "movi" in files above a gigabyte
//
// Source: Microsoft, "AVI RIFF File Reference"; OpenDML AVI 1.02 for AVIX.

const (
	maxFrame   = 64 << 20 // bytes of one JPEG in a clip
	maxFPS     = 1000
	defaultFPS = 25 // where a header holds none that makes sense
)

// avi is a clip of motion JPEG, read in order.
type avi struct {
	closing
	name    string
	file    io.ReaderAt
	size    int64
	shutter io.Closer // of file

	fps    float64
	stream [2]byte // the two digits that begin the video stream's chunks
	movi   int64   // offset of the first movi list's first chunk
	first  int64   // end of the first RIFF chunk
	loop   bool
	start  time.Time // of the clip, for Frame.Time

	at   int64 // offset of the next chunk
	riff int64 // end of the RIFF chunk that holds it
	cut  bool  // the header promised more than the file has
	good int   // readable frames since movi
	seq  uint64
	last error // what Next returns from now on
	raw  []byte
	jpeg mjpeg
}

// errNotMJPEG says that a clip needs another decoder.
type errNotMJPEG struct{ codec string }

func (e errNotMJPEG) Error() string { return fmt.Sprintf("the clip's codec is %q, not MJPG", e.codec) }

// openAVI opens a clip. A clip in another codec is an errNotMJPEG.
func openAVI(path string, opt Options) (*avi, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadClip, path, cause(err))
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrBadClip, path, cause(err))
	}
	a, err := newAVI(path, file, info.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	a.shutter, a.loop = file, opt.Loop
	return a, nil
}

// newAVI reads the headers of a clip of size bytes.
func newAVI(name string, file io.ReaderAt, size int64) (*avi, error) {
	a := &avi{closing: newClosing(), name: name, file: file, size: size, start: time.Now()}
	if err := a.headers(); err != nil {
		if _, ok := errors.AsType[errNotMJPEG](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrBadClip, name, err)
	}
	a.at = a.movi
	a.first = a.riff
	return a, nil
}

// chunk is the head of a RIFF chunk.
type chunk struct {
	id   string
	form string // what a RIFF or LIST holds
	data int64  // offset of its content, behind the form
	size int64  // of its content as the file claims, without the form
}

// end returns the offset behind c and its padding.
func (c chunk) end() int64 { return c.data + c.size + c.size&1 }

// chunkAt reads the head of the chunk at offset at.
func (a *avi) chunkAt(at int64) (chunk, error) {
	var b [12]byte
	n, err := a.file.ReadAt(b[:min(12, max(0, a.size-at))], at)
	if n < 8 {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return chunk{}, err
	}
	c := chunk{id: string(b[:4]), data: at + 8, size: int64(binary.LittleEndian.Uint32(b[4:]))}
	if c.id != "LIST" && c.id != "RIFF" {
		return c, nil
	}
	if n < 12 {
		return chunk{}, io.ErrUnexpectedEOF
	}
	c.form, c.data = string(b[8:]), at+12
	// A program that was stopped while recording leaves sizes of 0 behind; and
	// a file that was cut claims more than it has. Both hold what they hold.
	switch {
	case c.size < 4:
		c.size = max(0, a.size-c.data)
	case c.data+c.size-4 > a.size+1: // some leave out the last byte of padding
		c.size = max(0, a.size-c.data)
		a.cut = true
	default:
		c.size -= 4
	}
	return c, nil
}

// headers finds the first video stream, its rate and the frames.
func (a *avi) headers() error {
	riff, err := a.chunkAt(0)
	if err != nil || riff.id != "RIFF" || riff.form != "AVI " {
		return errors.New("offset 0: not an AVI")
	}
	a.riff = riff.data + riff.size
	streams, codec := 0, ""
	period := uint32(0) // microseconds
	for at := riff.data; ; {
		c, err := a.chunkAt(at)
		if err != nil {
			return fmt.Errorf("offset %d: the headers end too early", at)
		}
		switch {
		case c.id == "LIST" && (c.form == "hdrl" || c.form == "strl"):
			if c.form == "strl" {
				streams++
			}
			at = c.data // go in
			continue
		case c.id == "LIST" && c.form == "movi":
			if codec == "" {
				return fmt.Errorf("offset %d: no video stream before the frames", at)
			}
			a.movi = c.data
			if a.fps == 0 && period > 0 {
				a.fps = 1e6 / float64(period)
			}
			if a.fps < 1.0/3600 || a.fps > maxFPS {
				a.fps = defaultFPS
			}
			return nil
		case c.id == "avih" && c.size >= 4:
			var b [4]byte
			if _, err := a.file.ReadAt(b[:], c.data); err != nil {
				return fmt.Errorf("offset %d: the headers end too early", c.data)
			}
			period = binary.LittleEndian.Uint32(b[:])
		case c.id == "strh" && c.size >= 28 && codec == "":
			var b [28]byte
			if _, err := a.file.ReadAt(b[:], c.data); err != nil {
				return fmt.Errorf("offset %d: the headers end too early", c.data)
			}
			if string(b[:4]) != "vids" {
				break
			}
			if streams < 1 || streams > 100 {
				return fmt.Errorf("offset %d: a stream header outside of a stream", at)
			}
			n := byte(streams - 1)
			a.stream = [2]byte{'0' + n/10, '0' + n%10}
			if scale, rate := binary.LittleEndian.Uint32(b[20:]), binary.LittleEndian.Uint32(b[24:]); scale > 0 {
				a.fps = float64(rate) / float64(scale)
			}
			// The stream's format follows and has the last word on the codec.
			f, err := a.chunkAt(c.end())
			if err != nil || f.id != "strf" || f.size < 20 {
				return fmt.Errorf("offset %d: a video stream without its format", c.end())
			}
			var h [20]byte
			if _, err := a.file.ReadAt(h[:], f.data); err != nil {
				return fmt.Errorf("offset %d: the headers end too early", f.data)
			}
			codec = string(h[16:20])
			switch strings.ToUpper(codec) {
			case "MJPG", "JPEG", "AVRN", "DMB1", "IJPG":
			default:
				return errNotMJPEG{codec}
			}
		}
		at = c.end()
	}
}

func (a *avi) String() string { return a.name }

// FPS returns the frames a second of the clip's header.
func (a *avi) FPS() float64 { return a.fps }

func (a *avi) Next(ctx context.Context, f *Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.err(a.name); err != nil {
		return err
	}
	if a.last != nil {
		return a.last
	}
	for {
		at := a.at
		b, err := a.frame()
		switch {
		case err == io.EOF:
			if a.loop && a.good > 0 {
				a.at, a.riff, a.good = a.movi, a.first, 0
				continue
			}
			a.last = io.EOF
			return io.EOF
		case err != nil:
			if closed := a.err(a.name); closed != nil { // while the file was read
				return closed
			}
			return fmt.Errorf("%w: %s: offset %d: %w", ErrBadClip, a.name, at, err)
		}
		seq := a.seq
		a.seq++
		if len(b) == 0 { // the frame before is shown a second time
			continue
		}
		if err := a.jpeg.decode(b, f); err != nil {
			return fmt.Errorf("%w: %s: frame %d at offset %d: %w", ErrBadClip, a.name, seq, a.at-int64(len(b)+len(b)&1), err)
		}
		a.good++
		f.Seq, f.Path = seq, a.name
		f.Time = a.start.Add(time.Duration(float64(seq) / a.fps * float64(time.Second)))
		return nil
	}
}

// frame returns the bytes of the next chunk of the video stream and leaves a.at
// behind it. After an error that is not io.EOF, the next call returns io.EOF:
// behind a damaged chunk there is no telling where the next one begins.
func (a *avi) frame() ([]byte, error) {
	for {
		if a.at >= a.size {
			if a.cut {
				a.cut = false
				return nil, fmt.Errorf("the clip is cut off: its header promises more than the file's %d bytes", a.size)
			}
			return nil, io.EOF
		}
		c, err := a.chunkAt(a.at)
		if err != nil && a.at >= a.riff {
			return nil, a.broken(io.EOF)
		}
		if err != nil {
			return nil, a.broken(errors.New("the clip is cut off"))
		}
		if c.id == "RIFF" {
			a.riff = c.data + c.size
		} else if a.at >= a.riff { // whatever follows is no part of the clip
			return nil, a.broken(io.EOF)
		}
		if c.form != "" {
			a.at = c.data // go in: rec, the movi of an AVIX
			continue
		}
		if !printable(c.id) {
			return nil, a.broken(fmt.Errorf("%q is no chunk of an AVI", c.id))
		}
		ours := c.id[0] == a.stream[0] && c.id[1] == a.stream[1] && (c.id[2:] == "dc" || c.id[2:] == "db")
		if c.data+c.size > a.size+1 || ours && c.data+c.size > a.size {
			return nil, a.broken(fmt.Errorf("the clip is cut off: a chunk of %d bytes, %d left", c.size, a.size-c.data))
		}
		if !ours {
			a.at = c.end()
			continue
		}
		if c.size > maxFrame {
			a.at = c.end()
			return nil, fmt.Errorf("a frame of %d bytes is larger than %d MiB", c.size, maxFrame>>20)
		}
		if int64(cap(a.raw)) < c.size {
			a.raw = make([]byte, c.size)
		}
		a.raw = a.raw[:c.size]
		if _, err := a.file.ReadAt(a.raw, c.data); err != nil && err != io.EOF {
			return nil, a.broken(cause(err))
		}
		a.at = c.end()
		return a.raw, nil
	}
}

// broken makes the following call of frame return io.EOF.
func (a *avi) broken(err error) error {
	a.at, a.cut = a.size, false
	return err
}

func printable(id string) bool {
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

func (a *avi) Close() error {
	if a.shut() && a.shutter != nil {
		return a.shutter.Close()
	}
	return nil
}
