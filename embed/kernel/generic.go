package kernel

// generic is plain Go, for every architecture.
var generic = Tier{
	Name:      "generic",
	Usable:    func() bool { return true },
	Dense:     newGenericDense,
	Depthwise: newGenericDepthwise,
	Add:       newGenericAdd,
	Mean:      newGenericMean,
}

// requantize is rdm and the clamp of the int8 definition.
func requantize(acc, mult int32, lo, hi int32) int8 {
	return int8(min(max(int32((int64(acc)*int64(mult)+1<<30)>>31), lo), hi))
}
