package bundle

import (
	"archive/zip"
	"errors"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// FuzzOpen: whatever the bytes, a bundle is refused with one of the package's
// errors or read whole, and what is read is what a store takes.
func FuzzOpen(f *testing.F) {
	good := pack(f, example(), options())
	f.Add(good)
	f.Add(good[:len(good)-30])
	f.Add(pack(f, &memory{}, Options{}))
	f.Fuzz(func(t *testing.T, packed []byte) {
		check(t, packed)
	})
}

// FuzzManifest: the same with the manifest as the fuzzer likes it, in a zip whose
// sums are right, which a fuzzer of bytes hardly ever finds.
func FuzzManifest(f *testing.F) {
	ps := parts(f, pack(f, example(), options()))
	rest := ps[:len(ps)-1]
	f.Add(ps[len(ps)-1].data)
	f.Add([]byte(`{"format":"edge bundle","version":1}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		check(t, join(t, append(rest[:len(rest):len(rest)], part{zip.FileHeader{Name: manifestName}, manifest})))
	})
}

func check(t *testing.T, packed []byte) {
	b, err := open(packed)
	if err == nil {
		err = b.all(func(c *Class, s *Shot, crop []byte, e embed.Embedding) {
			if err := support.CheckName(c.Class); err != nil {
				t.Error(err)
			}
			if len(crop) == 0 && s.Crop != "" && len(e) == 0 && s.Fingerprint != nil {
				t.Errorf("shot %d is nothing", s.ID)
			}
			if (s.Fingerprint != nil) != (len(e) > 0) {
				t.Errorf("shot %d has %d numbers", s.ID, len(e))
			}
		})
	}
	if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLimit) && !errors.Is(err, ErrVersion) {
		t.Errorf("an error of another kind: %v", err)
	}
}
