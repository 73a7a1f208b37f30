package main

import "math/bits"

// pcg is PCG-XSH-RR 64/32 (O'Neill, PCG: A Family of Simple Fast
// Space-Efficient Statistically Good Algorithms, 2014). It is here, and not
// taken from a library, because a model's bytes depend on every number.
type pcg struct{ state uint64 }

const (
	pcgMultiplier = 6364136223846793005
	pcgIncrement  = 1442695040888963407
)

func newPCG(seed uint64) *pcg {
	p := &pcg{}
	p.next()
	p.state += seed
	p.next()
	return p
}

func (p *pcg) next() uint32 {
	s := p.state
	p.state = s*pcgMultiplier + pcgIncrement
	return bits.RotateLeft32(uint32((s>>18^s)>>27), -int(s>>59))
}

// below returns a number from 0 to n−1 (Lemire's multiplication; the bias, at
// most n/2³², does not matter here).
func (p *pcg) below(n int) int {
	return int(uint64(p.next()) * uint64(n) >> 32)
}
