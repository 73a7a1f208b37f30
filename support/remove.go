package support

// Remove forgets one shot, durably. A class that loses its last shot is gone.
// The error wraps ErrNotFound if there is no such shot.
func (s *Set) Remove(id uint64) error {
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.do(change{kind: kindRemove, id: id}); err != nil {
		return err
	}
	s.compactIfWorth()
	return nil
}
