package embedtest

import "github.com/edge-camera/edge/embed"

// MobileNetV3Large returns MobileNetV3-Large (Howard et al., 2019) up to its
// 960-dimensional mean, batch normalizations folded, with random weights.
func MobileNetV3Large(side int, seed uint64) *embed.Graph {
	b := NewBuilder(side, seed)
	// conv has hard swish, or ReLU, which is fused.
	conv := func(x embed.Value, w embed.Window, groups, out int, hard bool) embed.Value {
		if hard {
			return b.Act(b.Conv(x, w, groups, out, embed.ActNone), embed.ActHardSwish)
		}
		return b.Conv(x, w, groups, out, embed.ActReLU)
	}
	x := conv(0, Same(3, 2, side), 1, 16, true)
	for _, l := range []struct {
		k, wide, out, stride int
		excite, hard         bool
	}{
		{3, 16, 16, 1, false, false}, {3, 64, 24, 2, false, false}, {3, 72, 24, 1, false, false},
		{5, 72, 40, 2, true, false}, {5, 120, 40, 1, true, false}, {5, 120, 40, 1, true, false},
		{3, 240, 80, 2, false, true}, {3, 200, 80, 1, false, true}, {3, 184, 80, 1, false, true}, {3, 184, 80, 1, false, true},
		{3, 480, 112, 1, true, true}, {3, 672, 112, 1, true, true},
		{5, 672, 160, 2, true, true}, {5, 960, 160, 1, true, true}, {5, 960, 160, 1, true, true},
	} {
		in := x
		if l.wide != b.Shape(x).C {
			x = conv(x, Same(1, 1, b.Shape(x).W), 1, l.wide, l.hard)
		}
		x = conv(x, Same(l.k, l.stride, b.Shape(x).W), l.wide, l.wide, l.hard)
		if l.excite {
			s := b.Pointwise(b.GlobalMean(x), (l.wide/4+4)/8*8, embed.ActReLU)
			s = b.Act(b.Pointwise(s, l.wide, embed.ActNone), embed.ActHardSigmoid, 1./6, 0.5)
			x = b.Mul(x, s, embed.ActNone)
		}
		x = b.Pointwise(x, l.out, embed.ActNone)
		if b.Shape(in) == b.Shape(x) {
			x = b.Add(in, x, embed.ActNone)
		}
	}
	b.GlobalMean(conv(x, Same(1, 1, b.Shape(x).W), 1, 960, true))
	return b.Graph()
}

// ResNet18 returns ResNet-18 (He et al., Deep Residual Learning, 2016) up to
// its 512-dimensional mean, batch normalizations folded, with random weights.
func ResNet18(side int, seed uint64) *embed.Graph {
	b := NewBuilder(side, seed)
	window := func(k, stride int) embed.Window {
		return embed.Window{
			KernelH: k, KernelW: k, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1,
			Top: k / 2, Left: k / 2, Bottom: k / 2, Right: k / 2,
		}
	}
	x := b.MaxPool(b.Conv(0, window(7, 2), 1, 64, embed.ActReLU), window(3, 2))
	for _, out := range []int{64, 128, 256, 512} {
		for range 2 {
			in, stride := x, 1
			if out != b.Shape(x).C {
				stride = 2
				in = b.Conv(x, window(1, 2), 1, out, embed.ActNone)
			}
			x = b.Conv(x, window(3, stride), 1, out, embed.ActReLU)
			x = b.Add(in, b.Conv(x, window(3, 1), 1, out, embed.ActNone), embed.ActReLU)
		}
	}
	b.GlobalMean(x)
	return b.Graph()
}
