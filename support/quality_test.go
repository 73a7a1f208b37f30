package support

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var someQuality = Quality{Light: 0.5, Dark: 0.25, Bright: 0.125, Contrast: 0.0625, Sharpness: 1000}

// The bytes behind an embedding, by the package documentation.
func TestQualityBytes(t *testing.T) {
	want := []byte{
		20, 0, // length
		0, 0, 0, 0x3f, // light: 0.5
		0, 0, 0x80, 0x3e, // dark: 0.25
		0, 0, 0, 0x3e, // bright: 0.125
		0, 0, 0x80, 0x3d, // contrast: 0.0625
		0, 0, 0x7a, 0x44, // sharpness: 1000
	}
	if got := appendQuality(nil, &someQuality); !bytes.Equal(got, want) {
		t.Errorf("got % x\nwant % x", got, want)
	}
	if got := appendQuality([]byte{1}, nil); !bytes.Equal(got, []byte{1}) {
		t.Errorf("no figures are % x", got)
	}
	longer := slices.Concat([]byte{24, 0}, want[2:], []byte{9, 9, 9, 9}, []byte("of a later version"))
	for name, b := range map[string][]byte{"whole": want, "more figures, and more behind them": longer} {
		if q, err := decodeQuality(b); err != nil || q == nil || *q != someQuality {
			t.Errorf("%s: %v, %v", name, q, err)
		}
	}
	for _, b := range [][]byte{nil, {0, 0}, {0, 0, 7}} {
		if q, err := decodeQuality(b); q != nil || err != nil {
			t.Errorf("% x: %v, %v; want none", b, q, err)
		}
	}
	nan := slices.Clone(want)
	binary.LittleEndian.PutUint32(nan[2:], math.Float32bits(float32(math.NaN())))
	for want, b := range map[string][]byte{"cut off": want[:21], "figures of its quality are cut": want[:1], "cut": {19, 0}, "light is NaN": nan} {
		if q, err := decodeQuality(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("% x: %v, %v; want an error that says %q", b, q, err, want)
		}
	}
}

func TestQualityRefused(t *testing.T) {
	s := openMem(t, newMemFS())
	for want, bad := range map[string]Quality{
		"light": {Light: 1.5}, "dark": {Dark: -0.1}, "bright": {Bright: float32(math.NaN())},
		"contrast": {Contrast: 0.6}, "sharpness": {Sharpness: float32(math.Inf(1))},
	} {
		_, err := s.AddMeasured("cup", vector(testDim, 1), nil, "", time.Time{}, &bad)
		wantError(t, err, ErrShot, want)
	}
	if s.Len() > 0 {
		t.Error("it was kept all the same")
	}
}

// Whatever is done to a shot and to its store, its figures stay what they were;
// those of a shot that has none stay none.
func TestQualityStays(t *testing.T) {
	disk := newMemFS()
	s := openMem(t, disk)
	given := someQuality
	must(s.AddMeasured("cup", vector(testDim, 1), crop(100, 1), "", time.Time{}, &given))(t)
	given.Light = 0 // it was copied
	must(s.Add("cup", vector(testDim, 2), crop(100, 2), "", time.Time{}))(t)
	check := func(when string) {
		t.Helper()
		shots := s.Shots("")
		if len(shots) != 2 || shots[0].Quality == nil || *shots[0].Quality != someQuality || shots[1].Quality != nil {
			t.Fatalf("%s: %+v", when, shots)
		}
	}
	check("at first")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"removed and taken back", func() error {
			if err := s.Remove(1); err != nil {
				return err
			}
			_, err := s.Undo()
			return err
		}},
		{"moved", func() error { return s.Move(2, "mug") }},
		{"opened again", func() error { s.Close(); s = openMem(t, disk); return nil }},
		{"compacted", func() error { return s.compact() }},
		{"looked at by another network", func() error {
			err := s.Reembed(printB, []Embedded{{1, vector(4, 1)}, {2, vector(4, 2)}})
			if err == nil {
				err = s.Use(printB, 4)
			}
			return err
		}},
		{"compacted with two networks", func() error { return s.compact() }},
		{"repaired", func() error {
			s, _ = repaired(t, disk, s)
			return nil
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		check(step.name)
	}
}

// A store of an earlier version becomes one of this with its first figures. Where
// the disk has no room for that the shot is kept, without them, and nobody waits
// for another try.
func TestQualityInAnOldStore(t *testing.T) {
	for _, o := range oldStores(t) {
		if o.version == thisVersion {
			continue
		}
		for _, full := range []bool{false, true} {
			disk := o.disk()
			s := openMem(t, disk)
			if full {
				disk.failAt, disk.failure = disk.ops+1, syscall.ENOSPC
			}
			add := func(n uint64) *Quality {
				t.Helper()
				return must(s.AddMeasured("new", vector(testDim, n), crop(50, n), "", time.Time{}, &someQuality))(t).Quality
			}
			q := add(7)
			if version := s.Info().Version; full && (q != nil || version != o.version || s.Info().Tidy == nil) || !full && (q == nil || version != thisVersion) {
				t.Errorf("%s, full %v: figures %v in a store of version %s, %v", o.version, full, q, version, s.Info().Tidy)
			}
			ops := disk.ops
			if q = add(8); (q == nil) != full || disk.ops-ops > 2 {
				t.Errorf("%s, full %v: figures %v, by %d operations", o.version, full, q, disk.ops-ops)
			}
			want := dump(s)
			s.Close()
			if s = openMem(t, disk); dump(s) != want {
				t.Errorf("%s, full %v: after a restart it holds\n%s\nwant\n%s", o.version, full, dump(s), want)
			}
		}
	}
}
