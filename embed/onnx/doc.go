// Package onnx reads float32 convolutional networks in the ONNX format, and
// writes float32 and int8 ones.
//
// # Reading
//
// A file is read twice. A preflight reader walks the protobuf first: it checks
// every length against the bytes that are there and learns what the decoder
// hides or gets wrong (opset, element types, symbolic dimensions, node names).
// It then hands the decoder, github.com/owulveryck/onnx-go, a copy that holds
// only what that decoder carries faithfully: nodes, and constants as float32 or
// int64, which those of other widths and those in a file beside are made. Last,
// each operator becomes nodes of an embed.Graph, one file per operator or
// family. Whatever is not understood completely is refused with the node's
// name; an attribute nobody here knows is a refusal too.
//
// Opsets 7 to 28 are read. A batch of any size is read as one picture. These
// operators are:
//
//	Conv                   2-D, grouped, dilated, asymmetric pads, auto_pad
//	BatchNormalization     inference
//	Relu, Clip, LeakyRelu, PRelu, Sigmoid, HardSigmoid, HardSwish, Swish, Tanh
//	Add, Sub, Mul          of two values of one shape, of a value and one number a
//	                       channel, computed ([N C 1 1]) or constant
//	Div, Max, Min          by a constant
//	GlobalAveragePool      also ReduceMean over height and width
//	GlobalMaxPool, MaxPool, AveragePool
//	Gemm, MatMul           the second factor constant
//	Concat, Split, Slice, Gather   of channels
//	Pad                    zeros around a picture
//	Reshape, Flatten, Squeeze, Unsqueeze, Transpose
//	Identity, Dropout, Cast between floating-point types
//	Constant, Shape, and arithmetic of constants
//
// Activations that an exporter wrote as several operators (hard swish as Add,
// Clip, Mul, Div; SiLU as Sigmoid, Mul) become one. Softmax, LogSoftmax and
// ArgMax at the end are left out.
//
// # Reshapes and transpositions
//
// They move nothing. A value keeps its layout [H W C], and a view says which
// digits of a position along H, W and C each of ONNX's dimensions is made of; a
// reshape or a transposition gives another view. So NHWC files of TensorFlow
// cost nothing, and a channel shuffle is what its view says at the end: an
// OpSelect.
//
// # Layouts
//
// ONNX is NCHW, embed.Graph is NHWC, so convolution weights go from
// [Out][In/Groups][KH][KW] to [Out][KH][KW][In/Groups] and back. Numbers are
// copied, never changed, but for Gemm's alpha and beta.
package onnx
