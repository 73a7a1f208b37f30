package embed

// Value names a tensor of a Graph: 0 is the input, i+1 is what Nodes[i] makes.
type Value int

// Op is what a Node computes.
type Op uint8

// The operators a Graph may hold. Importers map what they read onto these;
// Fold (package quantize) leaves no OpBatchNorm.
const (
	OpInvalid    Op = iota
	OpConv          // grouped convolution, depthwise included; optional bias, fused clamp
	OpBatchNorm     // y = (x − Mean)/√(Var+Epsilon)·Weight + Bias, per channel
	OpAct           // Act alone
	OpAdd           // two inputs of one shape, or the second [1 1 C] for every place; fused clamp
	OpGlobalMean    // [H W C] → [1 1 C]
	OpDense         // [1 1 C] → [1 1 Out], fused clamp

	// Of format 1.1.

	OpMul      // two inputs as OpAdd has (squeeze-and-excite), fused clamp
	OpMaxPool  // the greatest of each window; what is outside the picture does not count
	OpMeanPool // the mean of each window; CountPadding says what is counted
	OpConcat   // two or more inputs of one H and W: their channels one after the other
	OpSelect   // output channel c is input channel Channels[c]: slices, splits, shuffles
)

// MaxInputs is the most inputs of a node (OpConcat).
const MaxInputs = 1 << 10

// Window is the geometry of a convolution or pool. A convolution's padding
// holds real zeros and may be asymmetric (TensorFlow's SAME at stride 2 pads
// bottom and right only). Every window of a pool has at least one place in the
// picture.
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
	In   []Value // one; OpAdd and OpMul two, OpConcat two or more; each below this node's own Value
	Act  Act     // OpAct; one that Clamps also OpConv, OpAdd, OpDense, OpMul

	// Of Act: ActClip clamps to Alpha … Beta, which may be infinite;
	// ActLeakyReLU has Alpha, ActHardSigmoid both. Zero for all others.
	Alpha, Beta float32

	Window  Window  // OpConv, OpMaxPool, OpMeanPool
	Groups  int     // OpConv: divides input and output channels
	Out     int     // OpConv, OpDense: output channels
	Epsilon float32 // OpBatchNorm

	// OpMeanPool divides by the number of a window's places that are in the
	// picture or, with CountPadding, in the picture and its padding but for the
	// last UncountedBottom rows and UncountedRight columns of that, which only
	// make room for the last window (ONNX's ceil_mode). Padding holds zeros.
	CountPadding                    bool
	UncountedBottom, UncountedRight int

	Channels []int32 // OpSelect [output channels]

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
