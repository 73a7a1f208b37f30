//go:build !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestDotFits drives sums across the 16 bits that the kernels of tier dotprod
// keep: on either side the result is the clamped one.
func TestDotFits(t *testing.T) {
	if !dotprod.Usable() {
		t.Logf("this processor has no dot products: only the choice of kernels is tested")
	}
	rng := rand.New(rand.NewPCG(8, 1))
	for _, g := range []Geometry{
		geometry(rng, 3, 5, 24, 16, 1, window(1, 1, 1, 0, 0, 0, 0)),
		geometry(rng, 6, 5, 16, 16, 16, window(3, 1, 1, 1, 1, 1, 1)),
	} {
		for _, at := range []int64{0, 32000, 32766, 32767, 32768, 32769, 40000, 65535, 65536, 65600, 1 << 20} {
			for _, sign := range []int64{1, -1} {
				c := &Conv{Geometry: g, Lo: -128, Hi: 127}
				ordinary.conv(rng, c)
				k := c.K()
				for f := range c.Out.C {
					c.Mult[f] = math.MaxInt32
					if f%2 == 1 {
						c.Mult[f] = 1 << 22 // the other half is ordinary
					}
					w := c.Weight[f*k : (f+1)*k]
					clear(w)
					w[rng.IntN(k)] = 1
					c.Bias[f] = int32(sign * at)
				}
				_, dense := newDotDense(c).(*dotDense)
				if c.Depthwise() {
					_, dense = newDotDepthwise(c).(*dotDepthwise)
				}
				if want := at+128 < 32767; dense != want {
					t.Errorf("%v: sums of up to %d: kernels that keep 16 bits: %v, want %v", name(g), at+128, dense, want)
				}
				if !dotprod.Usable() {
					continue
				}
				in, zero := ordinary.values(rng, g.In.H*g.In.W*g.In.C), int8(rng.IntN(256)-128)
				want, _ := convolve(&generic, c, in, zero, 0, 0, rng)
				got, _ := convolve(&dotprod, c, in, zero, 1, 3, rng)
				if i := differ(got, want); i >= 0 {
					t.Fatalf("%v, sums about %d: element %d: got %d, want %d", name(g), sign*at, i, got[i], want[i])
				}
			}
		}
	}
}

// TestDotKernels wants the layers of a real network to have kernels of their
// own: what is left to others is right, but slow.
func TestDotKernels(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for _, l := range lite0 {
		c := &Conv{Geometry: geometry(rng, l.k+3, l.k+4, l.channels, l.filters, l.g, window(l.k, l.stride, 1, l.k/2, l.k/2, l.k/2, l.k/2))}
		ordinary.conv(rng, c)
		_, own := newDotDense(c).(*dotDense)
		if c.Depthwise() {
			_, own = newDotDepthwise(c).(*dotDepthwise)
		}
		if !own {
			t.Errorf("%v: no kernel", name(c.Geometry))
		}
	}
}

func TestDotMagnitude(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 1))
	for n := range 600 {
		d := drawing(n % int(drawings))
		w := make([]int8, n+n/500*2000)
		var want int64
		for i := range w {
			w[i] = d.int8(rng, -127, 127)
			want += int64(max(w[i], -w[i]))
		}
		if got := dotMagnitude(w); got != want {
			t.Fatalf("%v: %d weights: got %d, want %d", d, len(w), got, want)
		}
	}
}
