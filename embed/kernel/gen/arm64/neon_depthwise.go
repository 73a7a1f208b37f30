package main

import "fmt"

// A depthwise tile is one pixel, or two side by side, of 16 channels. The
// products of two taps share 16 bits (see neonDense) before they are widened:
//
//	SMULL, SMULL2  16 channels by a tap
//	SMLAL, SMLAL2  by the next one
//	SADDW, SADDW2  to the sums: twice for 8 channels each
//
// Multiplications and the rest are about even on a Cortex-A72's two pipes.
// Three by three weights stay in registers; of five by five every load serves
// two pixels, so that loads do not become what a tile waits for.

// neonDepthwise writes the depthwise tiles of the tier neon.
func neonDepthwise(f *file) {
	neonDepthwise3(f)
	neonDepthwise5(f, false)
	neonDepthwise5(f, true)
}

const neonDepthwiseDoc = `
for range rows {
	for x := range width {
		for c := range 16 {
			acc := params[0][c] // bias
			for ky := range %[1]d {
				for kx := range %[1]d {
					acc += int32(a[x*step+ky*tapRow+kx*tapStep+c]) * int32(w[ky][kx][c])
				}
			}
			out[x*outStep+c] = clamp(rdm(acc, params[1][c]), lo, hi)
		}
	}
	a, out = a[row:], out[outRow:]
}
`

// taps emits a tile. weight and x bring a tap's weights, and elements of a
// pixel, into the register that they return.
type taps struct {
	*kernel
	pixels  int
	sum     int // first of 4 registers for each pixel
	product int // first of 4 for each pixel
	weight  func(tap int) int
	x       func(tap, pixel int) int
}

// emit multiplies and adds n taps. What a pair of taps gave is added one by
// one between the multiplications of the next: two at a time, one would take
// the multiplier's place.
func (t taps) emit(n int) {
	var pending []string
	add := func() {
		if len(pending) > 0 {
			t.op("%s", pending[0])
			pending = pending[1:]
		}
	}
	for tap := range n {
		// An odd number of taps begins with one alone: the end waits for less.
		pair, second := (tap+n%2)/2, (tap+n%2)%2 == 1
		op := "smull"
		if second && tap > 0 {
			op = "smlal"
		}
		w := t.weight(tap)
		product := func(p int) int { return t.product + 4*p + 2*(pair%2) }
		for p := range t.pixels {
			x, lo, hi := t.x(tap, p), product(p), product(p)+1
			t.op("%s v%d.8h, v%d.8b, v%d.8b", op, lo, x, w)
			add()
			t.op("%s2 v%d.8h, v%d.16b, v%d.16b", op, hi, x, w)
			add()
		}
		if second {
			for i := range 4 {
				for p := range t.pixels {
					s, v := t.sum+4*p+i, product(p)+i/2
					if i%2 == 0 {
						pending = append(pending, fmt.Sprintf("saddw v%d.4s, v%d.4s, v%d.4h", s, s, v))
					} else {
						pending = append(pending, fmt.Sprintf("saddw2 v%d.4s, v%d.4s, v%d.8h", s, s, v))
					}
				}
			}
		}
	}
	for len(pending) > 0 {
		add()
	}
}

// finish rounds and narrows each pixel's 16 sums, into the first register.
func (t taps) finish(mult, lo, hi int) {
	for i := range 4 {
		for p := range t.pixels {
			s := t.sum + 4*p + i
			t.op("sqrdmulh v%d.4s, v%d.4s, v%d.4s", s, s, mult+i)
		}
	}
	d := denseTile{t.kernel, t.pixels, 16}
	for p := range t.pixels {
		s := t.sum + 4*p
		d.narrow(s)
		t.op("smax v%d.16b, v%d.16b, v%d.16b\nsmin v%d.16b, v%d.16b, v%d.16b", s, s, lo, s, s, hi)
	}
}

func neonDepthwise3(f *file) {
	const (
		product = 0 // … 3
		sum     = 4 // … 7
		mult    = 8 // … 11
		lo, hi  = 12, 13
		weight  = 16 // … 24
		element = 25 // … 31
	)
	k := f.kernel("neonDepthwise3x3", "neonDepthwiseArgs", fmt.Sprintf(neonDepthwiseDoc, 3))
	k.load("a", "x1", "w", "x2", "out", "x3", "tapStep", "x9", "tapRow", "x11", "step", "x4", "outStep", "x5",
		"row", "x6", "outRow", "x7", "params", "x8", "rows", "x23", "width", "x22", "limits", "x21")
	k.note("x9 … x16: where the taps are, but the first")
	k.op(`
		add x10, x9, x9
		add x12, x11, x9
		add x13, x11, x10
		add x14, x11, x11
		add x15, x14, x9
		add x16, x14, x10`)
	at := [9]string{"", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16"}
	for t := range 9 {
		k.op("ldr q%d, [x2, #%d]", weight+t, 16*t)
	}
	for i := range 4 {
		k.op("ldr q%d, [x8, #%d]", mult+i, 64+16*i)
	}
	k.op("ldp q%d, q%d, [x21]", lo, hi)
	k.label("row")
	k.op("mov x19, x1\nmov x20, x3\nmov x21, x22")
	k.label("pixel")
	t := taps{kernel: k, pixels: 1, sum: sum, product: product,
		weight: func(tap int) int { return weight + tap },
	}
	load := func(tap int) {
		if tap == 0 {
			k.op("ldr q%d, [x19]", element)
		} else {
			k.op("ldr q%d, [x19, %s]", element+tap%7, at[tap])
		}
	}
	// Elements are loaded four taps before they are used.
	const ahead = 4
	for tap := range ahead {
		load(tap)
	}
	for i := range 4 {
		k.op("ldr q%d, [x8, #%d]", sum+i, 16*i)
	}
	t.x = func(tap, _ int) int {
		if tap+ahead < 9 {
			load(tap + ahead)
		}
		return element + tap%7
	}
	t.emit(9)
	k.op("add x19, x19, x4")
	t.finish(mult, lo, hi)
	k.op("str q%d, [x20]\nadd x20, x20, x5\nsubs x21, x21, #1\nb.ne pixel", sum)
	k.op("add x1, x1, x6\nadd x3, x3, x7\nsubs x23, x23, #1\nb.ne row")
}

// neonDepthwise5 writes tiles of any step, or of one where what a tap sees is
// what the next one sees of the pixel before: a row of windows is 6 loads then,
// not 10.
func neonDepthwise5(f *file, near bool) {
	const (
		sum     = 0  // … 7
		product = 8  // … 15
		weight  = 16 // … 19
		mult    = 24 // … 27
		lo, hi  = 28, 29
	)
	element := [6]int{20, 21, 22, 23, 30, 31}
	name, doc := "neonDepthwise5x5", neonDepthwiseDoc
	if near {
		name, doc = name+"near", "\n// step is tapStep."+doc
	}
	k := f.kernel(name, "neonDepthwiseArgs", fmt.Sprintf(doc, 5))
	k.note("Two pixels at a time. If width is odd, at least 3, the last two begin one early.")
	k.load("a", "x1", "w", "x2", "out", "x3", "tapStep", "x14", "step", "x4", "outStep", "x5", "params", "x8", "limits", "x6", "width", "x7")
	k.note("x14 … x17, x19 … x23: where the taps of a row are, of pixel 0 but the first, then of pixel 1")
	k.op(`
		ldp q28, q29, [x6]
		add x15, x14, x14
		add x16, x15, x14
		add x17, x15, x15
		mov x19, x4
		add x20, x4, x14
		add x21, x4, x15
		add x22, x4, x16
		add x23, x4, x17
		and x24, x7, #1`)
	k.note("x24 is twice the rows to do after this one, plus 1 for an odd width.")
	k.load("rows", "x6")
	k.op("sub x6, x6, #1\nadd x24, x24, x6, lsl #1")
	at := [2][5]string{{"", "x14", "x15", "x16", "x17"}, {"x19", "x20", "x21", "x22", "x23"}}
	for i := range 4 {
		k.op("ldr q%d, [x8, #%d]", mult+i, 64+16*i)
	}
	k.label("row")
	k.load("tapRow", "x6", "width", "x7")
	k.op("mov x9, x1")
	for r := 1; r < 5; r++ {
		k.op("add x%d, x%d, x6", 9+r, 8+r)
	}
	k.op("mov x25, x3\nadd x7, x7, #1\nlsr x7, x7, #1")
	k.label("pair")
	x := func(tap, p int) int {
		if near {
			return element[tap%5+p]
		}
		return element[2*(tap%2)+p]
	}
	load := func(tap, p int) {
		if near && p == 0 && tap%5 > 0 {
			return // pixel 1 has seen it
		}
		offset := at[p][tap%5]
		if offset != "" {
			offset = ", " + offset
		}
		k.op("ldr q%d, [x%d%s]", x(tap, p), 9+tap/5, offset)
	}
	w := func(tap int) int { return weight + tap%4 }
	loadW := func(tap int) { k.op("ldr q%d, [x2, #%d]", w(tap), 16*tap) }
	loadW(0)
	load(0, 0)
	load(0, 1)
	for p := range 2 {
		for i := range 4 {
			k.op("ldr q%d, [x8, #%d]", sum+4*p+i, 16*i)
		}
	}
	t := taps{kernel: k, pixels: 2, sum: sum, product: product,
		weight: func(tap int) int {
			if tap+1 < 25 {
				loadW(tap + 1)
			}
			return w(tap)
		},
		x: func(tap, p int) int {
			if tap+1 < 25 {
				load(tap+1, p)
			}
			return x(tap, p)
		},
	}
	t.emit(25)
	t.finish(mult, lo, hi)
	k.op("str q%d, [x25]\nstr q%d, [x25, x5]", sum, sum+4)
	k.note("On by two pixels, or by one to the last two of an odd width.")
	k.op(`
		sub x7, x7, #1
		and x6, x24, #1
		sub x6, x6, x7
		cmp x6, #0
		csel x26, xzr, x4, eq
		csel x6, xzr, x5, eq
		add x26, x26, x4
		add x6, x6, x5
		add x25, x25, x6`)
	for r := range 5 {
		k.op("add x%d, x%d, x26", 9+r, 9+r)
	}
	k.op("cbnz x7, pair")
	k.load("row", "x6", "outRow", "x7")
	k.op("add x1, x1, x6\nadd x3, x3, x7\nsubs x24, x24, #2\nb.hs row")
}
