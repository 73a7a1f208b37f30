package app

import "fmt"

// The gate is there to stop pictures that no person would call a picture of
// anything. It lets everything doubtful pass: a refused shot annoys at once, a
// poor one can be undone.
const (
	gateDark    = 24  // luma of which 99 % of a picture's pixels stay below: a lens cap, not a dark object
	gateBright  = 250 // luma which 99 % of the pixels reach: washed out, not a white table with something on it
	gateUniform = 16  // variance of each channel: a deviation of 4, what a sensor's noise makes of a wall
)

// Gate says whether pixels, the network's input of side × side RGB, are worth
// a shot, and if not, why. It is integer arithmetic and gives the same answer
// on every board.
func Gate(pixels []byte, side int) (ok bool, reason string) {
	n := side * side
	if side < 1 || len(pixels) != 3*n {
		return false, fmt.Sprintf("no picture: %d bytes, want %d", len(pixels), 3*n)
	}
	var dark, bright int
	var sum, squares [3]uint64
	for i := 0; i+2 < len(pixels); i += 3 {
		r, g, b := uint64(pixels[i]), uint64(pixels[i+1]), uint64(pixels[i+2])
		// Luma by BT.601.
		switch y := (77*r + 150*g + 29*b) >> 8; {
		case y < gateDark:
			dark++
		case y >= gateBright:
			bright++
		}
		sum[0] += r
		sum[1] += g
		sum[2] += b
		squares[0] += r * r
		squares[1] += g * g
		squares[2] += b * b
	}
	switch {
	case 100*dark >= 99*n:
		return false, "too dark"
	case 100*bright >= 99*n:
		return false, "too bright"
	}
	for c := range sum {
		// n²·variance, exact: 255²·n² is below 2⁶⁴ up to a side of 4096.
		if n := uint64(n); n*squares[c]-sum[c]*sum[c] >= gateUniform*n*n {
			return true, ""
		}
	}
	return false, "nothing to see"
}
