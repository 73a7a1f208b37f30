package main

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// EfficientNet-Lite (Tan, Le and the TensorFlow team, 2020; after EfficientNet,
// Tan and Le, ICML 2019): inverted residuals without squeeze-and-excitation,
// ReLU6, a stem and a head that do not scale.

// stage is a run of inverted residual blocks. The stride is the first block's.
type stage struct{ repeat, kernel, stride, expand, out int }

// lite0 has EfficientNet-B0's stages; the others of the family are scaled from
// them.
var lite0 = []stage{
	{1, 3, 1, 1, 16},
	{2, 3, 2, 6, 24},
	{2, 5, 2, 6, 40},
	{3, 3, 2, 6, 80},
	{3, 5, 1, 6, 112},
	{4, 5, 2, 6, 192},
	{1, 3, 1, 6, 320},
}

// lite2 is 1.1 times as wide and 1.2 times as deep.
var lite2 = scaled(lite0, 11, 12)

// scaled returns stages with more channels and more blocks, by tenths. Channels
// are rounded to the nearest multiple of 8, but never down by more than a tenth;
// blocks are rounded up, and the first and the last stage keep theirs.
func scaled(stages []stage, width, depth int) []stage {
	out := make([]stage, len(stages))
	for i, s := range stages {
		wide := s.out * width // in tenths
		s.out = max(8, (wide+40)/80*8)
		if 100*s.out < 9*wide {
			s.out += 8
		}
		if 0 < i && i < len(stages)-1 {
			s.repeat = (s.repeat*depth + 9) / 10
		}
		out[i] = s
	}
	return out
}

const (
	liteStem    = 32
	liteHead    = 1280
	liteClasses = 1000
	liteEpsilon = 1e-3

	// embeddingName is the node whose output is the embedding: the mean before
	// the classifier.
	embeddingName = "mean"
)

// builder appends layers to a graph and remembers the first error.
type builder struct {
	w     *weights
	graph embed.Graph
	side  int // of the last value
	depth int // channels of the last value
	err   error
}

// buildLite makes the float graph, batch normalization apart and the classifier
// in place.
func buildLite(w *weights, stages []stage, side int) (*embed.Graph, error) {
	b := &builder{w: w, side: side, depth: 3}
	b.graph.Input = embed.Input{
		Height: side, Width: side,
		Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128},
	}
	b.conv("_conv_stem", 3, 2, 1, liteStem)
	b.norm("_bn0")
	b.relu6("stem")
	block := 0
	for _, s := range stages {
		for i := range s.repeat {
			stride := 1
			if i == 0 {
				stride = s.stride
			}
			b.block(fmt.Sprintf("_blocks.%d.", block), s, stride)
			block++
		}
	}
	b.conv("_conv_head", 1, 1, 1, liteHead)
	b.norm("_bn1")
	b.relu6("head")
	b.add(embed.Node{Op: embed.OpGlobalMean, Name: embeddingName, In: b.last()})
	b.side = 1
	b.dense("_fc", liteClasses)
	if b.err == nil {
		b.err = w.rest()
	}
	if b.err != nil {
		return nil, b.err
	}
	b.graph.Output = b.last()[0]
	return &b.graph, nil
}

// block is an inverted residual: widen, convolve each channel, narrow, and add
// the input where the shape allows.
func (b *builder) block(name string, s stage, stride int) {
	from, in := b.last()[0], b.depth
	if s.expand != 1 {
		b.conv(name+"_expand_conv", 1, 1, 1, in*s.expand)
		b.norm(name + "_bn0")
		b.relu6(name + "expand")
	}
	b.conv(name+"_depthwise_conv", s.kernel, stride, b.depth, b.depth)
	b.norm(name + "_bn1")
	b.relu6(name + "depthwise")
	b.conv(name+"_project_conv", 1, 1, 1, s.out)
	b.norm(name + "_bn2")
	if stride == 1 && in == s.out {
		b.add(embed.Node{Op: embed.OpAdd, Name: name + "add", In: []embed.Value{b.last()[0], from}})
	}
}

func (b *builder) last() []embed.Value { return []embed.Value{embed.Value(len(b.graph.Nodes))} }

func (b *builder) add(n embed.Node) { b.graph.Nodes = append(b.graph.Nodes, n) }

// take reads a tensor, or nothing after an error.
func (b *builder) take(name string, size ...int) []float32 {
	if b.err != nil {
		return nil
	}
	var v []float32
	v, b.err = b.w.take(name, size...)
	return v
}

func (b *builder) conv(name string, kernel, stride, groups, out int) {
	depth := b.depth / groups
	stored := b.take(name+".weight", out, depth, kernel, kernel)
	before, after := samePadding(b.side, kernel, stride)
	b.add(embed.Node{
		Op: embed.OpConv, Name: name, In: b.last(), Groups: groups, Out: out,
		Window: embed.Window{
			KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1,
			Top: before, Left: before, Bottom: after, Right: after,
		},
		Weight: channelsLast(stored, out, depth, kernel*kernel),
	})
	b.side = (b.side + stride - 1) / stride
	b.depth = out
}

func (b *builder) norm(name string) {
	b.add(embed.Node{
		Op: embed.OpBatchNorm, Name: name, In: b.last(), Epsilon: liteEpsilon,
		Weight: b.take(name+".weight", b.depth), Bias: b.take(name+".bias", b.depth),
		Mean: b.take(name+".running_mean", b.depth), Var: b.take(name+".running_var", b.depth),
	})
}

func (b *builder) relu6(name string) {
	b.add(embed.Node{Op: embed.OpAct, Name: name, In: b.last(), Act: embed.ActReLU6})
}

func (b *builder) dense(name string, out int) {
	b.add(embed.Node{
		Op: embed.OpDense, Name: name, In: b.last(), Out: out,
		Weight: b.take(name+".weight", out, b.depth), Bias: b.take(name+".bias", out),
	})
	b.depth = out
}

// samePadding is TensorFlow's SAME: ⌈in/stride⌉ outputs, the odd row and
// column of padding after the picture.
func samePadding(in, kernel, stride int) (before, after int) {
	total := max(0, ((in+stride-1)/stride-1)*stride+kernel-in)
	return total / 2, total - total/2
}

// channelsLast turns [out][depth][places] into [out][places][depth].
func channelsLast(w []float32, out, depth, places int) []float32 {
	if w == nil {
		return nil
	}
	t := make([]float32, len(w))
	for o := range out {
		for d := range depth {
			for p := range places {
				t[(o*places+p)*depth+d] = w[(o*depth+d)*places+p]
			}
		}
	}
	return t
}
