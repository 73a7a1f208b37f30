package main

func init() {
	files["avx512_amd64.s"] = func(f *file) {
		c := newConstants512(f)
		for _, t := range []tile512{{1, 8}, {2, 10}, {3, 9}, {4, 7}} {
			t.write(f, c)
		}
		writeDepthwise512(f, c, 4, 2)
		writeDepthwise512(f, c, 1, 4)
		add512(f, c)
		mean512(f)
	}
}

// Constants of the 512-bit kernels.
type constants512 struct {
	half   string // 32 × int16(2¹⁴): a rounding multiplication by it halves
	round  string // 2³⁰
	flip   string // 4 × 0x80
	square string // permutes 4 lanes of 4 dwords into their transpose
	three  string // permutes the first 3 dwords of each lane together
	pairs  string // permutes the even and then the odd qwords together
	spread string // shuffles bytes 4·l … 4·l+3 of lane l to the first of each dword
}

func newConstants512(f *file) *constants512 {
	fill := func(v uint64) []uint64 { return []uint64{v, v, v, v, v, v, v, v} }
	var square, three []uint64
	for i := range uint64(16) {
		square = append(square, i%4*4+i/4)
		three = append(three, i/3*4+i%3)
	}
	three = append(three[:12], 0, 0, 0, 0)
	var spread []uint64
	for lane := range uint64(4) {
		for i := range uint64(2) {
			b := 4*lane + 2*i
			spread = append(spread, b*0x01010101|(b+1)*0x01010101<<32)
		}
	}
	return &constants512{
		half:   f.table("half512", 8, fill(0x4000400040004000)...),
		round:  f.table("round512", 8, 1<<30),
		flip:   f.table("flip512", 4, 0x80808080),
		square: f.table("square512", 4, square...),
		three:  f.table("three512", 4, three...),
		pairs:  f.table("pairs512", 8, 0, 2, 4, 6, 1, 3, 5, 7),
		spread: f.table("spread512", 8, spread...),
	}
}

// Masks that a kernel keeps: K1 is its own.
const (
	even   = "K2" // dwords 0, 2, 4 …
	second = "K3" // bytes 1, 5, 9 …
	third  = "K4"
	fourth = "K5"
)

func (k *kernel) evenMask() {
	k.op("MOVQ $0x5555, AX\nKMOVQ AX, %s", even)
}

// A requantizer turns accumulators of 16 channels into bytes q+128.
//
// rdm(a, m) is needed modulo the saturation of the packs only, and half of the
// rounding is left to where twice as many values fit a register. With
// m < 2²⁹,
//
//	h = (a·4m) >> 32         the upper halves of VPMULDQ, twice as fine as q
//	q = (h + 1) >> 1         VPMULHRSW by 2¹⁴, after a saturating pack
//
// which is rdm(a, m) exactly, as ⌊(⌊2x⌋+1)/2⌋ = ⌊x+½⌋. The exact kind takes
// every m and clamps.
type requantizer struct {
	*kernel
	c         *constants512
	exact     bool
	m, odd, t string // registers: multipliers of even and of odd channels; free
	lo, hi    string // registers, for exact
}

// multipliers loads those of 16 channels, where SI points. There is a dword
// behind the last ones.
func (r *requantizer) multipliers(at int) {
	r.op("VMOVDQU32 %d(SI), %s", at, r.m)
	r.op("VMOVDQU32 %d(SI), %s", at+4, r.odd)
}

// scale multiplies 16 accumulators.
func (r *requantizer) scale(acc string) {
	r.op("VPMULDQ %s, %s, %s", r.m, acc, r.t)
	r.op("VMOVSHDUP %s, %s", acc, acc)
	r.op("VPMULDQ %s, %s, %s", r.odd, acc, acc)
	if !r.exact {
		r.op("VMOVSHDUP %s, %s, %s", r.t, even, acc)
		return
	}
	r.op("VPADDQ.BCST %s, %s, %s", r.c.round, r.t, r.t)
	r.op("VPADDQ.BCST %s, %s, %s", r.c.round, acc, acc)
	r.op("VPSRLQ $31, %s, %s", r.t, r.t)
	r.op("VPADDQ %s, %s, %s", acc, acc, acc)
	r.op("VMOVDQA32 %s, %s, %s", r.t, even, acc)
}

// pack packs four scaled accumulators into the first: each 16 bytes have 4
// bytes of each.
func (r *requantizer) pack(a, b, c, d string) {
	r.op("VPACKSSDW %s, %s, %s", b, a, a)
	r.op("VPACKSSDW %s, %s, %s", d, c, c)
	if !r.exact {
		r.op("VPMULHRSW %s, %s, %s", r.c.half, a, a)
		r.op("VPMULHRSW %s, %s, %s", r.c.half, c, c)
	}
	r.op("VPACKSSWB %s, %s, %s", c, a, a)
	r.op("VPXORD.BCST %s, %s, %s", r.c.flip, a, a)
	if r.exact {
		r.op("VPMAXUB %s, %s, %s", r.lo, a, a)
		r.op("VPMINUB %s, %s, %s", r.hi, a, a)
	}
}

// clamps loads the ends of the clamp, where they are needed.
func (r *requantizer) clamps() {
	if r.exact {
		r.op("VPBROADCASTB %s, %s", r.field("lo"), r.lo)
		r.op("VPBROADCASTB %s, %s", r.field("hi"), r.hi)
	}
}
