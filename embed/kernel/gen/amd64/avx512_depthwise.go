package main

import "fmt"

// depthwise512 writes a kernel that computes two rows of some pixels of 64 or
// 16 channels at a time.
//
// Registers, of the loop over taps:
//
//	BX  a tile in the strip
//	AX  a tap's vector of the first pixel, R9 from one pixel's to the next
//	CX  the next tap
//	DX  taps left
//	SI  weights
//	DI  args
//	R14 R15  tiles left, the tile
type depthwise512 struct {
	*kernel
	c       *constants512
	vectors int // of 16 channels
	pixels  int
}

func writeDepthwise512(f *file, c *constants512, vectors, pixels int) {
	d := &depthwise512{c: c, vectors: vectors, pixels: pixels}
	d.kernel = f.kernel(fmt.Sprintf("vnni512Depthwise%d", 16*vectors), "vnni512DepthwiseArgs", fmt.Sprintf(`
for ; args.blocks > 0; args.blocks-- {
	for _, g := range args.gather {
		for x := range g.columns {
			for ch := range %[1]d {
				for i := range 4 {
					args.strip[g.to+g.toStep*x:][ch][i] = args.in[g.from[i]+args.channel+g.step*x+ch] // uint8
				}
			}
		}
	}
	for _, tile := range args.tile {
		var acc [2][%[2]d][%[1]d]int32
		for r := range 2 {
			for p := range %[2]d {
				acc[r][p] = args.weight.bias
				for t, at := range args.tap {
					x := args.strip[tile.in+at+p*args.step:]
					for ch := range %[1]d {
						for i := range 4 {
							acc[r][p][ch] += x[ch][i] * args.weight.tap[t][r][ch][i]
						}
					}
				}
			}
		}
		for p := range %[2]d {
			for ch := range %[1]d {
				at := args.channel + tile.out + p*args.pixel + ch
				args.out1[at] = requantize(acc[1][p][ch], args.weight.mult[ch])
				args.out0[at] = requantize(acc[0][p][ch], args.weight.mult[ch])
			}
		}
	}
	args.channel += %[1]d
	args.weight = args.weight[args.block:]
}`, 16*vectors, pixels))
	d.evenMask()
	if vectors == 1 {
		for _, m := range [][2]string{{"0x2222222222222222", second}, {"0x4444444444444444", third}, {"0x8888888888888888", fourth}} {
			d.op("MOVQ $%s, AX\nKMOVQ AX, %s", m[0], m[1])
		}
	}
	d.label("block")
	d.gather()
	d.load("weight", "SI")
	if vectors == 1 {
		d.op("VMOVDQU32 64(SI), Z30\nVMOVDQU32 68(SI), Z29")
		d.op("VMOVDQU32 %s, Z28", d.c.square)
	}
	d.load("step", "R9", "pixel", "R13", "tile", "R15", "tiles", "R14")
	d.op("LEAQ (R9)(R9*2), R10\nLEAQ (R13)(R13*2), R12")
	d.label("tile")
	d.op("MOVLQSX (R15), BX\nADDQ %s, BX", d.field("strip"))
	d.load("weight", "SI", "tap", "CX", "taps", "DX")
	for v := range vectors {
		d.op("VMOVDQU32 %s(SI), %s", offset(64*v), d.acc(0, 0, v))
		for i := 1; i < 2*pixels; i++ {
			d.op("VMOVDQA64 %s, %s", d.acc(0, 0, v), d.acc(i/pixels, i%pixels, v))
		}
	}
	d.op("ADDQ $%d, SI", 128*vectors)
	d.label("tap")
	d.op("MOVLQSX (CX), AX\nADDQ BX, AX")
	for v := range vectors {
		d.op("VMOVDQU32 %s(SI), Z16\nVMOVDQU32 %d(SI), Z17", offset(128*v), 128*v+64)
		for p := range pixels {
			d.op("VMOVDQU32 %s%s, %s", offset(64*v), d.stripPixel(p), zmm(18+p))
			d.op("VPDPBUSD Z16, %s, %s\nVPDPBUSD Z17, %s, %s", zmm(18+p), d.acc(0, p, v), zmm(18+p), d.acc(1, p, v))
		}
	}
	d.op("ADDQ $4, CX\nADDQ $%d, SI\nDECQ DX\nJNZ tap", 128*vectors)
	d.op("MOVLQSX 4(R15), AX\nADDQ %s, AX", d.field("channel"))
	d.load("out0", "BX", "out1", "CX", "weight", "SI")
	d.op("ADDQ AX, BX\nADDQ AX, CX")
	d.op("CMPQ %s, $0\nJNE exact", d.field("exact"))
	d.finish(false)
	d.label("stored")
	d.op("ADDQ $8, R15\nDECQ R14\nJNZ tile")
	d.op("ADDQ $%d, %s", 16*vectors, d.field("channel"))
	d.op("MOVQ %s, AX\nADDQ AX, %s", d.field("block"), d.field("weight"))
	d.op("DECQ %s\nJNZ block", d.field("blocks"))
	d.ret()
	d.note("Any multiplier, any clamp.")
	d.label("exact")
	d.finish(true)
	d.op("JMP stored")
}

func (d *depthwise512) acc(row, p, v int) string { return zmm((row*d.pixels+p)*d.vectors + v) }

func (d *depthwise512) stripPixel(p int) string {
	return []string{"(AX)", "(AX)(R9*1)", "(AX)(R9*2)", "(AX)(R10*1)"}[p]
}

// gather fills the strip: of each channel four bytes side by side.
func (d *depthwise512) gather() {
	d.load("gather", "R14", "gathers", "R15")
	if d.vectors == 1 {
		d.op("VMOVDQU32 %s, Z31", d.c.spread)
	}
	d.label("gather")
	d.load("in", "R11")
	from := []string{"AX", "BX", "CX", "DX"}
	for i, p := range from {
		d.op("MOVQ vnni512Gather_from+%d(R14), %s\nADDQ R11, %s", 8*i, p, p)
	}
	d.op("MOVQ vnni512Gather_to(R14), SI\nADDQ %s, SI", d.field("strip"))
	d.op("MOVQ vnni512Gather_step(R14), R8\nMOVQ vnni512Gather_toStep(R14), R9\nMOVQ vnni512Gather_columns(R14), R10")
	d.load("channel", "R11")
	d.label("column")
	if d.vectors == 1 {
		d.op("VBROADCASTI32X4 (AX)(R11*1), Z0\nVPSHUFB Z31, Z0, Z4")
		for i, m := range []string{second, third, fourth} {
			d.op("VBROADCASTI32X4 (%s)(R11*1), %s", from[1+i], zmm(1+i))
			d.op("VPSHUFB Z31, %s, %s, Z4", zmm(1+i), m)
		}
		d.op("VMOVDQU32 Z4, (SI)")
	} else {
		for i, p := range from {
			d.op("VMOVDQU32 (%s)(R11*1), %s", p, zmm(i))
		}
		d.op("VPUNPCKLBW Z1, Z0, Z4\nVPUNPCKHBW Z1, Z0, Z5\nVPUNPCKLBW Z3, Z2, Z6\nVPUNPCKHBW Z3, Z2, Z7")
		d.op("VPUNPCKLWD Z6, Z4, Z0\nVPUNPCKHWD Z6, Z4, Z1\nVPUNPCKLWD Z7, Z5, Z2\nVPUNPCKHWD Z7, Z5, Z3")
		d.op("VMOVDQU32 Z0, (SI)\nVMOVDQU32 Z1, 64(SI)\nVMOVDQU32 Z2, 128(SI)\nVMOVDQU32 Z3, 192(SI)")
	}
	d.op("ADDQ R8, R11\nADDQ R9, SI\nDECQ R10\nJNZ column")
	d.op("ADDQ $vnni512Gather__size, R14\nDECQ R15\nJNZ gather")
}

// finish requantizes and stores, the second row first: where there is no
// second, it goes where the first belongs.
func (d *depthwise512) finish(exact bool) {
	r := &requantizer{kernel: d.kernel, c: d.c, exact: exact, m: "Z30", odd: "Z29", t: "Z20", lo: "Z21", hi: "Z22"}
	for v := range d.vectors {
		if d.vectors > 1 {
			r.multipliers(64 * (d.vectors + v))
		}
		for i := range 2 * d.pixels {
			r.scale(d.acc(i/d.pixels, i%d.pixels, v))
		}
	}
	r.clamps()
	for row := 1; row >= 0; row-- {
		to := []string{"BX", "CX"}[row]
		if d.vectors == 1 {
			a := 4 * row
			r.pack(zmm(a), zmm(a+1), zmm(a+2), zmm(a+3))
			d.op("VPERMD %s, Z28, %s", zmm(a), zmm(a))
			d.op("VMOVDQU32 %s, (%s)", xmm(a), to)
			for i, at := range []string{"(R13*1)", "(R13*2)", "(R12*1)"} {
				d.op("VEXTRACTI32X4 $%d, %s, (%s)%s", i+1, zmm(a), to, at)
			}
			continue
		}
		for p := range d.pixels {
			r.pack(d.acc(row, p, 0), d.acc(row, p, 1), d.acc(row, p, 2), d.acc(row, p, 3))
			d.op("VMOVDQU32 %s, (%s)%s", d.acc(row, p, 0), to, []string{"", "(R13*1)"}[p])
		}
	}
}
