package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// input returns the scale and zero point of the network's input. Where all
// channels have one whole mean and one deviation, as the shipped models' have,
// the integers are the bytes less 128, and nothing is lost. Otherwise they span
// what 256 values of three channels can be. Zero is a whole number in both: it
// is what padding holds.
func (p *plan) input() embed.QValue {
	in := p.graph.Input
	if m := float64(in.Mean[0]); in.Mean == [3]float32{in.Mean[0], in.Mean[0], in.Mean[0]} &&
		in.Std == [3]float32{in.Std[0], in.Std[0], in.Std[0]} && m == math.Trunc(m) && m >= 0 && m <= 255 {
		return embed.QValue{Scale: 1 / in.Std[0], Zero: int8(int(m) - 128)}
	}
	return affine(p.spans[0])
}

// inputSpan returns what bytes can be as the network reads them.
func inputSpan(in embed.Input) span {
	var s span
	for c := range 3 {
		std := float64(in.Std[c])
		s.lo = min(s.lo, -float64(in.Mean[c])/std)
		s.hi = max(s.hi, (255-float64(in.Mean[c]))/std)
	}
	return s
}

// readInput fills in what a convolution of the input reads: bytes, rounded as
// the int8 network's table does.
func (p *plan) readInput(reads *sample, pictures [][]byte) error {
	in, q := p.graph.Input, p.values[0]
	var real [3][256]float32
	for c := range 3 {
		for b := range 256 {
			x := (float64(b) - float64(in.Mean[c])) / float64(in.Std[c])
			i := max(-128, min(127, math.RoundToEven(x/float64(q.Scale))+float64(q.Zero)))
			real[c][b] = float32(float64(q.Scale) * (i - float64(q.Zero)))
		}
	}
	data := make([]float32, len(pictures[0]))
	for i, rgb := range pictures {
		for j, b := range rgb {
			data[j] = real[j%3][b]
		}
		reads.take(i, i, data)
	}
	return nil
}
