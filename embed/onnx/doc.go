// Package onnx reads float32 convolutional networks in the ONNX format, and
// writes float32 and int8 ones.
//
// # Reading
//
// A file is read twice. A preflight reader walks the protobuf first: it checks
// every length against the bytes that are there and learns what the decoder
// hides or gets wrong (opset, element types, symbolic dimensions, node names,
// external data). It then hands the decoder, github.com/owulveryck/onnx-go, a
// copy that holds only what that decoder carries faithfully: nodes, float32
// and int64 constants. Last, each operator becomes nodes of an embed.Graph, one
// file per operator. Whatever is not understood completely is refused with
// the node's name; an attribute nobody here knows is a refusal too.
//
// Opsets 7 to 28 are read. These operators are:
//
//	Conv                float32, 2-D, grouped, dilated, asymmetric pads, auto_pad
//	BatchNormalization  inference
//	Relu, Clip          Clip from 0 to 6 or from 0 up
//	Add                 two computed values of one shape
//	GlobalAveragePool   also ReduceMean over height and width
//	Flatten, Reshape    of a value whose height and width are 1
//	Gemm                the second factor constant
//	Identity, Dropout   pass through
//	Constant            a float32 or int64 tensor
//
// # Layouts
//
// ONNX is NCHW, embed.Graph is NHWC, so convolution weights go from
// [Out][In/Groups][KH][KW] to [Out][KH][KW][In/Groups] and back. Numbers are
// copied, never changed, but for Gemm's alpha and beta.
package onnx
