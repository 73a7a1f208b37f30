package main

import "fmt"

// dotDepthwise writes the depthwise convolutions of tier dotprod: 3×3 and 5×5
// windows, 8 channels at a time.
//
// SDOT wants four taps of a channel side by side, and they lie a row or a pixel
// apart. Two steps of zips transpose a column of four rows of 8 channels into
// two registers of four channels each; the columns of a window stay in
// registers while it moves on. What the zips cost is shared:
//
//   - With stride 1 two rows of outputs come from the same columns. The second
//     one's weights lie one row lower.
//   - A 5×5 window has a fifth row, and the second row of outputs a sixth.
//     Pixels of these two rows next to each other make groups of 2×2.
//   - With stride 2 the fifth row makes groups of 1×4: four pixels of the
//     window, and the fifth one in the group of the output before.
//
// The loop over outputs is unrolled until every column is in its first
// register again.
func dotDepthwise(f *file) {
	for _, rows := range []int{2, 1} {
		dotDepthwise3x3(f, 1, rows)
		dotDepthwise5x5(f, rows)
	}
	dotDepthwise3x3(f, 2, 1)
	dotDepthwise5x5s2(f)
}

// depthwise is what these kernels have in common.
type depthwise struct {
	*kernel
	size, stride int
	rows         int // of outputs
	inputs       int // rows of inputs
	words        int // registers of weights in a panel
}

const (
	dwIn, dwOut, dwPanel  = "x1", "x3", "x8"
	dwInRow, dwOutRow     = "x2", "x6"
	dwInStep, dwOutStep   = "x4", "x17"
	dwWidth, dwX, dwCount = "x20", "x5", "x19"
)

func (d *depthwise) row(i int) string { return fmt.Sprintf("x%d", 9+i) } // x9 … x14
func (d *depthwise) out(i int) string { return fmt.Sprintf("x%d", 15+i) }

func newDepthwise(f *file, size, stride, rows, words int) *depthwise {
	d := &depthwise{size: size, stride: stride, rows: rows, inputs: (rows-1)*stride + size, words: words}
	name := fmt.Sprintf("dotDepthwise%dx%ds%d", size, size, stride)
	if stride == 1 {
		name += fmt.Sprintf("r%d", rows)
	}
	doc := fmt.Sprintf(`
for block := range args.blocks { // 8 channels each
	a, out := args.a[8*block:], args.out[8*block:]
	for x := range args.width {
		for y := range %d {
			for c := range 8 {
				acc := args.panel[block].bias[c]
				for ky := range %d {
					for kx := range %[2]d {
						acc += int32(a[(%[3]s+ky)*args.inRow+(%[4]s+kx)*args.inStep+c]) * int32(weight[ky][kx][c])
					}
				}
				out[y*args.outRow+x*args.outStep+c] = sat8(rdm(acc, args.panel[block].mult[c]))
			}
		}
	}
}`, rows, size, times(stride, "y"), times(stride, "x"))
	d.kernel = f.kernel(name, "dotDepthwiseArgs", doc)
	d.load("a", dwIn, "out", dwOut, "panel", dwPanel, "inRow", dwInRow, "outRow", dwOutRow,
		"inStep", dwInStep, "outStep", dwOutStep, "width", dwWidth, "blocks", dwCount)
	d.label("block")
	d.op("mov %s, %s", d.row(0), dwIn)
	for i := 1; i < d.inputs; i++ {
		d.op("add %s, %s, %s", d.row(i), d.row(i-1), dwInRow)
	}
	d.op("mov %s, %s", d.out(0), dwOut)
	if rows == 2 {
		d.op("add %s, %s, %s", d.out(1), dwOut, dwOutRow)
	}
	d.op("mov %s, %s", dwX, dwWidth)
	return d
}

func times(n int, s string) string {
	if n == 1 {
		return s
	}
	return fmt.Sprintf("%d*%s", n, s)
}

// end moves on to the next 8 channels.
func (d *depthwise) end() {
	d.label("done")
	d.op("add %s, %s, #8\nadd %s, %s, #8\nadd %s, %s, #%d", dwIn, dwIn, dwOut, dwOut, dwPanel, dwPanel, 64+16*d.words)
	d.op("subs %s, %s, #1\nb.ne block", dwCount, dwCount)
}

// outputs writes the loop over outputs, unrolled n times.
func (d *depthwise) outputs(n int, output func(i int)) {
	d.label("loop")
	for i := range n {
		output(i)
		d.op("subs %s, %s, #1", dwX, dwX)
		if i+1 < n {
			d.op("b.eq done")
		} else {
			d.op("b.ne loop")
		}
	}
	d.end()
}

// load8 loads 8 channels of a row and moves on to the next column.
func (d *depthwise) load8(reg, row int) { d.op("ld1 {v%d.8b}, [%s], %s", reg, d.row(row), dwInStep) }

// transpose makes registers to and to+1 of four rows, of which none is needed
// afterwards.
func (d *depthwise) transpose(to, r0, r1, r2, r3 int) {
	d.op("zip1 v%d.16b, v%[1]d.16b, v%d.16b\nzip1 v%d.16b, v%[3]d.16b, v%d.16b", r0, r1, r2, r3)
	d.op("zip1 v%d.8h, v%d.8h, v%d.8h\nzip2 v%d.8h, v%[2]d.8h, v%[3]d.8h", to, r0, r2, to+1)
}

// dot multiplies a transposed column, in two registers, for output row y.
func (d *depthwise) dot(y, column, weight int) {
	for half := range 2 {
		d.op("sdot v%d.4s, v%d.16b, v%d.16b", 2*y+half, column+half, weight+half)
	}
}

// start loads the biases of an output.
func (d *depthwise) start() {
	for y := range d.rows {
		d.op("ldp q%d, q%d, [%s]", 2*y, 2*y+1, dwPanel)
	}
}

// store requantizes and stores an output.
func (d *depthwise) store(mult int) {
	for y := range d.rows {
		d.op("sqrdmulh v%d.4s, v%[1]d.4s, v%d.4s\nsqrdmulh v%d.4s, v%[3]d.4s, v%d.4s", 2*y, mult, 2*y+1, mult+1)
	}
	for y := range d.rows {
		d.op("uzp1 v%d.8h, v%[1]d.8h, v%d.8h", 2*y, 2*y+1)
	}
	for y := range d.rows {
		d.op("sqxtn v%d.8b, v%[1]d.8h", 2*y)
	}
	for y := range d.rows {
		d.op("st1 {v%d.8b}, [%s], %s", 2*y, d.out(y), dwOutStep)
	}
}

// dotDepthwise3x3 keeps the weights in registers.
func dotDepthwise3x3(f *file, stride, rows int) {
	d := newDepthwise(f, 3, stride, rows, 12/stride)
	const mult = 28
	slots, unrolled := 3, 3
	if stride == 2 { // two new columns a time
		slots, unrolled = 4, 2
	}
	weight := func(y, kx int) int { return 16 + 6*y + 2*kx }
	column := func(x int) int { return 8 + 2*(x%slots) }
	d.op("ldp q%d, q%d, [%s, #32]", mult, mult+1, dwPanel)
	for i := 0; i < 6*rows; i += 2 {
		d.op("ldp q%d, q%d, [%s, #%d]", 16+i, 17+i, dwPanel, 64+16*i)
	}
	add := func(x int) {
		for i := range d.inputs {
			d.load8(4+i, i)
		}
		last := 4 + d.inputs - 1 // of three rows the third stands in for a fourth
		d.transpose(column(x), 4, 5, 6, last)
	}
	for x := range 3 - stride {
		add(x)
	}
	d.outputs(unrolled, func(i int) {
		x := i * stride
		for j := 3 - stride; j < 3; j++ {
			add(x + j)
		}
		d.start()
		for kx := range 3 {
			for y := range rows {
				d.dot(y, column(x+kx), weight(y, kx))
			}
		}
		d.store(mult)
	})
}

// dotDepthwise5x5 has stride 1. Column x is v4+2·(x mod 5) and the next one;
// the group of 2×2 that starts there is v14+2·(x mod 5) and the next one, the
// first of which holds the fifth and sixth row until the group is complete.
func dotDepthwise5x5(f *file, rows int) {
	d := newDepthwise(f, 5, 1, rows, 32)
	column := func(x int) int { return 4 + 2*(x%5) }
	group := func(x int) int { return 14 + 2*(x%5) }
	const t, mult = 24, 30 // v24 … v31 are free
	add := func(x int, first bool) {
		for i := range 4 {
			d.load8(t+i, i)
		}
		d.load8(t+4, 4)
		sixth := t + 4
		if rows == 2 {
			sixth = t + 5
			d.load8(sixth, 5)
		}
		d.transpose(column(x), t, t+1, t+2, t+3)
		z, g := group(x), group(x+4)
		d.op("zip1 v%d.16b, v%d.16b, v%d.16b", z, t+4, sixth)
		if !first {
			d.op("zip2 v%d.8h, v%d.8h, v%d.8h\nzip1 v%[2]d.8h, v%[2]d.8h, v%[3]d.8h", g+1, g, z)
		}
	}
	for x := range 4 {
		add(x, x == 0)
	}
	d.outputs(5, func(i int) {
		add(i+4, false)
		d.start()
		operands := []int{column(i), column(i + 1), column(i + 2), column(i + 3), column(i + 4), group(i), group(i + 2), group(i + 3)}
		for j, o := range operands {
			for y := range rows {
				w := t + 2*((j*rows+y)%3)
				d.op("ldp q%d, q%d, [%s, #%d]", w, w+1, dwPanel, 64+32*(8*y+j))
				d.dot(y, o, w)
			}
		}
		d.op("ldp q%d, q%d, [%s, #32]", mult, mult+1, dwPanel)
		d.store(mult)
	})
}

// dotDepthwise5x5s2: column x is v2+2·(x mod 6) and the next one; the group of
// 1×4 of output x is v14+2·(x mod 3) and the next one. The first register of
// the group to come holds the pair that ends the present one.
func dotDepthwise5x5s2(f *file) {
	d := newDepthwise(f, 5, 2, 1, 14)
	column := func(x int) int { return 2 + 2*(x%6) }
	group := func(x int) int { return 14 + 2*(x%3) }
	const t, fifth, mult = 20, 24, 30 // v20 … v31 are free; fifth row: v24 … v26
	add := func(x, to int) {
		for i := range 4 {
			d.load8(t+i, i)
		}
		d.load8(to, 4)
		d.transpose(column(x), t, t+1, t+2, t+3)
	}
	// Before the first output: its columns 0 to 2, and of the fifth row the
	// group that ends with column 2, which begins with anything.
	for x := range 3 {
		add(x, fifth+x)
	}
	const before = 2 // the group of output −1
	d.op("zip1 v%d.16b, v%d.16b, v%d.16b", fifth, fifth, fifth)
	d.op("zip1 v%d.16b, v%d.16b, v%d.16b", group(0), fifth+1, fifth+2)
	d.op("zip1 v%d.8h, v%d.8h, v%d.8h\nzip2 v%d.8h, v%[2]d.8h, v%[3]d.8h", group(before), fifth, group(0), group(before)+1)
	d.outputs(3, func(i int) {
		add(2*i+3, fifth)
		add(2*i+4, fifth+1)
		g, next, prev := group(i), group(i+1), group(i+2)
		d.start()
		operand := func(j, o int) {
			w := 26 + 2*(j%2)
			d.op("ldp q%d, q%d, [%s, #%d]", w, w+1, dwPanel, 64+32*j)
			d.dot(0, o, w)
		}
		for kx := range 5 {
			operand(kx, column(2*i+kx))
		}
		operand(5, prev)
		d.op("zip1 v%d.16b, v%d.16b, v%d.16b", next, fifth, fifth+1)
		d.op("zip2 v%d.8h, v%d.8h, v%d.8h\nzip1 v%[2]d.8h, v%[2]d.8h, v%[3]d.8h", g+1, g, next)
		operand(6, g)
		d.op("ldp q%d, q%d, [%s, #32]", mult, mult+1, dwPanel)
		d.store(mult)
	})
}
