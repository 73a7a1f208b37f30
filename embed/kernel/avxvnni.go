//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

// avxvnni is avx2 with VPDPBUSD, the dot product of processors that have it
// without AVX-512.
var avxvnni = Tier{
	Name:      "avxvnni",
	Usable:    func() bool { return cpu.X86.HasAVX2 && cpu.X86.HasAVXVNNI },
	Flip:      0x80,
	Slack:     16,
	Dense:     func(c *Conv) Op { return newTiledDense(c, familyVNNI) },
	Depthwise: func(c *Conv) Op { return newTiledDepthwise(c, familyVNNI) },
	Add:       newTiledAdd,
	Mean:      newTiledMean,
}
