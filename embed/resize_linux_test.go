package embed

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"
)

// A picture may end where the process's memory does.
func TestPreprocessReadsNothingBehind(t *testing.T) {
	everyResizer(t, func(t *testing.T) {
		page := syscall.Getpagesize()
		const room = 1 << 20
		mem, err := syscall.Mmap(-1, 0, room+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Munmap(mem)
		if err := syscall.Mprotect(mem[room:], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(9, 10))
		for n := range 60 {
			s := 22 + 2*rng.IntN(60)
			p := noise(rng, RGB+PixelFormat(n%3), s+2*rng.IntN(4), s, rng.IntN(9), false)
			side := 1 + rng.IntN(s)
			want, got := make([]byte, side*side*3), make([]byte, side*side*3)
			r := Region{0, 0, 1, 1}
			if n%2 == 1 {
				r = Region{0.5, 0.5, 0.5, 0.5}
			}
			if err := Preprocess(want, side, p, r, new(Scratch)); err != nil {
				t.Fatal(err)
			}
			p.Pix = mem[room-copy(mem[room-len(p.Pix):room], p.Pix) : room]
			if err := Preprocess(got, side, p, r, new(Scratch)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%v %d×%d → %d depends on where it lies", p.Format, p.Width, p.Height, side)
			}
		}
	})
}
