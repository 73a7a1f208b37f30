package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/edge-camera/edge/embed"
)

// Crop returns a shot's crop, nil where it has none. Errors wrap ErrCorrupt or
// ErrLimit, or are those of reading.
func (b *Bundle) Crop(s *Shot) ([]byte, error) {
	if s.Crop == "" {
		return nil, nil
	}
	crop, err := b.read(s.Crop, MaxCrop)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(crop) != *s.SHA256 {
		return nil, fmt.Errorf("%w: %s has another sha256 than the manifest says", ErrCorrupt, s.Crop)
	}
	return crop, nil
}

// Embedding returns a new copy of a shot's embedding, by the model of
// s.Fingerprint; nil where it has none.
func (b *Bundle) Embedding(s *Shot) embed.Embedding {
	if s.Fingerprint == nil {
		return nil
	}
	raw := b.tables[*s.Fingerprint]
	for i := range b.Manifest.Embeddings {
		if t := &b.Manifest.Embeddings[i]; t.Fingerprint == *s.Fingerprint {
			e := make(embed.Embedding, t.Dim)
			row := raw[4*t.Dim*s.Row:]
			for j := range e {
				e[j] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*j:]))
			}
			return e
		}
	}
	return nil
}
