package kernel

// Select makes a value of channels of another: channel c is channel
// Channels[c] of In.
type Select struct {
	In, Out  Layout // of one height and width
	Channels []int32
}

type selectOp struct {
	Select
	runs []channelRun // nil if they are too short to copy one by one
}

// channelRun is channels side by side in both values.
type channelRun struct{ from, to, n int }

// Select makes an Op of any tier.
func (t *Tier) Select(s *Select) Op {
	d := &selectOp{Select: *s}
	for to, from := range s.Channels {
		if last := len(d.runs) - 1; last >= 0 && d.runs[last].from+d.runs[last].n == int(from) {
			d.runs[last].n++
		} else {
			d.runs = append(d.runs, channelRun{int(from), to, 1})
		}
	}
	const worth = 8 // channels, to call copy for
	if len(s.Channels) < worth*len(d.runs) {
		d.runs = nil
	}
	return d
}

func (d *selectOp) Parts() []Part { return d.Out.parts() }

func (d *selectOp) Scratch() int { return 0 }

func (d *selectOp) Run(a *Args, p Part) {
	for y := p.Y; y < p.YEnd; y++ {
		for x := range d.Out.W {
			in, out := a.A[d.In.At(y, x)-a.AFrom:][:d.In.C], a.Out[d.Out.At(y, x)-a.OutFrom:][:d.Out.C]
			for _, r := range d.runs {
				copy(out[r.to:][:r.n], in[r.from:])
			}
			if d.runs == nil {
				for c, from := range d.Channels {
					out[c] = in[from]
				}
			}
		}
	}
}
