package embed

import "github.com/edge-camera/edge/embed/kernel"

// step makes one value, or a run of them: immutable, shared by sessions. Its
// units are independent of each other, so that threads may share them; which
// thread runs a unit makes no difference to a bit of the result.
type step interface {
	units() int // at least 1
	needs() needs
	run(m *arena, w *worker, unit int)
}

// needs is what memory a worker must have for a step.
type needs struct {
	blocks int // kernel.Args.Scratch
	reals  int
	strip  int // elements of worker.strip
	links  int // of a chain
}

func (n needs) max(o needs) needs {
	return needs{max(n.blocks, o.blocks), max(n.reals, o.reals), max(n.strip, o.strip), max(n.links, o.links)}
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

	// Of a chain: the rows of each link's strip that are there, and those it
	// has to make. They are of use to the next unit if follows says so.
	strip []int8
	have  []rowSpan
	want  []rowSpan

	// follows tells that the unit before this one is what this worker did last.
	follows bool

	round uint64 // the step, counted since the team began, that it worked at
	next  int    // the unit after the one that it did then
}

func newWorker(n needs) worker {
	return worker{
		args:  kernel.Args{Scratch: make([]kernel.Block, n.blocks)},
		reals: make([]float32, n.reals),
		strip: make([]int8, n.strip),
		have:  make([]rowSpan, n.links),
		want:  make([]rowSpan, n.links),
	}
}

// rowSpan is rows from lo to hi, excluded; those of a border are negative or
// beyond the last.
type rowSpan struct{ lo, hi int }

// rowUnits cuts rows of so many operations each into units that are worth
// handing to a thread.
func rowUnits(rows, perRow int) (units, rowsPerUnit int) {
	rowsPerUnit = min(max(1<<15/max(perRow, 1), 1), rows)
	return (rows + rowsPerUnit - 1) / rowsPerUnit, rowsPerUnit
}
