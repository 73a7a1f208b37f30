package main

import "fmt"

// A tile is what a kernel computes at a time: up to six pixels by 16 or 8
// channels, in 32-bit accumulators of 8 channels. All dense and depthwise
// kernels of 256-bit tiers are one loop over tiles, which differ in the steps
// that add products to the accumulators.
//
// Registers:
//
//	AX BX CX DX R8 R9  the pixels' first elements
//	DI                 args
//	SI                 the next step's distance from there
//	R10                that distance
//	R11                the next step's weights
//	R12                steps left of this kind
//	R13                the next tile's pixels
//	Y0 … Y11           accumulators [pixel][half]
//	Y12 … Y15          free
type tile struct {
	*kernel
	pixels, halves int
}

// steps are the loops of a tile, one for each kind of step. Each adds one
// step's products to the accumulators and returns how many bytes of weights
// that takes.
type steps func(halves int) []func(t *tile) int

const maxPixels = 6

var pixelRegister = [maxPixels]string{"AX", "BX", "CX", "DX", "R8", "R9"}

// acc is an accumulator.
func (t *tile) acc(pixel, half int) string { return ymm(pixel*t.halves + half) }

// at is a vector of the step at work, for a pixel.
func (t *tile) at(pixel, bytes int) string {
	return fmt.Sprintf("%s(%s)(R10*1)", offset(bytes), pixelRegister[pixel])
}

// weights is a vector of the weights of the step at work.
func (t *tile) weights(bytes int) string { return offset(bytes) + "(R11)" }

// free is a register that holds nothing between steps.
func (t *tile) free(i int) string { return ymm(12 + i) }

func offset(bytes int) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprint(bytes)
}

// Constants of the kernels of a file.
type constants struct {
	ones    string // 16 × int16(1)
	natural string // shuffles what requantize leaves into the channels' order
	quarter string // permutes the pixels' halves of 4 bytes together
	flip    string // 32 × 0x80

	byteOnes string // 32 × int8(1)
	most     string // 16 × int16(128)
}

func newConstants(f *file) *constants {
	one, flip := uint64(0x0001000100010001), uint64(0x8080808080808080)
	lo, hi := uint64(0x0705060403010200), uint64(0x0f0d0e0c0b090a08)
	return &constants{
		ones:    f.table("ones", 8, one, one, one, one),
		natural: f.table("natural", 8, lo, hi, lo, hi),
		quarter: f.table("quarter", 8, 4<<32, 5<<32|1, 6<<32|2, 7<<32|3),
		flip:    f.table("flip", 8, flip, flip, flip, flip),
	}
}

// newTile writes the kernel of n pixels by 8·halves channels.
func newTile(f *file, c *constants, name, doc string, pixels, halves int, s steps) {
	t := &tile{f.kernel(fmt.Sprintf("%s%dx%d", name, pixels, 8*halves), "tileArgs", doc), pixels, halves}
	t.load("inAt", "R13")
	t.label("tile")
	t.load("in", "R10")
	for p := range pixels {
		t.op("MOVLQSX %d(R13), %s", 4*p, pixelRegister[p])
		t.op("ADDQ R10, %s", pixelRegister[p])
	}
	t.op("ADDQ $%d, R13", 4*pixels)
	t.load("at", "SI", "weight", "R11", "finish", "R12")
	for h := range halves {
		t.op("VMOVDQU %d(R12), %s", 32*h, t.acc(0, h))
	}
	for p := 1; p < pixels; p++ {
		for h := range halves {
			t.op("VMOVDQA %s, %s", t.acc(0, h), t.acc(p, h))
		}
	}
	for kind, step := range s(halves) {
		t.op("MOVQ %s_steps+%d(DI), R12", t.args, 8*kind)
		t.op("TESTQ R12, R12\nJZ end%d", kind)
		t.label(fmt.Sprintf("kind%d", kind))
		t.op("MOVLQSX (SI), R10")
		bytes := step(t)
		t.op("ADDQ $4, SI\nADDQ $%d, R11\nDECQ R12\nJNZ kind%d", bytes, kind)
		t.label(fmt.Sprintf("end%d", kind))
	}
	t.finish(c)
	t.op("DECQ %s\nJNZ tile", t.field("n"))
	t.ret()
}

// finish requantizes the tile and stores it.
//
// With the accumulator a and its multiplier m of one channel, and 2³¹ already
// in the accumulator to make it unsigned,
//
//	rdm(a, m) = ((a+2³¹)·2m + 2³¹ − m·2³²) >> 32
//
// whose products, even and odd channels apart, have all that is wanted in their
// upper halves. Putting those side by side leaves channels 0 1 2 3 as 0 2 1 3,
// which one shuffle of bytes puts right at the end.
func (t *tile) finish(c *constants) {
	t.load("finish", "R12")
	for h := range t.halves {
		// Loads are what this waits for: three of four constants stay in
		// registers.
		multEven, multOdd, roundEven, odd := t.free(0), t.free(1), t.free(2), t.free(3)
		at := 32*t.halves + 128*h
		t.op("VMOVDQU %d(R12), %s\nVMOVDQU %d(R12), %s\nVMOVDQU %d(R12), %s", at, multEven, at+32, multOdd, at+64, roundEven)
		for p := range t.pixels {
			a := t.acc(p, h)
			t.op("VPSRLQ $32, %s, %s", a, odd)
			t.op("VPMULUDQ %s, %s, %s", multEven, a, a)
			t.op("VPMULUDQ %s, %s, %s", multOdd, odd, odd)
			t.op("VPADDQ %s, %s, %s", roundEven, a, a)
			t.op("VPADDQ %d(R12), %s, %s", at+96, odd, odd)
			t.op("VSHUFPS $0xDD, %s, %s, %s", odd, a, a)
		}
	}
	lo, hi := t.free(2), t.free(3)
	t.op("VPBROADCASTB %s, %s", t.field("lo"), lo)
	t.op("VPBROADCASTB %s, %s", t.field("hi"), hi)
	t.load("out", "R10", "outAt", "R11")
	clamp := func(y string) {
		t.op("VPMAXSB %s, %s, %s", lo, y, y)
		t.op("VPMINSB %s, %s, %s", hi, y, y)
		t.op("VPSHUFB %s, %s, %s", c.natural, y, y)
		t.op("VPXOR %s, %s, %s", c.flip, y, y)
	}
	if t.halves == 2 {
		for p := 0; p < t.pixels; p += 2 {
			q := min(p+1, t.pixels-1)
			y := t.acc(p, 0)
			t.op("VPACKSSDW %s, %s, %s", t.acc(p, 1), y, y)
			if q != p {
				t.op("VPACKSSDW %s, %s, %s", t.acc(q, 1), t.acc(q, 0), t.acc(q, 0))
			}
			t.op("VPACKSSWB %s, %s, %s", t.acc(q, 0), y, y)
			clamp(y)
			t.op("VPERMQ $0xD8, %s, %s", y, y)
			t.op("MOVLQSX %d(R11), R12\nVMOVDQU %s, (R10)(R12*1)", 4*p, xmm(p*2))
			if q != p {
				t.op("MOVLQSX %d(R11), R12\nVEXTRACTI128 $1, %s, (R10)(R12*1)", 4*q, y)
			}
		}
	} else {
		quarter := t.free(0)
		t.op("VMOVDQU %s, %s", c.quarter, quarter)
		for p := 0; p < t.pixels; p += 4 {
			of := func(i int) int { return min(p+i, t.pixels-1) }
			y := ymm(12 + 1)
			t.op("VPACKSSDW %s, %s, %s", t.acc(of(1), 0), t.acc(p, 0), y)
			t.op("VPACKSSDW %s, %s, %s", t.acc(of(3), 0), t.acc(of(2), 0), t.acc(p, 0))
			t.op("VPACKSSWB %s, %s, %s", t.acc(p, 0), y, y)
			clamp(y)
			t.op("VPERMD %s, %s, %s", y, quarter, y)
			for i := range 4 {
				if p+i >= t.pixels {
					break
				}
				if i == 2 {
					t.op("VEXTRACTI128 $1, %s, %s", y, xmm(13))
				}
				t.op("MOVLQSX %d(R11), R12\n%s %s, (R10)(R12*1)", 4*(p+i), [...]string{"VMOVQ", "VMOVHPS"}[i%2], xmm(13))
			}
		}
	}
	t.op("ADDQ $%d, R11\nMOVQ R11, %s", 4*t.pixels, t.field("outAt"))
}
