// Package embed turns a picture into an Embedding: preprocessing, the float32
// reference network, the int8 network and the model file they come from.
//
// # Why integers decide every bit
//
// A shot taught on one board must mean the same on another, so everything
// between the frame and the embedding of an int8 network is integer
// arithmetic (preprocessing, every layer) or float64 operations that IEEE 754
// defines exactly (the final square root and division). The Go compiler may
// fuse a float multiply and add on arm64 and does not on amd64; integers leave
// it nothing to fuse.
//
// # The int8 definition
//
// It is chosen for ARM, whose SQRDMULH does a whole requantization in one
// instruction, and it is kept for ever: a change would need a new major
// version of the model format.
//
// Values are asymmetric, real = Scale·(q − Zero), q in [−128, 127]; weights are
// symmetric per output channel, real = scale[c]·w, w in [−127, 127].
//
//	input  q = clamp(round((rgb − Mean)/Std/Scale) + Zero, −128, 127)
//	conv   acc = Bias[c] + Σ w[c,i]·q[i]       int32; q = Zero outside the picture
//	       out = clamp(rdm(acc, Mult[c]), Lo, Hi)
//	rdm    rdm(a, m) = (int64(a)·int64(m) + 1<<30) >> 31        SQRDMULH
//	add    acc = a·MultA + b·MultB + AddBias                    int32
//	       out = clamp((acc + 1<<(Shift−1)) >> Shift, Lo, Hi)
//	mean   n[c] = Σ q − H·W·Zero                                int32, no rounding
//
// The mean above is the last node's, whose output is not quantized. These are
// the operators of format 1.1, where Zero is the input's zero point (ZeroA and
// ZeroB of two) and Zero_out the output's:
//
//	mul    acc = (a − ZeroA)·(b − ZeroB)                        int32
//	       out = clamp(rdm(acc<<Shift, Mult[0]) + Zero_out, Lo, Hi)
//	mean   acc = Σ (q − Zero), in the middle of a network       int32
//	       out = clamp(rdm(acc<<Shift, Mult[0]) + Zero_out, Lo, Hi)
//	act    out = Table[q + 128]
//	max    out = max q                  over the places in the picture
//	pool   out = Zero + ⌊(2·Σ (q − Zero) + n)/2n⌋               halves go up
//	concat out = Table[256·i + q + 128] of input i, q itself without a Table
//	select out[c] = q[Channels[c]]
//
// An operand b of [1 1 C], of mul and add, holds for every place. A pool's sum
// is over the places in the picture, n the number of places that its node
// counts; max, pool and select leave scale and zero point as they are.
//
// The input is a table of 256 entries a channel, made in float64 with halves to
// even: differences and quotients only, which nothing can fuse. With real
// scales r = Scale_in·scale_w[c]/Scale_out, always below 1,
//
//	Mult[c] = round(r·2³¹)
//	Bias[c] = round(b[c]/(Scale_in·scale_w[c])) − Zero_in·Σ w[c,i] + round(Zero_out/r)
//
// so that the zero points cost nothing at run time. Mul and the mean in the
// middle have r = Scale_a·Scale_b/Scale_out and Scale_in/(H·W·Scale_out), which
// may be up to 2¹⁴: Shift is the least that makes r/2^Shift less than one, and
// Mult[0] = round(r·2^(31−Shift)). Adding Zero_out to what is rounded already
// leaves one rounding, to the nearest with halves going up. An embedding is n/‖n‖: the
// scale of the last value cancels, Σ n² is exact in int64, and the division is
// done in float64 and rounded once to float32.
package embed
