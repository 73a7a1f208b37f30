package embed

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMagnitude(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := make([]int8, rapid.IntRange(0, 9000).Draw(t, "weights"))
		fill := rapid.Int8().Draw(t, "fill") // extremes overflow what lanes there are
		for i := range w {
			w[i] = fill
		}
		for range rapid.IntRange(0, min(20, len(w))).Draw(t, "others") {
			w[rapid.IntRange(0, len(w)-1).Draw(t, "at")] = rapid.Int8().Draw(t, "weight")
		}
		var want int64
		var lowest bool
		for _, v := range w {
			want += max(int64(v), -int64(v))
			lowest = lowest || v == math.MinInt8
		}
		if sum, low := magnitude(w); sum != want || low != lowest {
			t.Fatalf("%d, %t; want %d, %t", sum, low, want, lowest)
		}
	})
}
