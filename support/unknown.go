package support

import "math"

// The rule for Known, measured on the features of EfficientNet-Lite0 at 224²
// with shots and queries of groceries, hand signs, electronic parts and emoji.
// In percent, means over 60 episodes: false rejects of known pictures, near
// unknowns (other classes of the same data set) and far ones (other data sets)
// that are accepted.
//
//	way/shot          5/1            5/2            5/5            20/5
//	groceries    21.8 34.4 0.0   2.6 68.8 0.0   3.2 58.1 0.0   2.3 82.2 0.0
//	signs         0.5 98.7 0.0   2.0 97.1 0.0   2.3 96.3 0.0   1.5 97.3 0.0
//	parts (3-way) 0.4 28.8 0.0   0.9 11.1 0.0   0.1 10.9 0.0
//	emoji        13.7 20.0 0.0
//
// Far unknowns stay out; near ones are what a threshold on a distance cannot
// tell from a class that varies as much.
const (
	// radiusFactor times the expected distance holds about 95 % of a class's
	// further pictures, whatever the class.
	radiusFactor = 1.8

	// radiusMin is for shots that are frames of one scene: they are 0.01
	// apart, and tell nothing of how the thing looks from elsewhere. Of five
	// such frames, later ones with the thing moved by 15 %, turned by 15°,
	// scaled by a quarter and 30 % brighter are up to 0.22 away, ones before
	// another background up to 0.35. With 0.20, 3.3 % of the former are
	// rejected and 0.1 % of other things accepted; with 0.25, 0.0 and 0.7;
	// with 0.30, 0.0 and 3.0; with 0.35, 0.0 and 7.0.
	radiusMin = 0.30

	// radiusMax keeps far unknowns out: one in a thousand is nearer than 0.50
	// to 0.66 to the nearest of five prototypes.
	radiusMax = 0.50

	// radiusAlone is for a class with one shot, of which nothing says how much
	// it varies. 95 % of further pictures are within 0.50 for groceries, 0.29
	// for signs, 0.30 for parts: there is no good number, and a second shot is
	// the remedy.
	radiusAlone = 0.40
)

// thresholds returns for each way the distance up to which a query is known:
// radiusFactor · r between radiusMin and radiusMax, with
//
//	r = ((K−1)·spread + 3·pooled)/(K+2)
//
// for a class of K shots, pooled being the mean spread over all shots: with
// few shots a class is believed to vary as the others do.
func thresholds(ways []*way) []float64 {
	pooled, shots := 0.0, 0
	for _, w := range ways {
		if n := len(w.shots); !math.IsNaN(w.spread) {
			pooled += float64(w.spread * float64(n))
			shots += n
		}
	}
	t := make([]float64, len(ways))
	for i, w := range ways {
		t[i] = radiusAlone
		if math.IsNaN(w.spread) {
			continue
		}
		k := float64(len(w.shots))
		r := (float64((k-1)*w.spread) + float64(3*(pooled/float64(shots)))) / (k + 2)
		t[i] = min(max(float64(radiusFactor*r), radiusMin), radiusMax)
	}
	return t
}
