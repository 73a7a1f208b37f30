//go:build amd64 && !purego

package kernel

import "unsafe"

type vnni512Add struct {
	Add
	args vnni512AddArgs
}

// vnni512AddArgs are those of the kernel.
type vnni512AddArgs struct {
	a, b, out   unsafe.Pointer
	n           int
	mult        uint32 // int16 of a, of b
	bias, shift int32
	lo, hi      uint8
}

func newVNNI512Add(a *Add) Op {
	// The elements are q+128.
	bias := a.Bias + 1<<(a.Shift-1) - 128*(int32(a.MultA)+int32(a.MultB))
	return &vnni512Add{*a, vnni512AddArgs{
		mult: uint32(uint16(a.MultA)) | uint32(uint16(a.MultB))<<16,
		bias: bias, shift: int32(a.Shift), lo: flipByte(a.Lo), hi: flipByte(a.Hi),
	}}
}

// vnni512AddPart is about how many elements make a part.
const vnni512AddPart = 1 << 16

func (d *vnni512Add) Parts() []Part {
	return rowParts(d.Out.H, ceil(vnni512AddPart, d.Out.W*d.Out.C), d.Out.C, d.Out.C)
}

func (d *vnni512Add) Scratch() int { return 0 }

func (d *vnni512Add) Run(a *Args, p Part) {
	args := d.args
	args.n = d.Out.W * d.Out.C
	step := 1
	if d.A.Row() == args.n && d.B.Row() == args.n && d.Out.Row() == args.n {
		step = p.YEnd - p.Y
		args.n *= step
	}
	for y := p.Y; y < p.YEnd; y += step {
		args.a = unsafe.Pointer(&a.A[d.A.At(y, 0)-a.AFrom])
		args.b = unsafe.Pointer(&a.B[d.B.At(y, 0)-a.BFrom])
		args.out = unsafe.Pointer(&a.Out[d.Out.At(y, 0)-a.OutFrom])
		vnni512AddRow(&args)
	}
}

//go:noescape
func vnni512AddRow(args *vnni512AddArgs)
