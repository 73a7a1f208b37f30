package embed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// everyResizer runs f with each resizer that this processor has, and without.
func everyResizer(t *testing.T, f func(t *testing.T)) {
	was := resize
	t.Cleanup(func() { resize = was })
	resize = nil
	t.Run("generic", f)
	for _, r := range resizers {
		if r.usable() {
			resize = r
			t.Run(r.name, f)
		}
	}
}

// guarded returns n bytes of random data with other bytes around them, and a
// function that says whether those are still there.
func guarded(rng *rand.Rand, n int) (b []byte, whole func() bool) {
	const guard = 64
	all := make([]byte, n+2*guard)
	for i := range all {
		all[i] = byte(rng.Uint32())
	}
	before := bytes.Clone(all)
	return all[guard : guard+n : guard+n], func() bool {
		return bytes.Equal(all[:guard], before[:guard]) && bytes.Equal(all[guard+n:], before[guard+n:])
	}
}

// Resizers make the generic code's bytes: every residue of the width modulo
// their blocks, every T that they take and some that they do not, squares that
// begin anywhere in a row, rows that begin anywhere in a word.
func TestResizers(t *testing.T) {
	everyResizer(t, func(t *testing.T) {
		if resize == nil {
			return
		}
		rng := rand.New(rand.NewPCG(5, 6))
		var scratch Scratch
		var narrow int
		for n := range 1500 {
			side := 1 + rng.IntN(40)
			s := side + 1 + rng.IntN(300)
			if n%3 == 0 {
				s = side * (2 + rng.IntN(8)) / (1 + rng.IntN(2)) // T is small
			}
			if s <= side {
				continue
			}
			p := noise(rng, RGB+PixelFormat(n%3), 2*((s+1)/2+rng.IntN(9)), s+rng.IntN(3), rng.IntN(40), n%5 == 0)
			shift := rng.IntN(32)
			p.Pix = append(make([]byte, shift), p.Pix...)[shift:]
			sq := square{p: p, x: rng.IntN(p.Width - s + 1), y: rng.IntN(p.Height - s + 1), side: s}

			want := make([]byte, side*side*3)
			scratch.size(s, side)
			scratch.shrink(want, sq)
			if p.Format == BGR {
				for i := 0; i < len(want); i += 3 {
					want[i], want[i+2] = want[i+2], want[i]
				}
			}
			if !scratch.narrow.ok {
				continue
			}
			narrow++
			got, whole := guarded(rng, len(want))
			scratch.narrow.shrink(got, sq, scratch.cells, resize)
			if i := firstDifference(got, want); i >= 0 {
				t.Fatalf("%v, square of %d at %d,%d → %d: byte %d is %d, want %d", p.Format, s, sq.x, sq.y, side, i, got[i], want[i])
			}
			if !whole() {
				t.Fatalf("%v, square of %d → %d: wrote beside its output", p.Format, s, side)
			}
		}
		if narrow < 700 {
			t.Errorf("only %d sizes were narrow", narrow)
		}
	})
}

// Every YUYV colour, in both places of a pair, and nothing behind the row.
func TestResizerYUYV(t *testing.T) {
	everyResizer(t, func(t *testing.T) {
		if resize == nil {
			return
		}
		rng := rand.New(rand.NewPCG(7, 8))
		line := make([]byte, 2*512)
		want := make([]byte, 3*512)
		for u := range 256 {
			for v := range 256 {
				for y := range 256 {
					line[4*y], line[4*y+1], line[4*y+2], line[4*y+3] = byte(y), byte(u), byte(255-y), byte(v)
				}
				yuyvToRGB(want, line, 0, nil)
				got, whole := guarded(rng, len(want))
				yuyvToRGB(got, line, 0, resize)
				if i := firstDifference(got, want); i >= 0 {
					t.Fatalf("Y %d, U %d, V %d: channel %d is %d, want %d", line[i/3*2], u, v, i%3, got[i], want[i])
				}
				if !whole() {
					t.Fatal("wrote beside its output")
				}
			}
			if testing.Short() && u > 8 {
				break
			}
		}
		for n := range 100 {
			got, whole := guarded(rng, 3*n)
			x := rng.IntN(2)
			yuyvToRGB(got, line[:2*((n+x+1)&^1)], x, resize)
			yuyvToRGB(want[:3*n], line, x, nil)
			if !bytes.Equal(got, want[:3*n]) || !whole() {
				t.Errorf("%d pixels from column %d: %d, want %d", n, x, got, want[:3*n])
			}
		}
	})
}

// The product with an inverse equals the division for every sum there is.
func TestInverse(t *testing.T) {
	for _, side := range []uint32{2, 3, 7, 15, 16, 45, 75, 128, 135, 146} {
		d := side * side
		r, ok := inverse(d)
		if !ok {
			t.Errorf("%d: no inverse", d)
			continue
		}
		for n := range 255*d + d/2 + 1 {
			if got := uint32(float32(n) * r); got != n/d {
				t.Fatalf("%d/%d = %d, want %d", n, d, got, n/d)
			}
		}
	}
	// Where it says no, some quotient would be wrong.
	for _, side := range []uint32{160, 243, 257} {
		if r, ok := inverse(side * side); ok {
			for n := range 256 * side * side {
				if uint32(float32(n)*r) != n/(side*side) {
					t.Fatalf("%d: %d is wrong", side*side, n)
				}
			}
		}
	}
}

// What cameras deliver goes the short way.
func TestNarrow(t *testing.T) {
	everyResizer(t, func(t *testing.T) {
		for _, s := range []int{240, 448, 480, 600, 720, 960, 1080, 1200} {
			var scratch Scratch
			scratch.size(s, 224)
			if scratch.narrow.ok != (resize != nil) {
				t.Errorf("%d → 224: narrow is %v", s, scratch.narrow.ok)
			}
		}
	})
}

func BenchmarkYUYV(b *testing.B) {
	for _, by := range append([]*resizer{nil}, resizers...) {
		name := "generic"
		if by != nil {
			if name = by.name; !by.usable() {
				continue
			}
		}
		b.Run(fmt.Sprint(name, "-480"), func(b *testing.B) {
			line, dst := make([]byte, 2*480), make([]byte, 3*480)
			for b.Loop() {
				yuyvToRGB(dst, line, 0, by)
			}
		})
	}
}
