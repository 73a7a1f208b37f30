package embed

import (
	"errors"
	"fmt"
	"math"
)

// ErrRegion says that a Region is no part of a picture.
var ErrRegion = errors.New("bad region")

// regionBits is the resolution of a Region: its numbers are rounded to
// multiples of 2⁻²⁰, below a sixteenth of a pixel in the widest picture.
const regionBits = 20

// Validate reports, as an error wrapping ErrRegion, numbers that are not
// finite, a negative origin, an empty Region and one that reaches beyond the
// picture. The zero Region is valid.
func (r Region) Validate() error {
	_, _, _, _, err := r.fixed()
	return err
}

// fixed returns r's edges in units of 2⁻²⁰. Scaling by a power of two is exact,
// so that there is no product for a compiler to fuse or round in its own way.
func (r Region) fixed() (x0, y0, x1, y1 int64, err error) {
	const one = 1 << regionBits
	if r == (Region{}) {
		return 0, 0, one, one, nil
	}
	for _, v := range [...]float64{r.X, r.Y, r.W, r.H} {
		// Written so that NaN fails too.
		if !(v >= 0 && v <= 1) {
			return 0, 0, 0, 0, fmt.Errorf("%w %v,%v,%v,%v: %v is not between 0 and 1", ErrRegion, r.X, r.Y, r.W, r.H, v)
		}
	}
	if r.W == 0 || r.H == 0 {
		return 0, 0, 0, 0, fmt.Errorf("%w %v,%v,%v,%v: it is empty", ErrRegion, r.X, r.Y, r.W, r.H)
	}
	fix := func(v float64) int64 { return int64(math.RoundToEven(v * one)) }
	x0, y0 = fix(r.X), fix(r.Y)
	x1, y1 = x0+fix(r.W), y0+fix(r.H)
	// Two roundings may add up to one unit too many, as may the decimals a
	// person typed (0.7 + 0.3); neither is a mistake.
	if x1 > one+1 || y1 > one+1 {
		return 0, 0, 0, 0, fmt.Errorf("%w %v,%v,%v,%v: it reaches beyond the picture", ErrRegion, r.X, r.Y, r.W, r.H)
	}
	return x0, y0, min(x1, one), min(y1, one), nil
}

// Square returns the pixels that are embedded of a width × height picture: the
// centred largest square inside r, at column x and row y, side pixels wide and
// high.
//
// r's edges are rounded to multiples of 2⁻²⁰ (ties to even), multiplied by the
// picture's size and rounded to the nearest pixel edge (ties up); where that
// leaves no pixel, the one that the edge stands at is taken. Where the centre
// of the square falls on half a pixel it goes left and up.
//
// The error wraps ErrRegion, or ErrPicture for a size below 1 or above
// MaxPictureSide.
func (r Region) Square(width, height int) (x, y, side int, err error) {
	if width < 1 || height < 1 || width > MaxPictureSide || height > MaxPictureSide {
		return 0, 0, 0, fmt.Errorf("%w: %d×%d pixels: want 1 to %d a side", ErrPicture, width, height, MaxPictureSide)
	}
	fx0, fy0, fx1, fy1, err := r.fixed()
	if err != nil {
		return 0, 0, 0, err
	}
	x0, x1 := pixelSpan(fx0, fx1, width)
	y0, y1 := pixelSpan(fy0, fy1, height)
	w, h := x1-x0, y1-y0
	side = min(w, h)
	return x0 + (w-side)/2, y0 + (h-side)/2, side, nil
}

// pixelSpan rounds an interval in units of 2⁻²⁰ to at least one of n pixels.
func pixelSpan(lo, hi int64, n int) (int, int) {
	const half = 1 << (regionBits - 1)
	a := int((lo*int64(n) + half) >> regionBits)
	b := int((hi*int64(n) + half) >> regionBits)
	if a == b {
		a = min(a, n-1)
		b = a + 1
	}
	return a, b
}
