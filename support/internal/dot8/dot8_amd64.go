//go:build amd64 && !purego

package dot8

import "golang.org/x/sys/cpu"

var avx2 = cpu.X86.HasAVX2

func rows(dst, base []int32, q []int16, x []int8) {
	if avx2 {
		rowsAVX2(&args{&dst[0], &base[0], &q[0], &x[0], len(dst), len(q), nil})
		return
	}
	generic(dst, base, q, x)
}

func picked(dst, base []int32, q []int16, x []int8, at []int32) {
	if avx2 {
		pickedAVX2(&args{&dst[0], &base[0], &q[0], &x[0], len(at), len(q), &at[0]})
		return
	}
	genericPicked(dst, base, q, x, at)
}

//go:noescape
func rowsAVX2(a *args)

//go:noescape
func pickedAVX2(a *args)
