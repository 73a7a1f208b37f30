package main

// dotClamp writes the clamp of tier dotprod. Most outputs are clamped by the
// saturating narrowing alone; the others are passed over once more.
func dotClamp(f *file) {
	k := f.kernel("dotClampPixels", "dotClampArgs", `
for range args.pixels {
	for c := range args.channels { // at least 16
		out[c] = min(max(out[c], args.lo), args.hi)
	}
	out = out[args.step:]
}`)
	k.load("out", "x1", "step", "x2", "channels", "x3", "pixels", "x4", "lo", "x5", "hi", "x6")
	k.op("dup v1.16b, w5\ndup v2.16b, w6\nsub x3, x3, #16")
	k.label("pixel")
	k.op("mov x9, x1\nadd x10, x1, x3\nadd x11, x10, #16")
	k.label("loop")
	k.note("What is left over is the last 16, some of them a second time.")
	k.op("cmp x9, x10\ncsel x9, x9, x10, lo")
	k.op("ldr q0, [x9]\nsmax v0.16b, v0.16b, v1.16b\nsmin v0.16b, v0.16b, v2.16b\nstr q0, [x9], #16")
	k.op("cmp x9, x11\nb.lo loop")
	k.op("add x1, x1, x2\nsubs x4, x4, #1\nb.ne pixel")
}
