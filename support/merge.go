package support

// Merge gives all shots of one class to another, durably; then the first is
// gone. Both must be there, or the error wraps ErrNotFound.
func (s *Set) Merge(from, into string) error {
	s.change.Lock()
	defer s.change.Unlock()
	return s.do(change{kind: kindMerge, class: from, into: into})
}
