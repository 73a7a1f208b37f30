package kernel

import (
	"fmt"
	"strings"
)

// Conv is a convolution by the int8 definition in package embed. Slices stay
// the caller's: a tier copies what it needs.
type Conv struct {
	Geometry
	Weight []int8  // [Out.C][KernelH][KernelW][In.C/Groups], −127 … 127
	Bias   []int32 // [Out.C], zero points folded in; |Bias| + 128·Σ|Weight| < 2³¹
	Mult   []int32 // [Out.C], positive
	Lo, Hi int8
}

// Add is an addition by the same definition. A and B have the shape of Out;
// their borders may differ.
type Add struct {
	A, B, Out    Layout
	MultA, MultB int16
	Bias         int32
	Shift        uint8 // 1 … 14
	Lo, Hi       int8
}

// Mean sums each channel: Σ (q − Zero).
type Mean struct {
	In   Layout
	Zero int8
}

// Args are the buffers an Op works on. Activations are as Flip says.
//
// A buffer holds the elements of its Layout from one index on: element
// Layout.At(y, x) of Out is Out[Layout.At(y, x)-OutFrom]. A whole buffer is
// from 0; a strip holds only the rows, borders included, that a Part needs.
type Args struct {
	Out, A, B             []int8
	OutFrom, AFrom, BFrom int
	Sum                   []int32 // Mean's output, [C]
	Scratch               []Block // a worker's own, as long as the Op asked for or longer
}

// Part is a piece of an operation's output: rows Y to YEnd of channels C to
// CEnd, ends excluded. Mean's output has one row.
type Part struct{ Y, YEnd, C, CEnd int }

// Block is the unit of scratch: what four pixels have at one place.
type Block [4]int64

// Op is an operation packed by a tier: immutable, shared by goroutines. Parts
// may run in any order and at the same time; each writes all of its own
// outputs, nothing else, and never the border.
type Op interface {
	// Parts returns how to cut the operation for threads to share: pieces
	// worth handing over, about equal, which together are the whole output.
	Parts() []Part

	// Scratch returns the blocks of Args.Scratch a worker needs for any Part.
	Scratch() int

	// Run computes a Part: any rows, of all channels or of those of one of
	// Parts. It allocates nothing.
	Run(a *Args, p Part)
}

// Tier is one implementation of the int8 kernels.
type Tier struct {
	Name   string
	Usable func() bool // this processor has the instructions

	// Flip is XORed into each int8 that is stored: 0x80 makes it the unsigned
	// q+128.
	Flip uint8

	// Slack is how many elements beyond the end of a buffer kernels may read
	// (never write).
	Slack int

	Dense     func(*Conv) Op // any Groups
	Depthwise func(*Conv) Op // Conv.Depthwise()
	Add       func(*Add) Op
	Mean      func(*Mean) Op
}

// Tiers lists every implementation of this build, best last. It is never
// written after initialisation.
var Tiers = append([]*Tier{&generic}, archTiers...)

// Choose returns the tier of that name, or the best usable one for the empty
// name. The error lists the names this processor can use.
func Choose(name string) (*Tier, error) {
	var names []string
	for i := len(Tiers) - 1; i >= 0; i-- {
		t := Tiers[i]
		if !t.Usable() {
			continue
		}
		if name == "" || name == t.Name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("kernel %q: this build and processor have %s", name, strings.Join(names, ", "))
}
