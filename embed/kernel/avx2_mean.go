//go:build amd64 && !purego

package kernel

import "unsafe"

// tiledMean sums 8 channels at a time.
type tiledMean struct{ Mean }

func newTiledMean(m *Mean) Op { return &tiledMean{*m} }

func (d *tiledMean) Parts() []Part { return []Part{{0, 1, 0, d.In.C}} }

func (d *tiledMean) Scratch() int { return 0 }

type meanArgs struct {
	in    unsafe.Pointer
	w, h  int
	step  int // from pixel to pixel
	turn  int // from the end of a row to the next
	start int32
	out   unsafe.Pointer // *[8]int32
}

func (d *tiledMean) Run(a *Args, p Part) {
	in := a.A[d.In.At(0, 0)-a.AFrom:][:d.In.At(d.In.H-1, d.In.W-1)-d.In.At(0, 0)+d.In.C]
	var sum [8]int32
	for c := p.C; c < p.CEnd; c += 8 {
		k := meanArgs{
			in: unsafe.Pointer(&in[c]), w: d.In.W, h: d.In.H, step: d.In.C, turn: d.In.Row() - d.In.W*d.In.C,
			start: -int32(d.In.H * d.In.W * (int(d.Zero) + 128)), out: unsafe.Pointer(&sum),
		}
		avx2Mean(&k)
		copy(a.Sum[c:p.CEnd], sum[:])
	}
}

//go:noescape
func avx2Mean(args *meanArgs)
