package main

import "math"

// A studio holds what frames are composed of.
type studio struct {
	cuts    map[string]*cutout
	shadows map[string][]byte // as cuts, alpha only
	tables  map[string]*picture
}

// frame draws frame i of shot s into dst (width·height·3 RGB).
func (st *studio) frame(dst []byte, s *shot, i int) {
	p := between(s.From, s.To, i, s.Frames-1)
	st.table(dst, s, i)
	if c := st.cuts[s.Show]; c != nil {
		p.X += away(i, s.Frames)
		st.lay(dst, c, st.shadows[s.Show], p)
	}
	light(dst, p)
}

// between moves from a to b, starting and stopping gently.
func between(a, b pose, i, n int) pose {
	t := i << 12 / n
	t = t * t >> 12 * (3<<12 - 2*t) >> 12
	m := func(a, b int) int { return a + ((b-a)*t+1<<11)>>12 }
	return pose{m(a.X, b.X), m(a.Y, b.Y), m(a.Scale, b.Scale), m(a.Turn, b.Turn), m(a.Gain, b.Gain), m(a.Warm, b.Warm), m(a.Slope, b.Slope)}
}

// away is how far an object still is from its place as it comes from the left,
// and already is as it goes to the right.
func away(i, n int) int {
	switch {
	case i < slide:
		return -280 * (slide - i) * (slide - i) / (slide * slide)
	case i > n-slide:
		k := i - (n - slide)
		return 280 * k * k / (slide * slide)
	}
	return 0
}

// table fills dst with the texture, which drifts a little.
func (st *studio) table(dst []byte, s *shot, i int) {
	t, tone := st.tables[s.Table], tables[s.Table]
	zoom := s.Zoom << 10 / 100
	ox, oy := s.Origin<<10+i*600, s.Origin<<9+i*250
	var ramp [256]rgb
	for v := range ramp {
		for k := range 3 {
			ramp[v][k] = tone.Dark[k] + (tone.Light[k]-tone.Dark[k])*v/255
		}
	}
	for y := range height {
		for x := range width {
			v := t.grey(ox+x*zoom, oy+y*zoom)
			for k := range 3 {
				dst[3*(y*width+x)+k] = byte(ramp[v][k])
			}
		}
	}
}

// grey samples a texture of one channel at (x, y) in 1/1024 pixels, mirrored at
// the borders.
func (p *picture) grey(x, y int) int {
	at := func(x, y int) int { return int(p.pix[mirror(y, p.h)*p.w+mirror(x, p.w)]) }
	fx, fy := x&1023, y&1023
	x, y = x>>10, y>>10
	top := at(x, y)*(1024-fx) + at(x+1, y)*fx
	low := at(x, y+1)*(1024-fx) + at(x+1, y+1)*fx
	return (top*(1024-fy) + low*fy) >> 20
}

func mirror(i, n int) int {
	i %= 2 * n
	if i >= n {
		return 2*n - 1 - i
	}
	return i
}

// lay puts a cutout and its shadow over dst.
func (st *studio) lay(dst []byte, c *cutout, shadow []byte, p pose) {
	sin, cos := math.Sincos(float64(p.Turn) * math.Pi / 180)
	// From clip to cutout pixels, in 1/65536.
	a := int(math.Round(cos*65536)) * 100 / p.Scale
	b := int(math.Round(sin*65536)) * 100 / p.Scale
	for y := range height {
		for x := range width {
			d := dst[3*(y*width+x):][:3]
			dx, dy := x-width/2-p.X, y-height/2-p.Y
			if s := alphaAt(shadow, c, a, b, dx-6, dy-9); s > 0 {
				for k := range 3 {
					d[k] = byte(int(d[k]) * (255*20 - s*9) / (255 * 20))
				}
			}
			sx := dx*a + dy*b + c.w<<15
			sy := dy*a - dx*b + c.h<<15
			if sx < 0 || sy < 0 || sx>>16 >= c.w-1 || sy>>16 >= c.h-1 {
				continue
			}
			i := 4 * (sy>>16*c.w + sx>>16)
			fx, fy := sx>>8&255, sy>>8&255
			var v [4]int
			for k := range v {
				top := int(c.pix[i+k])*(256-fx) + int(c.pix[i+4+k])*fx
				low := int(c.pix[i+4*c.w+k])*(256-fx) + int(c.pix[i+4*c.w+4+k])*fx
				v[k] = (top*(256-fy) + low*fy + 1<<15) >> 16
			}
			for k := range 3 {
				d[k] = byte(min(v[k]+(int(d[k])*(255-v[3])+127)/255, 255))
			}
		}
	}
}

// alphaAt samples a shadow, nearest pixel: it is blurred anyway.
func alphaAt(shadow []byte, c *cutout, a, b, dx, dy int) int {
	sx := (dx*a + dy*b + c.w<<15) >> 16
	sy := (dy*a - dx*b + c.h<<15) >> 16
	if sx < 0 || sy < 0 || sx >= c.w || sy >= c.h {
		return 0
	}
	return int(shadow[sy*c.w+sx])
}

// light exposes dst: gain, colour and a slope from left to right.
func light(dst []byte, p pose) {
	for x := range width {
		g := p.Gain*100 + p.Slope*100*(2*x-width)/width
		gain := rgb{g * (100 + p.Warm) / 100, g, g * (100 - p.Warm) / 100}
		for y := range height {
			d := dst[3*(y*width+x):][:3]
			for k := range 3 {
				d[k] = byte(min((int(d[k])*gain[k]+5000)/10000, 255))
			}
		}
	}
}
