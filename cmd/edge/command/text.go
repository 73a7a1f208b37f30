package command

import "strconv"

// shots is a number of shots in words: "1 shot", "2 shots".
func shots(n int) string { return number(n, "shot", "shots") }

// number puts n before the word for it.
func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
