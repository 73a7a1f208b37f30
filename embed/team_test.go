package embed

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func testTeam(t *testing.T, threads int, steps ...step) *team {
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
