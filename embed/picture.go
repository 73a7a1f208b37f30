package embed

import "fmt"

// PixelFormat is the layout of a Picture's bytes.
type PixelFormat uint8

// Pixel formats that cameras deliver.
const (
	RGB  PixelFormat = iota + 1 // 3 bytes a pixel
	BGR                         // 3 bytes a pixel, OpenCV's order
	YUYV                        // 4 bytes for two pixels: Y0 U Y1 V, BT.601 limited range; even width
)

// String returns "RGB", "BGR" or "YUYV".
func (f PixelFormat) String() string {
	switch f {
	case RGB:
		return "RGB"
	case BGR:
		return "BGR"
	case YUYV:
		return "YUYV"
	}
	return fmt.Sprintf("PixelFormat(%d)", uint8(f))
}

// MaxPictureSide is the largest width and height of a Picture; JPEG's limit.
const MaxPictureSide = 65535

// Picture is a view of somebody else's pixels, upright, top row first. It is
// never written and never kept.
type Picture struct {
	Pix           []byte
	Width, Height int
	Stride        int // bytes from one row to the next
	Format        PixelFormat
}

// Validate reports, as an error wrapping ErrPicture, a size outside 1 to
// MaxPictureSide, an unknown format, an odd YUYV width, a stride shorter than
// a row, and too few bytes.
func (p Picture) Validate() error {
	if p.Width < 1 || p.Height < 1 || p.Width > MaxPictureSide || p.Height > MaxPictureSide {
		return fmt.Errorf("%w: %d×%d pixels: want 1 to %d a side", ErrPicture, p.Width, p.Height, MaxPictureSide)
	}
	var row int
	switch p.Format {
	case RGB, BGR:
		row = 3 * p.Width
	case YUYV:
		if p.Width%2 != 0 {
			return fmt.Errorf("%w: YUYV of odd width %d", ErrPicture, p.Width)
		}
		row = 2 * p.Width
	default:
		return fmt.Errorf("%w: unknown format %v", ErrPicture, p.Format)
	}
	if p.Stride < row {
		return fmt.Errorf("%w: stride %d: a row of %d %v pixels has %d bytes", ErrPicture, p.Stride, p.Width, p.Format, row)
	}
	// Divided, not multiplied: a hostile stride must not overflow. The last
	// row need not be padded.
	if len(p.Pix) < row || p.Height > 1 && (len(p.Pix)-row)/(p.Height-1) < p.Stride {
		return fmt.Errorf("%w: %d bytes are too few for %d rows %d bytes apart", ErrPicture, len(p.Pix), p.Height, p.Stride)
	}
	return nil
}

// Region is a part of a picture in fractions of its width and height. The
// zero Region is the whole picture. What is embedded is always the centred
// largest square inside the Region.
type Region struct{ X, Y, W, H float64 }
