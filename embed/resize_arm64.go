//go:build arm64 && !purego

package embed

var resizers = []*resizer{{
	name:      "neon",
	usable:    func() bool { return true },
	sumRows:   sumRowsNEON,
	sumPixels: sumPixelsNEON,
	yuyv:      yuyvNEON,
}}

//go:noescape
func sumRowsNEON(args *rowsArgs)

//go:noescape
func sumPixelsNEON(args *pixelsArgs)

func yuyvNEON(dst, line *byte, n int) { yuyvBlocksNEON(&yuyvArgs{dst, line, n}) }

type yuyvArgs struct {
	dst, line *byte
	n         int
}

//go:noescape
func yuyvBlocksNEON(args *yuyvArgs)
