package kernel

type genericAdd struct{ Add }

func newGenericAdd(a *Add) Op { return &genericAdd{*a} }

func (d *genericAdd) Units() int { return d.Out.H }

func (d *genericAdd) Scratch() int { return 0 }

func (d *genericAdd) Run(args *Args, unit int) {
	n := d.Out.W * d.Out.C
	a := args.A[d.A.At(unit, 0):][:n]
	b := args.B[d.B.At(unit, 0):][:n]
	out := args.Out[d.Out.At(unit, 0):][:n]
	ma, mb := int32(d.MultA), int32(d.MultB)
	bias := d.Bias + 1<<(d.Shift-1)
	shift := d.Shift & 15 // at most 14: the compiler need not test for 32
	lo, hi := int32(d.Lo), int32(d.Hi)
	for i := range out {
		acc := int32(a[i])*ma + int32(b[i])*mb + bias
		out[i] = int8(min(max(acc>>shift, lo), hi))
	}
}
