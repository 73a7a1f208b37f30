package main

import "fmt"

// dot8 writes the kernels of package support/internal/dot8.
func dot8(f *file) {
	dot8Rows(f)
	dot8Picked(f)
}

// dot8Rows takes four rows at a time, then one.
func dot8Rows(f *file) {
	k := f.kernel("rowsNEON", "args", `
for i := range n {
	dst[i] = base[i]
	for j := range width {
		dst[i] -= int32(q[j]) * int32(x[i*width+j])
	}
}`)
	k.load("dst", "x1", "base", "x2", "q", "x3", "x", "x4", "n", "x5", "width", "x6")
	k.op("subs x5, x5, #4\nb.lt last")
	k.label("four")
	k.op("mov x7, x4")
	dot8Sum(k, 4)
	k.op(`
		addp v0.4s, v0.4s, v1.4s
		addp v2.4s, v2.4s, v3.4s
		addp v0.4s, v0.4s, v2.4s
		ldr q1, [x2], #16
		sub v0.4s, v1.4s, v0.4s
		str q0, [x1], #16
		add x4, x4, x6, lsl #2
		subs x5, x5, #4
		b.ge four`)
	k.label("last")
	k.op("adds x5, x5, #4\nb.eq done")
	k.label("one")
	k.op("mov x7, x4")
	dot8Sum(k, 1)
	k.op(`
		addv s0, v0.4s
		ldr s1, [x2], #4
		sub v0.2s, v1.2s, v0.2s
		str s0, [x1], #4
		add x4, x4, x6
		subs x5, x5, #1
		b.ne one`)
	k.label("done")
}

// dot8Picked takes one row at a time, wherever it is.
func dot8Picked(f *file) {
	k := f.kernel("pickedNEON", "args", `
for i := range n {
	dst[i] = base[at[i]]
	for j := range width {
		dst[i] -= int32(q[j]) * int32(x[at[i]*width+j])
	}
}`)
	k.load("dst", "x1", "base", "x2", "q", "x3", "x", "x4", "n", "x5", "width", "x6", "at", "x14")
	k.label("pick")
	k.op("ldrsw x15, [x14], #4\nmadd x7, x15, x6, x4")
	dot8Sum(k, 1)
	k.op(`
		addv s0, v0.4s
		ldr s1, [x2, x15, lsl #2]
		sub v0.2s, v1.2s, v0.2s
		str s0, [x1], #4
		subs x5, x5, #1
		b.ne pick`)
}

// dot8Sum sums n rows from x7 on in v0 to v3, four partial sums each.
func dot8Sum(k *kernel, n int) {
	step := fmt.Sprintf("step%d", n)
	for i := 1; i < n; i++ {
		k.op("add x%d, x%d, x6", 7+i, 6+i)
	}
	for i := range n {
		k.op("movi v%d.4s, #0", i)
	}
	k.op("mov x12, x3\nmov x13, x6")
	k.label(step)
	k.op("ldp q4, q5, [x12], #32\nsubs x13, x13, #16")
	for i := range n {
		k.op("ldr q%d, [x%d], #16", 16+i, 7+i)
	}
	for i := range n {
		k.op("sxtl v%[2]d.8h, v%[1]d.8b\nsxtl2 v%[1]d.8h, v%[1]d.16b", 16+i, 20+i)
	}
	for _, op := range []string{"smlal v%[1]d.4s, v4.4h, v%[3]d.4h", "smlal2 v%[1]d.4s, v4.8h, v%[3]d.8h", "smlal v%[1]d.4s, v5.4h, v%[2]d.4h", "smlal2 v%[1]d.4s, v5.8h, v%[2]d.8h"} {
		for i := range n {
			k.op(op, i, 16+i, 20+i)
		}
	}
	k.op("b.ne %s", step)
}
