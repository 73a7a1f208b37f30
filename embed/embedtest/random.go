package embedtest

import (
	"math/rand/v2"

	"github.com/edge-camera/edge/embed"
)

// Random returns a small graph of random layers: windows of all kinds, groups,
// values read by several nodes and by none. A folded one has only what an int8
// network may have and ends in its global mean; another may end in a
// classifier, or have its output in the middle.
func Random(seed uint64, folded bool) *embed.Graph {
	rng := rand.New(rand.NewPCG(seed, 2))
	b := NewBuilder(5+rng.IntN(16), seed)
	act := func() embed.Act { return embed.Act(rng.IntN(3)) }
	for range 3 + rng.IntN(7) {
		in := embed.Value(len(b.shape) - 1)
		if rng.IntN(4) == 0 {
			in = embed.Value(rng.IntN(len(b.shape)))
		}
		kind := rng.IntN(7)
		if folded {
			kind = rng.IntN(5)
		}
		switch kind {
		case 0:
			b.Pointwise(in, 1+rng.IntN(40), act())
		case 1:
			b.Conv(in, randomWindow(rng, b.shape[in]), b.shape[in].C, b.shape[in].C, act())
		case 2, 3:
			groups := 1
			if d := 1 + rng.IntN(3); b.shape[in].C%d == 0 {
				groups = d
			}
			b.Conv(in, randomWindow(rng, b.shape[in]), groups, groups*(1+rng.IntN(12)), act())
		case 4:
			b.Add(in, b.like(rng, in), act())
		case 5:
			b.BatchNorm(in)
		case 6:
			b.Act(in, act())
		}
	}
	last := embed.Value(len(b.shape) - 1)
	if folded || rng.IntN(3) > 0 {
		mean := b.GlobalMean(last)
		if !folded && rng.IntN(2) == 0 {
			b.Dense(mean, 1+rng.IntN(20), act())
		}
	}
	g := b.Graph()
	if !folded && rng.IntN(4) == 0 {
		g.Output = embed.Value(1 + rng.IntN(len(g.Nodes)))
	}
	return g
}

// like returns a value of the shape of v: an earlier one, v itself or, failing
// that, one made for it.
func (b *Builder) like(rng *rand.Rand, v embed.Value) embed.Value {
	var same []embed.Value
	for u, s := range b.shape {
		if s == b.shape[v] {
			same = append(same, embed.Value(u))
		}
	}
	if len(same) == 1 && rng.IntN(2) == 0 {
		return b.Pointwise(v, b.shape[v].C, embed.ActNone)
	}
	return same[rng.IntN(len(same))]
}

// randomWindow returns a window that fits s.
func randomWindow(rng *rand.Rand, s embed.Shape) embed.Window {
	for {
		w := embed.Window{
			KernelH: 1 + rng.IntN(5), KernelW: 1 + rng.IntN(5),
			StrideH: 1 + rng.IntN(2), StrideW: 1 + rng.IntN(2),
			DilationH: 1 + rng.IntN(2), DilationW: 1 + rng.IntN(2),
		}
		if rng.IntN(2) == 0 { // square, as in real networks
			w.KernelH, w.KernelW = 3, 3
			if rng.IntN(4) == 0 {
				w.KernelH, w.KernelW = 7, 7
			}
			w.StrideW, w.DilationH, w.DilationW = w.StrideH, 1, 1
		}
		reachH, reachW := (w.KernelH-1)*w.DilationH, (w.KernelW-1)*w.DilationW
		w.Top, w.Bottom = rng.IntN(reachH+1), rng.IntN(reachH+1)
		w.Left, w.Right = rng.IntN(reachW+1), rng.IntN(reachW+1)
		if s.H+w.Top+w.Bottom > reachH && s.W+w.Left+w.Right > reachW {
			return w
		}
	}
}
