package camera

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seekBuffer is a file in memory.
type seekBuffer struct {
	b  []byte
	at int
}

func (s *seekBuffer) Write(p []byte) (int, error) {
	s.b = append(s.b[:s.at], append(bytes.Clone(p), s.b[min(len(s.b), s.at+len(p)):]...)...)
	s.at += len(p)
	return len(p), nil
}

func (s *seekBuffer) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		s.at = int(offset)
	case io.SeekEnd:
		s.at = len(s.b) + int(offset)
	default:
		s.at += int(offset)
	}
	return int64(s.at), nil
}

// testClip returns a clip of n frames, and the frames' JPEGs.
func testClip(t testing.TB, n int, closed bool) (clip []byte, jpegs [][]byte) {
	t.Helper()
	var w seekBuffer
	a, err := NewAVIWriter(&w, AVIOptions{Width: 32, Height: 24, FPS: 12.5})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		jpegs = append(jpegs, testJPEG(t, 32, 24, byte(i)))
		if err := a.WriteJPEG(jpegs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if closed {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return w.b, jpegs
}

// readClip reads a clip in memory to its end. Its errors are those on the way.
func readClip(t testing.TB, b []byte) (frames []Frame, errs []error) {
	t.Helper()
	a, err := newAVI("clip.avi", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, []error{err}
	}
	defer a.Close()
	for range len(b) + 2 {
		var f Frame
		err := a.Next(t.Context(), &f)
		if err == io.EOF {
			return frames, errs
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		frames = append(frames, f)
	}
	t.Fatal("a clip without end")
	return nil, nil
}

func TestAVI(t *testing.T) {
	for _, closed := range []bool{true, false} {
		clip, jpegs := testClip(t, 5, closed)
		frames, errs := readClip(t, clip)
		if len(frames) != 5 || errs != nil {
			t.Fatalf("closed %v: %d frames, %v", closed, len(frames), errs)
		}
		for i, f := range frames {
			var want Frame
			if err := DecodePicture(jpegs[i], &want); err != nil {
				t.Fatal(err)
			}
			if f.Seq != uint64(i) || !bytes.Equal(f.Pix, want.Pix) || f.Path != "clip.avi" {
				t.Errorf("closed %v, frame %d: Seq %d, Path %s, or other pixels than its JPEG's", closed, i, f.Seq, f.Path)
			}
			if got := f.Time.Sub(frames[0].Time); got != time.Duration(i)*80*time.Millisecond {
				t.Errorf("frame %d is dated %v after the first", i, got)
			}
		}
		a, err := newAVI("clip.avi", bytes.NewReader(clip), int64(len(clip)))
		if err != nil {
			t.Fatal(err)
		}
		if a.FPS() != 12.5 {
			t.Errorf("FPS = %v", a.FPS())
		}
	}
}

// TestAVIWriterBytes parses what the writer wrote by the book.
func TestAVIWriterBytes(t *testing.T) {
	clip, jpegs := testClip(t, 3, true)
	again, _ := testClip(t, 3, true)
	if !bytes.Equal(clip, again) {
		t.Error("the same frames gave other bytes")
	}
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(clip[at:])) }
	if string(clip[:4]) != "RIFF" || u32(4) != len(clip)-8 {
		t.Errorf("RIFF of %d bytes in a file of %d", u32(4), len(clip))
	}
	if string(clip[24:28]) != "avih" || u32(32) != 80000 || u32(48) != 3 || u32(64) != 32 || u32(68) != 24 {
		t.Errorf("avih: %d µs, %d frames, %d×%d", u32(32), u32(48), u32(64), u32(68))
	}
	if string(clip[aviMovi:aviMovi+4]) != "LIST" || string(clip[aviMovi+8:aviHeader]) != "movi" {
		t.Fatalf("movi is not at %d", aviMovi)
	}
	index := aviMovi + 8 + u32(aviMovi+4)
	if string(clip[index:index+4]) != "idx1" || u32(index+4) != 16*3 || index+8+16*3 != len(clip) {
		t.Fatalf("the index is not the end")
	}
	for i, want := range jpegs {
		entry := index + 8 + 16*i
		at := aviMovi + 8 + u32(entry+8)
		if string(clip[entry:entry+4]) != "00dc" || u32(entry+12) != len(want) || u32(at+4) != len(want) || !bytes.Equal(clip[at+8:at+8+len(want)], want) {
			t.Errorf("index entry %d does not point at its frame", i)
		}
	}
}

func TestAVIWriterRefuses(t *testing.T) {
	for _, opt := range []AVIOptions{
		{Width: 0, Height: 1, FPS: 1}, {Width: 1, Height: 70000, FPS: 1}, {Width: 1, Height: 1}, {Width: 1, Height: 1, FPS: 2000},
		{Width: 1, Height: 1, FPS: -1}, {Width: 1, Height: 1, FPS: 1, Quality: 101},
	} {
		if _, err := NewAVIWriter(&seekBuffer{}, opt); err == nil {
			t.Errorf("%+v was taken", opt)
		}
	}
	a, err := NewAVIWriter(&seekBuffer{}, AVIOptions{Width: 2, Height: 2, FPS: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.WriteJPEG([]byte("no")); !errors.Is(err, ErrBadPicture) {
		t.Errorf("err = %v", err)
	}
	var f Frame
	f.Reset(3, 2, RGB)
	if err := a.WriteFrame(&f); !errors.Is(err, ErrBadPicture) {
		t.Errorf("another size: err = %v", err)
	}
	f.Reset(2, 2, YUYV)
	if err := a.WriteFrame(&f); !errors.Is(err, ErrBadPicture) {
		t.Errorf("YUYV: err = %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.WriteJPEG(testJPEG(t, 2, 2, 0)); err == nil {
		t.Error("a closed clip took a frame")
	}
	if _, err := NewAVIWriter(brokenFile{}, AVIOptions{Width: 2, Height: 2, FPS: 1}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that cannot be written: err = %v", err)
	}
}

type brokenFile struct{ io.Seeker }

func (brokenFile) Write([]byte) (int, error) { return 0, fs.ErrPermission }

func TestAVIWriteFrame(t *testing.T) {
	var w seekBuffer
	a, err := NewAVIWriter(&w, AVIOptions{Width: 16, Height: 16, FPS: 10, Quality: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{RGB, BGR} {
		f := Frame{}
		f.Reset(16, 16, format)
		for i := 0; i < len(f.Pix); i += 3 {
			f.Pix[i], f.Pix[i+1], f.Pix[i+2] = 200, 100, 50
		}
		if err := a.WriteFrame(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	frames, errs := readClip(t, w.b)
	if len(frames) != 2 || errs != nil {
		t.Fatalf("%d frames, %v", len(frames), errs)
	}
	for i, want := range [][3]int{{200, 100, 50}, {50, 100, 200}} {
		for c := range 3 {
			if apart(int(frames[i].Pix[c]), want[c]) > 2 {
				t.Errorf("frame %d is %v, want %v", i, frames[i].Pix[:3], want)
			}
		}
	}
}

// TestAVIFFmpeg reads a clip by another program, with sound between its
// frames. The colours are those of FFmpeg's own decoder.
func TestAVIFFmpeg(t *testing.T) {
	src, err := Open("testdata/ffmpeg.avi", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if rate := fps(src); rate != 10 {
		t.Errorf("FPS = %v, want 10", rate)
	}
	var f Frame
	for i := range 8 {
		if err := src.Next(t.Context(), &f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if f.Width != 64 || f.Height != 48 || f.Seq != uint64(i) {
			t.Errorf("frame %d: %d×%d, Seq %d", i, f.Width, f.Height, f.Seq)
		}
	}
	for at, want := range map[[2]int][3]int{{4, 44}: {254, 0, 3}, {50, 40}: {253, 0, 253}, {60, 4}: {0, 71, 57}, {12, 30}: {0, 61, 2}} {
		got := f.Pix[at[1]*f.Stride+3*at[0]:][:3]
		for c := range 3 {
			if apart(int(got[c]), want[c]) > 16 { // chroma is interpolated there
				t.Errorf("the last frame's pixel %v is %v, want %v", at, got, want)
				break
			}
		}
	}
	if err := src.Next(t.Context(), &f); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}

// TestAVICut cuts a clip everywhere. Every whole frame before the cut comes,
// then an error that says where, then the end.
func TestAVICut(t *testing.T) {
	clip, jpegs := testClip(t, 3, true)
	ends := []int{}
	at := aviHeader
	for _, j := range jpegs {
		at += 8 + len(j) // a missing byte of padding is not missed
		ends = append(ends, at)
		at += len(j) & 1
	}
	for n := range clip {
		frames, errs := readClip(t, clip[:n])
		whole := 0
		for whole < len(ends) && ends[whole] <= n {
			whole++
		}
		if len(frames) != whole {
			t.Fatalf("cut to %d bytes: %d frames, want %d (%v)", n, len(frames), whole, errs)
		}
		if len(errs) == 0 && n == len(clip)-1 {
			continue // the index's last byte: nothing that anybody needs
		}
		if len(errs) != 1 || !errors.Is(errs[0], ErrBadClip) || !errors.Is(errs[0], ErrBadPicture) {
			t.Fatalf("cut to %d bytes: errors %v, want one ErrBadClip", n, errs)
		}
		if text := errs[0].Error(); !strings.Contains(text, "clip.avi: offset ") {
			t.Fatalf("cut to %d bytes: %q does not say where", n, text)
		}
	}
}

// TestAVIDamaged bends a clip: frames or errors, an end, and no panic.
func TestAVIDamaged(t *testing.T) {
	clip, _ := testClip(t, 2, true)
	bent := bytes.Clone(clip)
	for i := range bent {
		// Inside of JPEGs it is the decoder's test; the structure is all here.
		if i > aviHeader+16 && i%13 != 0 {
			continue
		}
		for bit := range 8 {
			bent[i] ^= 1 << bit
			_, errs := readClip(t, bent)
			for _, err := range errs {
				if _, codec := errors.AsType[errNotMJPEG](err); !errors.Is(err, ErrBadPicture) && !codec {
					t.Fatalf("bit %d of byte %d: err = %v", bit, i, err)
				}
			}
			bent[i] ^= 1 << bit
		}
	}
}

// TestAVIBadFrame says that one bad frame costs one frame.
func TestAVIBadFrame(t *testing.T) {
	clip, jpegs := testClip(t, 3, true)
	second := aviHeader + 8 + len(jpegs[0]) + len(jpegs[0])&1
	copy(clip[second+8:], "smeared")
	frames, errs := readClip(t, clip)
	if len(frames) != 2 || frames[0].Seq != 0 || frames[1].Seq != 2 {
		t.Errorf("%d frames, want 0 and 2", len(frames))
	}
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), fmt.Sprintf("frame 1 at offset %d", second+8)) {
		t.Errorf("errors %v, want one that names frame 1 and offset %d", errs, second+8)
	}
}

func TestAVIStructure(t *testing.T) {
	clip, jpegs := testClip(t, 3, true)
	first := aviHeader + 8 + len(jpegs[0]) + len(jpegs[0])&1
	le := binary.LittleEndian
	insert := func(at int, b []byte) []byte {
		out := append(bytes.Clone(clip[:at]), b...)
		return append(out, clip[at:]...)
	}
	for name, c := range map[string]struct {
		clip   []byte
		frames int
		seqs   []uint64
		errs   int
	}{
		"a frame shown twice":   {insert(first, []byte("00dc\x00\x00\x00\x00")), 3, []uint64{0, 2, 3}, 0},
		"sound between":         {insert(first, []byte("01wb\x03\x00\x00\x00abc\x00")), 3, []uint64{0, 1, 2}, 0},
		"a list of frames":      {insert(first, []byte("LIST\x04\x00\x00\x00rec ")), 3, []uint64{0, 1, 2}, 0},
		"text behind":           {append(bytes.Clone(clip), "this is not part of it"...), 3, []uint64{0, 1, 2}, 0},
		"a second RIFF":         {append(bytes.Clone(clip), aviX(jpegs[1])...), 4, []uint64{0, 1, 2, 3}, 0},
		"noise between":         {insert(first, []byte{0, 1, 2, 3, 4, 5, 6, 7}), 1, []uint64{0}, 1},
		"a frame too large":     {insert(first, []byte("00dc\xff\xff\xff\xff")), 1, []uint64{0}, 1},
		"an unknown chunk":      {insert(first, []byte("JUNK\x02\x00\x00\x00ab")), 3, []uint64{0, 1, 2}, 0},
		"headers and no frames": {clip[:aviHeader], 0, nil, 1},
	} {
		// What was inserted makes the file longer than its header says.
		le.PutUint32(c.clip[4:], uint32(min(len(c.clip)-8, len(clip)-8+len(c.clip)-len(clip))))
		if name == "text behind" || name == "a second RIFF" || name == "headers and no frames" {
			le.PutUint32(c.clip[4:], uint32(len(clip)-8))
		}
		frames, errs := readClip(t, c.clip)
		if len(frames) != c.frames || len(errs) != c.errs {
			t.Errorf("%s: %d frames, errors %v", name, len(frames), errs)
			continue
		}
		for i, f := range frames {
			if f.Seq != c.seqs[i] {
				t.Errorf("%s: frame %d has Seq %d, want %d", name, i, f.Seq, c.seqs[i])
			}
		}
	}
}

// aviX is what OpenDML appends to a file above a gigabyte.
func aviX(jpeg []byte) []byte {
	movi := append([]byte("movi00dc"), binary.LittleEndian.AppendUint32(nil, uint32(len(jpeg)))...)
	movi = append(movi, jpeg...)
	if len(jpeg)&1 == 1 {
		movi = append(movi, 0)
	}
	b := append([]byte("AVIXLIST"), binary.LittleEndian.AppendUint32(nil, uint32(len(movi)))...)
	b = append(b, movi...)
	return append(append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(b)))...), b...)
}

func TestAVIHeaders(t *testing.T) {
	clip, _ := testClip(t, 1, true)
	const strh = 24 + 8 + 56 + 12 // "avih" stands at 24
	const strf = strh + 8 + 56
	if string(clip[strh:strh+4]) != "strh" || string(clip[strf:strf+4]) != "strf" {
		t.Fatal("this test does not know the layout")
	}
	edit := func(at int, b ...byte) []byte {
		c := bytes.Clone(clip)
		copy(c[at:], b)
		return c
	}
	for name, c := range map[string]struct {
		clip []byte
		why  string
	}{
		"empty":          {nil, "offset 0: not an AVI"},
		"WAVE":           {edit(8, []byte("WAVE")...), "offset 0: not an AVI"},
		"sound only":     {edit(strh+8, []byte("auds")...), "no video stream"},
		"no format":      {edit(strf, []byte("JUNK")...), "a video stream without its format"},
		"ends in hdrl":   {clip[:strh+20], "the headers end too early"},
		"ends in format": {clip[:strf+16], "the headers end too early"},
	} {
		_, errs := readClip(t, c.clip)
		if len(errs) != 1 || !errors.Is(errs[0], ErrBadClip) || !strings.Contains(errs[0].Error(), c.why) {
			t.Errorf("%s: %v, want %q", name, errs, c.why)
		}
	}
	if _, err := newAVI("x", bytes.NewReader(edit(strf+8+16, []byte("H264")...)), int64(len(clip))); !strings.Contains(fmt.Sprint(err), `"H264"`) {
		t.Errorf("another codec: %v", err)
	}
	for name, c := range map[string]struct {
		clip []byte
		want float64
	}{
		"from the stream":          {edit(strh+8+20, 1, 0, 0, 0, 30, 0, 0, 0), 30},
		"NTSC":                     {edit(strh+8+20, 0xe9, 3, 0, 0, 0x30, 0x75, 0, 0), 30000.0 / 1001},
		"no scale: avih":           {edit(strh+8+20, 0, 0, 0, 0), 12.5},
		"a million":                {edit(strh+8+20, 1, 0, 0, 0, 0x40, 0x42, 0x0f, 0), defaultFPS},
		"nothing that makes sense": {append(edit(strh+8+20, 0, 0, 0, 0)[:32], append([]byte{0, 0, 0, 0}, edit(strh+8+20, 0, 0, 0, 0)[36:]...)...), defaultFPS},
	} {
		a, err := newAVI("x", bytes.NewReader(c.clip), int64(len(c.clip)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.FPS() != c.want {
			t.Errorf("%s: FPS = %v, want %v", name, a.FPS(), c.want)
		}
	}
}

// TestMJPEG reads frames as cameras send them: without tables, padded, and
// without an end.
func TestMJPEG(t *testing.T) {
	whole := testJPEG(t, 40, 24, 3)
	var want Frame
	if err := DecodePicture(whole, &want); err != nil {
		t.Fatal(err)
	}
	bare := withoutDHT(t, whole)
	for name, b := range map[string][]byte{
		"as it is":             whole,
		"no tables":            bare,
		"padded":               append(bytes.Clone(whole), make([]byte, 100)...),
		"no tables, padded":    append(bytes.Clone(bare), make([]byte, 100)...),
		"no end":               whole[:len(whole)-2],
		"no tables and no end": bare[:len(bare)-2],
	} {
		given := bytes.Clone(b)
		var m mjpeg
		for range 2 { // its buffer is used again
			var f Frame
			if err := m.decode(b, &f); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if !bytes.Equal(f.Pix, want.Pix) {
				t.Errorf("%s: other pixels", name)
			}
		}
		if !bytes.Equal(b, given) {
			t.Errorf("%s: the frame's bytes were changed", name)
		}
	}
	var m mjpeg
	var f Frame
	if err := m.decode(whole[:len(whole)/2], &f); err == nil {
		t.Error("half a JPEG gave a frame")
	}
	if err := DecodePicture(bare, &f); err == nil {
		t.Error("the standard tables are not needed: this test tests nothing")
	}
}

// withoutDHT removes a JPEG's Huffman tables. Go's encoder uses the standard
// ones.
func withoutDHT(t *testing.T, b []byte) []byte {
	t.Helper()
	for i := 2; b[i+1] != 0xda; {
		size := 2 + int(binary.BigEndian.Uint16(b[i+2:]))
		if b[i+1] == 0xc4 {
			if !bytes.Equal(b[i:i+size], standardDHT) {
				t.Error("the encoder's tables are not the standard ones")
			}
			return append(bytes.Clone(b[:i]), b[i+size:]...)
		}
		i += size
	}
	t.Fatal("no tables")
	return nil
}

func TestAVILoop(t *testing.T) {
	clip, _ := testClip(t, 3, true)
	path := filepath.Join(t.TempDir(), "clip.avi")
	if err := os.WriteFile(path, clip, 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := Open(path, Options{Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var first, f Frame
	for i := range 10 {
		if err := src.Next(context.Background(), &f); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first.CopyFrom(&f)
		}
		if f.Seq != uint64(i) {
			t.Errorf("frame %d: Seq %d", i, f.Seq)
		}
		if got := f.Time.Sub(first.Time); got != time.Duration(i)*80*time.Millisecond {
			t.Errorf("frame %d is dated %v after the first", i, got)
		}
		if same := bytes.Equal(f.Pix, first.Pix); same != (i%3 == 0) {
			t.Errorf("frame %d is the first one: %v", i, same)
		}
	}
	// A clip without one good frame does not go round for ever.
	bad := bytes.Clone(clip)
	for i := aviHeader + 8; i+3 < len(bad); i++ {
		if bad[i] == 0xff && bad[i+1] == 0xd8 {
			bad[i] = 0
		}
	}
	if err := os.WriteFile(path, bad, 0o666); err != nil {
		t.Fatal(err)
	}
	src, err = Open(path, Options{Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for range 3 {
		if err := src.Next(t.Context(), &f); !errors.Is(err, ErrBadPicture) {
			t.Errorf("err = %v", err)
		}
	}
	if err := src.Next(t.Context(), &f); err != io.EOF {
		t.Errorf("err = %v, want io.EOF", err)
	}
}

func FuzzAVI(f *testing.F) {
	clip, _ := testClip(f, 2, true)
	f.Add(clip)
	f.Add(clip[:len(clip)/2])
	open, _ := testClip(f, 1, false)
	f.Add(open)
	for _, name := range []string{"ffmpeg.avi", "mpeg4.avi"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:8<<10])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, errs := readClip(t, b)
		for i := range frames {
			if i > 0 && frames[i].Seq <= frames[i-1].Seq {
				t.Errorf("Seq %d after %d", frames[i].Seq, frames[i-1].Seq)
			}
		}
		for _, err := range errs {
			if _, codec := errors.AsType[errNotMJPEG](err); !errors.Is(err, ErrBadPicture) && !codec {
				t.Errorf("err = %v", err)
			}
		}
	})
}
