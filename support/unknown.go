package support

import "math"

// The rule for Known.
const (
	radiusFactor = 1.8  // threshold per expected distance
	radiusMin    = 0.20 // shots of one scene are nearer to each other than its next picture
	radiusMax    = 0.50
	radiusAlone  = 0.35 // one shot: nothing says how much its class varies
)

// thresholds returns for each way the distance up to which a query is known.
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
		t[i] = min(max(radiusFactor*r, radiusMin), radiusMax)
	}
	return t
}
