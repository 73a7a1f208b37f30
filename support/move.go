package support

import "fmt"

// Move gives a shot to another class, durably, and makes that class if there
// is none of that name. A class that loses its last shot is gone. Moving a
// shot to the class that it is in changes nothing and writes nothing. A negative
// cannot be moved.
func (s *Set) Move(id uint64, class string) error {
	s.change.Lock()
	defer s.change.Unlock()
	if w, _ := s.state.locate(id); w >= 0 && s.state.ways[w].name == class {
		return s.writable()
	}
	if s.state.negative(id) >= 0 {
		return fmt.Errorf("%w: shot %d is a picture of nothing: remove it and teach it anew", ErrNotFound, id)
	}
	return s.do(change{kind: kindMove, id: id, class: class})
}
