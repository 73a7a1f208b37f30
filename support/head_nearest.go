package support

import "github.com/edge-camera/edge/embed"

// nearestShot names the class of the single nearest shot: Cover and Hart,
// "Nearest Neighbor Pattern Classification" (IEEE Trans. Information Theory 13,
// 1967), by cosine. It is right for classes that look like several different
// things, each of which was shown, and needs many shots for it.
//
// A class's score is the cosine of its nearest shot.
type nearestShot struct {
	ways []*way
}

func (h *nearestShot) score(dst []Prediction, q embed.Embedding, inv float64) {
	for i, w := range h.ways {
		best := -1.0
		for _, e := range w.counted {
			best = max(best, float64(dot(q, e.embedding)*inv)*e.inv)
		}
		dst[i].Score = best
	}
}
