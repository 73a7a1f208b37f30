// Package kernel holds the inner loops of the int8 network, once per
// instruction set.
//
// # The table
//
// Tiers lists the implementations, best last; generic is plain Go, runs
// everywhere and is the truth the others are compared with. A Tier packs an
// operation's weights for its own instructions and returns an Op. Tests,
// benchmarks and `edge doctor` range over the table, so that a new tier is
// tested by being listed.
//
// # What a tier decides, and what it does not
//
// A tier decides how weights are packed, how work is cut into parts, and
// whether activations are stored as int8 or, where the multiply instruction
// wants one unsigned operand, as q+128 in the same byte (Flip). The values
// themselves are fixed by the int8 definition in package embed: every tier
// gives the same bits.
//
// # Why activations have borders
//
// A window that hangs over the edge sees the zero point. Storing it once
// around the value costs a few kilobytes; testing for edges in every kernel
// costs code in all of them.
package kernel

//go:generate go run ./gen/amd64
//go:generate go run ./gen/arm64
