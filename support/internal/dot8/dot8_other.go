//go:build purego || !(amd64 || arm64)

package dot8

func rows(dst, base []int32, q []int16, x []int8) { generic(dst, base, q, x) }

func picked(dst, base []int32, q []int16, x []int8, at []int32) {
	genericPicked(dst, base, q, x, at)
}
