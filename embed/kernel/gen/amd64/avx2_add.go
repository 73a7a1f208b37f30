package main

// avx2Add adds 16 elements at a time. The last 16 end with the last element.
func avx2Add(f *file, c *constants) {
	k := f.kernel("avx2Add", "addArgs", `
for i := range args.n {
	acc := a[i]*multA + b[i]*multB + bias
	out[i] = clamp(acc>>shift, lo, hi) ^ 0x80
}`)
	k.load("out", "R8", "a", "AX", "b", "BX", "n", "CX")
	k.op("VPBROADCASTD %s, Y8", k.field("multA"))
	k.op("VPBROADCASTD %s, Y9", k.field("bias"))
	k.op("VMOVQ %s, X10", k.field("shift"))
	k.op("VPBROADCASTB %s, X11", k.field("lo"))
	k.op("VPBROADCASTB %s, X12", k.field("hi"))
	k.op("VMOVDQU %s, X13", c.flip)
	k.op("SUBQ $16, CX\nXORQ DX, DX")
	k.label("loop")
	k.op(`VPMOVZXBW (AX)(DX*1), Y0
		VPMOVZXBW (BX)(DX*1), Y1
		VPUNPCKLWD Y1, Y0, Y2
		VPUNPCKHWD Y1, Y0, Y3
		VPMADDWD Y8, Y2, Y2
		VPMADDWD Y8, Y3, Y3
		VPADDD Y9, Y2, Y2
		VPADDD Y9, Y3, Y3
		VPSRAD X10, Y2, Y2
		VPSRAD X10, Y3, Y3
		VPACKSSDW Y3, Y2, Y2
		VEXTRACTI128 $1, Y2, X3
		VPACKSSWB X3, X2, X2
		VPMAXSB X11, X2, X2
		VPMINSB X12, X2, X2
		VPXOR X13, X2, X2
		VMOVDQU X2, (R8)(DX*1)
		CMPQ DX, CX
		JEQ done
		ADDQ $16, DX
		CMPQ DX, CX
		JLE loop
		MOVQ CX, DX
		JMP loop`)
	k.label("done")
	k.ret()
}

// avx2Mean sums 8 channels.
func avx2Mean(f *file) {
	k := f.kernel("avx2Mean", "meanArgs", `
for c := range 8 {
	out[c] = start
	for y := range h {
		for x := range w {
			out[c] += in[y*(w*step+turn)+x*step+c]
		}
	}
}`)
	k.load("in", "AX", "h", "BX", "step", "R8", "turn", "R9", "out", "R10")
	k.op("VPBROADCASTD %s, Y0", k.field("start"))
	k.label("row")
	k.load("w", "CX")
	k.label("pixel")
	k.op(`VPMOVZXBD (AX), Y1
		VPADDD Y1, Y0, Y0
		ADDQ R8, AX
		DECQ CX
		JNZ pixel
		ADDQ R9, AX
		DECQ BX
		JNZ row
		VMOVDQU Y0, (R10)`)
	k.ret()
}
