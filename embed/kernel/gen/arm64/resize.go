package main

// resize writes the kernels of package embed's preprocessing, whose arguments
// are documented there.
func resize(f *file) {
	sumRows(f)
	sumPixels(f)
	yuyv(f)
}

// sumRows sums 64 columns at a time in v16 to v23, the last 64 perhaps once
// more.
func sumRows(f *file) {
	k := f.kernel("sumRowsNEON", "rowsArgs", `
for i := range n {
	dst[i] = 0
	for j := range rows {
		dst[i] += taps[j] * uint16(src[j*stride+i]) // taps[j] < 256
	}
}`)
	k.load("dst", "x1", "src", "x2", "stride", "x3", "taps", "x4", "rows", "x5", "n", "x6")
	k.op("sub x6, x6, #64\nmov x7, #0")
	k.label("columns")
	k.op("cmp x7, x6\ncsel x7, x7, x6, lt")
	k.op("add x8, x2, x7\nmov x9, x4\nmov x10, x5")
	for i := 16; i < 24; i++ {
		k.op("movi v%d.8h, #0", i)
	}
	k.label("rows")
	k.op("ld1r {v4.16b}, [x9]\nadd x9, x9, #2")
	k.op("ldp q0, q1, [x8]\nldp q2, q3, [x8, #32]\nadd x8, x8, x3\nsubs x10, x10, #1")
	for i := range 4 {
		k.op("umlal v%d.8h, v%d.8b, v4.8b", 16+2*i, i)
		k.op("umlal2 v%d.8h, v%d.16b, v4.16b", 17+2*i, i)
	}
	k.op("b.ne rows")
	k.op("add x8, x1, x7, lsl #1")
	for i := range 4 {
		k.op("stp q%d, q%d, [x8, #%d]", 16+2*i, 17+2*i, 32*i)
	}
	k.op("cmp x7, x6\nadd x7, x7, #64\nb.lt columns")
}

// sumPixels sums a pixel of four rows in v0 to v3.
func sumPixels(f *file) {
	k := f.kernel("sumPixelsNEON", "pixelsArgs", `
for i := range n {
	at := src[cells[i]/2:] // a row's, of four
	for ch := range 3 {
		sum := start
		for j := range pairs {
			sum += taps[i][j][0]*at[6*j+ch] + taps[i][j][1]*at[6*j+3+ch]
		}
		dst[3*i+ch] = byte(float32(sum) * inverse) // 2-ch in place of ch if bgr
	}
}`)
	k.load("dst", "x1", "dstStride", "x2", "src", "x3", "srcStride", "x4", "cells", "x5", "taps", "x6",
		"n", "x7", "pairs", "x8", "start", "x9", "bgr", "x10")
	k.note("inverse lies behind start")
	k.op("dup v30.4s, w9\nlsr x9, x9, #32\ndup v31.4s, w9")
	k.note("where the bytes of four pixels come from")
	k.op("movz x9, #0x0100\nmovk x9, #0x0302, lsl #16\nmovk x9, #0x0504, lsl #32\nmovk x9, #0x0706, lsl #48")
	k.op("cbz x10, order")
	k.op("movz x9, #0x0102\nmovk x9, #0x0300, lsl #16\nmovk x9, #0x0506, lsl #32\nmovk x9, #0x0704, lsl #48")
	k.label("order")
	k.op("movi v28.16b, #8\ndup v29.2d, x9\nadd v28.16b, v28.16b, v29.16b\nmov v29.d[1], v28.d[1]")
	k.op("add x13, x1, x2\nadd x14, x13, x2\nadd x15, x14, x2\nmov x16, #3")

	k.label("pixels")
	k.op("ldrsw x9, [x5], #4")
	k.op("add x9, x3, x9\nadd x10, x9, x4\nadd x11, x10, x4\nadd x12, x11, x4")
	k.op("mov x17, x8")
	for i := range 4 {
		k.op("mov v%d.16b, v30.16b", i)
	}
	k.label("pairs")
	k.op("ldr q4, [x6], #16\nsubs x17, x17, #1")
	for i := range 4 {
		k.op("ldr d%d, [x%d]\nldur d%d, [x%d, #6]", 16+2*i, 9+i, 17+2*i, 9+i)
	}
	for j := range 2 {
		for i := range 4 {
			k.op("umlal v%d.4s, v%d.4h, v4.h[%d]", i, 16+2*i+j, j)
		}
	}
	for i := range 4 {
		k.op("add x%d, x%d, #12", 9+i, 9+i)
	}
	k.op("b.ne pairs")
	for _, op := range []string{"ucvtf v%[1]d.4s, v%[1]d.4s", "fmul v%[1]d.4s, v%[1]d.4s, v31.4s", "fcvtzu v%[1]d.4s, v%[1]d.4s"} {
		for i := range 4 {
			k.op(op, i)
		}
	}
	k.op(`
		uzp1 v0.8h, v0.8h, v1.8h
		uzp1 v2.8h, v2.8h, v3.8h
		uzp1 v0.16b, v0.16b, v2.16b
		tbl v0.16b, {v0.16b}, v29.16b
		st1 {v0.s}[0], [x1], x16
		st1 {v0.s}[1], [x13], x16
		st1 {v0.s}[2], [x14], x16
		st1 {v0.s}[3], [x15], x16
		subs x7, x7, #1
		b.ne pixels`)
}

// yuyv converts eight pairs of pixels at a time, the first and the second of
// the pairs apart. RADDHN adds, rounds and shifts by 16 in one.
func yuyv(f *file) {
	k := f.kernel("yuyvBlocksNEON", "yuyvArgs", `
for i := 0; i < n; i += 2 {
	y0, d, y1, e := line[2*i]-16, line[2*i+1]-128, line[2*i+2]-16, line[2*i+3]-128
	for j, y := range []int32{y0, y1} {
		r := y + 2*e + (10773*y           - 26475*e + 1<<15) >> 16
		g := y -   e + (10773*y - 25675*d + 12257*e + 1<<15) >> 16
		b := y + 2*d + (10773*y +  1129*d           + 1<<15) >> 16
		dst[3*(i+j)], dst[3*(i+j)+1], dst[3*(i+j)+2] = clamp(r), clamp(g), clamp(b)
	}
}`)
	k.load("dst", "x1", "line", "x2", "n", "x3")
	for i, v := range []int{10773, -26475, -25675, 12257, 1129} {
		k.op("mov w4, #%d\nmov v15.h[%d], w4", v, i)
	}
	k.op("movi v28.8b, #16\nmovi v29.8b, #128")
	k.label("loop")
	k.op(`
		ld4 {v0.8b, v1.8b, v2.8b, v3.8b}, [x2], #32
		subs x3, x3, #16
		usubl v4.8h, v0.8b, v28.8b
		usubl v5.8h, v2.8b, v28.8b
		usubl v6.8h, v1.8b, v29.8b
		usubl v7.8h, v3.8b, v29.8b`)
	k.note("the colours' parts")
	k.op(`
		smull v16.4s, v7.4h, v15.h[1]
		smull2 v17.4s, v7.8h, v15.h[1]
		smull v18.4s, v6.4h, v15.h[2]
		smull2 v19.4s, v6.8h, v15.h[2]
		smlal v18.4s, v7.4h, v15.h[3]
		smlal2 v19.4s, v7.8h, v15.h[3]
		smull v20.4s, v6.4h, v15.h[4]
		smull2 v21.4s, v6.8h, v15.h[4]
		add v22.8h, v7.8h, v7.8h
		add v23.8h, v6.8h, v6.8h`)
	for j := range 2 {
		y, out := 4+j, 8+3*j
		k.note("red, green and blue of the pairs' %s", []string{"first", "second"}[j])
		k.op("smull v24.4s, v%[1]d.4h, v15.h[0]\nsmull2 v25.4s, v%[1]d.8h, v15.h[0]", y)
		k.op("add v0.8h, v%[1]d.8h, v22.8h\nsub v1.8h, v%[1]d.8h, v7.8h\nadd v2.8h, v%[1]d.8h, v23.8h", y)
		for ch := range 3 {
			k.op("raddhn v26.4h, v24.4s, v%d.4s\nraddhn2 v26.8h, v25.4s, v%d.4s", 16+2*ch, 17+2*ch)
			k.op("add v26.8h, v26.8h, v%d.8h\nsqxtun v%d.8b, v26.8h", ch, out+ch)
		}
	}
	for ch := range 3 {
		k.op("zip1 v%d.16b, v%d.16b, v%d.16b", 16+ch, 8+ch, 11+ch)
	}
	k.op("st3 {v16.16b, v17.16b, v18.16b}, [x1], #48\nb.ne loop")
}
