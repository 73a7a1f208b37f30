package kernel

import "unsafe"

// GlobalMean is the mean of each channel, quantized, by the int8 definition in
// package embed. Out has one place.
type GlobalMean struct {
	In, Out     Layout
	Zero, ZeroO int8
	Mult        int32 // positive
	Shift       uint8 // 0 … 14: 255·In.H·In.W<<Shift < 2³¹
	Lo, Hi      int8
}

type globalMeanOp struct {
	GlobalMean
	sums Op // the tier's Mean
	flip uint8
}

// GlobalMean makes an Op of the tier's own Mean.
func (t *Tier) GlobalMean(m *GlobalMean) Op {
	return &globalMeanOp{*m, t.Mean(&Mean{In: m.In, Zero: m.Zero}), t.Flip}
}

func (d *globalMeanOp) Parts() []Part { return []Part{{0, 1, 0, d.In.C}} }

// sumsInBlock is how many sums a block of scratch holds.
const sumsInBlock = int(unsafe.Sizeof(Block{}) / unsafe.Sizeof(int32(0)))

func (d *globalMeanOp) Scratch() int { return d.sums.Scratch() + ceil(d.In.C, sumsInBlock) }

func (d *globalMeanOp) Run(a *Args, p Part) {
	blocks := ceil(d.In.C, sumsInBlock)
	sums := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(a.Scratch))), d.In.C)
	scratch, sum := a.Scratch, a.Sum
	a.Scratch, a.Sum = scratch[blocks:], sums
	d.sums.Run(a, p)
	a.Scratch, a.Sum = scratch, sum
	mult := int64(d.Mult) << (d.Shift & 15)
	lo, hi := int64(d.Lo), int64(d.Hi)
	out := a.Out[d.Out.At(0, 0)-a.OutFrom:][:d.In.C]
	for c, sum := range sums {
		q := (int64(sum)*mult+1<<30)>>31 + int64(d.ZeroO)
		out[c] = int8(uint8(min(max(q, lo), hi)) ^ d.flip)
	}
}
