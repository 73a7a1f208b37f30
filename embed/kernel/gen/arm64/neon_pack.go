package main

// neonPack writes what lays filters side by side for neonDense.
func neonPack(f *file) {
	k := f.kernel("neonPack8", "neonPackArgs", `
for p := range 8*steps {
	for c := range 8 {
		copy(out[p*stride+2*c:], filters[c*length+2*p:][:2])
	}
}
`)
	k.load("filters", "x1", "out", "x2", "length", "x3", "stride", "x4", "steps", "x5")
	k.label("step")
	k.note("v0 … v7: 8 pairs of each filter")
	k.op("mov x6, x1")
	for c := range 8 {
		k.op("ldr q%d, [x6]", c)
		k.op("add x6, x6, x3")
	}
	k.note("Transposed as 2×2 matrices of pairs, of two pairs, of four.")
	from, to := 0, 16
	for _, t := range []struct {
		lanes string
		apart int
	}{{"8h", 1}, {"4s", 2}, {"2d", 4}} {
		for c := range 8 {
			if c&t.apart != 0 {
				continue
			}
			a, b := c, c+t.apart
			k.op("trn1 v%d.%s, v%d.%s, v%d.%s", to+a, t.lanes, from+a, t.lanes, from+b, t.lanes)
			k.op("trn2 v%d.%s, v%d.%s, v%d.%s", to+b, t.lanes, from+a, t.lanes, from+b, t.lanes)
		}
		from, to = to, from
	}
	for p := range 8 {
		k.op("str q%d, [x2]", from+p)
		k.op("add x2, x2, x4")
	}
	k.op("add x1, x1, #16\nsubs x5, x5, #1\nb.ne step")
}
