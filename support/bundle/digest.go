package bundle

import (
	"encoding/hex"
	"fmt"
)

// Digest is a SHA-256, in text as 64 hex digits.
type Digest [32]byte

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(b []byte) error {
	if hex.DecodedLen(len(b)) != len(d) || len(b)%2 != 0 {
		return fmt.Errorf("a sha256 of %d digits, want 64", len(b))
	}
	_, err := hex.Decode(d[:], b)
	return err
}
