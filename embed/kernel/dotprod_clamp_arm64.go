//go:build !purego

package kernel

import "math"

// dotClampArgs: elements from pixel to pixel.
type dotClampArgs struct {
	out      *int8
	step     int
	channels int // at least 16
	pixels   int
	lo, hi   int
}

// dotClamp clamps a part that was just stored, unless that has nothing to do.
func dotClamp(a *Args, l Layout, p Part, lo, hi int8) {
	if lo == math.MinInt8 && hi == math.MaxInt8 {
		return
	}
	for y := p.Y; y < p.YEnd; y++ {
		row := a.Out[l.At(y, 0)+p.C-a.OutFrom:][:(l.W-1)*l.C+p.CEnd-p.C]
		args := dotClampArgs{out: &row[0], step: l.C, channels: p.CEnd - p.C, pixels: l.W, lo: int(lo), hi: int(hi)}
		if args.channels == l.C { // pixels lie side by side
			args.channels, args.pixels = len(row), 1
		}
		if args.channels >= 16 {
			dotClampPixels(&args)
			continue
		}
		for x := range args.pixels {
			for c, v := range row[x*l.C:][:args.channels] {
				row[x*l.C+c] = min(max(v, lo), hi)
			}
		}
	}
}

//go:noescape
func dotClampPixels(args *dotClampArgs)
