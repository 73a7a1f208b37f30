package kernel

type maxPoolOp struct {
	Pool
	flip uint8
}

// MaxPool makes an Op of any tier: the greatest of each window.
func (t *Tier) MaxPool(p *Pool) Op { return &maxPoolOp{*p, t.Flip} }

func (d *maxPoolOp) Parts() []Part { return d.parts() }

// parts cuts a pool into rows.
func (p *Pool) parts() []Part {
	return rowParts(p.Out.H, ceil(addPart, p.Out.W*p.Out.C*p.Window.KernelH*p.Window.KernelW), p.Out.C, p.Out.C)
}

func (d *maxPoolOp) Scratch() int { return 0 }

func (d *maxPoolOp) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y++ {
		top, rows, _ := d.Rows(y)
		for x := range d.Out.W {
			left, columns, _ := d.Columns(x)
			out := a.Out[d.Out.At(y, x)-a.OutFrom:][:d.Out.C]
			copy(out, a.A[d.In.At(top, left)-a.AFrom:])
			for ky := range rows {
				for kx := range columns {
					at := d.In.At(top+ky*d.Window.DilationH, left+kx*d.Window.DilationW)
					d.greater(out, a.A[at-a.AFrom:][:len(out)])
				}
			}
		}
	}
}

// greater is out[i] = max(out[i], in[i]).
func (d *maxPoolOp) greater(out, in []int8) {
	out = out[:len(in)]
	for i, v := range in {
		q := max(int8(uint8(v)^d.flip), int8(uint8(out[i])^d.flip))
		out[i] = int8(uint8(q) ^ d.flip)
	}
}
