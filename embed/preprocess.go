package embed

import (
	"fmt"
	"math/bits"
)

// PreprocessVersion names the definition in Preprocess's documentation. It is
// part of every Fingerprint and of every model file: a change to a single bit
// of what Preprocess returns needs a new number.
const PreprocessVersion = 1

// MaxInputSide is the largest side that Preprocess makes.
const MaxInputSide = 4096

// Preprocess makes of r's square of p (see Region.Square) the side × side
// picture that a network is fed with: RGB, 3 bytes a pixel, row after row,
// written to dst, which holds side·side·3 bytes and does not overlap p.
//
// The same pixels come out on every architecture. This is the definition,
// version 1, for ever; S is the side of the square in p:
//
// YUYV becomes RGB first, each pixel with the chroma of its pair, by BT.601
// limited range in 16-bit fixed point:
//
//	c, d, e = 76309·(Y−16), U−128, V−128
//	R = clamp((c            + 104597·e + 1<<15) >> 16)
//	G = clamp((c −  25675·d −  53279·e + 1<<15) >> 16)
//	B = clamp((c + 132201·d            + 1<<15) >> 16)
//
// Each channel by itself is then a weighted mean of the square's pixels,
//
//	out[y,x] = floor((Σ w[y,j]·w[x,k]·in[j,k] + T²/2) / T²)
//
// with integer weights that sum to T along each axis.
//
// S ≥ side, the exact mean over the area: T = S, and w[i,j] is the length that
// [j·side, (j+1)·side) and [i·S, (i+1)·S) have in common. S = side copies.
//
// S < side, bilinear with half-pixel centres: T = 2·side,
// n = clamp((2i+1)·S − side, 0, (S−1)·T), f = n mod T, and
// w[i, n div T] = T − f, w[i, n div T + 1] = f.
//
// Gamma is not undone: the networks are trained on such means.
//
// It allocates nothing once scratch has seen the sizes. Errors wrap ErrPicture
// or ErrRegion.
func Preprocess(dst []byte, side int, p Picture, r Region, scratch *Scratch) error {
	if side < 1 || side > MaxInputSide {
		return fmt.Errorf("preprocess: side %d: want 1 to %d", side, MaxInputSide)
	}
	if len(dst) != side*side*3 {
		return fmt.Errorf("preprocess: destination of %d bytes: %d×%d RGB has %d", len(dst), side, side, side*side*3)
	}
	if err := p.Validate(); err != nil {
		return err
	}
	x, y, s, err := r.Square(p.Width, p.Height)
	if err != nil {
		return err
	}
	sq := square{p: p, x: x, y: y, side: s}
	switch {
	case s == side:
		for i := range side {
			copy(dst[i*side*3:(i+1)*side*3], sq.row(i, scratch))
		}
	case s > side:
		scratch.size(s, side)
		if scratch.narrow.ok {
			scratch.narrow.shrink(dst, sq, scratch.cells, resize)
			return nil
		}
		scratch.shrink(dst, sq)
	default:
		scratch.size(s, side)
		scratch.enlarge(dst, sq)
	}
	// Rows of BGR went through as they are: it is cheaper to swap what came out.
	if p.Format == BGR {
		for i := 0; i+2 < len(dst); i += 3 {
			dst[i], dst[i+2] = dst[i+2], dst[i]
		}
	}
	return nil
}

// Scratch is Preprocess's memory between calls: at most one goroutine uses it
// at a time. The zero Scratch is ready.
type Scratch struct {
	from, to int   // the sides that cells is made for
	cells    []tap // by output column (or row); shrink has one more, the end

	rgb    []byte   // a row of the square converted to RGB
	prefix []uint32 // shrink: prefix sums of a row, [from+2][3]
	row    []uint32 // a row after the horizontal pass, [to][3], sums up to 255·T
	next   []uint32 // enlarge: the row below it
	acc    []uint64 // shrink: sums up to 255·T² of the output row at work

	narrow narrow // shrink, where resize can do it
}

// tap is where an output pixel begins (shrink) or what it lies between
// (enlarge): at pixel at, and frac/side (shrink) or frac/T (enlarge) beyond.
type tap struct {
	at   int32
	frac uint32
}

// size makes s ready for squares of from pixels a side becoming to.
func (s *Scratch) size(from, to int) {
	if s.from == from && s.to == to {
		return
	}
	s.from, s.to = from, to
	s.prefix = grow(s.prefix, (from+2)*3)
	s.row = grow(s.row, to*3)
	s.next = grow(s.next, to*3)
	s.acc = grow(s.acc, to*3)
	s.cells = grow(s.cells, to+1)
	for i := range s.cells {
		if from >= to {
			s.cells[i] = tap{int32(i * from / to), uint32(i * from % to)}
			continue
		}
		n := min(max((2*i+1)*from-to, 0), (from-1)*2*to)
		s.cells[i] = tap{int32(n / (2 * to)), uint32(n % (2 * to))}
	}
	s.narrow.ok = false
	if resize != nil {
		s.narrow.size(from, to, s.cells)
	}
}

func grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

// square is the part of a picture that is embedded.
type square struct {
	p          Picture
	x, y, side int
}

// row returns pixels of row i of the square, 3 bytes each, valid until the
// next call: RGB, but BGR of a BGR picture.
func (q square) row(i int, s *Scratch) []byte {
	line := q.p.Pix[(q.y+i)*q.p.Stride:]
	if q.p.Format != YUYV {
		return line[q.x*3 : (q.x+q.side)*3]
	}
	s.rgb = grow(s.rgb, q.side*3)
	yuyvToRGB(s.rgb, line, q.x, resize)
	return s.rgb
}

// shrink averages areas. Along a row the sum of what an output pixel covers is
// the difference of prefix sums at its two ends; down the picture rows are
// accumulated, and a row that an output row ends in is shared with the next.
func (s *Scratch) shrink(dst []byte, q square) {
	div := newDivider(q.side)
	side := uint64(s.to)
	clear(s.acc)
	out, end := 0, s.cells[1]
	for j := range q.side {
		prefixRGB(s.prefix, q.row(j, s))
		s.difference()
		if j < int(end.at) {
			accumulate(s.acc, s.row, side)
			continue
		}
		// end.frac/side of this row belongs to the output row that ends here.
		// As S > side no row holds two ends.
		frac := uint64(end.frac)
		accumulate(s.acc, s.row, frac)
		div.bytes(dst[out*len(s.acc):(out+1)*len(s.acc)], s.acc)
		clear(s.acc)
		accumulate(s.acc, s.row, side-frac)
		out++
		end = s.cells[out+1]
	}
	div.bytes(dst[out*len(s.acc):], s.acc)
}

func accumulate(acc []uint64, row []uint32, weight uint64) {
	acc = acc[:len(row)]
	for i, v := range row {
		acc[i] += weight * uint64(v)
	}
}

// prefixRGB sets sum[j] to the sum of the pixels before j, each channel by
// itself; two more than there are pixels, so that a tap at the end has its
// neighbour too. Indexed, not sliced from the front, it takes half the time.
func prefixRGB(sum []uint32, row []byte) {
	var r, g, b uint32
	body := sum[:len(row)]
	for i := 2; i < len(row); i += 3 {
		body[i-2], body[i-1], body[i] = r, g, b
		r += uint32(row[i-2])
		g += uint32(row[i-1])
		b += uint32(row[i])
	}
	for end := sum[len(row):]; len(end) >= 3; end = end[3:] {
		end[0], end[1], end[2] = r, g, b
	}
}

// difference sets row to the weighted sums of the areas along it. The products
// may wrap around; their differences, at most 255·S, are right all the same.
func (s *Scratch) difference() {
	side := uint32(s.to)
	var r, g, b uint32
	row := s.row
	for i, c := range s.cells[1:] {
		at := int(c.at) * 3
		p := s.prefix[at : at+6 : at+6]
		near, far := side-c.frac, c.frac
		r1 := near*p[0] + far*p[3]
		g1 := near*p[1] + far*p[4]
		b1 := near*p[2] + far*p[5]
		o := row[i*3 : i*3+3 : i*3+3]
		o[0], o[1], o[2] = r1-r, g1-g, b1-b
		r, g, b = r1, g1, b1
	}
}

// enlarge interpolates between the two rows next to each output row.
func (s *Scratch) enlarge(dst []byte, q square) {
	t := 2 * s.to
	div := newDivider(t)
	have := -1 // the row of the square that s.row was made of
	for out := range s.to {
		c := s.cells[out]
		at := int(c.at)
		if at != have {
			if at == have+1 && have >= 0 {
				s.row, s.next = s.next, s.row
			} else {
				s.stretch(s.row, q.row(at, s))
			}
			s.stretch(s.next, q.row(min(at+1, q.side-1), s))
			have = at
		}
		near, far := uint64(t)-uint64(c.frac), uint64(c.frac)
		for i, v := range s.row {
			s.acc[i] = near*uint64(v) + far*uint64(s.next[i])
		}
		div.bytes(dst[out*len(s.acc):(out+1)*len(s.acc)], s.acc)
	}
}

// stretch interpolates along a row: sums up to 255·T.
func (s *Scratch) stretch(dst []uint32, row []byte) {
	t := uint32(2 * s.to)
	for i, c := range s.cells[:s.to] {
		a := row[c.at*3:]
		b := a[min(3, len(a)-3):]
		for ch := range 3 {
			dst[i*3+ch] = (t-c.frac)*uint32(a[ch]) + c.frac*uint32(b[ch])
		}
	}
}

// divider divides by T² and rounds to nearest, ties up.
type divider struct {
	half, total uint64
	inverse     uint64 // ceil(2⁶⁴/total); 0 where a multiplication is not exact
}

func newDivider(t int) divider {
	total := uint64(t) * uint64(t)
	d := divider{half: total / 2, total: total}
	// n·inverse/2⁶⁴ is too large by less than n/2⁶⁴. With n < 256·total that
	// stays below 1/total, the least that could reach the next integer, as long
	// as total² < 2⁵⁶.
	if total > 1 && total < 1<<28 {
		d.inverse = ^uint64(0)/total + 1
	}
	return d
}

func (d divider) bytes(dst []byte, sum []uint64) {
	dst = dst[:len(sum)]
	if d.inverse == 0 {
		for i, n := range sum {
			dst[i] = byte((n + d.half) / d.total)
		}
		return
	}
	for i, n := range sum {
		q, _ := bits.Mul64(n+d.half, d.inverse)
		dst[i] = byte(q)
	}
}
