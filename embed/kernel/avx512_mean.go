//go:build amd64 && !purego

package kernel

import "unsafe"

type vnni512Mean struct{ Mean }

// vnni512MeanArgs are those of the kernel.
type vnni512MeanArgs struct {
	in            unsafe.Pointer
	sum           unsafe.Pointer // *int32
	channels      int
	rows, columns int
	row, pixel    int // elements
	start         int32
}

func newVNNI512Mean(m *Mean) Op { return &vnni512Mean{*m} }

func (d *vnni512Mean) Parts() []Part { return []Part{{0, 1, 0, d.In.C}} }

func (d *vnni512Mean) Scratch() int { return 0 }

func (d *vnni512Mean) Run(a *Args, p Part) {
	args := vnni512MeanArgs{
		in:       unsafe.Pointer(&a.A[d.In.At(0, 0)+p.C-a.AFrom]),
		sum:      unsafe.Pointer(&a.Sum[p.C]),
		channels: p.CEnd - p.C,
		rows:     d.In.H, columns: d.In.W,
		row: d.In.Row(), pixel: d.In.C,
		start: int32(-d.In.H * d.In.W * (128 + int(d.Zero))),
	}
	vnni512MeanSums(&args)
}

//go:noescape
func vnni512MeanSums(args *vnni512MeanArgs)
