package kernel

// Mul multiplies two values by the int8 definition in package embed. B has the
// shape of A or one place, which holds for all of A's.
type Mul struct {
	A, B, Out           Layout
	ZeroA, ZeroB, ZeroO int8
	Mult                int32 // positive
	Shift               uint8 // 0 … 14
	Lo, Hi              int8
}

type mulOp struct {
	Mul
	flip uint8
}

// Mul makes an Op of any tier.
func (t *Tier) Mul(m *Mul) Op { return &mulOp{*m, t.Flip} }

func (d *mulOp) Parts() []Part { return d.Out.parts() }

func (d *mulOp) Scratch() int { return 0 }

func (d *mulOp) Run(args *Args, p Part) {
	c := d.Out.C
	for y := p.Y; y < p.YEnd; y++ {
		a, out := args.A[d.A.At(y, 0)-args.AFrom:], args.Out[d.Out.At(y, 0)-args.OutFrom:]
		if !d.B.holds(d.Out) {
			n := d.Out.W * c
			d.product(out[:n], a[:n], args.B[d.B.At(y, 0)-args.BFrom:][:n])
			continue
		}
		b := args.B[d.B.At(0, 0)-args.BFrom:][:c]
		for x := range d.Out.W {
			d.product(out[x*c:][:c], a[x*c:][:c], b)
		}
	}
}

// holds reports that a value of layout l is one place that holds for several.
func (l Layout) holds(all Layout) bool { return l.H == 1 && l.W == 1 && (all.H > 1 || all.W > 1) }

// product is rdm((a − ZeroA)·(b − ZeroB)<<Shift, Mult) + ZeroO, clamped.
func (d *mulOp) product(out, a, b []int8) {
	out, b = out[:len(a)], b[:len(a)]
	za, zb, zo := int64(d.ZeroA), int64(d.ZeroB), int64(d.ZeroO)
	mult := int64(d.Mult) << (d.Shift & 15)
	lo, hi := int64(d.Lo), int64(d.Hi)
	for i := range out {
		u, v := int64(int8(uint8(a[i])^d.flip)), int64(int8(uint8(b[i])^d.flip))
		q := ((u-za)*(v-zb)*mult+1<<30)>>31 + zo
		out[i] = int8(uint8(min(max(q, lo), hi)) ^ d.flip)
	}
}
