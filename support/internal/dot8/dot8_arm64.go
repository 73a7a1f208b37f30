//go:build arm64 && !purego

package dot8

func rows(dst, base []int32, q []int16, x []int8) {
	rowsNEON(&args{&dst[0], &base[0], &q[0], &x[0], len(dst), len(q), nil})
}

func picked(dst, base []int32, q []int16, x []int8, at []int32) {
	pickedNEON(&args{&dst[0], &base[0], &q[0], &x[0], len(at), len(q), &at[0]})
}

//go:noescape
func rowsNEON(args *args)

//go:noescape
func pickedNEON(args *args)
