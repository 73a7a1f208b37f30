package main

import "fmt"

// A tile512 computes so many pixels by 16·vectors channels at a time, in
// 32-bit accumulators.
//
// Registers:
//
//	AX BX CX DX R8 … R13  the pixels' windows
//	DI                    args
//	SI                    the next weights
//	R14                   the step's distance in the window
//	R15                   steps left of the segment
//	Z0 …                  accumulators [pixel][vector]
//
// The registers that accumulators leave hold the weights of a step, all but
// the fourth vector's, and four elements of a pixel.
type tile512 struct{ vectors, pixels int }

var pixels512 = []string{"AX", "BX", "CX", "DX", "R8", "R9", "R10", "R11", "R12", "R13"}

func (t tile512) acc(p, v int) string { return zmm(p*t.vectors + v) }

func (t tile512) write(f *file, c *constants512) {
	k := f.kernel(fmt.Sprintf("vnni512Dense%dx%d", t.vectors, t.pixels), "vnni512DenseArgs", fmt.Sprintf(`
for ; args.tiles > 0; args.tiles-- {
	var acc [%[1]d][%[2]d]int32
	for p, pixel := range args.pixel[:%[1]d] {
		acc[p] = finish.bias
		weight := args.weight
		for _, at := range args.segment {
			for range args.steps {
				x := args.in[pixel.in+at:][:4] // uint8
				for ch := range %[2]d {
					for i := range 4 {
						acc[p][ch] += x[i] * weight[ch][i]
					}
				}
				at, weight = at+4, weight[1:]
			}
		}
		for ch := range args.channels {
			args.out[pixel.out+ch] = requantize(acc[p][ch], finish.mult[ch])
		}
	}
	args.pixel = args.pixel[%[1]d:]
}`, t.pixels, 16*t.vectors))
	k.evenMask()
	k.op("KMOVQ %s, K1", k.field("mask"))
	k.label("tile")
	k.load("pixel", "R14")
	for p := range t.pixels {
		k.op("MOVLQSX %d(R14), %s", 8*p, pixels512[p])
	}
	for p := range t.pixels {
		k.op("ADDQ %s, %s", k.field("in"), pixels512[p])
	}
	k.load("finish", "SI")
	for v := range t.vectors {
		k.op("VMOVDQU32 %s(SI), %s", offset(64*v), t.acc(0, v))
		for p := 1; p < t.pixels; p++ {
			k.op("VMOVDQA64 %s, %s", t.acc(0, v), t.acc(p, v))
		}
	}
	k.load("weight", "SI", "segment", "R15")
	k.label("segment")
	k.op("MOVLQSX (R15), R14\nADDQ $4, R15\nMOVQ R15, %s", k.field("next"))
	k.load("steps", "R15")
	k.label("step")
	t.step(k)
	k.op("ADDQ $4, R14\nADDQ $%d, SI\nDECQ R15\nJNZ step", 64*t.vectors)
	k.load("next", "R15")
	k.op("CMPQ R15, %s\nJNE segment", k.field("end"))
	k.load("pixel", "AX", "out", "BX", "finish", "SI")
	k.op("CMPQ %s, $0\nJNE exact", k.field("exact"))
	t.finish(k, c, false)
	k.label("next")
	k.op("ADDQ $%d, AX\nMOVQ AX, %s", 8*t.pixels, k.field("pixel"))
	k.op("DECQ %s\nJNZ tile", k.field("tiles"))
	k.ret()
	k.note("Any multiplier, any clamp.")
	k.label("exact")
	t.finish(k, c, true)
	k.op("JMP next")
}

// step adds the products of four elements of each pixel.
func (t tile512) step(k *kernel) {
	free := t.vectors * t.pixels
	held := min(t.vectors, 3)
	for v := range held {
		k.op("VMOVDQU32 %s(SI), %s", offset(64*v), zmm(free+v))
	}
	x := zmm(free + held)
	for p := range t.pixels {
		k.op("VPBROADCASTD (%s)(R14*1), %s", pixels512[p], x)
		for v := range held {
			k.op("VPDPBUSD %s, %s, %s", zmm(free+v), x, t.acc(p, v))
		}
		if t.vectors == 4 {
			k.op("VPDPBUSD 192(SI), %s, %s", x, t.acc(p, 3))
		}
	}
}

// finish requantizes the tile and stores it. It takes 16·vectors bytes of
// lanes that hold 4·vectors channels each, so that nothing but whole dwords
// need be permuted.
func (t tile512) finish(k *kernel, c *constants512, exact bool) {
	free := t.vectors * t.pixels
	r := &requantizer{kernel: k, c: c, exact: exact, m: zmm(free), odd: zmm(free + 1), t: zmm(free + 2), lo: zmm(free), hi: zmm(free + 1)}
	for v := range t.vectors {
		r.multipliers(64 * (t.vectors + v))
		for p := range t.pixels {
			r.scale(t.acc(p, v))
		}
	}
	r.clamps()
	order := zmm(free + 3)
	switch t.vectors {
	case 1:
		k.op("VMOVDQU32 %s, %s", c.square, order)
		for p := 0; p < t.pixels; p += 4 {
			a := t.acc(p, 0)
			r.pack(a, t.acc(p+1, 0), t.acc(p+2, 0), t.acc(p+3, 0))
			k.op("VPERMD %s, %s, %s", a, order, a)
			for i := range 4 {
				if i > 0 {
					k.op("VEXTRACTI32X4 $%d, %s, %s", i, a, xmm(p+i))
				}
				t.store(k, p+i, xmm(p+i), "VMOVDQU8")
			}
		}
	case 2:
		k.op("VMOVDQU32 %s, %s", c.pairs, order)
		for p := 0; p < t.pixels; p += 2 {
			a := t.acc(p, 0)
			r.pack(a, t.acc(p, 1), t.acc(p+1, 0), t.acc(p+1, 1))
			k.op("VPERMQ %s, %s, %s", a, order, a)
			k.op("VEXTRACTI64X4 $1, %s, %s", a, ymm(2*p+2))
			t.store(k, p, ymm(2*p), "VMOVDQU8")
			t.store(k, p+1, ymm(2*p+2), "VMOVDQU8")
		}
	case 3:
		k.op("VMOVDQU32 %s, %s", c.three, order)
		for p := range t.pixels {
			a := t.acc(p, 0)
			r.pack(a, t.acc(p, 1), t.acc(p, 2), t.acc(p, 2))
			k.op("VPERMD %s, %s, %s", a, order, a)
			t.store(k, p, a, "VMOVDQU8")
		}
	case 4:
		for p := range t.pixels {
			a := t.acc(p, 0)
			r.pack(a, t.acc(p, 1), t.acc(p, 2), t.acc(p, 3))
			t.store(k, p, a, "VMOVDQU32")
		}
	}
}

// store stores a pixel's channels: all of them, or those that K1 says.
func (t tile512) store(k *kernel, p int, from, how string) {
	k.op("MOVLQSX %d(AX), CX", 8*p+4)
	if t.vectors < 4 {
		from += ", K1"
	}
	k.op("%s %s, (BX)(CX*1)", how, from)
}
