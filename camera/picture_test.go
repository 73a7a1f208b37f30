package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

// scene paints m with random pixels, half of them transparent where m knows
// what that is.
func scene(m interface {
	image.Image
	Set(x, y int, c color.Color)
}) {
	r := rand.New(rand.NewPCG(1, 2))
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			a := uint16(0xffff)
			if r.IntN(2) == 0 {
				a = uint16(r.Uint32())
			}
			m.Set(x, y, color.NRGBA64{uint16(r.Uint32()), uint16(r.Uint32()), uint16(r.Uint32()), a})
		}
	}
}

// overWhiteAt is a pixel laid over white, by image/color's definition.
func overWhiteAt(m image.Image, x, y int) [3]int {
	r, g, b, a := m.At(x, y).RGBA()
	return [3]int{int(r+0xffff-a) >> 8, int(g+0xffff-a) >> 8, int(b+0xffff-a) >> 8}
}

// sourceOf returns where pixel (x, y) of the upright picture is stored in a
// w×h one, by the words of the EXIF standard: the row and the column that
// pixel (0, 0), (0, 1) … is at.
func sourceOf(o orientation, w, h, x, y int) (int, int) {
	switch o {
	case 1: // row 0 is the top, column 0 the left side
		return x, y
	case 2: // top, right
		return w - 1 - x, y
	case 3: // bottom, right
		return w - 1 - x, h - 1 - y
	case 4: // bottom, left
		return x, h - 1 - y
	case 5: // left, top
		return y, x
	case 6: // right, top
		return y, h - 1 - x
	case 7: // right, bottom
		return w - 1 - y, h - 1 - x
	case 8: // left, bottom
		return w - 1 - y, x
	}
	panic("no such orientation")
}

func TestToRGB(t *testing.T) {
	const w, h = 7, 5
	frame := image.Rect(0, 0, w, h)
	shifted := image.Rect(3, 2, 3+w, 2+h)
	pictures := map[string]image.Image{}
	for name, r := range map[string]image.Rectangle{"": frame, " shifted": shifted} {
		for kind, m := range map[string]interface {
			image.Image
			Set(x, y int, c color.Color)
		}{
			"RGBA":     image.NewRGBA(r),
			"NRGBA":    image.NewNRGBA(r),
			"RGBA64":   image.NewRGBA64(r),
			"NRGBA64":  image.NewNRGBA64(r),
			"Gray":     image.NewGray(r),
			"Gray16":   image.NewGray16(r),
			"CMYK":     image.NewCMYK(r),
			"Paletted": image.NewPaletted(r, color.Palette{color.Black, color.White, color.NRGBA{200, 10, 40, 128}, color.Transparent}),
		} {
			scene(m)
			pictures[kind+name] = m
		}
		for _, ratio := range []image.YCbCrSubsampleRatio{
			image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
			image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
		} {
			m := image.NewNYCbCrA(r, ratio)
			rnd := rand.New(rand.NewPCG(3, uint64(ratio)))
			for _, plane := range [][]byte{m.Y, m.Cb, m.Cr, m.A} {
				for i := range plane {
					plane[i] = byte(rnd.Uint32())
				}
			}
			pictures["N"+ratio.String()+name] = m
			pictures[ratio.String()+name] = &m.YCbCr
		}
		pictures["other"+name] = struct{ image.Image }{image.NewUniform(color.NRGBA{10, 200, 30, 100})}
	}
	for name, m := range pictures {
		if _, ok := m.(struct{ image.Image }); ok {
			m = cropped{m, frame}
		}
		b := m.Bounds()
		for o := upright; o <= 8; o++ {
			var f Frame
			toRGB(&f, m, o)
			ow, oh := w, h
			if o.swaps() {
				ow, oh = h, w
			}
			if f.Width != ow || f.Height != oh || f.Stride != 3*ow || len(f.Pix) != 3*ow*oh || f.Format != RGB {
				t.Fatalf("%s, orientation %d: %d×%d %v, stride %d, %d bytes", name, o, f.Width, f.Height, f.Format, f.Stride, len(f.Pix))
			}
			for y := range oh {
				for x := range ow {
					sx, sy := sourceOf(o, w, h, x, y)
					want := overWhiteAt(m, b.Min.X+sx, b.Min.Y+sy)
					for c := range 3 {
						// 8-bit arithmetic may round the other way.
						if got := int(f.Pix[y*f.Stride+3*x+c]); got < want[c]-1 || got > want[c]+1 {
							t.Fatalf("%s, orientation %d, pixel (%d,%d), channel %d: %d, want %d", name, o, x, y, c, got, want[c])
						}
					}
				}
			}
		}
	}
}

// cropped gives an endless picture bounds.
type cropped struct {
	image.Image
	r image.Rectangle
}

func (c cropped) Bounds() image.Rectangle { return c.r }

// TestYCbCr compares with image/color, whose rounding is the definition.
func TestYCbCr(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 256, 1), image.YCbCrSubsampleRatio444)
	for i := range 256 {
		m.Y[i] = byte(i)
	}
	row := make([]byte, 3*256)
	for cb := 0; cb < 256; cb += 3 {
		for cr := 0; cr < 256; cr += 3 {
			for i := range 256 {
				m.Cb[i], m.Cr[i] = byte(cb), byte(cr)
			}
			ycbcrRow(row, 0, 3, m, 0, 256)
			for y := range 256 {
				r, g, b := color.YCbCrToRGB(byte(y), byte(cb), byte(cr))
				if got := [3]byte(row[3*y:]); got != [3]byte{r, g, b} {
					t.Fatalf("Y %d, Cb %d, Cr %d: %v, want %v", y, cb, cr, got, [3]byte{r, g, b})
				}
			}
		}
	}
}

// TestDecodeOpaque says that pixels without transparency pass unchanged.
func TestDecodeOpaque(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 9, 4))
	rnd := rand.New(rand.NewPCG(5, 6))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.Uint32())
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	for name, encode := range map[string]func(io.Writer, image.Image) error{"PNG": png.Encode, "BMP": bmp.Encode} {
		var b bytes.Buffer
		if err := encode(&b, m); err != nil {
			t.Fatal(err)
		}
		f := Frame{Seq: 7, Path: "kept"}
		if err := DecodePicture(b.Bytes(), &f); err != nil {
			t.Fatal(err)
		}
		if f.Seq != 7 || f.Path != "kept" {
			t.Errorf("%s: Seq and Path were changed", name)
		}
		for i := range 9 * 4 {
			if got, want := [3]byte(f.Pix[3*i:]), [3]byte(m.Pix[4*i:]); got != want {
				t.Fatalf("%s: pixel %d is %v, want %v", name, i, got, want)
			}
		}
	}
}

// TestDecodeFixtures reads what other programs wrote: see testdata/README.md.
func TestDecodeFixtures(t *testing.T) {
	red, green, blue, grey := [3]int{200, 30, 30}, [3]int{30, 180, 40}, [3]int{30, 40, 200}, [3]int{120, 120, 120}
	glass := [3]int{187, 187, 187} // grey at alpha 128 over white
	flat := [4][3]int{red, green, blue, grey}
	// Turned a quarter clockwise, the left side becomes the top.
	right := [4][3]int{blue, red, grey, green}
	left := [4][3]int{green, grey, red, blue}
	luma := [4][3]int{{81, 81, 81}, {119, 119, 119}, {55, 55, 55}, grey}
	for _, c := range []struct {
		file      string
		quarters  [4][3]int
		tolerance int
		turned    bool
	}{
		{"lossy.webp", flat, 12, false},
		{"lossless.webp", flat, 0, false},
		{"lossy-alpha.webp", [4][3]int{red, green, blue, glass}, 12, false},
		{"lossless-alpha.webp", [4][3]int{red, green, blue, glass}, 0, false},
		{"lossy-exif6.webp", right, 12, true},
		{"exif8.png", left, 0, true},
		{"exif6.jpg", right, 3, true},
		{"progressive.jpg", flat, 3, false},
		{"422.jpg", flat, 3, false},
		{"gray.jpg", luma, 2, false},
		{"cmyk.jpg", flat, 3, false},
		{"paletted.png", flat, 0, false},
	} {
		t.Run(c.file, func(t *testing.T) {
			var f Frame
			if err := ReadPicture(filepath.Join("testdata", c.file), &f); err != nil {
				t.Fatal(err)
			}
			w, h := 16, 12
			if c.turned {
				w, h = h, w
			}
			if f.Width != w || f.Height != h || f.Format != RGB {
				t.Fatalf("%d×%d %v, want %d×%d RGB", f.Width, f.Height, f.Format, w, h)
			}
			if f.Time.IsZero() || f.Path == "" {
				t.Errorf("Time %v, Path %q", f.Time, f.Path)
			}
			// The middle of each quarter: lossy formats smear the borders.
			for q, want := range c.quarters {
				x, y := w/4+q%2*w/2, h/4+q/2*h/2
				for ch := range 3 {
					if got := int(f.Pix[y*f.Stride+3*x+ch]); apart(got, want[ch]) > c.tolerance {
						t.Errorf("quarter %d is %v, want %v", q, f.Pix[y*f.Stride+3*x:][:3], want)
						break
					}
				}
			}
		})
	}
}

// apart returns how far two channels are apart.
func apart(a, b int) int { return max(a-b, b-a) }

func TestDecodeReuses(t *testing.T) {
	b := testJPEG(t, 40, 30, 1)
	backing := make([]byte, 3*40*30+16)
	f := Frame{Pix: backing[:0]}
	if err := DecodePicture(b, &f); err != nil {
		t.Fatal(err)
	}
	if &f.Pix[0] != &backing[0] {
		t.Error("Pix was replaced although it was large enough")
	}
}

// testJPEG returns a colourful JPEG. Different seeds give different pictures.
func testJPEG(t testing.TB, w, h int, seed byte) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{byte(4*x) + 40*seed, byte(5 * y), byte(x+y) ^ seed<<4, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts an Exif segment with the TIFF block behind a JPEG's first
// marker.
func withEXIF(jpeg, tiff []byte) []byte {
	b := append([]byte{}, jpeg[:2]...)
	b = append(b, 0xff, 0xe1)
	b = binary.BigEndian.AppendUint16(b, uint16(2+6+len(tiff)))
	b = append(b, "Exif\x00\x00"...)
	b = append(b, tiff...)
	return append(b, jpeg[2:]...)
}

// bombs are files that ask for far more memory than they have bytes.
func bombs() map[string][]byte {
	pngHeader := func(w, h uint32) []byte {
		ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
		ihdr = binary.BigEndian.AppendUint32(ihdr, h)
		ihdr = append(ihdr, 8, 6, 0, 0, 0) // 8-bit RGBA
		b := append([]byte(pngMagic), 0, 0, 0, 13)
		b = append(b, ihdr...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
	}
	bmpHeader := make([]byte, 54)
	copy(bmpHeader, "BM")
	binary.LittleEndian.PutUint32(bmpHeader[10:], 54)
	binary.LittleEndian.PutUint32(bmpHeader[14:], 40)
	binary.LittleEndian.PutUint32(bmpHeader[18:], 20000)
	binary.LittleEndian.PutUint32(bmpHeader[22:], 20000)
	bmpHeader[26], bmpHeader[28] = 1, 24
	webp := []byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00")
	webp = append(webp, 0x1f, 0x4e, 0, 0x1f, 0x4e, 0) // 20000 - 1, twice
	webp = append(webp, make([]byte, 16)...)
	return map[string][]byte{
		"PNG 20000×20000":  pngHeader(20000, 20000),
		"PNG 64000001×1":   pngHeader(64000001, 1),
		"BMP 20000×20000":  bmpHeader,
		"WebP 20000×20000": webp,
		"JPEG 65500×65500": append([]byte("\xff\xd8\xff\xc0\x00\x11\x08\xff\xdc\xff\xdc\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c"), make([]byte, 64)...),
	}
}

func TestBombs(t *testing.T) {
	for name, b := range bombs() {
		_, size, _ := strings.Cut(name, " ")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var f Frame
		err := DecodePicture(b, &f)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrBadPicture) || !strings.Contains(err.Error(), size+" pixels is larger than 64 megapixels") {
			t.Errorf("%s: err = %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d bytes were allocated before it was refused", name, grown)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		b   []byte
		why string
	}{
		"nothing":    {nil, "the file is empty"},
		"text":       {[]byte("hello, this is no picture"), "not a JPEG, PNG, WebP or BMP"},
		"GIF":        {[]byte("GIF89a\x01\x00\x01\x00"), "not a JPEG, PNG, WebP or BMP"},
		"JPEG cut":   {testJPEG(t, 32, 32, 0)[:300], "the JPEG ends too early"},
		"JPEG stub":  {[]byte("\xff\xd8\xff"), "the JPEG ends too early"},
		"PNG stub":   {[]byte(pngMagic), "the PNG ends too early"},
		"BMP stub":   {[]byte("BM"), "the BMP ends too early"},
		"WebP stub":  {[]byte("RIFF\x04\x00\x00\x00WEBP"), "webp"},
		"JPEG 0×8":   {[]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x08\x00\x00\x01\x01\x11\x00\xff\xd9"), ""},
		"lossless":   {[]byte("\xff\xd8\xff\xc3\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00\xff\xd9"), "unsupported JPEG feature"},
		"BMP no row": {append([]byte("BM"), make([]byte, 60)...), "bmp"},
	} {
		var f Frame
		err := DecodePicture(c.b, &f)
		if !errors.Is(err, ErrBadPicture) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: err = %v, want %q", name, err, c.why)
		}
	}
}

// TestDecodeDamaged cuts and bends files everywhere: each gives a picture or an
// error, and no cut gives a picture.
func TestDecodeDamaged(t *testing.T) {
	files := map[string][]byte{"JPEG": testJPEG(t, 24, 16, 0)}
	for _, name := range []string{"lossy.webp", "lossless-alpha.webp", "lossy-alpha.webp", "exif8.png", "paletted.png", "progressive.jpg", "cmyk.jpg"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	for name, b := range files {
		var f Frame
		// The last bytes may be padding, or an end marker nobody needs.
		for n := range len(b) - 16 {
			if err := DecodePicture(b[:n], &f); !errors.Is(err, ErrBadPicture) {
				t.Errorf("%s cut to %d of %d bytes: err = %v", name, n, len(b), err)
			}
		}
		bent := bytes.Clone(b)
		for i := range bent {
			for bit := range 8 {
				bent[i] ^= 1 << bit
				if err := DecodePicture(bent, &f); err == nil {
					if len(f.Pix) != f.Stride*f.Height || f.Width*f.Height == 0 {
						t.Fatalf("%s, bit %d of byte %d: %d×%d with %d bytes", name, bit, i, f.Width, f.Height, len(f.Pix))
					}
				} else if !errors.Is(err, ErrBadPicture) {
					t.Fatalf("%s, bit %d of byte %d: err = %v", name, bit, i, err)
				}
				bent[i] ^= 1 << bit
			}
		}
	}
}

func TestReadPicture(t *testing.T) {
	dir := t.TempDir()
	var f Frame
	if err := ReadPicture(filepath.Join(dir, "none.jpg"), &f); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "none.jpg") {
		t.Errorf("a file that is not there: err = %v", err)
	}
	if err := ReadPicture(dir, &f); !errors.Is(err, ErrBadPicture) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: err = %v", err)
	}
	huge := filepath.Join(dir, "huge.jpg")
	if err := os.WriteFile(huge, []byte("\xff\xd8\xff"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, MaxBytes+1); err != nil { // a hole, no disk is filled
		t.Fatal(err)
	}
	if err := ReadPicture(huge, &f); !errors.Is(err, ErrBadPicture) || !strings.Contains(err.Error(), "larger than 256 MiB") {
		t.Errorf("a huge file: err = %v", err)
	}
	var pe *fs.PathError
	if errors.As(ReadPicture(huge, &f), &pe) {
		t.Error("the path is named twice")
	}
}

func TestIsPicture(t *testing.T) {
	for name, want := range map[string]bool{
		"a.jpg": true, "b.JPEG": true, "c.Png": true, "d.webp": true, "e.bmp": true, "dir.x/f.jpg": true,
		"a.gif": false, "jpg": false, "a.jpg.txt": false, "": false, "a.": false, "jpg/x": false,
	} {
		if got := IsPicture(name); got != want {
			t.Errorf("IsPicture(%q) = %v", name, got)
		}
	}
}

func FuzzDecodePicture(f *testing.F) {
	for _, b := range bombs() {
		f.Add(b)
	}
	names, err := filepath.Glob("testdata/*.*")
	if err != nil || len(names) == 0 {
		f.Fatal("no testdata", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 1<<10)])
	}
	f.Add(testJPEG(f, 16, 16, 0))
	f.Add(withEXIF(testJPEG(f, 16, 8, 0), tiffBlock("MM", 6)))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Large pictures are allowed, but too slow to make by the thousand.
		if kind := sniff(b); kind != nil {
			if c, err := kind.config(bytes.NewReader(b)); err == nil && int64(c.Width)*int64(c.Height) > 1<<18 && int64(c.Width)*int64(c.Height) <= MaxPixels {
				return
			}
		}
		var frame Frame
		err := DecodePicture(b, &frame)
		if err != nil {
			if !errors.Is(err, ErrBadPicture) {
				t.Errorf("err = %v", err)
			}
			return
		}
		if frame.Width < 1 || frame.Height < 1 || frame.Stride != 3*frame.Width || len(frame.Pix) != frame.Stride*frame.Height {
			t.Errorf("%d×%d, stride %d, %d bytes", frame.Width, frame.Height, frame.Stride, len(frame.Pix))
		}
	})
}

func BenchmarkDecodePicture(b *testing.B) {
	for _, size := range [][2]int{{640, 480}, {1920, 1080}} {
		data := testJPEG(b, size[0], size[1], 1)
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			var f Frame
			b.ReportAllocs()
			for b.Loop() {
				if err := DecodePicture(data, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
