package camera

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// tiffBlock is a TIFF block whose only directory holds a foreign tag and the
// orientation.
func tiffBlock(order string, o uint16) []byte {
	var e interface {
		binary.ByteOrder
		binary.AppendByteOrder
	} = binary.LittleEndian
	if order == "MM" {
		e = binary.BigEndian
	}
	b := []byte(order)
	b = e.AppendUint16(b, 42)
	b = e.AppendUint32(b, 8)      // offset of the directory
	b = e.AppendUint16(b, 2)      // entries
	b = e.AppendUint16(b, 0x010f) // Make
	b = e.AppendUint16(b, 2)      // ASCII
	b = e.AppendUint32(b, 4)
	b = append(b, "abc\x00"...)
	b = e.AppendUint16(b, 0x0112)
	b = e.AppendUint16(b, 3) // SHORT
	b = e.AppendUint32(b, 1)
	b = e.AppendUint16(b, o)
	b = e.AppendUint16(b, 0)
	return e.AppendUint32(b, 0) // no further directory
}

func TestOrientation(t *testing.T) {
	plain := testJPEG(t, 16, 8, 0)
	for _, order := range []string{"II", "MM"} {
		for o := uint16(1); o <= 8; o++ {
			b := withEXIF(plain, tiffBlock(order, o))
			if got := jpegOrientation(b); got != orientation(o) {
				t.Errorf("%s %d: %d", order, o, got)
			}
			var f Frame
			if err := DecodePicture(b, &f); err != nil {
				t.Fatal(err)
			}
			if wide := f.Width == 16 && f.Height == 8; wide == orientation(o).swaps() {
				t.Errorf("%s %d: %d×%d", order, o, f.Width, f.Height)
			}
		}
	}
	long := tiffBlock("II", 1) // as a LONG
	long[8+2+12+2], long[8+2+12+8] = 4, 7
	if got := jpegOrientation(withEXIF(plain, long)); got != 7 {
		t.Errorf("LONG: %d, want 7", got)
	}
	// A thumbnail's Exif block behind the picture's own is not the picture's.
	if got := jpegOrientation(withEXIF(withEXIF(plain, tiffBlock("II", 3)), tiffBlock("MM", 8))); got != 8 {
		t.Errorf("two blocks: %d, want the first one's 8", got)
	}
	// Other APP1 segments, fill bytes and restart markers are passed over.
	b := withEXIF(plain, tiffBlock("II", 5))
	b = append([]byte("\xff\xd8\xff\xe1\x00\x06http\xff\xff\xff"), b[3:]...)
	if got := jpegOrientation(b); got != 5 {
		t.Errorf("behind XMP and fill bytes: %d, want 5", got)
	}
}

// TestOrientationChunks finds the block behind chunks of odd and even sizes, in
// WebP with padding and in PNG without.
func TestOrientationChunks(t *testing.T) {
	tiff := tiffBlock("MM", 3)
	for _, size := range []int{0, 1, 2, 7} {
		webp := []byte("RIFF\x00\x00\x00\x00WEBPVP8X")
		webp = binary.LittleEndian.AppendUint32(webp, uint32(size))
		webp = append(webp, make([]byte, size+size&1)...)
		webp = append(webp, "EXIF"...)
		webp = binary.LittleEndian.AppendUint32(webp, uint32(6+len(tiff)))
		webp = append(append(webp, "Exif\x00\x00"...), tiff...)
		if got := webpOrientation(webp); got != 3 {
			t.Errorf("WebP, behind %d bytes: %d, want 3", size, got)
		}
		png := binary.BigEndian.AppendUint32([]byte(pngMagic), uint32(size))
		png = append(append(png, "tEXt"...), make([]byte, size+4)...) // data and CRC
		png = binary.BigEndian.AppendUint32(png, uint32(len(tiff)))
		png = append(append(png, "eXIf"...), tiff...)
		png = append(png, 0, 0, 0, 0)
		if got := pngOrientation(png); got != 3 {
			t.Errorf("PNG, behind %d bytes: %d, want 3", size, got)
		}
	}
}

// TestOrientationHostile says that a block that makes no sense means upright.
func TestOrientationHostile(t *testing.T) {
	le := binary.LittleEndian
	edit := func(change func(b []byte) []byte) []byte { return change(tiffBlock("II", 6)) }
	for name, tiff := range map[string][]byte{
		"empty":            {},
		"no magic":         edit(func(b []byte) []byte { b[2] = 43; return b }),
		"mixed magic":      edit(func(b []byte) []byte { b[1] = 'M'; return b }),
		"0":                tiffBlock("II", 0),
		"9":                tiffBlock("II", 9),
		"65535":            tiffBlock("MM", 65535),
		"offset far away":  edit(func(b []byte) []byte { le.PutUint32(b[4:], 0xffffffff); return b }),
		"offset at end":    edit(func(b []byte) []byte { le.PutUint32(b[4:], uint32(len(b)-1)); return b }),
		"entries missing":  edit(func(b []byte) []byte { le.PutUint16(b[8:], 65535); return b[:8+2+12+6] }),
		"type is a string": edit(func(b []byte) []byte { b[8+2+12+2] = 2; return b }),
	} {
		if got := tiffOrientation(tiff); got != upright {
			t.Errorf("%s: %d, want upright", name, got)
		}
	}
	plain := testJPEG(t, 16, 8, 0)
	whole := withEXIF(plain, tiffBlock("II", 6))
	for n := range 2 + 4 + 6 + len(tiffBlock("II", 6)) {
		if got := jpegOrientation(whole[:n]); got != upright {
			t.Errorf("cut to %d bytes: %d, want upright", n, got)
		}
	}
	behind := append(bytes.Clone(plain), whole[2:]...) // after the pixels: not looked at
	if got := jpegOrientation(behind); got != upright {
		t.Errorf("behind the picture: %d, want upright", got)
	}
	short := bytes.Clone(whole)
	short[4], short[5] = 0, 1 // a segment shorter than its own length field
	if got := jpegOrientation(short); got != upright {
		t.Errorf("length 1: %d, want upright", got)
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(tiffBlock("II", 6))
	f.Add(tiffBlock("MM", 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, o := range []orientation{
			tiffOrientation(b),
			jpegOrientation(append([]byte("\xff\xd8"), b...)),
			jpegOrientation(withEXIF([]byte("\xff\xd8\xff\xd9"), b[:min(len(b), 60000)])),
			pngOrientation(append([]byte(pngMagic), b...)),
			webpOrientation(append([]byte("RIFF\x00\x00\x00\x00WEBP"), b...)),
		} {
			if o < 1 || o > 8 {
				t.Errorf("orientation %d", o)
			}
		}
	})
}
