package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// normal is what a channel looked like on the pictures that the network was
// trained with, before its activation: a batch normalization knows.
type normal struct{ mean, std float64 }

// normals is what a batch normalization knows of what it makes.
func normals(bn *embed.Node) []normal {
	of := make([]normal, len(bn.Weight))
	for c := range of {
		of[c] = normal{float64(bn.Bias[c]), math.Abs(float64(bn.Weight[c]))}
	}
	return of
}
