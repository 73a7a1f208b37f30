package main

// avx2Transpose turns the filters of 8 channels into steps, four at a time.
func avx2Transpose(f *file, c *constants) {
	k := f.kernel("avx2Transpose", "transposeArgs", `
for step := range n/4 {
	for s := range 8 {
		for i := range 4 {
			to[step][s][i] = filter[s][4*step+i]
			sum[s] += filter[s][4*step+i]
		}
		for i := range 2 {
			if v := to[step][s][2*i] + to[step][s][2*i+1]; v < -128 || v > 128 {
				kind[step] |= bit
			}
		}
	}
}`)
	k.load("to", "SI", "kind", "R12", "bit", "R14")
	for s, r := range []string{"AX", "BX", "CX", "DX", "R8", "R9", "R10", "R11"} {
		k.op("MOVQ %s_filter+%d(DI), %s", k.args, 8*s, r)
	}
	k.op("VMOVDQU %s, Y12\nVMOVDQU %s, Y13\nVMOVDQU %s, Y14\nVPXOR Y15, Y15, Y15", c.ones, c.byteOnes, c.most)
	k.op("XORQ R13, R13")
	k.label("steps")
	for i, r := range [][2]string{{"AX", "R8"}, {"BX", "R9"}, {"CX", "R10"}, {"DX", "R11"}} {
		k.op("VMOVDQU (%s)(R13*1), X%d", r[0], i)
		k.op("VINSERTI128 $1, (%[1]s)(R13*1), Y%[2]d, Y%[2]d", r[1], i)
	}
	k.op(`VPUNPCKLDQ Y1, Y0, Y4
		VPUNPCKHDQ Y1, Y0, Y5
		VPUNPCKLDQ Y3, Y2, Y6
		VPUNPCKHDQ Y3, Y2, Y7
		VPUNPCKLQDQ Y6, Y4, Y0
		VPUNPCKHQDQ Y6, Y4, Y1
		VPUNPCKLQDQ Y7, Y5, Y2
		VPUNPCKHQDQ Y7, Y5, Y3`)
	for i := range 4 {
		k.op("VMOVDQU Y%d, %d(SI)", i, 32*i)
		k.op("VPMADDUBSW Y%d, Y13, Y4", i)
		k.op("VPMADDWD Y12, Y4, Y5\nVPADDD Y5, Y15, Y15")
		k.op("VPABSW Y4, Y4\nVPCMPGTW Y14, Y4, Y4\nVPMOVMSKB Y4, R15")
		k.op("NEGL R15\nSBBL R15, R15\nANDL R14, R15\nORB R15, %d(R12)", i)
	}
	k.op("ADDQ $128, SI\nADDQ $4, R12\nADDQ $16, R13\nCMPQ R13, %s\nJLT steps", k.field("n"))
	k.load("sum", "SI")
	k.op("VMOVDQU Y15, (SI)")
	k.ret()
}

// avx2Store puts the steps of 8 channels where they belong, those that are
// signed as magnitudes and masks.
func avx2Store(f *file, c *constants) {
	k := f.kernel("avx2Store", "storeArgs", `
for step := range n {
	for s := range 8 {
		for i := range 4 {
			w := from[step][s][i]
			if kind[step]&bit == 0 {
				to[at[step]][s][i] = w
				continue
			}
			to[at[step]][s][i] = abs(w)
			to[at[step]+32][s][i] = w < 0 ? 0x7F : 0x80
			bias[s] += 128*w + (w < 0 ? -w : 0)
		}
	}
}`)
	k.load("from", "SI", "kind", "R12", "bit", "R14", "at", "BX", "to", "DX", "n", "CX")
	k.op("VMOVDQU %s, Y12\nVMOVDQU %s, Y13\nVMOVDQU %s, Y14\nVPXOR Y15, Y15, Y15\nVPXOR Y11, Y11, Y11", c.ones, c.byteOnes, c.flip)
	k.label("step")
	k.op("MOVLQSX (BX), R10\nVMOVDQU (SI), Y0\nTESTB R14, (R12)\nJNZ signed")
	k.op("VMOVDQU Y0, (DX)(R10*1)")
	k.label("next")
	k.op("ADDQ $32, SI\nADDQ $4, BX\nINCQ R12\nDECQ CX\nJNZ step")
	k.load("bias", "SI")
	k.op("VMOVDQU Y15, (SI)")
	k.ret()
	k.label("signed")
	k.op(`VPABSB Y0, Y1
		VPCMPGTB Y0, Y11, Y2
		VPXOR Y14, Y2, Y3
		VMOVDQU Y1, (DX)(R10*1)
		VMOVDQU Y3, 32(DX)(R10*1)
		VPMADDUBSW Y0, Y13, Y4
		VPSLLW $7, Y4, Y4
		VPAND Y2, Y1, Y2
		VPMADDUBSW Y13, Y2, Y5
		VPADDW Y5, Y4, Y4
		VPMADDWD Y12, Y4, Y4
		VPADDD Y4, Y15, Y15
		JMP next`)
}
