package support

// Remove forgets one shot or negative, durably. A class that loses its last shot
// is gone. The error wraps ErrNotFound if there is no such shot.
func (s *Set) Remove(id uint64) error {
	s.change.Lock()
	defer s.change.Unlock()
	k := kindRemove
	if s.state.negative(id) >= 0 {
		k = kindDrop
	}
	if err := s.do(change{kind: k, id: id}); err != nil {
		return err
	}
	s.compactIfWorth()
	return nil
}
