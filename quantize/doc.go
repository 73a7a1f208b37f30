// Package quantize makes an int8 model of a float32 graph.
//
// # What it does
//
//  1. Fold: batch normalization and activations into the convolutions.
//  2. Observe: the float network runs over the calibration pictures; every
//     value's least and greatest element and every channel's mean are kept.
//  3. Ranges: activations asymmetric by least and greatest (zero is always
//     representable); weights symmetric per output channel, greatest/127.
//  4. Bias correction: rounding the weights by ΔW moves a layer's mean output
//     by ΔW·E[x]; the bias takes that back (Nagel, van Baalen, Blankevoort and
//     Welling, Data-Free Quantization Through Weight Equalization and Bias
//     Correction, ICCV 2019, section 4.2, with E[x] observed).
//  5. Integers: the biases and multipliers of the definition in package embed.
//
// The same graph and pictures give the same model, byte for byte: means are
// added up in the order of the pictures, and no product is fused with a sum.
package quantize
