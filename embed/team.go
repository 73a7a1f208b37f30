package embed

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/edge-camera/edge/embed/kernel"
)

// team is a session's memory and the goroutines that share its work: the
// session's own (worker 0) and helpers.
//
// The units of one step are claimed one by one with a compare-and-swap on the
// count of those left, so nobody waits for a helper that is not running: the
// caller takes whatever is left. A claim that succeeds saw left > 0, so the
// step was still at work and its number is good.
type team struct {
	steps   []step
	units   []int
	arena   arena
	workers []worker
	helpers []helper // of workers[1:]

	at   atomic.Int32 // the step at work
	left atomic.Int32 // its units not yet claimed
	done atomic.Int32 // its units finished
	quit atomic.Bool

	ended sync.WaitGroup
}

// helper is the bed of one goroutine.
type helper struct {
	asleep atomic.Bool
	wake   chan struct{} // holds one token, sent by whoever cleared asleep
}

// A helper looks for work this many times, some tens of microseconds, before
// it goes to sleep: the pause between two steps is far shorter, the pause
// between two frames far longer.
const helperPatience = 20000

func newTeam(n *Network, threads int) *team {
	t := &team{steps: n.steps, units: make([]int, len(n.steps))}
	most, blocks, reals := 1, 0, 0
	for i, s := range n.steps {
		t.units[i] = s.units()
		most = max(most, t.units[i])
		b, r := s.scratch()
		blocks, reals = max(blocks, b), max(reals, r)
	}
	t.workers = make([]worker, min(max(threads, 1), most))
	for i := range t.workers {
		t.workers[i].args.Scratch = make([]kernel.Block, blocks)
		t.workers[i].reals = make([]float32, reals)
	}
	if n.model.Precision == Int8 {
		t.arena.ints = make([]int8, n.plan.size)
		t.arena.sums = make([]int32, n.Dim())
	} else {
		t.arena.reals = make([]float32, n.plan.size)
	}
	t.helpers = make([]helper, len(t.workers)-1)
	for i := range t.helpers {
		t.helpers[i].wake = make(chan struct{}, 1)
		t.ended.Go(func() { t.help(i) })
	}
	return t
}

// runStep computes one step and returns when all of it is done.
func (t *team) runStep(i int) {
	units := t.units[i]
	if units == 1 || len(t.helpers) == 0 {
		for u := range units {
			t.steps[i].run(&t.arena, &t.workers[0], u)
		}
		return
	}
	t.at.Store(int32(i))
	t.done.Store(0)
	t.left.Store(int32(units))
	t.wakeAll()
	for t.claim(0) {
	}
	for spins := 0; t.done.Load() != int32(units); spins++ {
		if spins > 1000 { // a helper lost its processor in the middle of a unit
			runtime.Gosched()
		}
	}
}

// claim runs one unit as worker w. It reports whether there may be more.
func (t *team) claim(w int) bool {
	left := t.left.Load()
	if left == 0 {
		return false
	}
	if t.left.CompareAndSwap(left, left-1) {
		i := t.at.Load()
		t.steps[i].run(&t.arena, &t.workers[w], t.units[i]-int(left))
		t.done.Add(1)
	}
	return true
}

func (t *team) help(i int) {
	h := &t.helpers[i]
	for idle := 0; !t.quit.Load(); idle++ {
		if t.claim(i + 1) {
			idle = 0
			continue
		}
		if idle < helperPatience {
			continue
		}
		idle = 0
		h.asleep.Store(true)
		// Work may have come just before the store, unseen by wakeAll.
		if (t.left.Load() > 0 || t.quit.Load()) && h.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-h.wake
	}
}

func (t *team) wakeAll() {
	for i := range t.helpers {
		h := &t.helpers[i]
		if h.asleep.Load() && h.asleep.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
}

func (t *team) stop() {
	t.quit.Store(true)
	t.wakeAll()
}
