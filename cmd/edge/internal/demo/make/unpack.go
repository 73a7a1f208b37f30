package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/edge-camera/edge/models/wheel"
)

// maxPhoto bounds what is unpacked for one photograph: the largest has 0.8 MB.
const maxPhoto = 8 << 20

// unpack reads the named files of the wheel's skimage/data and checks each.
func unpack(archive []byte, want []photo) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", wheel.SciKitImage.File, err)
	}
	got := make(map[string][]byte, len(want))
	for _, p := range want {
		name := "skimage/data/" + p.File
		f, err := z.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", wheel.SciKitImage.File, err)
		}
		b, err := io.ReadAll(io.LimitReader(f, maxPhoto))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", wheel.SciKitImage.File, name, err)
		}
		if err := wheel.Verify(b, p.SHA256); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", wheel.SciKitImage.File, name, err)
		}
		got[p.File] = b
	}
	return got, nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
