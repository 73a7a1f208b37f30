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
// a share, so a late claim cannot undo it. Units only become fewer, so who
// finds none has no more to do until the next step is opened.
//
// What several processors write or wait for lies in cache lines of its own.
type team struct {
	steps   []step
	units   []int
	arena   arena
	workers []worker
	helpers []helper // of workers[1:]
	shares  []share  // by worker
	ended   sync.WaitGroup

	_     [128]byte
	at    atomic.Int32  // the step at work
	round atomic.Uint64 // its number since the team began, stored before its shares
	open  atomic.Uint64 // the same number, stored after them
	quit  atomic.Bool

	_    [128]byte
	done atomic.Int64 // units that helpers finished
	_    [128]byte
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

	// yieldAfter is when it offers its processor to another thread, once: where
	// processors are scarce, that may be the caller, who shares it and waits
	// behind its back. More often would be taken for having no use for it.
	yieldAfter = 2000

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
		t.ended.Go(func() { t.stand(i) })
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
	round := t.round.Add(1)
	t.done.Store(0)
	for k := range t.shares {
		n := len(t.shares)
		t.shares[k].left.Store(uint64(units*k/n)<<32 | uint64(units*(k+1)/n))
	}
	t.open.Store(round)
	t.wakeAll()
	others := int64(units - t.help(0))
	for spins := 0; t.done.Load() != others; spins++ {
		if spins > 1000 { // a helper lost its processor in the middle of a unit
			runtime.Gosched()
		}
	}
}

// help works as worker w until there are no more units, and returns how many
// it did.
func (t *team) help(w int) (units int) {
	for {
		n := t.claim(w)
		if n == 0 {
			return units
		}
		units += n
	}
}

// claim runs units as worker w, those of its own share first, and returns how
// many; 0 if there are none.
func (t *team) claim(w int) int {
	for k := range t.shares {
		s := &t.shares[(w+k)%len(t.shares)].left
		for {
			left := s.Load()
			from, to := int(left>>32), int(left&(1<<32-1))
			if from >= to {
				break
			}
			if k == 0 {
				if s.CompareAndSwap(left, uint64(from+1)<<32|uint64(to)) {
					t.work(w, from, from+1)
					return 1
				}
				continue
			}
			n := min((to-from+1)/2, mostTaken)
			if s.CompareAndSwap(left, uint64(from)<<32|uint64(to-n)) {
				t.work(w, to-n, to)
				return n
			}
		}
	}
	return 0
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
}

// stand is a helper's life.
func (t *team) stand(i int) {
	h := &t.helpers[i]
	var seen uint64
	for idle := 0; !t.quit.Load(); idle++ {
		if open := t.open.Load(); open != seen {
			seen, idle = open, 0
			if n := t.help(i + 1); n > 0 {
				t.done.Add(int64(n))
			}
			continue
		}
		if idle < helperPatience {
			if idle == yieldAfter {
				yield()
			}
			continue
		}
		idle = 0
		h.asleep.Store(true)
		// Work may have come just before the store, unseen by wakeAll.
		if (t.open.Load() != seen || t.quit.Load()) && h.asleep.CompareAndSwap(true, false) {
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
