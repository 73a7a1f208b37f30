package kernel

type addPlaceOp struct {
	Add
	flip uint8
}

// AddPlace makes an Op of any tier for an Add whose B is one place that holds
// for all of A's.
func (t *Tier) AddPlace(a *Add) Op { return &addPlaceOp{*a, t.Flip} }

func (d *addPlaceOp) Parts() []Part { return d.Out.parts() }

func (d *addPlaceOp) Scratch() int { return 0 }

func (d *addPlaceOp) Run(args *Args, p Part) {
	c := d.Out.C
	b := args.B[d.B.At(0, 0)-args.BFrom:][:c]
	for y := p.Y; y < p.YEnd; y++ {
		for x := range d.Out.W {
			d.sum(args.Out[d.Out.At(y, x)-args.OutFrom:][:c], args.A[d.A.At(y, x)-args.AFrom:][:c], b)
		}
	}
}

func (d *addPlaceOp) sum(out, a, b []int8) {
	out, b = out[:len(a)], b[:len(a)]
	ma, mb := int32(d.MultA), int32(d.MultB)
	bias := d.Bias + 1<<(d.Shift-1)
	lo, hi := int32(d.Lo), int32(d.Hi)
	for i := range out {
		u, v := int32(int8(uint8(a[i])^d.flip)), int32(int8(uint8(b[i])^d.flip))
		out[i] = int8(uint8(min(max((u*ma+v*mb+bias)>>(d.Shift&15), lo), hi)) ^ d.flip)
	}
}
