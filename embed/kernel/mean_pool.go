package kernel

// MeanPool is the mean of each window by the int8 definition in package embed.
type MeanPool struct {
	Pool
	Zero int8 // of In and of Out
}

type meanPoolOp struct {
	MeanPool
	flip uint8
}

// MeanPool makes an Op of any tier.
func (t *Tier) MeanPool(p *MeanPool) Op { return &meanPoolOp{*p, t.Flip} }

func (d *meanPoolOp) Parts() []Part { return d.parts() }

func (d *meanPoolOp) Scratch() int { return 0 }

// meanChannels are so many that their sums stay in the first-level cache.
const meanChannels = 64

func (d *meanPoolOp) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y++ {
		top, rows, countedH := d.Rows(y)
		for x := range d.Out.W {
			left, columns, countedW := d.Columns(x)
			n := meanDivisor(countedH * countedW)
			for c := 0; c < d.Out.C; c += meanChannels {
				var all [meanChannels]int32
				sums := all[:min(meanChannels, d.Out.C-c)]
				for ky := range rows {
					for kx := range columns {
						at := d.In.At(top+ky*d.Window.DilationH, left+kx*d.Window.DilationW)
						addBytes(sums, a.A[at+c-a.AFrom:], d.flip)
					}
				}
				out := a.Out[d.Out.At(y, x)+c-a.OutFrom:][:len(sums)]
				zeros := int32(rows*columns) * int32(d.Zero)
				for i, sum := range sums {
					out[i] = int8(uint8(int(d.Zero)+n.quotient(sum-zeros)) ^ d.flip)
				}
			}
		}
	}
}

// addBytes is sums[i] += in[i].
func addBytes(sums []int32, in []int8, flip uint8) {
	in = in[:len(sums)]
	for i, v := range in {
		sums[i] += int32(int8(uint8(v) ^ flip))
	}
}

// meanDivision divides sums of at most n differences of two int8 by n.
//
// ⌊(2s + n)/2n⌋ is ⌊(2s + 513n)/2n⌋ − 256, whose dividend is positive and less
// than 2²³, as n ≤ 2¹². With reciprocal = ⌈2⁴⁰/2n⌉ = (2⁴⁰ + e)/2n, 0 ≤ e < 2n,
// the product is 2⁴⁰ times the quotient and less than 2²³·e/2n < 2²³ too much:
// less than 2⁴⁰/2n, so that it never reaches the next whole number.
type meanDivision struct{ n, reciprocal uint64 }

func meanDivisor(n int) meanDivision {
	return meanDivision{uint64(n), (1<<40 + uint64(2*n) - 1) / uint64(2*n)}
}

// quotient returns sum/n, rounded to the nearest with halves going up.
func (d meanDivision) quotient(sum int32) int {
	dividend := uint64(int64(2*sum)) + 513*d.n
	return int(dividend*d.reciprocal>>40) - 256
}
