package kernel

type genericAdd struct{ Add }

func newGenericAdd(a *Add) Op { return &genericAdd{*a} }

func (d *genericAdd) Parts() []Part {
	return rowParts(d.Out.H, ceil(addPart, d.Out.W*d.Out.C), d.Out.C, d.Out.C)
}

// addPart is about how many elements of an addition are worth handing to a
// thread.
const addPart = 1 << 14

func (d *genericAdd) Scratch() int { return 0 }

func (d *genericAdd) Run(args *Args, p Part) {
	for y := p.Y; y < p.YEnd; y++ {
		d.row(args, y)
	}
}

func (d *genericAdd) row(args *Args, y int) {
	n := d.Out.W * d.Out.C
	a := args.A[d.A.At(y, 0)-args.AFrom:][:n]
	b := args.B[d.B.At(y, 0)-args.BFrom:][:n]
	out := args.Out[d.Out.At(y, 0)-args.OutFrom:][:n]
	ma, mb := int32(d.MultA), int32(d.MultB)
	bias := d.Bias + 1<<(d.Shift-1)
	shift := d.Shift & 15 // at most 14: the compiler need not test for 32
	lo, hi := int32(d.Lo), int32(d.Hi)
	for i := range out {
		acc := int32(a[i])*ma + int32(b[i])*mb + bias
		out[i] = int8(min(max(acc>>shift, lo), hi))
	}
}
