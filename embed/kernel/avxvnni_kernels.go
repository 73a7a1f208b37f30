//go:build amd64 && !purego

package kernel

// Calls through a func value would make their arguments escape.

func avxvnniDense(a *tileArgs, pixels, halves int) {
	switch halves<<3 | pixels {
	case 1<<3 | 1:
		avxvnniDense1x8(a)
	case 1<<3 | 2:
		avxvnniDense2x8(a)
	case 1<<3 | 3:
		avxvnniDense3x8(a)
	case 1<<3 | 4:
		avxvnniDense4x8(a)
	case 1<<3 | 5:
		avxvnniDense5x8(a)
	case 1<<3 | 6:
		avxvnniDense6x8(a)
	case 2<<3 | 1:
		avxvnniDense1x16(a)
	case 2<<3 | 2:
		avxvnniDense2x16(a)
	case 2<<3 | 3:
		avxvnniDense3x16(a)
	case 2<<3 | 4:
		avxvnniDense4x16(a)
	case 2<<3 | 5:
		avxvnniDense5x16(a)
	case 2<<3 | 6:
		avxvnniDense6x16(a)
	}
}

func avxvnniDepthwise(a *tileArgs, pixels int) {
	switch pixels {
	case 1:
		avxvnniDepthwise1x16(a)
	case 2:
		avxvnniDepthwise2x16(a)
	case 3:
		avxvnniDepthwise3x16(a)
	case 4:
		avxvnniDepthwise4x16(a)
	case 5:
		avxvnniDepthwise5x16(a)
	case 6:
		avxvnniDepthwise6x16(a)
	}
}

//go:noescape
func avxvnniDense1x8(args *tileArgs)

//go:noescape
func avxvnniDense2x8(args *tileArgs)

//go:noescape
func avxvnniDense3x8(args *tileArgs)

//go:noescape
func avxvnniDense4x8(args *tileArgs)

//go:noescape
func avxvnniDense5x8(args *tileArgs)

//go:noescape
func avxvnniDense6x8(args *tileArgs)

//go:noescape
func avxvnniDense1x16(args *tileArgs)

//go:noescape
func avxvnniDense2x16(args *tileArgs)

//go:noescape
func avxvnniDense3x16(args *tileArgs)

//go:noescape
func avxvnniDense4x16(args *tileArgs)

//go:noescape
func avxvnniDense5x16(args *tileArgs)

//go:noescape
func avxvnniDense6x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise1x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise2x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise3x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise4x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise5x16(args *tileArgs)

//go:noescape
func avxvnniDepthwise6x16(args *tileArgs)

//go:noescape
func avxvnniInterleave(args *interleaveArgs)
