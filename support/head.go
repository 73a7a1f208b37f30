package support

import (
	"cmp"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// scorer is a head that has learned: it says how much a query looks like each
// class. It never changes once it is published.
type scorer interface {
	// score writes the Score of every prediction, one per way in the state's
	// order, with Distance filled in already. inv is 1 / norm of q, finite and
	// positive. It does not allocate.
	score(dst []Prediction, q embed.Embedding, inv float64)
}

// prototypes is the head that the distances are: nearest class mean. See derive
// for the paper.
type prototypes struct{}

func (prototypes) score(dst []Prediction, _ embed.Embedding, _ float64) {
	for i := range dst {
		dst[i].Score = max(1-dst[i].cosine, 0)
	}
}

// sameScore is a difference of scores that says nothing: what was learned shot
// by shot differs from what is learned anew after a restart in its last digits,
// and a picture taught in two classes must get one name on both days.
const sameScore = 1e-6

// rank puts predictions in order: best first, which is the greatest score, of
// those within sameScore of it the nearest, and of those the first by name; the
// others by score, distance and name.
func rank(dst []Prediction) {
	slices.SortFunc(dst, func(a, b Prediction) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.cosine, b.cosine), cmp.Compare(a.Class, b.Class))
	})
	best := 0
	for i := 1; i < len(dst) && dst[i].Score > dst[0].Score-sameScore; i++ {
		if c := cmp.Compare(dst[i].cosine, dst[best].cosine); c < 0 || c == 0 && dst[i].Class < dst[best].Class {
			best = i
		}
	}
	if best > 0 {
		p := dst[best]
		copy(dst[1:best+1], dst[:best])
		dst[0] = p
	}
}
