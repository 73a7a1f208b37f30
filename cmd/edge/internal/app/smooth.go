package app

// smooth turns answers, one a frame, into a label that does not flap: it
// changes once need frames in a row agree on another.
type smooth struct {
	need int

	label string // "" until there is one
	next  string // what the last run frames said
	run   int
}

// push takes the next frame's answer and reports whether the label changed.
func (s *smooth) push(answer string) bool {
	if answer != s.next {
		s.next, s.run = answer, 0
	}
	s.run++
	if answer == s.label || s.run < s.need {
		return false
	}
	s.label = answer
	return true
}
