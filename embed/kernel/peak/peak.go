// Package peak holds the fastest loop that each kernel tier could be: its
// multiplications and what must follow them, on registers that never change.
// Benchmarks say how near to it a kernel comes.
package peak

// loop is one tier's: run does n rounds of macs multiply-accumulates.
type loop struct {
	run  func(n int)
	macs int
}

// Run does n rounds, n at least 1, of the loop of a tier of package kernel,
// which this processor must have the instructions of. It returns how many
// multiply-accumulates that were; 0, at once, for a tier without a loop, such
// as generic.
func Run(tier string, n int) int {
	l, ok := loops[tier]
	if !ok || n < 1 {
		return 0
	}
	l.run(n)
	return n * l.macs
}
