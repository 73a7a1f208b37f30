package embed

import "math"

// Value names a tensor of a Graph: 0 is the input, i+1 is what Nodes[i] makes.
type Value int

// Op is what a Node computes.
type Op uint8

// The operators a Graph may hold. Importers map what they read onto these;
// Fold (package quantize) leaves only Conv, Add, GlobalMean and Dense.
const (
	OpInvalid    Op = iota
	OpConv          // grouped convolution, depthwise included; optional bias, fused Act
	OpBatchNorm     // y = (x − Mean)/√(Var+Epsilon)·Weight + Bias, per channel
	OpAct           // Act alone
	OpAdd           // two inputs of one shape, fused Act
	OpGlobalMean    // [H W C] → [1 1 C]
	OpDense         // [1 1 C] → [1 1 Out], fused Act
)

// Act is an activation function, alone (OpAct) or fused into another Node.
type Act uint8

// Activation functions.
const (
	ActNone  Act = iota
	ActReLU      // max(x, 0)
	ActReLU6     // min(max(x, 0), 6)
)

// Range returns the bounds that a clamps to; infinite where there is none.
func (a Act) Range() (lo, hi float32) {
	lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	switch a {
	case ActReLU:
		lo = 0
	case ActReLU6:
		lo, hi = 0, 6
	}
	return lo, hi
}

// Window is the geometry of a convolution. Padding holds real zeros and may be
// asymmetric (TensorFlow's SAME at stride 2 pads bottom and right only).
type Window struct {
	KernelH, KernelW     int
	StrideH, StrideW     int
	DilationH, DilationW int
	Top, Left            int
	Bottom, Right        int
}

// Shape is the extent of a value: NHWC with N = 1.
type Shape struct{ H, W, C int }

// Len returns the number of elements.
func (s Shape) Len() int { return s.H * s.W * s.C }

// Node is one operation. Slices are owned by the Graph and never written after
// the Graph is built.
type Node struct {
	Op   Op
	Name string  // the source's name for it, for messages
	In   []Value // one, for OpAdd two; each below this node's own Value
	Act  Act     // OpConv, OpAdd, OpDense, OpAct

	Window  Window  // OpConv
	Groups  int     // OpConv: divides input and output channels
	Out     int     // OpConv, OpDense: output channels
	Epsilon float32 // OpBatchNorm

	Weight []float32 // OpConv [Out][KernelH][KernelW][In/Groups], OpDense [Out][In], OpBatchNorm gamma [C]
	Bias   []float32 // OpConv, OpDense [Out] or nil; OpBatchNorm beta [C]
	Mean   []float32 // OpBatchNorm [C]
	Var    []float32 // OpBatchNorm [C]
}

// Depthwise reports whether n convolves each channel by itself.
func (n *Node) Depthwise(in Shape) bool {
	return n.Op == OpConv && n.Groups == in.C && n.Out == in.C
}

// Input says how a picture becomes the network's input:
// real = (rgb − Mean)/Std for each channel's u8 value.
type Input struct {
	Height, Width int // square networks only: equal
	Mean, Std     [3]float32
}

// Graph is a network of one input and one output in topological order. It is
// immutable once built and may be shared.
type Graph struct {
	Input  Input
	Nodes  []Node
	Output Value
}
