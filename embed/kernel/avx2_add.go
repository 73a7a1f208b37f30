//go:build amd64 && !purego

package kernel

import "unsafe"

// tiledAdd adds 16 elements at a time.
type tiledAdd struct {
	Add
	bias int32 // for stored elements, and to round
}

func newTiledAdd(p *Add) Op {
	return &tiledAdd{*p, p.Bias + 1<<(p.Shift-1) - 128*(int32(p.MultA)+int32(p.MultB))}
}

func (d *tiledAdd) Parts() []Part {
	return rowParts(d.Out.H, ceil(1<<16, d.Out.W*d.Out.C), d.Out.C, d.Out.C)
}

func (d *tiledAdd) Scratch() int { return 1 }

type addArgs struct {
	out, a, b    unsafe.Pointer
	n            int // elements, at least 16; the last 16 may be computed twice
	multA, multB int16
	bias         int32
	shift        uint64
	lo, hi       int8
}

func (d *tiledAdd) Run(args *Args, p Part) {
	n := d.Out.W * d.Out.C
	for y := p.Y; y < p.YEnd; y++ {
		a := args.A[d.A.At(y, 0)-args.AFrom:][:n]
		b := args.B[d.B.At(y, 0)-args.BFrom:][:n]
		out := args.Out[d.Out.At(y, 0)-args.OutFrom:][:n]
		k := addArgs{
			out: unsafe.Pointer(&out[0]), a: unsafe.Pointer(&a[0]), b: unsafe.Pointer(&b[0]), n: n,
			multA: d.MultA, multB: d.MultB, bias: d.bias, shift: uint64(d.Shift), lo: d.Lo, hi: d.Hi,
		}
		if n >= 16 {
			avx2Add(&k)
			continue
		}
		var short [16]int8
		k.out, k.n = unsafe.Pointer(&short), 16
		avx2Add(&k)
		copy(out, short[:])
	}
}

//go:noescape
func avx2Add(args *addArgs)
