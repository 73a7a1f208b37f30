//go:build amd64 && !purego

package embed

import "golang.org/x/sys/cpu"

var resizers = []*resizer{{
	name:      "avx2",
	usable:    func() bool { return cpu.X86.HasAVX2 },
	bias:      1 << 15, // its multiplication is signed
	sumRows:   sumRowsAVX2,
	sumPixels: sumPixelsAVX2,
	yuyv:      yuyvAVX2,
}}

//go:noescape
func sumRowsAVX2(args *rowsArgs)

//go:noescape
func sumPixelsAVX2(args *pixelsArgs)

//go:noescape
func yuyvAVX2(dst, line *byte, n int)
