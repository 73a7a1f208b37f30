package kernel

// MeanPool is the mean of each window by the int8 definition in package embed.
type MeanPool struct {
	Pool
	Zero int8 // of In and of Out
}

type meanPoolOp struct {
	MeanPool
	sign uint8
}

// MeanPool makes an Op of any tier.
func (t *Tier) MeanPool(p *MeanPool) Op { return &meanPoolOp{*p, t.sign()} }

func (d *meanPoolOp) Parts() []Part { return d.parts() }

func (d *meanPoolOp) Scratch() int { return 0 }

// meanTerms is how many q+128 a sum of 16 bits has room for.
const meanTerms = (1<<16 - 1) / 255

func (d *meanPoolOp) Run(a *Args, p Part) {
	in := asBytes(a.A)
	for y := p.Y; y < p.YEnd; y++ {
		top, rows, countedH := d.Rows(y)
		for x := range d.Out.W {
			left, columns, countedW := d.Columns(x)
			out := asBytes(a.Out[d.Out.At(y, x)-a.OutFrom:][:d.Out.C])
			at := d.In.At(top, left) - a.AFrom
			n := meanDivisor(countedH * countedW)
			// Of each place in the picture q − Zero is q+128 less so much.
			zeros := int32(rows*columns) * (int32(d.Zero) + 128)
			if len(out) < lanes || rows*columns > meanTerms {
				for c := range out {
					out[c] = d.mean(n, d.sum(in, at+c, rows, columns)-zeros)
				}
				continue
			}
			for c := 0; c < len(out); c += lanes {
				c := lanesAt(c, len(out))
				even, odd := d.lanes(in, at+c, rows, columns)
				to := out[c : c+lanes]
				for i := 0; i < lanes; i += 2 {
					to[i] = d.mean(n, int32(even&0xffff)-zeros)
					to[i+1] = d.mean(n, int32(odd&0xffff)-zeros)
					even, odd = even>>16, odd>>16
				}
			}
		}
	}
}

// mean is what is stored for a sum of q − Zero.
func (d *meanPoolOp) mean(n meanDivision, sum int32) uint8 {
	return uint8(int(d.Zero)+128+n.quotient(sum)) ^ d.sign
}

// lanes returns the sums of q+128 of eight channels, 16 bits each.
func (d *meanPoolOp) lanes(in []byte, at, rows, columns int) (even, odd uint64) {
	sign := signs(d.sign)
	down, right := d.steps()
	for range rows {
		for p := at; p < at+columns*right; p += right {
			v := loadLanes(in, p) ^ sign
			even += v & laneEven
			odd += v >> 8 & laneEven
		}
		at += down
	}
	return even, odd
}

// sum returns the sum of q+128 of one channel.
func (d *meanPoolOp) sum(in []byte, at, rows, columns int) (sum int32) {
	down, right := d.steps()
	for range rows {
		for p := at; p < at+columns*right; p += right {
			sum += int32(in[p] ^ d.sign)
		}
		at += down
	}
	return sum
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
