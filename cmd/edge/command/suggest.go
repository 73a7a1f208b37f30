package command

// nearest returns the candidate that a person most likely meant by word, or ""
// where none is near: at most two edits away and at most half of the word.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 3
	for _, c := range candidates {
		d := edits(word, c)
		if d < bestDistance && 2*d <= len(c) {
			best, bestDistance = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance: insertions, deletions and substitutions
// that turn a into b.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1) // row[j] = edits(x[:i], y[:j])
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			substitute := diagonal
			if x[i] != y[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, substitute)
		}
	}
	return row[len(y)]
}
