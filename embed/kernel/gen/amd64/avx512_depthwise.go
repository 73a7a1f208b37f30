package main

// depthwise512 computes two rows of four pixels of 16 channels at a time.
func depthwise512(f *file, c *constants512) {
	k := f.kernel("vnni512DepthwiseRows", "vnni512Depthwise", `
for ; args.vectors > 0; args.vectors-- {
	for _, g := range args.gather {
		for x := range g.columns {
			for ch := range 16 {
				for i := range 4 {
					g.to[g.toStep*x][ch][i] = g.from[i][args.channel+g.step*x+ch] // uint8
				}
			}
		}
	}
	for _, tile := range args.tile {
		var acc [2][4][16]int32
		weight := args.weight[1:]
		for r := range 2 {
			for p := range 4 {
				acc[r][p] = args.weight[0].bias
			}
		}
		for _, at := range args.tap {
			for p := range 4 {
				x := args.strip[tile.in+at+p*args.step:]
				for ch := range 16 {
					for i := range 4 {
						acc[0][p][ch] += x[ch][i] * weight[0][ch][i]
						acc[1][p][ch] += x[ch][i] * weight[1][ch][i]
					}
				}
			}
			weight = weight[2:]
		}
		for p := range 4 {
			for ch := range 16 {
				args.out1[args.channel+tile.out+p*args.pixel+ch] = requantize(acc[1][p][ch], args.weight[0].mult[ch])
				args.out0[args.channel+tile.out+p*args.pixel+ch] = requantize(acc[0][p][ch], args.weight[0].mult[ch])
			}
		}
	}
	args.channel += 16
	args.weight = args.weight[…:]
}`)
	k.evenMask()
	for _, m := range [][2]string{{"0x2222222222222222", second}, {"0x4444444444444444", third}, {"0x8888888888888888", fourth}} {
		k.op("MOVQ $%s, AX\nKMOVQ AX, %s", m[0], m[1])
	}
	k.op("VMOVDQU32 %s, Z31", c.spread)
	k.op("VMOVDQU32 %s, Z30", c.square)
	k.label("vector")

	k.note("R15: gathers left of R14, which is Z29 for each column in turn")
	k.load("gather", "R14", "gathers", "R15")
	k.label("gather")
	k.op("MOVQ 0(R14), AX\nMOVQ 8(R14), BX\nMOVQ 16(R14), CX\nMOVQ 24(R14), DX\nMOVQ 32(R14), SI")
	k.op("MOVQ 40(R14), R8\nMOVQ 48(R14), R9\nMOVQ 56(R14), R10")
	k.load("channel", "R11")
	k.label("column")
	k.op("VBROADCASTI32X4 (AX)(R11*1), Z25\nVPSHUFB Z31, Z25, Z29")
	for i, m := range []string{second, third, fourth} {
		k.op("VBROADCASTI32X4 (%s)(R11*1), %s", []string{"BX", "CX", "DX"}[i], zmm(26+i))
		k.op("VPSHUFB Z31, %s, %s, Z29", zmm(26+i), m)
	}
	k.op("VMOVDQU32 Z29, (SI)\nADDQ R8, R11\nADDQ R9, SI\nDECQ R10\nJNZ column")
	k.op("ADDQ $64, R14\nDECQ R15\nJNZ gather")

	k.load("weight", "SI")
	r := &requantizer{kernel: k, c: c, m: "Z24", odd: "Z25", t: "Z26", lo: "Z27", hi: "Z28"}
	k.op("VMOVDQU32 (SI), Z29")
	r.multipliers("64(SI)")
	k.load("step", "R9", "pixel", "R13", "tile", "R15", "tiles", "R14")
	k.op("LEAQ (R9)(R9*2), R10\nLEAQ (R13)(R13*2), R12")
	k.label("tile")
	for i := range 8 {
		k.op("VMOVDQA64 Z29, %s", zmm(i))
	}
	k.op("MOVLQSX (R15), BX\nADDQ %s, BX", k.field("strip"))
	k.load("weight", "SI", "tap", "CX", "taps", "DX")
	k.label("tap")
	k.op("MOVLQSX (CX), AX\nADDQ BX, AX")
	k.op("VMOVDQU32 128(SI), Z8\nVMOVDQU32 192(SI), Z9")
	for i, at := range []string{"(AX)", "(AX)(R9*1)", "(AX)(R9*2)", "(AX)(R10*1)"} {
		k.op("VMOVDQU32 %s, %s", at, zmm(10+i))
		k.op("VPDPBUSD Z8, %s, %s\nVPDPBUSD Z9, %s, %s", zmm(10+i), zmm(i), zmm(10+i), zmm(4+i))
	}
	k.op("ADDQ $4, CX\nADDQ $128, SI\nDECQ DX\nJNZ tap")
	k.op("MOVLQSX 4(R15), AX\nADDQ %s, AX", k.field("channel"))
	k.load("out0", "BX", "out1", "CX")
	k.op("ADDQ AX, BX\nADDQ AX, CX")
	k.op("CMPQ %s, $0\nJNE exact", k.field("exact"))
	depthwiseFinish(r)
	k.label("stored")
	k.op("ADDQ $8, R15\nDECQ R14\nJNZ tile")
	k.op("ADDQ $16, %s", k.field("channel"))
	k.op("MOVQ %s, AX\nADDQ AX, %s", k.field("block"), k.field("weight"))
	k.op("DECQ %s\nJNZ vector", k.field("vectors"))
	k.ret()
	k.label("exact")
	exact := *r
	exact.exact = true
	exact.clamps()
	depthwiseFinish(&exact)
	k.op("JMP stored")
}

// depthwiseFinish stores the second row first: where there is no second, it
// goes where the first belongs.
func depthwiseFinish(r *requantizer) {
	for row := 1; row >= 0; row-- {
		a := 4 * row
		for i := range 4 {
			r.scale(zmm(a + i))
		}
		r.pack(zmm(a), zmm(a+1), zmm(a+2), zmm(a+3))
		r.op("VPERMD %s, Z30, %s", zmm(a), zmm(a))
		to := []string{"BX", "CX"}[row]
		r.op("VMOVDQU32 %s, (%s)", xmm(a), to)
		for i, at := range []string{"(R13*1)", "(R13*2)", "(R12*1)"} {
			r.op("VEXTRACTI32X4 $%d, %s, (%s)%s", i+1, zmm(a), to, at)
		}
	}
}
