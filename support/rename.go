package support

// Rename gives a class another name, durably. It stays where it is in the
// order of classes. The error wraps ErrNotFound if there is no such class and
// ErrName if the new name is bad or taken; Merge joins two classes.
func (s *Set) Rename(class, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	return s.do(change{kind: kindRename, class: class, into: name})
}
