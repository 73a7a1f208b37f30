package kernel

// Place puts a value beside others into the channels of another: an input of a
// concatenation.
type Place struct {
	In, Out Layout // of one height and width
	Channel int    // of Out, that In's first becomes
	Table   []int8 // as Table has it; nil to copy
}

type placeOp struct {
	Place
	plain  bool
	stored [256]int8
}

// Place makes an Op of any tier. Its Parts are of the channels it writes.
func (t *Tier) Place(p *Place) Op {
	d := &placeOp{Place: *p, plain: true}
	if p.Table != nil {
		d.stored = t.storedTable(p.Table)
		for i, q := range d.stored {
			d.plain = d.plain && uint8(q) == uint8(i)
		}
	}
	return d
}

func (d *placeOp) Parts() []Part {
	parts := d.In.parts()
	for i := range parts {
		parts[i].C, parts[i].CEnd = d.Channel, d.Channel+d.In.C
	}
	return parts
}

func (d *placeOp) Scratch() int { return 0 }

func (d *placeOp) Run(a *Args, p Part) {
	c := d.In.C
	for y := p.Y; y < p.YEnd; y++ {
		for x := range d.In.W {
			in, out := a.A[d.In.At(y, x)-a.AFrom:][:c], a.Out[d.Out.At(y, x)+d.Channel-a.OutFrom:][:c]
			if d.plain {
				copy(out, in)
			} else {
				lookUp(out, in, &d.stored)
			}
		}
	}
}
