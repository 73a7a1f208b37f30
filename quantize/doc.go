// Package quantize makes an int8 model of a float32 graph.
//
// # What it does
//
//  1. Fold: batch normalization and clamps into the convolutions; dense layers
//     become 1×1 convolutions.
//  2. Split: channels that are zero whatever the picture, which weight decay
//     leaves behind, give their places to second copies of those whose rounding
//     costs most. The copies are rounded half a step apart, and their mean has
//     steps half as wide. No channel is added.
//  3. Observe: the float network runs once over the pictures. Each channel's
//     least and greatest element, a few places of every value, and the mean of
//     what each convolution reads are kept. Every fifth picture is held out: it
//     is used for nothing but the report.
//  4. Equalize: channels of values without an upper bound are scaled towards the
//     same range where they are made, and back where they are read.
//  5. Ranges: by least and greatest, percentile, least squares or divergence.
//     Zero is always representable. Values that pools, selections and
//     concatenations join share scale and zero point, so that copying them
//     rounds nothing; what an activation makes nothing of (a hard swish below
//     −3) is left out.
//  6. Round, node after node: each convolution's weights, symmetric per output
//     channel with greatest/127 a step, for what it reads in the int8 network so
//     far. Each weight is rounded in turn, and those not yet rounded make up for
//     what that did to the output. Filters of up to 64 weights, a depthwise
//     convolution's among them, are then polished: by a step of one or two
//     weights at a time, and with a wider step, as long as the output gains.
//  7. Bias correction: what quantization did to a layer's mean is taken back.
//  8. Integers: those of the definition in package embed. Tables of activations
//     and concatenations are made in float64. A step of weights is widened by
//     less than a hundredth, so that the output's zero point is a whole number
//     of units of the accumulator, and a runtime that adds it after the
//     multiplication (an exported model's) rounds as we do.
//
// The methods are documented where they are: split.go, equalize.go,
// histogram.go, round.go, polish.go, bias.go. ABLATION.md has what each of them brings.
//
// # Why not all of it per picture, or with gradients?
//
// Everything here needs pictures and no labels, one run of the float network,
// and minutes on two processors. What is then lost is nearly all the rounding of
// values, of which the first layer's are the most: smooth pictures give it long
// runs of one and the same value, whose rounding does not cancel. That is the
// definition's, not the weights'.
//
// # Why does the order of processors not matter?
//
// The same graph and pictures give the same model, byte for byte, with any
// number of processors: sums are added up in the order of the pictures and
// places, and a matrix product's elements each by one goroutine. Where the
// compiler may fuse a product with a sum (arm64) the float network differs in
// its last bits, and so may an integer here or there: shipped models are made on
// amd64.
package quantize
