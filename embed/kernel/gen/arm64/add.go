package main

// add writes the addition of every arm64 tier.
func add(f *file) {
	k := f.kernel("arm64AddRow", "arm64AddArgs", `
for i := range 16*blocks + tail { // tail < 16, blocks > 0
	acc := int32(a[i])*multA + int32(b[i])*multB + bias
	out[i] = clamp(acc>>-shift, lo, hi)
}
`)
	k.load("a", "x1", "b", "x2", "out", "x3", "blocks", "x4", "tail", "x5", "numbers", "x6")
	k.note("v16 … v21: multA, multB (16 bits), bias, shift (32 bits), lo, hi (8 bits)")
	k.op(`
		ld1r {v16.8h}, [x6], #2
		ld1r {v17.8h}, [x6], #2
		ld1r {v18.4s}, [x6], #4
		ld1r {v19.4s}, [x6], #4
		ld1r {v20.16b}, [x6], #1
		ld1r {v21.16b}, [x6]`)
	k.label("block")
	k.op(`
		ldr q0, [x1], #16
		ldr q1, [x2], #16
		sxtl v2.8h, v0.8b
		sxtl2 v3.8h, v0.16b
		sxtl v4.8h, v1.8b
		sxtl2 v5.8h, v1.16b
		smull v6.4s, v2.4h, v16.4h
		smull2 v7.4s, v2.8h, v16.8h
		smull v22.4s, v3.4h, v16.4h
		smull2 v23.4s, v3.8h, v16.8h
		smlal v6.4s, v4.4h, v17.4h
		smlal2 v7.4s, v4.8h, v17.8h
		smlal v22.4s, v5.4h, v17.4h
		smlal2 v23.4s, v5.8h, v17.8h
		add v6.4s, v6.4s, v18.4s
		add v7.4s, v7.4s, v18.4s
		add v22.4s, v22.4s, v18.4s
		add v23.4s, v23.4s, v18.4s
		sshl v6.4s, v6.4s, v19.4s
		sshl v7.4s, v7.4s, v19.4s
		sshl v22.4s, v22.4s, v19.4s
		sshl v23.4s, v23.4s, v19.4s
		sqxtn v6.4h, v6.4s
		sqxtn2 v6.8h, v7.4s
		sqxtn v22.4h, v22.4s
		sqxtn2 v22.8h, v23.4s
		sqxtn v6.8b, v6.8h
		sqxtn2 v6.16b, v22.8h
		smax v6.16b, v6.16b, v20.16b
		smin v6.16b, v6.16b, v21.16b
		str q6, [x3], #16
		subs x4, x4, #1
		b.ne block`)
	k.note("The tail is a block that ends where it ends, once.")
	k.op(`
		cbz x5, end
		sub x5, x5, #16
		add x1, x1, x5
		add x2, x2, x5
		add x3, x3, x5
		mov x5, #0
		mov x4, #1
		b block`)
	k.label("end")
}
