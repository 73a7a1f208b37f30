package embed

import "math"

// resizer is a processor's own way to shrink a picture: the same bytes as
// Scratch.shrink, from 16-bit sums and products of pairs. Tests range over
// resizers.
type resizer struct {
	name   string
	usable func() bool

	// bias is what sumRows takes off each of its sums modulo 2¹⁶, so that
	// sumPixels finds numbers in the range that its multiplication wants.
	bias uint16

	sumRows   func(*rowsArgs)
	sumPixels func(*pixelsArgs)

	// yuyv converts n pixels of a row, n a multiple of 16, from an even column
	// on: 2·n bytes become 3·n.
	yuyv func(dst, line *byte, n int)
}

// resize is the resizer that Preprocess uses, nil if there is none.
var resize = func() *resizer {
	for _, r := range resizers {
		if r.usable() {
			return r
		}
	}
	return nil
}()

// rowsArgs is what sumRows works on:
//
//	for i := range n {
//		dst[i] = -bias
//		for j := range rows {
//			dst[i] += taps[j] * uint16(src[j*stride+i])
//		}
//	}
type rowsArgs struct {
	dst    *uint16
	src    *byte
	stride int // bytes from one row to the next
	taps   *uint16
	rows   int // at least 1
	n      int // at least minColumns
}

// minColumns is the length of the shortest row that sumRows takes.
const minColumns = 64

// pixelsArgs is what sumPixels works on, in bandRows rows at once:
//
//	for i := range n {
//		at := src[cells[i]/2:] // a row's; cells are in bytes
//		for ch := range 3 {
//			sum := start
//			for j := range pairs {
//				sum += int32(taps[i][j][0])*at[6*j+ch] + int32(taps[i][j][1])*at[6*j+3+ch]
//			}
//			dst[3*i+ch] = byte(float32(sum) * inverse) // 2-ch in place of ch if bgr
//		}
//	}
//
// src holds the sums of sumRows, bias and all. It may be read four numbers
// beyond the last pair of pixels, whatever they are, and a fourth byte is
// written behind each pixel.
type pixelsArgs struct {
	dst       *byte
	dstStride int // bytes
	src       *uint16
	srcStride int // bytes
	cells     *int32
	taps      *pair
	n, pairs  int
	start     int32
	inverse   float32
	bgr       int // 1 for true
}

// bandRows is how many rows sumPixels computes at once.
const bandRows = 4

// pair holds the weights of two neighbouring pixels for three channels and one
// that does not count.
type pair [8]uint16

// narrow is what a resizer needs to shrink squares of one size to another.
type narrow struct {
	ok    bool
	rows  []uint16 // weights of the rows of each output row, [to][2·pairs], 0 beyond its last
	taps  []pair   // the same for pixels, [to][pairs]
	cells []int32  // where an output pixel's first pixel is in a row of sums, in bytes
	pairs int
	half  uint32
	total uint32 // T, the common factor of S and side taken out
	inv   float32

	sums   []uint16 // bandRows rows of sums
	stride int      // numbers from one to the next
	out    []byte   // bandRows rows of output, a byte longer than they are
	lines  []byte   // rows of YUYV converted to RGB

	rowsArgs   rowsArgs
	pixelsArgs pixelsArgs
}

// maxNarrow bounds T so that a sum of rows, at most 255·T, fits 16 bits, and a
// weight 8.
const maxNarrow = 255

// size makes n ready, if from and to allow it. cells are the Scratch's.
//
// With g the greatest common divisor of S and side all weights are multiples of
// g, and floor((g²·a + (g·T)²/2)/(g·T)²) = floor((a + T²/2)/T²): the factor
// does not count. 480 becomes 224 with weights up to 7 that sum to 15.
func (n *narrow) size(from, to int, cells []tap) {
	g := gcd(from, to)
	t, unit := from/g, to/g
	n.ok = false
	if from <= to || t > maxNarrow || 3*from < minColumns {
		return
	}
	d := uint32(t * t)
	if n.inv, n.ok = inverse(d); !n.ok {
		return
	}
	n.half, n.total = d/2, uint32(t)
	most := 0
	for i := range to {
		most = max(most, covers(cells, i))
	}
	n.pairs = (most + 1) / 2
	n.rows = grow(n.rows, to*2*n.pairs)
	n.taps = grow(n.taps, to*n.pairs)
	n.cells = grow(n.cells, to)
	for i := range to {
		n.cells[i] = 3 * 2 * cells[i].at
		w := n.rows[i*2*n.pairs:][:2*n.pairs]
		clear(w)
		last := covers(cells, i) - 1
		for j := range last + 1 {
			w[j] = uint16(unit)
		}
		w[0] -= uint16(int(cells[i].frac) / g)
		if f := int(cells[i+1].frac) / g; f > 0 {
			w[last] -= uint16(unit - f)
		}
		for j := range n.pairs {
			a, b := w[2*j], w[2*j+1]
			n.taps[i*n.pairs+j] = pair{a, b, a, b, a, b}
		}
	}
	n.stride = 3*(from+2*n.pairs) + 8
	n.sums = grow(n.sums, bandRows*n.stride)
	n.out = grow(n.out, bandRows*(3*to+1))
}

// covers is how many pixels output pixel i covers, in part or whole.
func covers(cells []tap, i int) int {
	n := int(cells[i+1].at - cells[i].at)
	if cells[i+1].frac > 0 {
		n++
	}
	return n
}

// inverse returns r such that byte(float32(n)*r) is n/d for each n that a mean
// of bytes can come to, if there is one: r is 1/d rounded up, so that a
// multiple of d never falls short of its quotient; and as the product rounds
// without turning n's order round, it is enough to look at the last n before
// each step.
func inverse(d uint32) (r float32, ok bool) {
	r = 1 / float32(d)
	if float64(r)*float64(d) < 1 {
		r = math.Nextafter32(r, 1)
	}
	for q := uint32(1); q < 256; q++ {
		before := float32(q*d - 1)
		if q*d >= 1<<24 || before*r >= float32(q) || float32(q*d)*r < float32(q) {
			return 0, false
		}
	}
	// The largest sum, 255·d + d/2, is above the last step.
	top := 255*d + d/2
	return r, top < 1<<24 && float32(top)*r < 256
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// shrink is Scratch.shrink by a resizer, for sizes that size has found fit.
// What it writes is RGB, whatever q's format.
func (n *narrow) shrink(dst []byte, q square, cells []tap, by *resizer) {
	side := len(cells) - 1
	width := 3 * q.side
	rows := &n.rowsArgs
	*rows = rowsArgs{stride: q.p.Stride, n: width}
	pixels := &n.pixelsArgs
	*pixels = pixelsArgs{
		dst: &n.out[0], dstStride: 3*side + 1, src: &n.sums[0], srcStride: 2 * n.stride,
		cells: &n.cells[0], taps: &n.taps[0], n: side, pairs: n.pairs,
		start: int32(n.half + n.total*uint32(by.bias)), inverse: n.inv,
	}
	if q.p.Format == BGR {
		pixels.bgr = 1
	}
	var window lines
	if q.p.Format == YUYV {
		rows.stride = width
		n.lines = grow(n.lines, 4*n.pairs*width)
		window = lines{buf: n.lines, width: width, max: 4 * n.pairs}
	}
	for y := 0; y < side; y += bandRows {
		band := min(bandRows, side-y)
		for i := range band {
			at, count := int(cells[y+i].at), covers(cells, y+i)
			if q.p.Format == YUYV {
				rows.src = &window.rows(q, at, count, by)[0]
			} else {
				rows.src = &q.p.Pix[(q.y+at)*q.p.Stride+3*q.x]
			}
			rows.dst = &n.sums[i*n.stride]
			rows.taps, rows.rows = &n.rows[(y+i)*2*n.pairs], count
			by.sumRows(rows)
		}
		by.sumPixels(pixels)
		for i := range band {
			copy(dst[(y+i)*3*side:][:3*side], n.out[i*(3*side+1):])
		}
	}
	rows.src = nil // the picture is its owner's
}

// lines holds rows of a YUYV square as RGB, each converted once.
type lines struct {
	buf       []byte
	width     int
	max       int // rows that buf holds
	from, end int // the rows of the square that it holds
}

// rows returns count rows from row at of the square, one after another, valid
// until the next call. Calls ask for ever later rows, up to max/2 at once.
func (l *lines) rows(q square, at, count int, by *resizer) []byte {
	if at+count > l.from+l.max {
		kept := copy(l.buf, l.buf[(at-l.from)*l.width:max(l.end-l.from, at-l.from)*l.width])
		l.from, l.end = at, at+kept/l.width
	}
	for ; l.end < at+count; l.end++ {
		yuyvToRGB(l.buf[(l.end-l.from)*l.width:][:l.width], q.p.Pix[(q.y+l.end)*q.p.Stride:], q.x, by)
	}
	return l.buf[(at-l.from)*l.width:]
}
