package camera

import (
	"image"
	"image/color"
)

// turned says where the pixels of a stored picture go in an upright one: pixel
// (x, y) is written at base + x·dx + y·dy.
type turned struct{ base, dx, dy int }

// turn makes f the upright RGB frame of a stored width×height picture.
func turn(f *Frame, width, height int, o orientation) turned {
	w, h := width, height
	if o.swaps() {
		w, h = h, w
	}
	f.Reset(w, h, RGB)
	const px = 3
	row := f.Stride
	right, bottom := (w-1)*px, (h-1)*row // the last column and row of the upright picture
	switch o {
	case 2: // mirrored left to right
		return turned{right, -px, row}
	case 3: // half a turn
		return turned{right + bottom, -px, -row}
	case 4: // mirrored top to bottom
		return turned{bottom, px, -row}
	case 5: // mirrored along the falling diagonal
		return turned{0, row, px}
	case 6: // to be turned a quarter clockwise
		return turned{right, row, -px}
	case 7: // mirrored along the rising diagonal
		return turned{right + bottom, -row, -px}
	case 8: // to be turned a quarter counter-clockwise
		return turned{bottom, -row, px}
	}
	return turned{0, px, row}
}

// toRGB writes m into f, upright, over white. Only integers are used.
func toRGB(f *Frame, m image.Image, o orientation) {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	t := turn(f, w, h, o)
	dst := f.Pix
	switch m := m.(type) {
	case *image.YCbCr:
		for y := range h {
			ycbcrRow(dst, t.base+y*t.dy, t.dx, m, y, w)
		}
	case *image.NYCbCrA:
		for y := range h {
			ycbcrRow(dst, t.base+y*t.dy, t.dx, &m.YCbCr, y, w)
			d := t.base + y*t.dy
			for _, a := range m.A[y*m.AStride:][:w] {
				dst[d], dst[d+1], dst[d+2] = overWhite(dst[d], a), overWhite(dst[d+1], a), overWhite(dst[d+2], a)
				d += t.dx
			}
		}
	case *image.Gray:
		for y := range h {
			d := t.base + y*t.dy
			for _, v := range m.Pix[y*m.Stride:][:w] {
				dst[d], dst[d+1], dst[d+2] = v, v, v
				d += t.dx
			}
		}
	case *image.RGBA: // premultiplied
		for y := range h {
			d := t.base + y*t.dy
			row := m.Pix[y*m.Stride:][:4*w]
			for ; len(row) >= 4; row = row[4:] {
				white := 255 - row[3]
				dst[d], dst[d+1], dst[d+2] = row[0]+white, row[1]+white, row[2]+white
				d += t.dx
			}
		}
	case *image.NRGBA:
		for y := range h {
			d := t.base + y*t.dy
			row := m.Pix[y*m.Stride:][:4*w]
			for ; len(row) >= 4; row = row[4:] {
				a := row[3]
				dst[d], dst[d+1], dst[d+2] = overWhite(row[0], a), overWhite(row[1], a), overWhite(row[2], a)
				d += t.dx
			}
		}
	case *image.Paletted:
		// A file may point past its palette; those pixels are black.
		var rgb [256][3]byte
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			rgb[i] = generic(c.RGBA())
		}
		for y := range h {
			d := t.base + y*t.dy
			for _, i := range m.Pix[y*m.Stride:][:w] {
				c := &rgb[i]
				dst[d], dst[d+1], dst[d+2] = c[0], c[1], c[2]
				d += t.dx
			}
		}
	case *image.CMYK:
		for y := range h {
			d := t.base + y*t.dy
			row := m.Pix[y*m.Stride:][:4*w]
			for ; len(row) >= 4; row = row[4:] {
				dst[d], dst[d+1], dst[d+2] = color.CMYKToRGB(row[0], row[1], row[2], row[3])
				d += t.dx
			}
		}
	case image.RGBA64Image: // 16 bits a channel
		for y := range h {
			d := t.base + y*t.dy
			for x := range w {
				c := generic(m.RGBA64At(b.Min.X+x, b.Min.Y+y).RGBA())
				dst[d], dst[d+1], dst[d+2] = c[0], c[1], c[2]
				d += t.dx
			}
		}
	default:
		for y := range h {
			d := t.base + y*t.dy
			for x := range w {
				c := generic(m.At(b.Min.X+x, b.Min.Y+y).RGBA())
				dst[d], dst[d+1], dst[d+2] = c[0], c[1], c[2]
				d += t.dx
			}
		}
	}
}

// generic lays 16-bit premultiplied channels over white and keeps the upper 8
// bits.
func generic(r, g, b, a uint32) [3]byte {
	white := 0xffff - min(a, 0xffff)
	return [3]byte{
		byte(min(r+white, 0xffff) >> 8),
		byte(min(g+white, 0xffff) >> 8),
		byte(min(b+white, 0xffff) >> 8),
	}
}

// overWhite lays a channel with alpha a over white, rounded to nearest.
func overWhite(v, a byte) byte {
	if a == 255 {
		return v
	}
	return byte((uint32(v)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

// ycbcrRow converts row y of m to RGB and writes pixel x at dst[d+x·dx:]. The
// arithmetic is color.YCbCrToRGB's, JFIF in 16.16 fixed point.
func ycbcrRow(dst []byte, d, dx int, m *image.YCbCr, y, w int) {
	var shift uint // of x to the chroma's column
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	c := m.COffset(m.Rect.Min.X, m.Rect.Min.Y+y)
	luma := m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y):][:w]
	cb, cr := m.Cb[c:], m.Cr[c:]
	left := m.Rect.Min.X >> shift << shift // the column that cb[0] belongs to
	for x, l := range luma {
		i := (m.Rect.Min.X - left + x) >> shift
		yy := int32(l) * 0x10101
		u, v := int32(cb[i])-128, int32(cr[i])-128
		dst[d] = clamp16(yy + 91881*v)
		dst[d+1] = clamp16(yy - 22554*u - 46802*v)
		dst[d+2] = clamp16(yy + 116130*u)
		d += dx
	}
}

// clamp16 returns the integer part of a 16.16 fixed point number, held to
// 0…255.
func clamp16(v int32) byte {
	if uint32(v)&0xff000000 == 0 {
		return byte(v >> 16)
	}
	return byte(^(v >> 31))
}
