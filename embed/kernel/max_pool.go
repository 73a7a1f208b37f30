package kernel

import "encoding/binary"

type maxPoolOp struct {
	Pool
	sign uint8
}

// MaxPool makes an Op of any tier: the greatest of each window.
func (t *Tier) MaxPool(p *Pool) Op { return &maxPoolOp{*p, t.sign()} }

func (d *maxPoolOp) Parts() []Part { return d.parts() }

func (d *maxPoolOp) Scratch() int { return 0 }

func (d *maxPoolOp) Run(a *Args, p Part) {
	in := asBytes(a.A)
	for y := p.Y; y < p.YEnd; y++ {
		top, rows, _ := d.Rows(y)
		for x := range d.Out.W {
			left, columns, _ := d.Columns(x)
			out := asBytes(a.Out[d.Out.At(y, x)-a.OutFrom:][:d.Out.C])
			at := d.In.At(top, left) - a.AFrom
			if len(out) < lanes {
				for c := range out {
					out[c] = d.most(in, at+c, rows, columns)
				}
				continue
			}
			for c := 0; c < len(out); c += lanes {
				c := lanesAt(c, len(out))
				d.lanes(out[c:], in, at+c, rows, columns)
			}
		}
	}
}

// lanes is the greatest in each of eight channels.
func (d *maxPoolOp) lanes(out, in []byte, at, rows, columns int) {
	sign := signs(d.sign)
	down, right := d.steps()
	var most uint64 // of q+128, which is at least 0
	for range rows {
		for p := at; p < at+columns*right; p += right {
			most = maxLanes(most, loadLanes(in, p)^sign)
		}
		at += down
	}
	binary.LittleEndian.PutUint64(out, most^sign)
}

// most is the greatest in one channel.
func (d *maxPoolOp) most(in []byte, at, rows, columns int) uint8 {
	down, right := d.steps()
	var most uint8 // of q+128
	for range rows {
		for p := at; p < at+columns*right; p += right {
			most = max(most, in[p]^d.sign)
		}
		at += down
	}
	return most ^ d.sign
}
