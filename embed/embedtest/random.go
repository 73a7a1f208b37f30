package embedtest

import (
	"math"
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
	for range 3 + rng.IntN(9) {
		in := embed.Value(len(b.shape) - 1)
		if rng.IntN(4) == 0 {
			in = embed.Value(rng.IntN(len(b.shape)))
		}
		switch rng.IntN(14) {
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
			b.Add(in, b.operand(rng, in), act())
			b.clip(rng)
		case 5:
			b.Mul(in, b.operand(rng, in), act())
			b.clip(rng)
		case 6:
			b.MaxPool(in, randomPool(rng, b.shape[in]))
		case 7:
			w := randomPool(rng, b.shape[in])
			b.MeanPool(in, w, rng.IntN(2) == 0)
			if n := &b.graph.Nodes[len(b.graph.Nodes)-1]; n.CountPadding {
				n.UncountedBottom, n.UncountedRight = rng.IntN(w.Bottom+1), rng.IntN(w.Right+1)
			}
		case 8:
			b.Concat(b.several(rng, in)...)
		case 9:
			channels := make([]int32, 1+rng.IntN(2*b.shape[in].C))
			for c := range channels {
				channels[c] = int32(rng.IntN(b.shape[in].C))
			}
			b.Select(in, channels...)
		case 10, 11:
			randomAct(rng, b, in)
		case 12:
			b.squeezeExcite(rng, in)
		case 13:
			if folded {
				b.hardSwishBlock(rng, in)
			} else {
				b.BatchNorm(in)
			}
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

// clip sometimes turns the activation of the last node into a clip.
func (b *Builder) clip(rng *rand.Rand) {
	if n := &b.graph.Nodes[len(b.graph.Nodes)-1]; rng.IntN(3) == 0 {
		n.Act, n.Alpha, n.Beta = embed.ActClip, float32(rng.NormFloat64()-1), float32(math.Inf(1))
		if rng.IntN(2) == 0 {
			n.Beta = n.Alpha + 3*rng.Float32()
		}
	}
}

// randomAct adds any activation.
func randomAct(rng *rand.Rand, b *Builder, in embed.Value) embed.Value {
	switch act := embed.Act(rng.IntN(int(embed.ActTanh) + 1)); act {
	case embed.ActClip:
		lo := float32(rng.NormFloat64() - 1)
		return b.Act(in, act, lo, lo+3*rng.Float32())
	case embed.ActLeakyReLU:
		return b.Act(in, act, float32(rng.NormFloat64()/4))
	case embed.ActHardSigmoid:
		return b.Act(in, act, rng.Float32(), rng.Float32())
	default:
		return b.Act(in, act)
	}
}

// squeezeExcite adds what scales each channel by what all of them are in the
// mean (Hu et al., Squeeze-and-Excitation Networks, 2018).
func (b *Builder) squeezeExcite(rng *rand.Rand, in embed.Value) embed.Value {
	x := b.Pointwise(b.GlobalMean(in), 1+rng.IntN(8), embed.ActReLU)
	x = b.Pointwise(x, b.shape[in].C, embed.ActNone)
	if rng.IntN(2) == 0 {
		x = b.Act(x, embed.ActSigmoid)
	} else {
		x = b.Act(x, embed.ActHardSigmoid, 1./6, 0.5)
	}
	return b.Mul(in, x, embed.ActNone)
}

// hardSwishBlock adds an inverted residual block of MobileNetV3 (Howard et al.,
// 2019), with or without squeeze-and-excite.
func (b *Builder) hardSwishBlock(rng *rand.Rand, in embed.Value) embed.Value {
	x := b.Act(b.Pointwise(in, 2+rng.IntN(40), embed.ActNone), embed.ActHardSwish)
	x = b.Act(b.Depthwise(x, 3+2*rng.IntN(2), 1, embed.ActNone), embed.ActHardSwish)
	if rng.IntN(2) == 0 {
		x = b.squeezeExcite(rng, x)
	}
	return b.Add(in, b.Pointwise(x, b.shape[in].C, embed.ActNone), embed.ActNone)
}

// operand returns what v can be added to or multiplied by: like, or one place
// of as many channels.
func (b *Builder) operand(rng *rand.Rand, v embed.Value) embed.Value {
	if rng.IntN(3) > 0 {
		return b.like(rng, v)
	}
	return b.GlobalMean(b.like(rng, v))
}

// several returns values of v's height and width, v among them.
func (b *Builder) several(rng *rand.Rand, v embed.Value) []embed.Value {
	var same []embed.Value
	for u, s := range b.shape {
		if s.H == b.shape[v].H && s.W == b.shape[v].W {
			same = append(same, embed.Value(u))
		}
	}
	in := []embed.Value{v}
	for range 1 + rng.IntN(4) {
		in = append(in, same[rng.IntN(len(same))])
	}
	rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	return in
}

// randomPool returns a window that fits s and has a place in it wherever it is.
func randomPool(rng *rand.Rand, s embed.Shape) embed.Window {
	for {
		w := randomWindow(rng, s)
		out := windowed(s, w, s.C)
		sees := func(at, kernel, dilation, n int) bool {
			for k := range kernel {
				if p := at + k*dilation; p >= 0 && p < n {
					return true
				}
			}
			return false
		}
		all := true
		for y := range out.H {
			all = all && sees(y*w.StrideH-w.Top, w.KernelH, w.DilationH, s.H)
		}
		for x := range out.W {
			all = all && sees(x*w.StrideW-w.Left, w.KernelW, w.DilationW, s.W)
		}
		if all {
			return w
		}
	}
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
