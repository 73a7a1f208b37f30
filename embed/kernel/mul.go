package kernel

import "unsafe"

// Mul multiplies two values by the int8 definition in package embed. B has the
// shape of A or one place, which holds for all of A's.
type Mul struct {
	A, B, Out           Layout
	ZeroA, ZeroB, ZeroO int8
	Mult                int32 // positive
	Shift               uint8 // 0 … 14
	Lo, Hi              int8
}

// mulOp has its numbers for q+128, of inputs and output.
type mulOp struct {
	Mul
	sign   uint8
	za, zb int64
	mult   int64 // with its shift
	bias   int64 // rounds and adds the output's zero point before the shift by 31
	lo, hi int64
}

// Mul makes an Op of any tier.
func (t *Tier) Mul(m *Mul) Op {
	return &mulOp{
		Mul: *m, sign: t.sign(),
		za: int64(m.ZeroA) + 128, zb: int64(m.ZeroB) + 128,
		mult: int64(m.Mult) << m.Shift, bias: 1<<30 + (int64(m.ZeroO)+128)<<31,
		lo: int64(m.Lo) + 128, hi: int64(m.Hi) + 128,
	}
}

func (d *mulOp) Parts() []Part { return d.Out.parts() }

// factor is what an element is multiplied by and what is added before the
// shift.
type factor struct{ mult, bias int64 }

func (d *mulOp) Scratch() int {
	if d.B.holds(d.Out) {
		return ceil(d.Out.C, factorsInBlock)
	}
	return 0
}

const factorsInBlock = int(unsafe.Sizeof(Block{}) / unsafe.Sizeof(factor{}))

func (d *mulOp) Run(args *Args, p Part) {
	c := d.Out.C
	var factors []factor
	if d.B.holds(d.Out) {
		factors = unsafe.Slice((*factor)(unsafe.Pointer(unsafe.SliceData(args.Scratch))), c)
		d.place(factors, args.B[d.B.At(0, 0)-args.BFrom:][:c])
	}
	for y := p.Y; y < p.YEnd; y++ {
		a, out := args.A[d.A.At(y, 0)-args.AFrom:][:d.Out.W*c], args.Out[d.Out.At(y, 0)-args.OutFrom:][:d.Out.W*c]
		if factors == nil {
			d.product(out, a, args.B[d.B.At(y, 0)-args.BFrom:][:len(a)])
			continue
		}
		for x := 0; x < len(a); x += c {
			d.scale(out[x:x+c], a[x:x+c], factors)
		}
	}
}

// holds reports that a value of layout l is one place that holds for several.
func (l Layout) holds(all Layout) bool { return l.H == 1 && l.W == 1 && (all.H > 1 || all.W > 1) }

// product is rdm((a − ZeroA)·(b − ZeroB)<<Shift, Mult) + ZeroO, clamped.
func (d *mulOp) product(out, a, b []int8) {
	out, b = out[:len(a)], b[:len(a)]
	za, zb, mult, bias, lo, hi, sign := d.za, d.zb, d.mult, d.bias, d.lo, d.hi, d.sign
	for i := range out {
		u, v := int64(uint8(a[i])^sign)-za, int64(uint8(b[i])^sign)-zb
		out[i] = int8(uint8(min(max((u*v*mult+bias)>>31, lo), hi)) ^ sign)
	}
}

// place makes factors of the one place that holds for all.
func (d *mulOp) place(factors []factor, b []int8) {
	for c, v := range b {
		m := (int64(uint8(v)^d.sign) - d.zb) * d.mult
		factors[c] = factor{m, d.bias - d.za*m}
	}
}

// scale is product with factors.
func (d *mulOp) scale(out, a []int8, factors []factor) {
	out, factors = out[:len(a)], factors[:len(a)]
	lo, hi, sign := d.lo, d.hi, d.sign
	for i, u := range a {
		f := &factors[i]
		out[i] = int8(uint8(min(max((int64(uint8(u)^sign)*f.mult+f.bias)>>31, lo), hi)) ^ sign)
	}
}
