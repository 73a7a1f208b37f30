package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // rocket.jpg
	_ "image/png"  // all others
)

// Everything from here to the JPEG encoder is integer arithmetic, so that the
// clip has the same bytes wherever it is made.

// A picture is 8-bit RGB.
type picture struct {
	w, h int
	pix  []byte
}

func decode(name string, b []byte) (*picture, error) {
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := img.Bounds()
	p := &picture{r.Dx(), r.Dy(), make([]byte, 3*r.Dx()*r.Dy())}
	i := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			cr, cg, cb, _ := img.At(x, y).RGBA()
			p.pix[i], p.pix[i+1], p.pix[i+2] = byte(cr>>8), byte(cg>>8), byte(cb>>8)
			i += 3
		}
	}
	return p, nil
}

// A cutout is an object at scale 1: RGB premultiplied by A, 8 bits each, with
// a transparent margin all around.
type cutout struct {
	w, h int
	pix  []byte
}

const margin = 12 // clip pixels around a cutout, room for its soft edge and shadow

// cut takes o out of p: averages source pixels under the outline down (or
// spreads them up) to o.Height rows, then softens the edge.
func cut(o object, p *picture) *cutout {
	box := image.Rectangle{Min: o.Outline[0], Max: o.Outline[0]}
	for _, q := range o.Outline {
		box = box.Union(image.Rectangle{Min: q, Max: q.Add(image.Pt(1, 1))})
	}
	h := o.Height
	w := (box.Dx()*h + box.Dy()/2) / box.Dy()
	c := &cutout{w + 2*margin, h + 2*margin, make([]byte, 4*(w+2*margin)*(h+2*margin))}

	// 6×6 samples a pixel: position in 1/4096 source pixels.
	const n = 6
	step := box.Dy() << 12 / h
	alpha := make([]byte, c.w*c.h)
	for y := range c.h {
		var crossings [n][]int // of the outline with each row of samples
		for k := range crossings {
			crossings[k] = crossing(o.Outline, box.Min.Y<<12+((y-margin)*2*n+2*k+1)*step/(2*n))
		}
		for x := range c.w {
			var sum rgb
			inside := 0
			for s := range n * n {
				sx := box.Min.X<<12 + ((x-margin)*2*n+2*(s%n)+1)*step/(2*n)
				sy := box.Min.Y<<12 + ((y-margin)*2*n+2*(s/n)+1)*step/(2*n)
				if within(crossings[s/n], sx) {
					inside++
				}
				// Colour runs on past the outline, so that the soft edge is
				// made of the object's surroundings and not of black.
				px, py := clamp(sx>>12, 0, p.w-1), clamp(sy>>12, 0, p.h-1)
				if b := o.Border * box.Dy() / h; b > 0 &&
					(px < box.Min.X+b || px >= box.Max.X-b || py < box.Min.Y+b || py >= box.Max.Y-b) {
					sum[0], sum[1], sum[2] = sum[0]+244, sum[1]+242, sum[2]+236
				} else {
					i := 3 * (py*p.w + px)
					sum[0] += int(p.pix[i])
					sum[1] += int(p.pix[i+1])
					sum[2] += int(p.pix[i+2])
				}
			}
			i := y*c.w + x
			alpha[i] = byte(inside * 255 / (n * n))
			for k := range 3 {
				c.pix[4*i+k] = byte(sum[k] / (n * n))
			}
		}
	}
	alpha = blur(alpha, c.w, c.h, 1)
	for i, a := range alpha {
		for k := range 3 {
			c.pix[4*i+k] = byte((int(c.pix[4*i+k])*int(a) + 127) / 255)
		}
		c.pix[4*i+3] = a
	}
	return c
}

// crossing returns where the polygon crosses the row y; all in 1/4096 pixels.
func crossing(poly []image.Point, y int) []int {
	var xs []int
	for i, j := 0, len(poly)-1; i < len(poly); j, i = i, i+1 {
		ax, ay := poly[i].X<<12, poly[i].Y<<12
		bx, by := poly[j].X<<12, poly[j].Y<<12
		if (ay > y) != (by > y) {
			xs = append(xs, (bx-ax)*(y-ay)/(by-ay)+ax)
		}
	}
	return xs
}

// within says whether x lies inside, by the even-odd rule.
func within(crossings []int, x int) bool {
	in := false
	for _, c := range crossings {
		if x < c {
			in = !in
		}
	}
	return in
}

// blur averages (2r+1)×(2r+1) neighbours twice; outside counts as 0.
func blur(a []byte, w, h, r int) []byte {
	for range 2 {
		a = box(a, w, h, r, 1, w)
		a = box(a, h, w, r, w, 1)
	}
	return a
}

// box averages along lines of n elements, step apart; lines are stride apart.
func box(a []byte, n, lines, r, step, stride int) []byte {
	out := make([]byte, len(a))
	for l := range lines {
		sum := 0
		for i := -r; i < n; i++ {
			if j := i + r; j < n {
				sum += int(a[l*stride+j*step])
			}
			if i < 0 {
				continue
			}
			if j := i - r - 1; j >= 0 {
				sum -= int(a[l*stride+j*step])
			}
			out[l*stride+i*step] = byte(sum / (2*r + 1))
		}
	}
	return out
}

func clamp(v, lo, hi int) int { return min(max(v, lo), hi) }
