package dot8

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every count of rows modulo what is done at once, every short length, and the
// extremes, in memory that begins anywhere, with guards behind what is written.
func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 14 {
		for width := Step; width <= 8*Step; width += Step {
			for _, extreme := range []bool{false, true} {
				shift := rng.IntN(8)
				q := make([]int16, shift+width)[shift:]
				x := make([]int8, shift+n*width)[shift:]
				base := make([]int32, shift+n)[shift:]
				for i := range q {
					if q[i] = int16(rng.Uint32()); extreme {
						q[i] = -1 << 15
					}
				}
				for i := range x {
					if x[i] = int8(rng.Uint32()); extreme {
						x[i] = -1 << 7
					}
				}
				for i := range base {
					base[i] = int32(rng.Uint32())
				}
				want := make([]int32, n)
				for i := range want {
					sum := int64(base[i])
					for j, v := range q {
						sum -= int64(v) * int64(x[i*width+j])
					}
					want[i] = int32(sum)
				}
				const guard = 0x5eed
				room := slices.Repeat([]int32{guard}, n+8)
				Rows(room[:n:n], base, q, x)
				if !slices.Equal(room[:n], want) {
					t.Errorf("%d rows of %d: %v, want %v", n, width, room[:n], want)
				}
				if !slices.Equal(room[n:], slices.Repeat([]int32{guard}, 8)) {
					t.Errorf("%d rows of %d: wrote behind them", n, width)
				}
				at := make([]int32, 2*n)
				for i := range at {
					at[i] = int32(rng.IntN(n))
				}
				for _, f := range []func(dst, base []int32, q []int16, x []int8, at []int32){Picked, genericPicked} {
					all := slices.Repeat([]int32{guard}, 2*n+8)
					f(all[:2*n:2*n], base, q, x, at)
					for i, v := range all {
						if i >= len(at) && v != guard || i < len(at) && v != want[at[i]] {
							t.Errorf("row %d of %d picked: %v, want %v", i, n, v, want)
						}
					}
				}
				if generic(room[:n], base, q, x); !slices.Equal(room[:n], want) {
					t.Errorf("generic: %d rows of %d: %v, want %v", n, width, room[:n], want)
				}
			}
		}
	}
}

func TestRowsPanics(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 15, 15}, {2, 1, 16, 32}, {2, 2, 16, 31}, {1, 2, 16, 16}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("lengths %v: no panic", c)
				}
			}()
			Rows(make([]int32, c[0]), make([]int32, c[1]), make([]int16, c[2]), make([]int8, c[3]))
		}()
	}
	for _, row := range []int32{-1, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("row %d of 2: no panic", row)
				}
			}()
			Picked(make([]int32, 1), make([]int32, 2), make([]int16, 16), make([]int8, 32), []int32{row})
		}()
	}
}

func BenchmarkRows(b *testing.B) {
	for _, c := range []struct{ n, width int }{{20000, 32}, {1, 64}, {1, 1280}, {128, 1280}} {
		b.Run(fmt.Sprintf("%dx%d", c.n, c.width), func(b *testing.B) {
			dst, base := make([]int32, c.n), make([]int32, c.n)
			q, x := make([]int16, c.width), make([]int8, c.n*c.width)
			b.SetBytes(int64(len(x)))
			for b.Loop() {
				Rows(dst, base, q, x)
			}
		})
	}
}
