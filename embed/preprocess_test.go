package embed

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A slow reference for Preprocess: the documentation's definition in rational
// numbers, one output pixel at a time.

// weights returns the definition's w[i] along one axis, summing to T.
func weights(s, side, i int) (w map[int]int64, t int64) {
	w = make(map[int]int64)
	if s >= side {
		for j := range s {
			lo, hi := max(j*side, i*s), min((j+1)*side, (i+1)*s)
			if hi > lo {
				w[j] = int64(hi - lo)
			}
		}
		return w, int64(s)
	}
	// The centre of output pixel i lies at (i + 1/2)·S/side − 1/2.
	at := new(big.Rat).SetFrac64(int64((2*i+1)*s), int64(2*side))
	at.Sub(at, big.NewRat(1, 2))
	if at.Sign() < 0 {
		at.SetInt64(0)
	}
	if last := new(big.Rat).SetInt64(int64(s - 1)); at.Cmp(last) > 0 {
		at = last
	}
	j := new(big.Int).Div(at.Num(), at.Denom())
	frac := new(big.Rat).Sub(at, new(big.Rat).SetInt(j))
	t = int64(2 * side)
	f := frac.Mul(frac, new(big.Rat).SetInt64(t))
	if !f.IsInt() {
		panic("the definition's weights are not integers")
	}
	w[int(j.Int64())] += t - f.Num().Int64()
	if f.Sign() > 0 {
		w[int(j.Int64())+1] += f.Num().Int64()
	}
	return w, t
}

// pixel returns red, green and blue of a picture.
func pixel(p Picture, x, y int) [3]int64 {
	line := p.Pix[y*p.Stride:]
	switch p.Format {
	case RGB:
		return [3]int64{int64(line[3*x]), int64(line[3*x+1]), int64(line[3*x+2])}
	case BGR:
		return [3]int64{int64(line[3*x+2]), int64(line[3*x+1]), int64(line[3*x])}
	}
	c := 76309 * (int64(line[2*x]) - 16)
	pair := line[x/2*4:]
	d, e := int64(pair[1])-128, int64(pair[3])-128
	rgb := [3]int64{c + 104597*e, c - 25675*d - 53279*e, c + 132201*d}
	for i, v := range rgb {
		floor := int64(math.Floor((float64(v) + 32768) / 65536)) // exact: below 2⁵³
		rgb[i] = min(max(floor, 0), 255)
	}
	return rgb
}

func reference(side int, p Picture, r Region) ([]byte, error) {
	x0, y0, s, err := r.Square(p.Width, p.Height)
	if err != nil {
		return nil, err
	}
	axis := make([]map[int]int64, side)
	var t int64
	for i := range axis {
		axis[i], t = weights(s, side, i)
	}
	dst := make([]byte, 0, side*side*3)
	for y := range side {
		for x := range side {
			var sum [3]int64 // at most 255·65535², exact
			for j, a := range axis[y] {
				for k, b := range axis[x] {
					px := pixel(p, x0+k, y0+j)
					for ch, v := range px {
						sum[ch] += a * b * v
					}
				}
			}
			for _, v := range sum {
				dst = append(dst, byte((v+t*t/2)/(t*t)))
			}
		}
	}
	return dst, nil
}

// noise returns a picture of random bytes; extreme ones hold only 0 and 255.
func noise(rng *rand.Rand, format PixelFormat, width, height, padding int, extreme bool) Picture {
	bpp := 3
	if format == YUYV {
		bpp = 2
	}
	p := Picture{Width: width, Height: height, Stride: width*bpp + padding, Format: format}
	p.Pix = make([]byte, p.Stride*(height-1)+width*bpp)
	for i := range p.Pix {
		v := byte(rng.Uint32())
		if extreme {
			v = byte(int8(v) >> 7)
		}
		p.Pix[i] = v
	}
	return p
}

func TestPreprocessReference(t *testing.T) { everyResizer(t, testPreprocessReference) }

func testPreprocessReference(t *testing.T) {
	var scratch Scratch // shared, so that stale contents would show
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 700).Draw(t, "width")
		height := rapid.IntRange(1, 700).Draw(t, "height")
		format := rapid.SampledFrom([]PixelFormat{RGB, BGR, YUYV}).Draw(t, "format")
		if format == YUYV {
			width += width % 2
		}
		padding := rapid.SampledFrom([]int{0, 1, 13, 64}).Draw(t, "padding")
		extreme := rapid.Bool().Draw(t, "extreme")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var r Region
		if rapid.Bool().Draw(t, "part") {
			r.X = rapid.Float64Range(0, 0.99).Draw(t, "x")
			r.Y = rapid.Float64Range(0, 0.99).Draw(t, "y")
			r.W = rapid.Float64Range(1e-3, 1-r.X).Draw(t, "w")
			r.H = rapid.Float64Range(1e-3, 1-r.Y).Draw(t, "h")
		}
		side := rapid.IntRange(1, 48).Draw(t, "side")
		p := noise(rng, format, width, height, padding, extreme)

		want, err := reference(side, p, r)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, side*side*3)
		if err := Preprocess(got, side, p, r, &scratch); err != nil {
			t.Fatal(err)
		}
		if i := firstDifference(got, want); i >= 0 {
			t.Fatalf("byte %d (row %d, column %d, channel %d) is %d, want %d",
				i, i/3/side, i/3%side, i%3, got[i], want[i])
		}
	})
}

func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// The network's own sides, where both dividers' and the sums' limits matter.
func TestPreprocessReferenceLarge(t *testing.T) { everyResizer(t, testPreprocessReferenceLarge) }

func testPreprocessReferenceLarge(t *testing.T) {
	for _, c := range []struct {
		format              PixelFormat
		width, height, side int
	}{
		{RGB, 320, 240, 224},
		{BGR, 225, 230, 224},
		{YUYV, 240, 223, 224},
		{RGB, 100, 160, 160},
		{BGR, 240, 240, 224},
		{YUYV, 242, 256, 224},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		p := noise(rng, c.format, c.width, c.height, 0, false)
		got := make([]byte, c.side*c.side*3)
		if err := Preprocess(got, c.side, p, Region{}, new(Scratch)); err != nil {
			t.Fatal(err)
		}
		want, err := reference(c.side, p, Region{})
		if err != nil {
			t.Fatal(err)
		}
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("%v %d×%d → %d: byte %d is %d, want %d", c.format, c.width, c.height, c.side, i, got[i], want[i])
		}
	}
}

// White stays white where neither 32-bit sums nor the divider's multiplication
// would do.
func TestPreprocessHuge(t *testing.T) {
	const n, side = 1<<14 + 1, 224
	p := Picture{Pix: bytes.Repeat([]byte{255}, 3*n), Format: RGB}
	var s Scratch
	s.size(n, side)
	dst := make([]byte, side*side*3)
	s.shrink(dst, square{p: p, side: n}) // its rows lie on top of each other
	if i := firstDifference(dst, bytes.Repeat([]byte{255}, len(dst))); i >= 0 {
		t.Errorf("byte %d of a white picture is %d", i, dst[i])
	}
}

// A row of the widest picture: its products wrap around, its sums do not.
func TestPreprocessWidestRow(t *testing.T) {
	const n, side = MaxPictureSide, 4096
	var s Scratch
	s.size(n, side)
	prefixRGB(s.prefix, bytes.Repeat([]byte{255}, 3*n))
	s.difference()
	for i, v := range s.row {
		if v != 255*n {
			t.Fatalf("sum %d is %d, want %d", i, v, 255*n)
		}
	}
}

// The divider equals the division at both sides of every step of its result.
func TestDivider(t *testing.T) {
	for _, side := range []int{1, 2, 3, 5, 224, 255, 256, 257, 480, 1080, 4096, 4097, 8192, 16383, 16384, 16385, 46341, 65535} {
		d := newDivider(side)
		if side > 1 && side < 1<<14 && d.inverse == 0 {
			t.Errorf("%d: divides the slow way", side)
		}
		var sums []uint64
		for q := range uint64(256) {
			edge := q*d.total - min(d.half, q*d.total)
			sums = append(sums, edge, edge+1, edge+d.total/3)
			if edge > 0 {
				sums = append(sums, edge-1)
			}
		}
		sums = append(sums, 255*d.total)
		sums = slices.DeleteFunc(sums, func(n uint64) bool { return n > 255*d.total })
		got := make([]byte, len(sums))
		d.bytes(got, sums)
		for i, n := range sums {
			if want := (n + d.half) / d.total; uint64(got[i]) != want {
				t.Fatalf("side %d: %d/%d = %d, want %d", side, n, d.total, got[i], want)
			}
		}
	}
}

// Every architecture makes these bytes, and every later version of this
// package does: a difference here needs a new PreprocessVersion.
func TestPreprocessGolden(t *testing.T) { everyResizer(t, testPreprocessGolden) }

func testPreprocessGolden(t *testing.T) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, c := range []struct {
		format              PixelFormat
		width, height, side int
		region              Region
		want                uint32
	}{
		{RGB, 640, 480, 224, Region{}, 0xcdf8f2ac},
		{BGR, 640, 480, 224, Region{}, 0x321ae056},
		{YUYV, 640, 480, 224, Region{}, 0xb5b3efa8},
		{YUYV, 642, 481, 160, Region{0.1, 0.2, 0.7, 0.8}, 0x63bcf6c3},
		{RGB, 1920, 1080, 224, Region{1. / 3, 0.25, 0.5, 0.5}, 0xb7c1f3fe},
		{RGB, 101, 77, 224, Region{}, 0x310ccf22},
		{RGB, 224, 224, 224, Region{}, 0xec1bb0d8},
		{BGR, 1, 1, 32, Region{}, 0x94203e52},
		{YUYV, 2, 1, 32, Region{0.5, 0, 0.5, 1}, 0xdc445272},
	} {
		p := noise(rand.New(rand.NewPCG(3, 4)), c.format, c.width, c.height, 5, false)
		dst := make([]byte, c.side*c.side*3)
		if err := Preprocess(dst, c.side, p, c.region, new(Scratch)); err != nil {
			t.Fatal(err)
		}
		if got := crc32.Checksum(dst, table); got != c.want {
			t.Errorf("%v %d×%d %v → %d: CRC %#08x, want %#08x", c.format, c.width, c.height, c.region, c.side, got, c.want)
		}
	}
}

func TestPreprocessErrors(t *testing.T) {
	good := noise(rand.New(rand.NewPCG(1, 1)), RGB, 8, 6, 0, false)
	with := func(change func(*Picture)) Picture {
		p := good
		change(&p)
		return p
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		p      Picture
		region Region
		want   error
	}{
		{"zero picture", Picture{}, Region{}, ErrPicture},
		{"no bytes", with(func(p *Picture) { p.Pix = nil }), Region{}, ErrPicture},
		{"one byte short", with(func(p *Picture) { p.Pix = p.Pix[:len(p.Pix)-1] }), Region{}, ErrPicture},
		{"one short row", with(func(p *Picture) { p.Pix, p.Height = p.Pix[:23], 1 }), Region{}, ErrPicture},
		{"zero width", with(func(p *Picture) { p.Width = 0 }), Region{}, ErrPicture},
		{"negative height", with(func(p *Picture) { p.Height = -1 }), Region{}, ErrPicture},
		{"too wide", with(func(p *Picture) { p.Width = MaxPictureSide + 1 }), Region{}, ErrPicture},
		{"width overflows", with(func(p *Picture) { p.Width = math.MaxInt }), Region{}, ErrPicture},
		{"short stride", with(func(p *Picture) { p.Stride = 23 }), Region{}, ErrPicture},
		{"negative stride", with(func(p *Picture) { p.Stride = -24 }), Region{}, ErrPicture},
		{"stride overflows", with(func(p *Picture) { p.Stride = math.MaxInt/5 + 1 }), Region{}, ErrPicture},
		{"no format", with(func(p *Picture) { p.Format = 0 }), Region{}, ErrPicture},
		{"unknown format", with(func(p *Picture) { p.Format = YUYV + 1 }), Region{}, ErrPicture},
		{"odd YUYV", with(func(p *Picture) { p.Format, p.Width = YUYV, 7 }), Region{}, ErrPicture},
		{"NaN", good, Region{nan, 0, 1, 1}, ErrRegion},
		{"NaN height", good, Region{0, 0, 1, nan}, ErrRegion},
		{"infinite", good, Region{0, 0, inf, 1}, ErrRegion},
		{"negative", good, Region{-0.1, 0, 0.5, 0.5}, ErrRegion},
		{"negative width", good, Region{0.5, 0, -0.5, 1}, ErrRegion},
		{"empty", good, Region{0.5, 0.5, 0, 0.5}, ErrRegion},
		{"beyond the right", good, Region{0.6, 0, 0.5, 1}, ErrRegion},
		{"beyond the bottom", good, Region{0, 0.6, 1, 0.5}, ErrRegion},
	} {
		t.Run(c.name, func(t *testing.T) {
			dst := make([]byte, 4*4*3)
			if err := Preprocess(dst, 4, c.p, c.region, new(Scratch)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	for _, side := range []int{-1, 0, 3, 5, MaxInputSide + 1} {
		if err := Preprocess(make([]byte, 4*4*3), side, good, Region{}, new(Scratch)); err == nil {
			t.Errorf("side %d into 4·4·3 bytes: no error", side)
		}
	}
}

func TestRegionSquare(t *testing.T) {
	for _, c := range []struct {
		r             Region
		width, height int
		x, y, side    int
	}{
		{Region{}, 640, 480, 80, 0, 480},
		{Region{}, 480, 640, 0, 80, 480},
		{Region{}, 5, 2, 1, 0, 2}, // half a pixel: left
		{Region{}, 1, 1, 0, 0, 1},
		{Region{0, 0, 1, 1}, 640, 480, 80, 0, 480},
		{Region{0.7, 0, 0.3, 1}, 10, 10, 7, 3, 3},     // 0.7 + 0.3 in decimals
		{Region{0.25, 0.25, 0.5, 0.5}, 3, 3, 1, 1, 1}, // 0.75 → 1, 2.25 → 2
		{Region{0.5, 0, 0.5, 1}, 1, 1, 0, 0, 1},
		{Region{0.99, 0.99, 0.01, 0.01}, 2, 2, 1, 1, 1},
		{Region{0, 0, 1e-9, 1e-9}, 100, 100, 0, 0, 1},
		{Region{}, MaxPictureSide, MaxPictureSide, 0, 0, MaxPictureSide},
	} {
		x, y, side, err := c.r.Square(c.width, c.height)
		if err != nil || x != c.x || y != c.y || side != c.side {
			t.Errorf("%v of %d×%d = %d, %d, %d, %v; want %d, %d, %d",
				c.r, c.width, c.height, x, y, side, err, c.x, c.y, c.side)
		}
	}
}

// A valid region always has a square inside the picture.
func TestRegionSquareInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Region{
			rapid.Float64Range(-0.1, 1.1).Draw(t, "x"), rapid.Float64Range(-0.1, 1.1).Draw(t, "y"),
			rapid.Float64Range(-0.1, 1.1).Draw(t, "w"), rapid.Float64Range(-0.1, 1.1).Draw(t, "h"),
		}
		width := rapid.IntRange(1, MaxPictureSide).Draw(t, "width")
		height := rapid.IntRange(1, MaxPictureSide).Draw(t, "height")
		x, y, side, err := r.Square(width, height)
		if err != nil {
			if r.X >= 0 && r.Y >= 0 && r.W > 0 && r.H > 0 && r.X+r.W <= 1 && r.Y+r.H <= 1 {
				t.Fatal(err)
			}
			return
		}
		if side < 1 || x < 0 || y < 0 || x+side > width || y+side > height {
			t.Fatalf("%v of %d×%d: column %d, row %d, side %d", r, width, height, x, y, side)
		}
	})
}

func TestPreprocessAllocations(t *testing.T) {
	var scratch Scratch
	dst := make([]byte, 224*224*3)
	rng := rand.New(rand.NewPCG(1, 1))
	large := noise(rng, YUYV, 640, 480, 0, false)
	small := noise(rng, BGR, 100, 90, 0, false)
	n := testing.AllocsPerRun(5, func() {
		for _, p := range []Picture{large, small} {
			if err := Preprocess(dst, 224, p, Region{}, &scratch); err != nil {
				t.Error(err)
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func BenchmarkPreprocess(b *testing.B) {
	for _, c := range []struct {
		format              PixelFormat
		width, height, side int
	}{
		{RGB, 640, 480, 224},
		{BGR, 640, 480, 224},
		{YUYV, 640, 480, 224},
		{RGB, 1920, 1080, 224},
		{YUYV, 1280, 720, 224},
		{RGB, 224, 224, 224},
		{RGB, 160, 120, 224},
	} {
		b.Run(fmt.Sprintf("%v-%dx%d-%d", c.format, c.width, c.height, c.side), func(b *testing.B) {
			p := noise(rand.New(rand.NewPCG(1, 1)), c.format, c.width, c.height, 0, false)
			dst := make([]byte, c.side*c.side*3)
			var scratch Scratch
			b.ReportAllocs()
			for b.Loop() {
				if err := Preprocess(dst, c.side, p, Region{}, &scratch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Whatever a camera claims about its bytes, and whatever is typed as a region,
// makes an error or the reference's pixels.
func FuzzPreprocess(f *testing.F) {
	f.Add(make([]byte, 36), 4, 3, 12, byte(RGB), byte(2), 0., 0., 0., 0.)
	f.Add(make([]byte, 24), 4, 3, 8, byte(YUYV), byte(5), 0.25, 0., 0.5, 1.)
	f.Add(make([]byte, 3), 1, 1, math.MaxInt, byte(BGR), byte(1), 0., math.NaN(), -1., math.Inf(1))
	f.Fuzz(func(t *testing.T, pix []byte, width, height, stride int, format, side byte, x, y, w, h float64) {
		p := Picture{Pix: pix, Width: width, Height: height, Stride: stride, Format: PixelFormat(format)}
		r := Region{x, y, w, h}
		n := int(side%16) + 1
		got := make([]byte, n*n*3)
		if err := Preprocess(got, n, p, r, new(Scratch)); err != nil {
			if !errors.Is(err, ErrPicture) && !errors.Is(err, ErrRegion) {
				t.Fatal(err)
			}
			return
		}
		want, err := reference(n, p, r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatal("not the reference's pixels")
		}
	})
}
