package kernel

// genericDepthwise works row by row: each tap adds a whole row of channels.
type genericDepthwise struct {
	Geometry
	lo, hi int32
	weight []int8 // [KernelH][KernelW][C]
	bias   []int32
	mult   []int32
}

func newGenericDepthwise(c *Conv) Op {
	d := &genericDepthwise{Geometry: c.Geometry, lo: int32(c.Lo), hi: int32(c.Hi)}
	k := c.K()
	d.weight = make([]int8, k*c.In.C)
	for ch := range c.In.C {
		for t := range k {
			d.weight[t*c.In.C+ch] = c.Weight[ch*k+t]
		}
	}
	d.bias = append(d.bias, c.Bias...)
	d.mult = append(d.mult, c.Mult...)
	return d
}

func (d *genericDepthwise) Units() int { return d.Out.H }

func (d *genericDepthwise) Scratch() int { return 0 }

func (d *genericDepthwise) Run(a *Args, unit int) {
	c := d.In.C
	for x := range d.Out.W {
		from, to := d.Origin(unit, x), d.Out.At(unit, x)
		for ch := range c {
			acc := d.bias[ch]
			for ky := range d.Window.KernelH {
				for kx := range d.Window.KernelW {
					at := from + ky*d.Window.DilationH*d.In.Row() + kx*d.Window.DilationW*c + ch
					acc += int32(a.A[at]) * int32(d.weight[(ky*d.Window.KernelW+kx)*c+ch])
				}
			}
			a.Out[to+ch] = requantize(acc, d.mult[ch], d.lo, d.hi)
		}
	}
}
