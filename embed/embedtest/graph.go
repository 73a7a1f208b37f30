package embedtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/edge-camera/edge/embed"
)

// Builder makes graphs node by node, with random weights that keep values
// about the size of their inputs (He et al., Delving Deep into Rectifiers,
// 2015). The same seed gives the same graph.
type Builder struct {
	graph *embed.Graph
	shape []embed.Shape // by Value
	rng   *rand.Rand
}

// NewBuilder starts a graph with an input of side × side RGB, normalized as
// (rgb − 127)/128.
func NewBuilder(side int, seed uint64) *Builder {
	return &Builder{
		graph: &embed.Graph{Input: embed.Input{
			Height: side, Width: side,
			Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128},
		}},
		shape: []embed.Shape{{H: side, W: side, C: 3}},
		rng:   rand.New(rand.NewPCG(seed, 0)),
	}
}

// Graph returns the graph whose output is the last node added.
func (b *Builder) Graph() *embed.Graph {
	b.graph.Output = embed.Value(len(b.graph.Nodes))
	return b.graph
}

// Shape returns the shape of a value.
func (b *Builder) Shape(v embed.Value) embed.Shape { return b.shape[v] }

func (b *Builder) add(n embed.Node, out embed.Shape) embed.Value {
	n.Name = fmt.Sprintf("%v %d", n.Op, len(b.graph.Nodes))
	b.graph.Nodes = append(b.graph.Nodes, n)
	b.shape = append(b.shape, out)
	return embed.Value(len(b.graph.Nodes))
}

func (b *Builder) normal(n int, std float64) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(b.rng.NormFloat64() * std)
	}
	return w
}

// Same returns a window of k × k at a stride with TensorFlow's SAME padding for
// an input of side × side: what is odd goes to the bottom and right.
func Same(k, stride, side int) embed.Window {
	out := (side + stride - 1) / stride
	total := max((out-1)*stride+k-side, 0)
	return embed.Window{
		KernelH: k, KernelW: k, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1,
		Top: total / 2, Left: total / 2, Bottom: total - total/2, Right: total - total/2,
	}
}

// Conv adds a convolution with a bias.
func (b *Builder) Conv(in embed.Value, w embed.Window, groups, out int, act embed.Act) embed.Value {
	s := b.shape[in]
	k := w.KernelH * w.KernelW * (s.C / groups)
	return b.add(embed.Node{
		Op: embed.OpConv, In: []embed.Value{in}, Window: w, Groups: groups, Out: out, Act: act,
		Weight: b.normal(out*k, math.Sqrt(2/float64(k))), Bias: b.normal(out, 0.1),
	}, windowed(s, w, out))
}

// windowed is the shape of what a window makes of s.
func windowed(s embed.Shape, w embed.Window, channels int) embed.Shape {
	return embed.Shape{
		H: (s.H+w.Top+w.Bottom-(w.KernelH-1)*w.DilationH-1)/w.StrideH + 1,
		W: (s.W+w.Left+w.Right-(w.KernelW-1)*w.DilationW-1)/w.StrideW + 1,
		C: channels,
	}
}

// Pointwise adds a 1×1 convolution.
func (b *Builder) Pointwise(in embed.Value, out int, act embed.Act) embed.Value {
	return b.Conv(in, Same(1, 1, b.shape[in].W), 1, out, act)
}

// Depthwise adds a k × k convolution of each channel with SAME padding.
func (b *Builder) Depthwise(in embed.Value, k, stride int, act embed.Act) embed.Value {
	return b.Conv(in, Same(k, stride, b.shape[in].W), b.shape[in].C, b.shape[in].C, act)
}

// BatchNorm adds a batch normalization near the identity.
func (b *Builder) BatchNorm(in embed.Value) embed.Value {
	n := b.shape[in].C
	bn := embed.Node{
		Op: embed.OpBatchNorm, In: []embed.Value{in}, Epsilon: 1e-3,
		Weight: b.normal(n, 0.1), Bias: b.normal(n, 0.1), Mean: b.normal(n, 0.1), Var: b.normal(n, 0.1),
	}
	for c := range n {
		bn.Weight[c]++
		bn.Var[c] = 1 + float32(math.Abs(float64(bn.Var[c])))
	}
	return b.add(bn, b.shape[in])
}

// Act adds an activation as a node of its own, with its Alpha and Beta if it
// has them.
func (b *Builder) Act(in embed.Value, act embed.Act, params ...float32) embed.Value {
	n := embed.Node{Op: embed.OpAct, In: []embed.Value{in}, Act: act}
	for i, p := range params {
		*[...]*float32{&n.Alpha, &n.Beta}[i] = p
	}
	return b.add(n, b.shape[in])
}

// Add adds the sum of two values, the second of which may be [1 1 C].
func (b *Builder) Add(x, y embed.Value, act embed.Act) embed.Value {
	return b.add(embed.Node{Op: embed.OpAdd, In: []embed.Value{x, y}, Act: act}, b.shape[x])
}

// Mul adds the product of two values, the second of which may be [1 1 C].
func (b *Builder) Mul(x, y embed.Value, act embed.Act) embed.Value {
	return b.add(embed.Node{Op: embed.OpMul, In: []embed.Value{x, y}, Act: act}, b.shape[x])
}

// MaxPool adds the greatest of each window.
func (b *Builder) MaxPool(in embed.Value, w embed.Window) embed.Value {
	return b.add(embed.Node{Op: embed.OpMaxPool, In: []embed.Value{in}, Window: w}, windowed(b.shape[in], w, b.shape[in].C))
}

// MeanPool adds the mean of each window, over the places in the picture or
// those in the padding too.
func (b *Builder) MeanPool(in embed.Value, w embed.Window, countPadding bool) embed.Value {
	n := embed.Node{Op: embed.OpMeanPool, In: []embed.Value{in}, Window: w, CountPadding: countPadding}
	return b.add(n, windowed(b.shape[in], w, b.shape[in].C))
}

// Concat adds the channels of values one after the other.
func (b *Builder) Concat(in ...embed.Value) embed.Value {
	out := embed.Shape{H: b.shape[in[0]].H, W: b.shape[in[0]].W}
	for _, v := range in {
		out.C += b.shape[v].C
	}
	return b.add(embed.Node{Op: embed.OpConcat, In: in}, out)
}

// Select adds a choice of channels.
func (b *Builder) Select(in embed.Value, channels ...int32) embed.Value {
	s := b.shape[in]
	s.C = len(channels)
	return b.add(embed.Node{Op: embed.OpSelect, In: []embed.Value{in}, Channels: channels}, s)
}

// GlobalMean adds the mean of each channel.
func (b *Builder) GlobalMean(in embed.Value) embed.Value {
	return b.add(embed.Node{Op: embed.OpGlobalMean, In: []embed.Value{in}}, embed.Shape{H: 1, W: 1, C: b.shape[in].C})
}

// Dense adds a fully connected layer.
func (b *Builder) Dense(in embed.Value, out int, act embed.Act) embed.Value {
	n := b.shape[in].C
	return b.add(embed.Node{
		Op: embed.OpDense, In: []embed.Value{in}, Out: out, Act: act,
		Weight: b.normal(out*n, math.Sqrt(2/float64(n))), Bias: b.normal(out, 0.1),
	}, embed.Shape{H: 1, W: 1, C: out})
}

// Lite0 returns EfficientNet-Lite0 up to its 1280-dimensional mean, batch
// normalizations folded, with random weights.
func Lite0(side int, seed uint64) *embed.Graph {
	b := NewBuilder(side, seed)
	x := b.Conv(0, Same(3, 2, side), 1, 32, embed.ActReLU6)
	for _, stage := range []struct{ repeats, k, stride, expand, out int }{
		{1, 3, 1, 1, 16},
		{2, 3, 2, 6, 24},
		{2, 5, 2, 6, 40},
		{3, 3, 2, 6, 80},
		{3, 5, 1, 6, 112},
		{4, 5, 2, 6, 192},
		{1, 3, 1, 6, 320},
	} {
		for r := range stage.repeats {
			in, stride := x, 1
			if r == 0 {
				stride = stage.stride
			}
			channels := b.Shape(in).C
			if stage.expand > 1 {
				x = b.Pointwise(x, channels*stage.expand, embed.ActReLU6)
			}
			x = b.Depthwise(x, stage.k, stride, embed.ActReLU6)
			x = b.Pointwise(x, stage.out, embed.ActNone)
			if stride == 1 && channels == stage.out {
				x = b.Add(in, x, embed.ActNone)
			}
		}
	}
	x = b.Pointwise(x, 1280, embed.ActReLU6)
	b.GlobalMean(x)
	return b.Graph()
}

// tiny is a network of every kind of layer that an int8 model has: stem,
// expansion, depthwise at both strides and kernel sizes, residual, mean.
func tiny(seed uint64) *embed.Graph {
	b := NewBuilder(16, seed)
	x := b.Conv(0, Same(3, 2, 16), 1, 8, embed.ActReLU6) // 8×8
	in := x
	x = b.Pointwise(x, 20, embed.ActReLU6)
	x = b.Depthwise(x, 3, 1, embed.ActReLU6)
	x = b.Pointwise(x, 8, embed.ActNone)
	x = b.Add(in, x, embed.ActNone)
	x = b.Depthwise(x, 5, 2, embed.ActReLU6) // 4×4
	x = b.Pointwise(x, 24, embed.ActReLU6)
	b.GlobalMean(x)
	return b.Graph()
}

// mixed is a network of every operator of format 1.1: a block with hard swish
// and squeeze-and-excite (MobileNetV3), branches and pools that are joined
// (SqueezeNet, GoogLeNet), and a channel shuffle (ShuffleNet). Nothing in it
// depends on the last bit of a library's exponential.
func mixed(side int, seed uint64) *embed.Graph {
	b := NewBuilder(side, seed)
	x := b.Act(b.Conv(0, Same(3, 2, side), 1, 8, embed.ActNone), embed.ActHardSwish)
	half := b.Shape(x).W
	pool := Same(3, 2, half)
	pool.Bottom, pool.Right = max(pool.Bottom, 1), max(pool.Right, 1) // ceil_mode
	in := b.MaxPool(x, pool)
	quarter := b.Shape(in).W

	x = b.Act(b.Pointwise(in, 24, embed.ActNone), embed.ActHardSwish)
	x = b.Act(b.Depthwise(x, 5, 1, embed.ActNone), embed.ActHardSwish)
	se := b.Pointwise(b.GlobalMean(x), 6, embed.ActReLU)
	se = b.Act(b.Pointwise(se, 24, embed.ActNone), embed.ActHardSigmoid, 1./6, 0.5)
	x = b.Mul(x, se, embed.ActNone)
	x = b.Add(in, b.Pointwise(x, 8, embed.ActNone), embed.ActReLU)

	y := b.MeanPool(x, Same(3, 1, quarter), true)
	z := b.MeanPool(x, Same(3, 1, quarter), false)
	x = b.Concat(b.Pointwise(x, 5, embed.ActReLU6), y, b.Act(z, embed.ActLeakyReLU, 0.25))
	channels := make([]int32, b.Shape(x).C)
	for c := range channels {
		channels[c] = int32(c * 5 % len(channels)) // 21 channels in another order
	}
	x = b.Select(x, channels...)
	x = b.Add(x, b.GlobalMean(x), embed.ActNone)
	x = b.Pointwise(x, 16, embed.ActNone)
	n := &b.graph.Nodes[x-1]
	n.Act, n.Alpha, n.Beta = embed.ActClip, -1, 4
	b.GlobalMean(x)
	return b.Graph()
}
