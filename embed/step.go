package embed

import "github.com/edge-camera/edge/embed/kernel"

// step is one node made ready to run: immutable, shared by sessions. Its units
// are independent of each other, so that threads may share them; which thread
// runs a unit makes no difference to a bit of the result.
type step interface {
	units() int                   // at least 1
	scratch() (blocks, reals int) // what a worker needs
	run(m *arena, w *worker, unit int)
}

// arena is what a session computes in.
type arena struct {
	rgb   []byte // the picture at work, the caller's
	ints  []int8
	reals []float32
	sums  []int32 // an int8 network's last value
}

// worker is one thread's own memory.
type worker struct {
	args  kernel.Args
	reals []float32
}

// rowUnits cuts rows of so many operations each into units that are worth
// handing to a thread.
func rowUnits(rows, perRow int) (units, rowsPerUnit int) {
	rowsPerUnit = min(max(1<<15/max(perRow, 1), 1), rows)
	return (rows + rowsPerUnit - 1) / rowsPerUnit, rowsPerUnit
}
