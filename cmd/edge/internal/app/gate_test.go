package app

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edge-camera/edge/support"
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
		q, reason := Gate(paint(side, c.at), side)
		if reason != c.want {
			t.Errorf("%s: %q; want %q", c.name, reason, c.want)
		}
		if err := q.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
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
		if _, reason := Gate(c.pixels, 10); reason != c.want {
			t.Errorf("%v…: %q; want %q", c.pixels[:9], reason, c.want)
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
	q, reason := Gate(p, side)
	if reason != "" || q.Light != 0.5 || q.Contrast != 0.5 || q.Dark != 0.5 || q.Bright != 0.5 {
		t.Errorf("%q, %+v", reason, *q)
	}
}

func TestGateOfNoPicture(t *testing.T) {
	for _, c := range []struct{ bytes, side int }{{0, 0}, {0, 1}, {2, 1}, {4, 1}, {3, -1}} {
		if q, reason := Gate(make([]byte, c.bytes), c.side); q != nil || reason == "" {
			t.Errorf("%d bytes of side %d: %v, %q", c.bytes, c.side, q, reason)
		}
	}
}

// Figures that can be computed by hand.
func TestQuality(t *testing.T) {
	grey := func(luma func(x, y int) byte) []byte {
		return paint(10, func(x, y int) [3]byte { v := luma(x, y); return [3]byte{v, v, v} })
	}
	board := func(x, y int) byte { return byte(51 + 102*((x+y)%2)) }
	for _, c := range []struct {
		name   string
		pixels []byte
		want   support.Quality
	}{
		{"grey", grey(func(int, int) byte { return 102 }), support.Quality{Light: 0.4}},
		{"a white left half", grey(func(x, _ int) byte { return 255 * byte((9-x)/5) }),
			// In two of eight columns one neighbour of four differs by 255.
			support.Quality{Light: 0.5, Dark: 0.5, Bright: 0.5, Contrast: 0.5, Sharpness: 255 * 255 / 4.}},
		{"a chess board", grey(board), support.Quality{Light: 0.4, Contrast: 0.2, Sharpness: 408 * 408}},
		{"a slope", grey(func(x, y int) byte { return byte(30 + 10*x + y) }), support.Quality{Light: 79.5 / 255, Contrast: float32(math.Sqrt(100*8.25+8.25) / 255)}},
		// Luma 77·255/256, 76 when it is cut; only red varies.
		{"a red half", paint(10, func(x, _ int) [3]byte { return [3]byte{255 * byte(x/5), 0, 0} }),
			support.Quality{Light: 38. / 255, Dark: 0.5, Contrast: 0.5, Sharpness: 76 * 76 / 4.}},
	} {
		if got, _ := Gate(c.pixels, 10); *got != c.want {
			t.Errorf("%s: %+v\nwant %+v", c.name, *got, c.want)
		}
	}
	// Blurred, a picture is less sharp and as light as before.
	blurred := grey(func(x, y int) byte {
		return byte((int(board(x, y))*2 + int(board(x+1, y))) / 3)
	})
	sharp, _ := Gate(grey(board), 10)
	soft, _ := Gate(blurred, 10)
	if soft.Sharpness*4 > sharp.Sharpness || soft.Light != sharp.Light {
		t.Errorf("blurred %+v, sharp %+v", *soft, *sharp)
	}
	if q, _ := Gate([]byte{1, 2, 3}, 1); q.Sharpness != 0 {
		t.Errorf("a single pixel: %+v", *q)
	}
}
