package kernel

type genericMean struct{ Mean }

func newGenericMean(m *Mean) Op { return &genericMean{*m} }

func (d *genericMean) Units() int { return 1 }

func (d *genericMean) Scratch() int { return 0 }

func (d *genericMean) Run(a *Args, _ int) {
	sum := a.Sum[:d.In.C]
	fill(sum, int32(-d.In.H*d.In.W*int(d.Zero)))
	for y := range d.In.H {
		for x := range d.In.W {
			for c, q := range a.A[d.In.At(y, x):][:len(sum)] {
				sum[c] += int32(q)
			}
		}
	}
}
