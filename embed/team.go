package embed

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// team is a session's memory and the goroutines that share its work: the
// session's own (worker 0) and helpers.
//
// Each worker has a share of a step's units, from the front of which it claims
// one after the other: neighbours, whose operands are in its cache. Who has
// none left takes some off the end of another's share, so nobody waits for a
// helper that is not running: the caller does whatever is left.
//
// A claim is a compare-and-swap on a share. One that succeeds saw units there,
// so the step was still at work and stays it until they are done: what the
// claim reads about the step is good. Nothing but its beginning ever stores to
// a share, so a late claim cannot undo it.
type team struct {
	steps   []step
	units   []int
	arena   arena
	workers []worker
	helpers []helper // of workers[1:]

	at    atomic.Int32  // the step at work
	round atomic.Uint64 // how many there were
	done  atomic.Int64  // its units finished
	quit  atomic.Bool

	shares []share // by worker
	ended  sync.WaitGroup
}

// share is the units that are left of a worker's part: from<<32 | to. Each has
// a cache line of its own, and its neighbour's for processors that fetch two.
type share struct {
	left atomic.Uint64
	_    [120]byte
}

// helper is the bed of one goroutine.
type helper struct {
	asleep atomic.Bool
	wake   chan struct{} // holds one token, sent by whoever cleared asleep
}

const (
	// A helper looks for work this many times, some tens of microseconds,
	// before it goes to sleep: the pause between two steps is far shorter, the
	// pause between two frames far longer.
	helperPatience = 20000

	// mostTaken is how many units are taken off another's share at once.
	// Neighbours cost less than as many from here and there, but while they
	// wait for a worker that lost its processor, nobody else can have them.
	mostTaken = 4
)

// newTeam makes a team for a program, with memory for its values and dim sums.
func newTeam(p *program, threads, dim int) *team {
	t := &team{steps: p.steps, units: make([]int, len(p.steps))}
	most, n := 1, needs{}
	for i, s := range p.steps {
		t.units[i] = s.units()
		most = max(most, t.units[i])
		n = n.max(s.needs())
	}
	t.workers = make([]worker, min(max(threads, 1), most))
	for i := range t.workers {
		t.workers[i] = newWorker(n)
	}
	if p.precision == Int8 {
		t.arena.ints = make([]int8, p.plan.size)
		t.arena.sums = make([]int32, dim)
	} else {
		t.arena.reals = make([]float32, p.plan.size)
	}
	t.shares = make([]share, len(t.workers))
	t.helpers = make([]helper, len(t.workers)-1)
	for i := range t.helpers {
		t.helpers[i].wake = make(chan struct{}, 1)
		t.ended.Go(func() { t.help(i) })
	}
	return t
}

// run computes every step for the picture rgb.
func (t *team) run(rgb []byte) {
	t.arena.rgb = rgb
	for i := range t.steps {
		t.runStep(i)
	}
	t.arena.rgb = nil
}

// runStep computes one step and returns when all of it is done.
func (t *team) runStep(i int) {
	units, w := t.units[i], &t.workers[0]
	if units == 1 || len(t.helpers) == 0 {
		for u := range units {
			w.follows = u > 0
			t.steps[i].run(&t.arena, w, u)
		}
		return
	}
	t.at.Store(int32(i))
	t.round.Add(1)
	t.done.Store(0)
	for k := range t.shares {
		n := len(t.shares)
		t.shares[k].left.Store(uint64(units*k/n)<<32 | uint64(units*(k+1)/n))
	}
	t.wakeAll()
	for spins := 0; t.done.Load() != int64(units); {
		if t.claim(0) {
			spins = 0
		} else if spins++; spins > 1000 { // a helper lost its processor in the middle of a unit
			runtime.Gosched()
		}
	}
}

// claim runs units as worker w. It reports whether there were any.
func (t *team) claim(w int) bool {
	for k := range t.shares {
		owner := k == 0 // its own share first
		s := &t.shares[(w+k)%len(t.shares)].left
		left := s.Load()
		from, to := int(left>>32), int(left&(1<<32-1))
		if from >= to {
			continue
		}
		if owner {
			if s.CompareAndSwap(left, uint64(from+1)<<32|uint64(to)) {
				t.work(w, from, from+1)
			}
		} else {
			n := min((to-from+1)/2, mostTaken)
			if s.CompareAndSwap(left, uint64(from)<<32|uint64(to-n)) {
				t.work(w, to-n, to)
			}
		}
		return true
	}
	return false
}

// work runs units that were claimed.
func (t *team) work(w, from, to int) {
	s, round := t.steps[t.at.Load()], t.round.Load()
	worker := &t.workers[w]
	for u := from; u < to; u++ {
		worker.follows = worker.round == round && worker.next == u
		s.run(&t.arena, worker, u)
		worker.round, worker.next = round, u+1
	}
	t.done.Add(int64(to - from))
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
		if (t.waiting() || t.quit.Load()) && h.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-h.wake
	}
}

// waiting tells whether there are units that nobody has claimed.
func (t *team) waiting() bool {
	for k := range t.shares {
		if left := t.shares[k].left.Load(); left>>32 < left&(1<<32-1) {
			return true
		}
	}
	return false
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
