package support

import "sync/atomic"

// latest is the view that a Set answers from. The first one is made while Open
// returns already: the prototypes of many shots take as long as reading them,
// and whoever opens a store has more to get ready.
type latest struct {
	view  atomic.Pointer[view]
	first chan struct{} // closed once there is a view
}

// Load returns the view. It waits for the first one and never again.
func (l *latest) Load() *view {
	if v := l.view.Load(); v != nil {
		return v
	}
	<-l.first
	return l.view.Load()
}

// Store makes v the view. Callers hold Set.change.
func (l *latest) Store(v *view) {
	if l.view.Swap(v) == nil {
		close(l.first)
	}
}

// show publishes the state for the first time, on a goroutine of its own. That
// begins with s.change locked, so that whoever gets the lock afterwards never
// waits for a view.
func (s *Set) show() {
	s.change.Lock()
	go func() {
		defer s.change.Unlock()
		s.publish()
	}()
}
