//go:build amd64 && !purego

package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestSteps has dense steps of every kind, with weights whose sums are just
// within and just beyond what a plain step can do, and inputs at their ends.
// Biases bring every output near zero, where a wrong bit shows.
func TestSteps(t *testing.T) {
	light := [][2]int8{{64, 64}, {127, 1}, {-127, -1}, {-64, -64}, {127, -127}, {-127, 127}, {0, 0}, {-3, 5}}
	heavy := [][2]int8{{65, 64}, {127, 2}, {-127, -2}, {-64, -65}, {127, 127}, {-127, -127}}
	rng := rand.New(rand.NewPCG(8, 1))
	tiers(t, func(t *testing.T, tier *Tier) {
		var kinds [4]int
		for range 400 {
			channels, filters := 1+rng.IntN(40), 1+rng.IntN(50)
			c := &Conv{Geometry: geometry(rng, 1, 1+rng.IntN(14), channels, filters, 1, window(1, 1, 1, 0, 0, 0, 0)), Lo: -128, Hi: 127}
			heavies := []float64{0, 0.01, 0.1, 1}[rng.IntN(4)]
			for range filters {
				var w []int8
				for len(w) < channels {
					pair := light[rng.IntN(len(light))]
					if rng.Float64() < heavies {
						pair = heavy[rng.IntN(len(heavy))]
					}
					w = append(w, pair[0], pair[1])
				}
				c.Weight = append(c.Weight, w[:channels]...)
			}
			in := extremes.values(rng, channels*c.In.W)
			for f := range filters {
				sum := int32(0)
				for i, w := range c.Weight[f*channels:][:channels] {
					sum += int32(w) * int32(in[i])
				}
				c.Bias = append(c.Bias, int32(rng.IntN(200)-100)-sum)
				c.Mult = append(c.Mult, 1<<30)
			}
			want, _ := convolve(&generic, c, in, 0, 0, 0, rng)
			got, clean := convolve(tier, c, in, 0, 0, 0, rng)
			if i := differ(got, want); i >= 0 {
				t.Fatalf("%s: element %d: got %d, want %d", name(c.Geometry), i, got[i], want[i])
			}
			if !clean {
				t.Fatalf("%s: wrote where it must not", name(c.Geometry))
			}
			if op, ok := tier.Dense(c).(*tiledDense); ok {
				for _, b := range op.blocks {
					for kind, n := range b.steps {
						kinds[kind] += n
					}
				}
			}
		}
		if tier == &avx2 && min(kinds[0], kinds[1], kinds[2], kinds[3]) < 100 {
			t.Errorf("steps by kind: %v", kinds)
		}
	})
}

// TestSlot wants slot and channelOf to be each other's inverse.
func TestSlot(t *testing.T) {
	for halves := 1; halves <= 2; halves++ {
		for c := range 8 * halves {
			half, i := slot(c, halves)
			if half >= halves || i > 7 || channelOf(half, i, halves) != c {
				t.Errorf("channel %d of %d is at %d, %d, where channel %d is", c, 8*halves, half, i, channelOf(half, i, halves))
			}
		}
	}
}
