package quantize

// sets are disjoint sets of numbers from 0, each known by its smallest.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) find(i int) int {
	for s[i] != i {
		i = s[i]
	}
	return i
}

func (s sets) join(a, b int) {
	a, b = s.find(a), s.find(b)
	s[max(a, b)] = min(a, b)
}

// members returns each set's numbers, in order, at its smallest.
func (s sets) members() [][]int {
	m := make([][]int, len(s))
	for i := range s {
		r := s.find(i)
		m[r] = append(m[r], i)
	}
	return m
}
