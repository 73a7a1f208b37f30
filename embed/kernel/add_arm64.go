//go:build !purego

package kernel

import "unsafe"

// arm64Add adds 16 elements at a time, for every tier of arm64.
type arm64Add struct {
	genericAdd
	numbers arm64AddNumbers
}

// arm64AddNumbers is what the kernel gives every lane, in its order.
type arm64AddNumbers struct {
	multA, multB int16
	bias         int32 // with the half that rounds
	shift        int32 // negative: to the right
	lo, hi       int8
}

func newARM64Add(a *Add) Op {
	d := &arm64Add{genericAdd: genericAdd{*a}, numbers: arm64AddNumbers{
		multA: a.MultA, multB: a.MultB, bias: a.Bias + 1<<(a.Shift-1), shift: -int32(a.Shift), lo: a.Lo, hi: a.Hi,
	}}
	if a.Out.W*a.Out.C < 16 {
		return &d.genericAdd
	}
	return d
}

type arm64AddArgs struct {
	a, b, out *int8
	blocks    int
	tail      int
	numbers   *arm64AddNumbers
}

func (d *arm64Add) Run(args *Args, p Part) {
	n := d.Out.W * d.Out.C
	a, b := unsafe.Pointer(unsafe.SliceData(args.A)), unsafe.Pointer(unsafe.SliceData(args.B))
	out := unsafe.Pointer(unsafe.SliceData(args.Out))
	for y := p.Y; y < p.YEnd; y++ {
		arm64AddRow(&arm64AddArgs{
			a:      (*int8)(unsafe.Add(a, d.A.At(y, 0)-args.AFrom)),
			b:      (*int8)(unsafe.Add(b, d.B.At(y, 0)-args.BFrom)),
			out:    (*int8)(unsafe.Add(out, d.Out.At(y, 0)-args.OutFrom)),
			blocks: n / 16, tail: n % 16, numbers: &d.numbers,
		})
	}
}

//go:noescape
func arm64AddRow(args *arm64AddArgs)
