package main

// mean writes the sums of every arm64 tier.
func mean(f *file) {
	k := f.kernel("arm64Sum", "arm64SumArgs", `
for b := range blocks {
	for y := range rows { // rows·width is at most 255: sums of 16 bits
		for x := range width {
			for c := range 16 {
				sum[16*b+c] += int32(a[y*row+x*step+16*b+c])
			}
		}
	}
}
`)
	k.load("a", "x1", "sum", "x2", "blocks", "x3", "rows", "x4", "width", "x5", "step", "x6", "row", "x7")
	k.label("block")
	k.op(`
		mov x8, x1
		mov x9, x4
		movi v0.8h, #0
		movi v1.8h, #0
		ldp q2, q3, [x2]
		ldp q4, q5, [x2, #32]`)
	k.label("row")
	k.op("mov x10, x8\nmov x11, x5")
	k.label("pixel")
	k.op(`
		ldr q6, [x10]
		add x10, x10, x6
		saddw v0.8h, v0.8h, v6.8b
		saddw2 v1.8h, v1.8h, v6.16b
		subs x11, x11, #1
		b.ne pixel
		add x8, x8, x7
		subs x9, x9, #1
		b.ne row
		saddw v2.4s, v2.4s, v0.4h
		saddw2 v3.4s, v3.4s, v0.8h
		saddw v4.4s, v4.4s, v1.4h
		saddw2 v5.4s, v5.4s, v1.8h
		stp q2, q3, [x2], #32
		stp q4, q5, [x2], #32
		add x1, x1, #16
		subs x3, x3, #1
		b.ne block`)
}
