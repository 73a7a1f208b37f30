package kernel

import (
	"math/rand/v2"
	"testing"
)

// FuzzConv wants every tier to give generic's result for one convolution, with
// buffers at any address. The numbers are drawn from seed; the shape is what
// the fuzzer changes.
func FuzzConv(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 1))
	for i := range 300 {
		// Odd and even sizes around what tiers compute at once.
		k := []byte{1, 1, 3, 5, 3}[i%5]
		f.Add(rng.Uint64(), byte(rng.IntN(12)), byte(rng.IntN(36)), byte(rng.IntN(80)), byte(rng.IntN(40)), k, byte(i/5%2), byte(rng.IntN(256)))
	}
	f.Fuzz(func(t *testing.T, seed uint64, h, w, channels, filters, k, stride, more byte) {
		rng := rand.New(rand.NewPCG(seed, 1))
		size, step := 1+int(k-1)%5, 1+int(stride)%3
		pad := int(more) % (size + 1)
		win := window(size, step, 1+int(more>>3)&1, pad, int(more>>4)%(size+1), pad/2, (pad+1)/2)
		reach := (size-1)*win.DilationH + 1
		in := 1 + int(channels)%96
		g, out := 1, 1+int(filters)%64
		switch {
		case more&0x80 != 0 && k > 1: // depthwise
			g, out = in, in
		case more&0x60 == 0x60:
			g = 1 + int(filters)%3
			in, out = min(in, 24)*g, min(out, 12)*g
		}
		geo := geometry(rng, reach+int(h)%16, reach+int(w)%40, in, out, g, win)
		c := &Conv{Geometry: geo}
		d := drawing(seed % uint64(drawings))
		d.conv(rng, c)
		values, zero := d.values(rng, geo.In.H*geo.In.W*geo.In.C), d.int8(rng, -128, 127)
		src, dst := int(seed>>8&15), int(seed>>12&15)
		want, _ := convolve(&generic, c, values, zero, 0, 0, rng)
		for _, tier := range Tiers[1:] {
			if !tier.Usable() {
				continue
			}
			got, clean := convolve(tier, c, values, zero, src, dst, rng)
			if i := differ(got, want); i >= 0 {
				t.Fatalf("%s, %v %v: element %d: got %d, want %d", tier.Name, d, name(geo), i, got[i], want[i])
			}
			if !clean {
				t.Fatalf("%s, %v %v: wrote where it must not", tier.Name, d, name(geo))
			}
		}
	})
}

// convolve runs a convolution whose buffers lie so many bytes beyond where
// memory was allocated.
func convolve(tier *Tier, c *Conv, in []int8, zero int8, src, dst int, rng *rand.Rand) (out []int8, clean bool) {
	a, o := newBuffer(c.In, tier), newBuffer(c.Out, tier)
	a.all = append(make([]int8, src, src+len(a.all)), a.all...)[src:]
	o.all = append(make([]int8, dst, dst+len(o.all)), o.all...)[dst:]
	a.put(in, zero)
	o.put(make([]int8, c.Out.H*c.Out.W*c.Out.C), canary)
	pack := tier.Dense
	if c.Depthwise() {
		pack = tier.Depthwise
	}
	ran := run(pack(c), Args{Out: o.slice(), A: a.slice()}, rng)
	out, kept := o.get()
	return out, ran && kept
}
