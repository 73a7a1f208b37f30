package app

import (
	"math/rand/v2"
	"testing"
)

// paint returns side × side pixels; f gives the red, green and blue of each.
func paint(side int, f func(x, y int) [3]byte) []byte {
	p := make([]byte, 0, 3*side*side)
	for y := range side {
		for x := range side {
			c := f(x, y)
			p = append(p, c[:]...)
		}
	}
	return p
}

func plain(r, g, b byte) func(x, y int) [3]byte {
	return func(int, int) [3]byte { return [3]byte{r, g, b} }
}

func TestGate(t *testing.T) {
	const side = 100
	rng := rand.New(rand.NewPCG(1, 2))
	noise := func(level, spread int) func(x, y int) [3]byte {
		return func(int, int) (c [3]byte) {
			for i := range c {
				c[i] = byte(min(max(level+rng.IntN(2*spread+1)-spread, 0), 255))
			}
			return c
		}
	}
	// spot is a square of 15×15, 2 % of the picture.
	spot := func(on, ground [3]byte) func(x, y int) [3]byte {
		return func(x, y int) [3]byte {
			if x >= 40 && x < 55 && y >= 40 && y < 55 {
				return on
			}
			return ground
		}
	}
	black, white := [3]byte{}, [3]byte{255, 255, 255}
	for _, c := range []struct {
		name string
		at   func(x, y int) [3]byte
		want string // "" passes
	}{
		{"a lens cap", plain(0, 0, 0), "too dark"},
		{"a lens cap with noise", noise(8, 8), "too dark"},
		{"something lit in the dark", spot([3]byte{200, 180, 90}, black), ""},
		{"a dim room", noise(40, 30), ""},
		{"washed out", plain(255, 255, 255), "too bright"},
		{"something on a white table", spot([3]byte{120, 40, 40}, white), ""},
		{"something white on a black table", spot(white, black), ""},
		{"a grey wall", plain(128, 128, 128), "nothing to see"},
		{"a grey wall with noise", noise(128, 5), "nothing to see"},
		{"a red wall", plain(200, 30, 30), "nothing to see"},
		{"something small on a grey wall", spot([3]byte{90, 128, 128}, [3]byte{128, 128, 128}), ""},
		{"two colours of the same luma", func(x, _ int) [3]byte {
			if x < side/2 {
				return [3]byte{150, 30, 30}
			}
			return [3]byte{30, 91, 30}
		}, ""},
		{"noise", noise(128, 127), ""},
	} {
		ok, reason := Gate(paint(side, c.at), side)
		if ok != (c.want == "") || reason != c.want {
			t.Errorf("%s: %v, %q; want %q", c.name, ok, reason, c.want)
		}
	}
}

func TestGateAtItsLimits(t *testing.T) {
	// A 10×10 picture: one pixel is 1 %.
	with := func(n int, on, ground byte) []byte {
		return paint(10, func(x, y int) [3]byte {
			if 10*y+x < n {
				return [3]byte{on, on, on}
			}
			return [3]byte{ground, ground, ground}
		})
	}
	for _, c := range []struct {
		pixels []byte
		want   string
	}{
		{with(1, 200, gateDark-1), "too dark"},
		{with(2, 200, gateDark-1), ""},
		{with(1, 200, gateDark), ""},
		{with(1, 0, gateBright), "too bright"},
		{with(2, 0, gateBright), ""},
		{with(1, 0, gateBright-1), ""},
		{with(50, 124, 132), ""},               // variance 16
		{with(50, 124, 131), "nothing to see"}, // variance 12.25
	} {
		if ok, reason := Gate(c.pixels, 10); reason != c.want || ok != (c.want == "") {
			t.Errorf("%v…: %v, %q; want %q", c.pixels[:9], ok, reason, c.want)
		}
	}
}

// The largest network input there can be, half of it at either end: sums of
// squares are at their largest.
func TestGateDoesNotOverflow(t *testing.T) {
	const side = 4096
	p := make([]byte, 3*side*side)
	for i := range p[:len(p)/2] {
		p[i] = 255
	}
	if ok, reason := Gate(p, side); !ok {
		t.Error(reason)
	}
}

func TestGateOfNoPicture(t *testing.T) {
	for _, c := range []struct{ bytes, side int }{{0, 0}, {0, 1}, {2, 1}, {4, 1}, {3, -1}} {
		if ok, reason := Gate(make([]byte, c.bytes), c.side); ok || reason == "" {
			t.Errorf("%d bytes of side %d pass", c.bytes, c.side)
		}
	}
}
