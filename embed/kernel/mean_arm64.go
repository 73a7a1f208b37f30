//go:build !purego

package kernel

import "unsafe"

// arm64Mean sums 16 channels at a time, for every tier of arm64. Channels that
// are left over are the generic tier's.
type arm64Mean struct{ genericMean }

func newARM64Mean(m *Mean) Op { return &arm64Mean{genericMean{*m}} }

// arm64Pixels is how many int8 a sum of 16 bits has room for.
const arm64Pixels = 255

type arm64SumArgs struct {
	a      *int8
	sum    *int32
	blocks int
	rows   int
	width  int
	step   int // from one pixel to the next
	row    int // to the one below
}

func (d *arm64Mean) Run(a *Args, p Part) {
	blocks := (p.CEnd - p.C) / 16
	if rest := p.C + 16*blocks; rest < p.CEnd {
		d.genericMean.Run(a, Part{p.Y, p.YEnd, rest, p.CEnd})
	}
	if blocks == 0 {
		return
	}
	sum := a.Sum[p.C:][:16*blocks]
	fill(sum, int32(-d.In.H*d.In.W*int(d.Zero)))
	width := min(d.In.W, arm64Pixels)
	rows := arm64Pixels / width
	in := unsafe.Pointer(unsafe.SliceData(a.A))
	for y := 0; y < d.In.H; y += rows {
		for x := 0; x < d.In.W; x += width {
			arm64Sum(&arm64SumArgs{
				a:   (*int8)(unsafe.Add(in, d.In.At(y, x)+p.C-a.AFrom)),
				sum: &sum[0], blocks: blocks,
				rows: min(rows, d.In.H-y), width: min(width, d.In.W-x),
				step: d.In.C, row: d.In.Row(),
			})
		}
	}
}

//go:noescape
func arm64Sum(args *arm64SumArgs)
