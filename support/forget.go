package support

import "fmt"

// Forget drops a class with all its shots, durably, and returns how many there
// were. Undo brings them back. The error wraps ErrNotFound if there is no such
// class.
func (s *Set) Forget(class string) (int, error) {
	s.change.Lock()
	defer s.change.Unlock()
	w := s.state.find(class)
	if w < 0 {
		return 0, fmt.Errorf("%w: class %q", ErrNotFound, class)
	}
	n := len(s.state.ways[w].shots)
	if err := s.do(change{kind: kindForget, class: class}); err != nil {
		return 0, err
	}
	s.compactIfWorth()
	return n, nil
}
