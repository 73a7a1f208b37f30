//go:build amd64 && !purego

package kernel

// Calls through a func value would make their arguments escape.

func avx2Dense(a *tileArgs, pixels, halves int) {
	switch halves<<3 | pixels {
	case 1<<3 | 1:
		avx2Dense1x8(a)
	case 1<<3 | 2:
		avx2Dense2x8(a)
	case 1<<3 | 3:
		avx2Dense3x8(a)
	case 1<<3 | 4:
		avx2Dense4x8(a)
	case 1<<3 | 5:
		avx2Dense5x8(a)
	case 1<<3 | 6:
		avx2Dense6x8(a)
	case 2<<3 | 1:
		avx2Dense1x16(a)
	case 2<<3 | 2:
		avx2Dense2x16(a)
	case 2<<3 | 3:
		avx2Dense3x16(a)
	case 2<<3 | 4:
		avx2Dense4x16(a)
	case 2<<3 | 5:
		avx2Dense5x16(a)
	case 2<<3 | 6:
		avx2Dense6x16(a)
	}
}

func avx2Depthwise(a *tileArgs, pixels int) {
	switch pixels {
	case 1:
		avx2Depthwise1x16(a)
	case 2:
		avx2Depthwise2x16(a)
	case 3:
		avx2Depthwise3x16(a)
	case 4:
		avx2Depthwise4x16(a)
	case 5:
		avx2Depthwise5x16(a)
	case 6:
		avx2Depthwise6x16(a)
	}
}

//go:noescape
func avx2Dense1x8(args *tileArgs)

//go:noescape
func avx2Dense2x8(args *tileArgs)

//go:noescape
func avx2Dense3x8(args *tileArgs)

//go:noescape
func avx2Dense4x8(args *tileArgs)

//go:noescape
func avx2Dense5x8(args *tileArgs)

//go:noescape
func avx2Dense6x8(args *tileArgs)

//go:noescape
func avx2Dense1x16(args *tileArgs)

//go:noescape
func avx2Dense2x16(args *tileArgs)

//go:noescape
func avx2Dense3x16(args *tileArgs)

//go:noescape
func avx2Dense4x16(args *tileArgs)

//go:noescape
func avx2Dense5x16(args *tileArgs)

//go:noescape
func avx2Dense6x16(args *tileArgs)

//go:noescape
func avx2Depthwise1x16(args *tileArgs)

//go:noescape
func avx2Depthwise2x16(args *tileArgs)

//go:noescape
func avx2Depthwise3x16(args *tileArgs)

//go:noescape
func avx2Depthwise4x16(args *tileArgs)

//go:noescape
func avx2Depthwise5x16(args *tileArgs)

//go:noescape
func avx2Depthwise6x16(args *tileArgs)

//go:noescape
func avx2Interleave(args *interleaveArgs)
