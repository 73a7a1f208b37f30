package main

import "fmt"

// A tile is two pixels, or one, by 16 or 8 channels. A register of products
// holds 4 channels by a pair of elements:
//
//	DUP     a pair of a pixel's elements, for all channels
//	SMULL   4 channels by that pair: 8 products of 16 bits
//	SMLAL   by the next pair, to the same: −127 ≤ w, so 2·128·127 < 2¹⁵ at most
//	SADALP  both elements' products to the sums of 4 channels
//
// The multiplier takes a SMULL or SMLAL a cycle and is what a Cortex-A72 waits
// for. SADALP goes elsewhere, as does DUP, which all channels share, and at the
// end of a tile nothing has to be added up across a register. The last 8
// or 4 elements share a block of code without branches with the end of the tile:
// rounding wants the multiplier too, but narrowing and storing do not.
//
// Loads are a pair ahead, and sums two, so that a Cortex-A53, which does not
// reorder, finds operands ready.
const (
	neonSum     = 0  // … 7, of pixel 0, then 1
	neonProduct = 8  // … 23, of even and odd pairs of pairs, each of pixel 0, then 1
	neonPixel   = 24 // 25: 8 elements
	neonPair    = 26 // 27
	neonWeight  = 28 // … 31, of even and odd pairs
)

// neonDense writes the tiles of the tier neon.
func neonDense(f *file) {
	for _, channels := range []int{16, 8} {
		for _, pixels := range []int{2, 1} {
			neonTile(f, pixels, channels, 8, false)
			neonTile(f, pixels, channels, 8, true)
			neonTile(f, pixels, channels, 4, true)
		}
	}
	neonGather(f)
}

type denseTile struct {
	*kernel
	pixels   int
	channels int
}

// neonTile writes a tile of filters of rest elements, 8 or 4, or of 8·steps
// more.
func neonTile(f *file, pixels, channels, rest int, long bool) {
	name, length := fmt.Sprintf("neonDense%dx%dx%d", pixels, channels, rest), fmt.Sprint(rest)
	if long {
		name, length = fmt.Sprintf("neonDense%dx%dn%d", pixels, channels, rest), "8*steps + "+length
	}
	t := denseTile{f.kernel(name, "neonDenseArgs", fmt.Sprintf(`
for t := range tiles {
	for p := range %[1]d {
		place := table[%[1]d*t+p] // two int32s
		x, y := a[place[0]:], out[place[1]:]
		for c := range %[2]d {
			acc := bias[c]
			for k := range %[3]s {
				acc += int32(x[k]) * int32(w[k/2][c][k%%2])
			}
			y[c] = clamp(rdm(acc, mult[c]), lo, hi)
		}
	}
}
`, pixels, channels, length)), pixels, channels}
	t.load("a", "x1", "w", "x2", "out", "x3", "table", "x4", "tiles", "x5", "bias", "x8", "mult", "x15", "limits", "x14")
	if long {
		t.load("steps", "x13")
	}
	t.label("tile")
	if pixels == 2 {
		t.op("ldp w9, w11, [x4]\nldp w10, w12, [x4, #8]\nadd x4, x4, #16")
	} else {
		t.op("ldp w9, w11, [x4], #8")
	}
	for p := range pixels {
		t.op("add x%d, x1, x%d", 9+p, 9+p)
	}
	t.op("mov x7, x2")
	for p := range pixels {
		t.pixel(p)
	}
	t.weights(0, 0)
	for p := range pixels {
		t.pair(p, 0)
	}
	for p := range pixels {
		for i := range channels / 4 {
			t.op("ldr q%d, [x8, #%d]", t.sum(p, i), 16*i)
		}
	}
	if long {
		t.op("mov x6, x13")
		t.label("step")
		t.step(4, true)
		t.op("subs x6, x6, #1\nb.ne step")
	}
	t.step(rest/2, false)
	t.finish()
	t.op("subs x5, x5, #1\nb.ne tile")
}

func (t denseTile) sum(p, i int) int { return neonSum + p*t.channels/4 + i }

func (t denseTile) product(set, p, i int) int {
	return neonProduct + 8*set + p*t.channels/4 + i
}

// pixel loads the next 8 elements of a pixel.
func (t denseTile) pixel(p int) {
	t.op("ldr d%d, [x%d], #8", neonPixel+p, 9+p)
}

// weights loads a pair of each filter, the n-th from x7 on.
func (t denseTile) weights(pair, n int) {
	for h := range t.channels / 8 {
		t.op("ldr q%d, [x7, #%d]", neonWeight+2*(pair%2)+h, (n*t.channels/8+h)*16)
	}
}

// pair gives all lanes a pair of a pixel's elements.
func (t denseTile) pair(p, i int) {
	t.op("dup v%d.8h, v%d.h[%d]", neonPair+p, neonPixel+p, i)
}

// step multiplies so many pairs. If more follow, their loads are begun.
func (t denseTile) step(pairs int, more bool) {
	var pending [2][]string // additions to be done, by pixel
	for i := range pairs {
		set := i / 2 % 2
		last := i == pairs-1
		if last && more {
			for p := range t.pixels {
				t.pixel(p)
			}
			t.op("add x7, x7, #%d", pairs*t.channels*2)
			t.weights(i+1, 0)
		}
		if !last {
			t.weights(i+1, i+1)
		}
		for p := range t.pixels {
			mul := "smull"
			if i%2 == 1 {
				mul = "smlal"
			}
			for h := range t.channels / 8 {
				w := neonWeight + 2*(i%2) + h
				t.op("%s v%d.8h, v%d.8b, v%d.8b", mul, t.product(set, p, 2*h), neonPair+p, w)
				t.op("%s2 v%d.8h, v%d.16b, v%d.16b", mul, t.product(set, p, 2*h+1), neonPair+p, w)
			}
			if last && more {
				t.pair(p, 0)
			}
			if !last {
				t.pair(p, i+1)
			}
			for _, add := range pending[p] {
				t.op("%s", add)
			}
			pending[p] = nil
			if i%2 == 1 {
				for j := range t.channels / 4 {
					pending[p] = append(pending[p], fmt.Sprintf("sadalp v%d.4s, v%d.8h", t.sum(p, j), t.product(set, p, j)))
				}
			}
		}
	}
	for p := range t.pixels {
		for _, add := range pending[p] {
			t.op("%s", add)
		}
	}
}

// finish rounds, narrows and stores.
func (t denseTile) finish() {
	const mult, lo, hi = 8, 30, 31
	n := t.channels / 4
	for i := range n {
		t.op("ldr q%d, [x15, #%d]", mult+i, 16*i)
	}
	t.op("ldp q%d, q%d, [x14]", lo, hi)
	for p := range t.pixels {
		for i := range n {
			t.op("sqrdmulh v%d.4s, v%d.4s, v%d.4s", t.sum(p, i), t.sum(p, i), mult+i)
		}
	}
	for p := range t.pixels {
		s := t.sum(p, 0)
		t.narrow(s)
		t.op("smax v%d.16b, v%d.16b, v%d.16b\nsmin v%d.16b, v%d.16b, v%d.16b", s, s, lo, s, s, hi)
		t.op("str %s%d, [x3, x%d]", map[int]string{16: "q", 8: "d"}[t.channels], s, 11+p)
	}
}

// narrow saturates the 16 or 8 sums from register s on to 8 bits.
func (t denseTile) narrow(s int) {
	for i := 0; i < t.channels/4; i += 2 {
		t.op("sqxtn v%d.4h, v%d.4s\nsqxtn2 v%d.8h, v%d.4s", s+i, s+i, s+i, s+i+1)
	}
	t.op("sqxtn v%d.8b, v%d.8h", s, s)
	if t.channels == 16 {
		t.op("sqxtn2 v%d.16b, v%d.8h", s, s+2)
	}
}

func neonGather(f *file) {
	k := f.kernel("neonGather", "neonGatherArgs", `
for p := range pixels {
	x := a[table[p][0]:]
	for s := range count {
		copy(out[s*length:], x[segments[s]:][:length]) // in 16s: what is too much is overwritten by what comes next
	}
	out = out[stride:]
}
`)
	k.load("a", "x1", "out", "x2", "table", "x3", "pixels", "x4", "segments", "x5", "count", "x6", "length", "x7", "stride", "x8")
	k.label("pixel")
	k.op(`
		ldr w10, [x3], #8
		add x10, x1, x10
		mov x11, x5
		mov x12, x6
		mov x13, x2`)
	k.label("segment")
	k.op(`
		ldr w14, [x11], #4
		add x14, x10, x14
		mov x15, x13
		add x13, x13, x7
		mov x16, x7`)
	k.label("copy")
	k.op(`
		ldr q0, [x14], #16
		str q0, [x15], #16
		subs x16, x16, #16
		b.gt copy
		subs x12, x12, #1
		b.ne segment
		add x2, x2, x8
		subs x4, x4, #1
		b.ne pixel`)
}
