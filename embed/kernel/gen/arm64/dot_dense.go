package main

import "fmt"

// dotDense writes the matrix products of tier dotprod: tiles of 1 to 8 pixels
// by 8 channels.
//
// # The pipes of a Cortex-A76
//
// SDOT runs in both vector pipes, 16 products each; SQRDMULH of four lanes
// occupies the first one for two cycles, narrowing runs in the second, storing
// a vector takes a turn of either. A tile's outputs cost as much as 14 more
// products each would, and the two kinds of work must overlap: the last 16
// products of every sum are taken pixel by pixel, so that the first pipe
// requantizes one pixel while the second multiplies for the next.
//
// Biases are loaded into the accumulators: there are loads to spare, but a
// move is a vector instruction.
func dotDense(f *file) {
	for pixels := 1; pixels <= 8; pixels++ {
		dotDenseTile(f, pixels)
	}
	dotGather(f)
}

// dotGather copies a part of each window.
func dotGather(f *file) {
	k := f.kernel("dotGather", "dotGatherArgs", `
for range args.pixels {
	copy(to[:16], a[:16])
	a, to = a[args.aStep:], to[args.step:]
}`)
	k.load("a", "x1", "to", "x2", "aStep", "x3", "step", "x4", "pixels", "x5")
	k.op("subs x5, x5, #1\nb.eq single")
	k.label("pair")
	k.op("ldr q0, [x1]\nadd x1, x1, x3\nldr q1, [x1]\nadd x1, x1, x3")
	k.op("str q0, [x2]\nadd x2, x2, x4\nstr q1, [x2]\nadd x2, x2, x4")
	k.op("subs x5, x5, #2\nb.gt pair\nb.lt end")
	k.label("single")
	k.op("ldr q0, [x1]\nstr q0, [x2]")
	k.label("end")
}

func dotDenseTile(f *file, pixels int) {
	k := f.kernel(fmt.Sprintf("dotDense%dx8", pixels), "dotDenseArgs", fmt.Sprintf(`
for panel := range args.panels { // 8 channels each
	a, out := args.a, args.out[8*panel:]
	column := args.columns
	for range args.tiles { // %[1]d pixels each
		for p := range %[1]d {
			for c := range 8 {
				acc := args.panel[panel].bias[c]
				for k := range 4*(args.first + 4*args.sixteens) {
					acc += int32(a[p*args.aStep+k]) * int32(weight[k/4][c][k%%4])
				}
				out[p*args.outStep+c] = sat8(rdm(acc, args.panel[panel].mult[c]))
			}
		}
		a, out = a[%[1]d*args.aStep:], out[%[1]d*args.outStep:]
		if column--; column == 0 { // the end of a row
			a, out, column = a[args.aGap:], out[args.outGap:], args.columns
		}
	}
}`, pixels))

	const (
		a, panel, out, weight = "x1", "x8", "x3", "x2"
		column, tiles         = "x5", "x19"
		count                 = "x6"
		start, then           = "x25", "x26"
	)
	acc := func(p, half int) int { return 2*p + half }
	ptr := func(p int) string { return fmt.Sprintf("x%d", 9+p) } // x9 … x16
	wreg := func(step, half int) int { return 16 + 2*step + half }

	k.load("a", a, "out", out, "panel", panel, "aStep", "x4", "outStep", "x17",
		"aGap", "x21", "outGap", "x22", "columns", "x20", "tiles", tiles, "sixteens", "x7", "first", "x23")
	k.op("mov %s, x20", column)
	k.note("Where a tile starts, and where it goes on after its first products.")
	k.op("sub x7, x7, #1") // the last 16 are not in the loop
	k.op("adr %s, last16\nadr x24, loop16\ncmp x7, #0\ncsel %s, %s, x24, eq", then, then, then)
	k.op("mov %s, %s", start, then)
	for first := 1; first <= 3; first++ {
		k.op("adr x24, first%d\ncmp x23, #%d\ncsel %s, x24, %s, eq", first, first, start, start)
	}
	k.op("adr x24, only8\ncmp x7, #0\ncsel %s, x24, %s, lt", start, start)

	// bias and point make the registers of a pixel ready for the next tile.
	bias := func(p int) { k.op("ldp q%d, q%d, [%s]", acc(p, 0), acc(p, 1), panel) }
	point := func(p int) {
		if p == 0 {
			k.op("mov %s, %s", ptr(0), a)
		} else {
			k.op("add %s, %s, x4", ptr(p), ptr(p-1))
		}
	}
	begin := func(at string) {
		k.op("add %s, %s, x4", a, ptr(pixels-1))
		k.op("add %s, %s, #64\nmov %s, x7\nbr %s", weight, panel, count, at)
	}
	k.label("panel")
	for p := range pixels {
		bias(p)
		point(p)
	}
	begin(start)

	dots := func(p, step int) {
		for half := range 2 {
			k.op("sdot v%d.4s, v%d.16b, v%d.4b[%d]", acc(p, half), wreg(step, half), 24+p, step)
		}
	}
	for first := 1; first <= 3; first++ {
		k.label(fmt.Sprintf("first%d", first))
		for step := range first {
			k.op("ldp q%d, q%d, [%s], #32", wreg(step, 0), wreg(step, 1), weight)
		}
		for p := range pixels {
			k.op("ldr q%d, [%s], #%d", 24+p, ptr(p), 4*first)
		}
		for step := range first {
			for p := range pixels {
				dots(p, step)
			}
		}
		k.op("br %s", then)
	}

	k.label("loop16")
	for step := range 4 {
		k.op("ldp q%d, q%d, [%s], #32", wreg(step, 0), wreg(step, 1), weight)
	}
	for p := range pixels {
		k.op("ldr q%d, [%s], #16", 24+p, ptr(p))
	}
	for step := range 4 {
		for p := range pixels {
			dots(p, step)
		}
	}
	k.op("subs %s, %s, #1\nb.ne loop16", count, count)

	// last takes the last products, stores the tile and makes the next one
	// ready, pixel by pixel.
	last := func(steps int, load string) {
		const mult0, mult1 = 30, 31
		areg := func(p int) int { return 24 + p%6 }
		for step := range steps {
			k.op("ldp q%d, q%d, [%s], #32", wreg(step, 0), wreg(step, 1), weight)
		}
		k.op("ldp q%d, q%d, [%s, #32]", mult0, mult1, panel)
		k.note("At the end of a row step over the gap, without a branch.")
		k.op("subs %s, %s, #1", column, column)
		k.op("csel x23, x21, xzr, eq\ncsel x24, x22, xzr, eq\ncsel %s, x20, %s, eq\nadd %s, %s, x23", column, column, a, a)
		for p := 0; p < pixels; p += 2 {
			pair := []int{p, p + 1}[:min(2, pixels-p)]
			for _, q := range pair {
				k.op("ldr %s%d, [%s]", load, areg(q), ptr(q))
				point(q)
			}
			for step := range steps {
				for _, q := range pair {
					for half := range 2 {
						k.op("sdot v%d.4s, v%d.16b, v%d.4b[%d]", acc(q, half), wreg(step, half), areg(q), step)
					}
				}
			}
			for _, q := range pair {
				k.op("sqrdmulh v%d.4s, v%[1]d.4s, v%d.4s\nsqrdmulh v%d.4s, v%[3]d.4s, v%d.4s", acc(q, 0), mult0, acc(q, 1), mult1)
			}
			for _, q := range pair {
				k.op("uzp1 v%d.8h, v%[1]d.8h, v%d.8h", acc(q, 0), acc(q, 1))
			}
			for _, q := range pair {
				k.op("sqxtn v%d.8b, v%[1]d.8h", acc(q, 0))
			}
			for _, q := range pair {
				k.op("st1 {v%d.8b}, [%s], x17", acc(q, 0), out)
				bias(q)
			}
		}
		k.note("The next tile, if there is one.")
		k.op("add %s, %s, x24", out, out)
		k.op("adr x24, end\nsubs %s, %s, #1\ncsel x24, %s, x24, ne", tiles, tiles, start)
		begin("x24")
	}
	k.label("last16")
	last(4, "q")
	k.label("only8")
	last(2, "d")

	k.label("end")
	k.load("panels", "x23", "panelStep", "x24", "at", "x9", "out", out, "a", a, "tiles", tiles)
	k.op("add %s, %s, x24\nadd x9, x9, #8\nadd %s, %s, x9\nmov %s, x20", panel, panel, out, out, column)
	k.op("subs x23, x23, #1")
	k.save("panels", "x23", "at", "x9")
	k.op("b.ne panel")
}
