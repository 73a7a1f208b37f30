//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

// avx2 multiplies bytes with VPMADDUBSW where its 16-bit sums cannot saturate,
// and otherwise in a way in which they cannot; see gen/amd64/avx2.go.
var avx2 = Tier{
	Name:      "avx2",
	Usable:    func() bool { return cpu.X86.HasAVX2 },
	Flip:      0x80,
	Slack:     16,
	Dense:     func(c *Conv) Op { return newTiledDense(c, familyAVX2) },
	Depthwise: func(c *Conv) Op { return newTiledDepthwise(c, familyAVX2) },
	Add:       newTiledAdd,
	Mean:      newTiledMean,
}
