package support

import "sync"

// How the learner is kept up to date. It is brought up to date while a change
// waits if that is a matter of milliseconds, which it is after every shot. What
// takes longer, such as all shots after Open, is learned by a goroutine of its
// own; until that is done the prototypes answer, with thresholds that need no
// learner.

// learnAtOnce is how many multiplications a change may wait for.
const learnAtOnce = 6e6

// current returns the learner with the shots of st, those that count, or nil if
// there is none yet or the shots are too many. Callers hold s.change.
func (s *Set) current(st state, dim int) *learner {
	n := st.len()
	if n == 0 || n > s.most {
		s.learner = nil
		return nil
	}
	if s.learner == nil && s.learning {
		return nil
	}
	if s.learner == nil {
		s.learner = newLearner()
	}
	fresh := 0
	st.all(func(_ *way, e *entry) {
		if _, ok := s.learner.row[e]; !ok {
			fresh++
		}
	})
	gone := len(s.learner.shots) + fresh - n
	if float64(fresh+max(gone, 0))*float64(n)*float64(dim) <= learnAtOnce {
		s.learner.sync(st, dim, nil)
		return s.learner
	}
	s.learner = nil
	s.learning = true
	epoch := s.epoch
	s.settled.Go(func() {
		l := newLearner()
		l.sync(st, dim, s.quit.Load)
		s.change.Lock()
		defer s.change.Unlock()
		s.learning = false
		if s.closed {
			return
		}
		if s.epoch == epoch {
			s.learner = l
		}
		s.publish()
	})
	return nil
}

// Settle waits until answers are those of the head that the Rule asks for. After
// Open with many shots that takes a moment (1,000 shots of 1,280 numbers: a
// second on a desktop core), in which prototypes answer.
func (s *Set) Settle() {
	for {
		s.change.Lock()
		busy := s.learning
		s.change.Unlock()
		if !busy {
			return
		}
		s.settled.Wait()
	}
}

// background counts goroutines that learn; unlike a bare sync.WaitGroup it may
// be waited for while the next one begins.
type background struct {
	mu sync.Mutex
	wg *sync.WaitGroup
}

// Go runs f on a goroutine of its own.
func (b *background) Go(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wg = new(sync.WaitGroup)
	b.wg.Go(f)
}

// Wait waits for the goroutine that began last.
func (b *background) Wait() {
	b.mu.Lock()
	wg := b.wg
	b.mu.Unlock()
	if wg != nil {
		wg.Wait()
	}
}
