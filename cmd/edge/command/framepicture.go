package command

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/edge-camera/edge/camera"
)

// encodePicture writes a frame as a PNG where name ends so, else as a JPEG.
func encodePicture(w io.Writer, f *camera.Frame, name string) error {
	m := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	o := 0
	for y := range f.Height {
		row := f.Pix[y*f.Stride:]
		for x := range f.Width {
			var r, g, b byte
			switch f.Format {
			case camera.RGB:
				r, g, b = row[3*x], row[3*x+1], row[3*x+2]
			case camera.BGR:
				r, g, b = row[3*x+2], row[3*x+1], row[3*x]
			case camera.YUYV:
				// Full-range YCbCr is what image/color knows; this is the limited one.
				p := row[x/2*4:]
				r, g, b = limited(p[x%2*2], p[1], p[3])
			default:
				return fmt.Errorf("%w: a frame of format %v", camera.ErrUnsupported, f.Format)
			}
			m.Pix[o], m.Pix[o+1], m.Pix[o+2], m.Pix[o+3] = r, g, b, 0xff
			o += 4
		}
	}
	if strings.EqualFold(filepath.Ext(name), ".png") {
		return png.Encode(w, m)
	}
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 95})
}

// limited is BT.601 of limited range.
func limited(y, u, v byte) (r, g, b byte) {
	c, d, e := 298*(int(y)-16), int(u)-128, int(v)-128
	clamp := func(x int) byte { return byte(min(max((x+128)>>8, 0), 255)) }
	return clamp(c + 409*e), clamp(c - 100*d - 208*e), clamp(c + 516*d)
}
