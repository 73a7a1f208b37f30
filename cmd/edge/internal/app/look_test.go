package app

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"testing"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
)

func TestPicture(t *testing.T) {
	for from, to := range map[camera.Format]embed.PixelFormat{camera.RGB: embed.RGB, camera.BGR: embed.BGR, camera.YUYV: embed.YUYV} {
		f := &camera.Frame{Pix: make([]byte, 6*40), Width: 10, Height: 6, Stride: 40, Format: from}
		p := Picture(f)
		if p.Format != to || p.Width != 10 || p.Height != 6 || p.Stride != 40 || &p.Pix[0] != &f.Pix[0] || len(p.Pix) != len(f.Pix) {
			t.Errorf("%v became %+v", from, p)
		}
		if err := p.Validate(); err != nil {
			t.Errorf("%v: %v", from, err)
		}
	}
	if err := Picture(&camera.Frame{}).Validate(); !errors.Is(err, embed.ErrPicture) {
		t.Errorf("no frame: %v", err)
	}
}

// halves is a frame whose left half is red and whose right half is blue.
func halves(width, height int, format camera.Format) *camera.Frame {
	f := new(camera.Frame)
	f.Reset(width, height, format)
	for y := range height {
		for x := range width {
			p := f.Pix[y*f.Stride+3*x:][:3]
			r := 0
			if format == camera.BGR {
				r = 2
			}
			if x >= width/2 {
				r = 2 - r
			}
			p[r] = 255
		}
	}
	return f
}

func TestCrop(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		region        embed.Region
		side          int
		left, right   bool // these are red and blue
	}{
		{"small, centred", 100, 60, embed.Region{}, 60, true, true},
		{"large", 1000, 640, embed.Region{}, 448, true, true},
		{"the left half", 100, 60, embed.Region{W: 0.5, H: 1}, 50, true, false},
		{"a pixel", 1, 1, embed.Region{}, 1, false, true},
	} {
		for _, format := range []camera.Format{camera.RGB, camera.BGR} {
			b, err := Crop(halves(c.width, c.height, format), c.region)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			m, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if m.Bounds() != image.Rect(0, 0, c.side, c.side) {
				t.Errorf("%s: %v, want a side of %d", c.name, m.Bounds(), c.side)
			}
			red := func(x int) bool {
				r, _, b, _ := m.At(x, c.side/2).RGBA()
				return r > 0xc000 && b < 0x4000
			}
			if red(0) != c.left || red(c.side-1) == c.right {
				t.Errorf("%s, %v: left red %v, right red %v", c.name, format, red(0), red(c.side-1))
			}
		}
	}
	if _, err := Crop(halves(10, 10, camera.RGB), embed.Region{W: 2, H: 1}); !errors.Is(err, embed.ErrRegion) {
		t.Errorf("a region beyond the picture: %v", err)
	}
	if _, err := Crop(&camera.Frame{Width: 10, Height: 10, Stride: 30, Format: camera.RGB}, embed.Region{}); !errors.Is(err, embed.ErrPicture) {
		t.Errorf("a frame without pixels: %v", err)
	}
}
