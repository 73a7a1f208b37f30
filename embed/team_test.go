package embed

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// countingStep records who runs which of its units.
type countingStep struct {
	runs []atomic.Int32
	work func(unit int)
}

func (s *countingStep) units() int   { return len(s.runs) }
func (s *countingStep) needs() needs { return needs{} }
func (s *countingStep) run(_ *arena, _ *worker, unit int) {
	s.runs[unit].Add(1)
	if s.work != nil {
		s.work(unit)
	}
}

func testTeam(t testing.TB, threads int, steps ...step) *team {
	team := newTeam(&program{precision: Float32, plan: &plan{}, steps: steps}, threads, 1)
	t.Cleanup(func() { team.stop(); team.ended.Wait() })
	return team
}

// TestTeamRunsEachUnitOnce runs many small steps one after the other, so that
// helpers are caught in every state.
func TestTeamRunsEachUnitOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 5} {
		steps := make([]step, 6)
		for i := range steps {
			steps[i] = &countingStep{runs: make([]atomic.Int32, 1+3*i)}
		}
		team := testTeam(t, threads, steps...)
		for round := range int32(300) {
			for i := range steps {
				team.runStep(i)
				for u := range steps[i].(*countingStep).runs {
					if n := steps[i].(*countingStep).runs[u].Load(); n != round+1 {
						t.Fatalf("%d threads, round %d: step %d unit %d ran %d times", threads, round, i, u, n)
					}
				}
			}
		}
	}
}

// TestTeamHelps wants two units of a step to run at the same time: each waits
// for the other.
func TestTeamHelps(t *testing.T) {
	meet := make(chan int)
	s := &countingStep{runs: make([]atomic.Int32, 2)}
	s.work = func(unit int) {
		if unit == 0 {
			meet <- unit
		} else {
			<-meet
		}
	}
	team := testTeam(t, 2, s)
	for range 10 {
		team.runStep(0)
	}
}

// TestTeamSleeps wants helpers to sleep when there is nothing to do, and to
// come back when there is.
func TestTeamSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &countingStep{runs: make([]atomic.Int32, 50)}
		team := testTeam(t, 3, s)
		for round := range int32(3) {
			synctest.Wait() // returns only once both helpers block
			for i := range team.helpers {
				if !team.helpers[i].asleep.Load() {
					t.Errorf("helper %d blocks but does not sleep", i)
				}
			}
			team.runStep(0)
			if n := s.runs[49].Load(); n != round+1 {
				t.Errorf("round %d: the last unit ran %d times", round, n)
			}
		}
	})
}

// TestSessionGarbage wants the helpers of a session that nobody closed to end
// once it is garbage.
func TestSessionGarbage(t *testing.T) {
	s := &countingStep{runs: make([]atomic.Int32, 8)}
	n := &Network{
		model: &Model{Precision: Float32, Graph: &Graph{Nodes: make([]Node, 1), Output: 1}}, program: &program{precision: Float32, plan: &plan{}, steps: []step{s}},
		shapes: []Shape{{1, 1, 3}, {1, 1, 1}},
	}
	ended := func() *sync.WaitGroup { return &n.NewSession(4).team.ended }()
	done := make(chan struct{})
	go func() { ended.Wait(); close(done) }()
	for range 2000 {
		runtime.GC()
		select {
		case <-done:
			return
		default:
			runtime.Gosched()
		}
	}
	t.Error("helpers outlive their session")
}

// BenchmarkForkJoin measures what it costs to share a step out and to wait
// until all of it is done: of units without work, and of two units that wait
// for each other, so that a helper must have come.
func BenchmarkForkJoin(b *testing.B) {
	for _, c := range []struct {
		name    string
		threads int
		step    step
	}{
		{"alone/units-2", 1, idleStep(2)},
		{"threads-2/units-2", 2, idleStep(2)},
		{"threads-2/units-16", 2, idleStep(16)},
		{"threads-2/meet", 2, new(meetStep)},
	} {
		b.Run(c.name, func(b *testing.B) {
			team := testTeam(b, c.threads, c.step)
			best := time.Duration(1<<63 - 1)
			for b.Loop() {
				const steps = 20
				start := time.Now()
				for range steps {
					team.runStep(0)
				}
				best = min(best, time.Since(start)/steps)
			}
			b.ReportMetric(float64(best), "best-ns/step")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// idleStep is so many units of nothing.
type idleStep int

func (s idleStep) units() int                     { return int(s) }
func (s idleStep) needs() needs                   { return needs{} }
func (s idleStep) run(_ *arena, _ *worker, _ int) {}

// meetStep is two units that end when both have begun.
type meetStep struct{ begun atomic.Int64 }

func (s *meetStep) units() int   { return 2 }
func (s *meetStep) needs() needs { return needs{} }
func (s *meetStep) run(_ *arena, _ *worker, _ int) {
	n := s.begun.Add(1)
	for spins := 0; n&1 == 1 && s.begun.Load() == n; spins++ {
		if spins > 1000 {
			runtime.Gosched()
		}
	}
}
