package kernel

type genericMean struct{ Mean }

func newGenericMean(m *Mean) Op { return &genericMean{*m} }

func (d *genericMean) Parts() []Part { return []Part{{0, 1, 0, d.In.C}} }

func (d *genericMean) Scratch() int { return 0 }

func (d *genericMean) Run(a *Args, p Part) {
	sum := a.Sum[p.C:p.CEnd]
	fill(sum, int32(-d.In.H*d.In.W*int(d.Zero)))
	for y := range d.In.H {
		for x := range d.In.W {
			for c, q := range a.A[d.In.At(y, x)+p.C-a.AFrom:][:len(sum)] {
				sum[c] += int32(q)
			}
		}
	}
}
