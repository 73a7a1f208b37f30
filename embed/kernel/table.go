package kernel

// Table looks up what becomes of each element: an activation.
type Table struct {
	In, Out Layout // of one shape
	Table   []int8 // [256]: what q becomes is Table[q+128]
}

type tableOp struct {
	Table
	stored [256]int8 // by what is stored, what to store
}

// Table makes an Op of any tier.
func (t *Tier) Table(x *Table) Op { return &tableOp{*x, t.storedTable(x.Table)} }

// storedTable is a table for elements as the tier stores them.
func (t *Tier) storedTable(table []int8) (stored [256]int8) {
	for i, v := range table {
		q := uint8(i - 128)
		stored[q^t.Flip] = int8(uint8(v) ^ t.Flip)
	}
	return stored
}

func (d *tableOp) Parts() []Part { return d.Out.parts() }

// parts cuts an operation of little work an element into rows.
func (l Layout) parts() []Part { return rowParts(l.H, ceil(addPart, l.W*l.C), l.C, l.C) }

func (d *tableOp) Scratch() int { return 0 }

func (d *tableOp) Run(a *Args, p Part) {
	n := d.Out.W * d.Out.C
	for y := p.Y; y < p.YEnd; y++ {
		lookUp(a.Out[d.Out.At(y, 0)-a.OutFrom:][:n], a.A[d.In.At(y, 0)-a.AFrom:][:n], &d.stored)
	}
}

// lookUp is out[i] = table[in[i]].
func lookUp(out, in []int8, table *[256]int8) {
	out = out[:len(in)]
	for i, q := range in {
		out[i] = table[uint8(q)]
	}
}
