package main

// add512 adds 64 elements at a time.
func add512(f *file, c *constants512) {
	k := f.kernel("vnni512AddRow", "vnni512AddArgs", `
for i := range args.n {
	acc := args.a[i]*args.multA + args.b[i]*args.multB + args.bias
	args.out[i] = min(max((acc>>args.shift)^0x80, args.lo), args.hi)
}`)
	k.load("a", "SI", "b", "BX", "out", "DX", "n", "CX")
	k.op("VPBROADCASTD %s, Z20\nVPBROADCASTD %s, Z21\nVPBROADCASTD %s, Z22", k.field("mult"), k.field("bias"), k.field("shift"))
	k.op("VPBROADCASTB %s, Z23\nVPBROADCASTB %s, Z24", k.field("lo"), k.field("hi"))
	k.op("VPXORD Z25, Z25, Z25\nMOVQ $-1, AX\nKMOVQ AX, K1")
	k.op("SUBQ $64, CX\nJCS rest")
	k.label("loop")
	k.op("VMOVDQU8.Z (SI), K1, Z0\nVMOVDQU8.Z (BX), K1, Z1")
	k.op("VPUNPCKLBW Z1, Z0, Z2\nVPUNPCKHBW Z1, Z0, Z3")
	for i := range 2 {
		k.op("VPUNPCKLBW Z25, %s, %s\nVPUNPCKHBW Z25, %s, %s", zmm(2+i), zmm(4+2*i), zmm(2+i), zmm(5+2*i))
	}
	for i := range 4 {
		k.op("VMOVDQA64 Z21, %s\nVPDPWSSD Z20, %s, %s\nVPSRAVD Z22, %s, %s", zmm(8+i), zmm(4+i), zmm(8+i), zmm(8+i), zmm(8+i))
	}
	k.op("VPACKSSDW Z9, Z8, Z8\nVPACKSSDW Z11, Z10, Z10\nVPACKSSWB Z10, Z8, Z8")
	k.op("VPXORD.BCST %s, Z8, Z8\nVPMAXUB Z23, Z8, Z8\nVPMINUB Z24, Z8, Z8", c.flip)
	k.op("VMOVDQU8 Z8, K1, (DX)")
	k.op("ADDQ $64, SI\nADDQ $64, BX\nADDQ $64, DX\nSUBQ $64, CX\nJCC loop")
	k.label("rest")
	k.op("ADDQ $64, CX\nJLE end")
	k.op("MOVQ $1, AX\nSHLQ CX, AX\nDECQ AX\nKMOVQ AX, K1\nXORQ CX, CX\nJMP loop")
	k.label("end")
	k.ret()
}

// mean512 adds up 16 channels at a time.
func mean512(f *file) {
	k := f.kernel("vnni512MeanSums", "vnni512MeanArgs", `
for c := range args.channels {
	sum := args.start
	for y := range args.rows {
		for x := range args.columns {
			sum += args.in[args.row*y+args.pixel*x+c] // uint8
		}
	}
	args.sum[c] = sum
}`)
	k.load("in", "SI", "sum", "DX", "channels", "CX", "row", "R8", "pixel", "R9")
	k.op("VPBROADCASTD %s, Z4", k.field("start"))
	k.op("MOVQ $0xffff, AX\nKMOVQ AX, K1")
	k.op("SUBQ $16, CX\nJCS rest")
	k.label("vector")
	k.op("VMOVDQA64 Z4, Z0\nMOVQ SI, R10")
	k.load("rows", "R11")
	k.label("row")
	k.op("MOVQ R10, R12")
	k.load("columns", "R13")
	k.label("column")
	k.op("VPMOVZXBD (R12), Z1\nVPADDD Z1, Z0, Z0\nADDQ R9, R12\nDECQ R13\nJNZ column")
	k.op("ADDQ R8, R10\nDECQ R11\nJNZ row")
	k.op("VMOVDQU32 Z0, K1, (DX)\nADDQ $16, SI\nADDQ $64, DX\nSUBQ $16, CX\nJCC vector")
	k.label("rest")
	k.op("ADDQ $16, CX\nJLE end")
	k.op("MOVQ $1, AX\nSHLQ CX, AX\nDECQ AX\nKMOVQ AX, K1\nXORQ CX, CX\nJMP vector")
	k.label("end")
	k.ret()
}
