package app

import (
	"fmt"
	"math"

	"github.com/edge-camera/edge/support"
)

// The gate is there to stop pictures that no person would call a picture of
// anything. It lets everything doubtful pass: a refused shot annoys at once, a
// poor one can be undone.
const (
	gateDark    = 24  // luma of which 99 % of a picture's pixels stay below: a lens cap, not a dark object
	gateBright  = 250 // luma which 99 % of the pixels reach: washed out, not a white table with something on it
	gateUniform = 16  // variance of each channel: a deviation of 4, what a sensor's noise makes of a wall
)

// Gate measures pixels, the network's input of side × side RGB, and says why
// they are not worth a shot, "" if they are. Without pixels there is no quality.
// It is integer arithmetic but for the last steps, and gives the same answer and
// the same figures on every board.
func Gate(pixels []byte, side int) (quality *support.Quality, reason string) {
	n := side * side
	if side < 1 || len(pixels) != 3*n {
		return nil, fmt.Sprintf("no picture: %d bytes, want %d", len(pixels), 3*n)
	}
	var dark, bright int
	var light uint64
	var sum, squares [3]uint64
	luma := make([]byte, n)
	for i := 0; i+2 < len(pixels); i += 3 {
		r, g, b := uint64(pixels[i]), uint64(pixels[i+1]), uint64(pixels[i+2])
		// Luma by BT.601.
		y := (77*r + 150*g + 29*b) >> 8
		switch {
		case y < gateDark:
			dark++
		case y >= gateBright:
			bright++
		}
		light += y
		luma[i/3] = byte(y)
		sum[0] += r
		sum[1] += g
		sum[2] += b
		squares[0] += r * r
		squares[1] += g * g
		squares[2] += b * b
	}
	// n²·variance, exact: 255²·n² is below 2⁶⁴ up to a side of 4096.
	var most uint64
	for c := range sum {
		most = max(most, uint64(n)*squares[c]-sum[c]*sum[c])
	}
	quality = &support.Quality{
		Light:     float32(float64(light) / float64(255*n)),
		Dark:      float32(float64(dark) / float64(n)),
		Bright:    float32(float64(bright) / float64(n)),
		Contrast:  float32(math.Sqrt(float64(most)) / float64(255*n)),
		Sharpness: float32(sharpness(luma, side)),
	}
	switch {
	case 100*dark >= 99*n:
		reason = "too dark"
	case 100*bright >= 99*n:
		reason = "too bright"
	case most < gateUniform*uint64(n)*uint64(n):
		reason = "nothing to see"
	}
	return quality, reason
}

// sharpness is the variance of the Laplacian of luma, by
//
//	Pech-Pacheco et al.: Diatom autofocusing in brightfield microscopy: a
//	comparative study. ICPR 2000.
//
// Where a picture is sharp a pixel differs from its neighbours; what the lens
// has blurred is nearly the mean of them. Of all pixels with four neighbours:
//
//	l(x, y) = 4·luma(x, y) − luma(x−1, y) − luma(x+1, y) − luma(x, y−1) − luma(x, y+1)
func sharpness(luma []byte, side int) float64 {
	if side < 3 {
		return 0
	}
	sum, squares := 0, 0
	for y := 1; y < side-1; y++ {
		above, row, below := luma[(y-1)*side:y*side], luma[y*side:(y+1)*side], luma[(y+1)*side:(y+2)*side]
		for x := 1; x < side-1; x++ {
			l := 4*int(row[x]) - int(row[x-1]) - int(row[x+1]) - int(above[x]) - int(below[x])
			sum += l
			squares += l * l
		}
	}
	n := float64((side - 2) * (side - 2))
	mean := float64(sum) / n
	// The product is rounded by itself, so that no board fuses it.
	return max(float64(squares)/n-float64(mean*mean), 0)
}
