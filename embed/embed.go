package embed

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// Sentinel errors. What is returned wraps one of them with the path, the
// offset or the node where it happened.
var (
	ErrCorrupt     = errors.New("corrupt model")
	ErrVersion     = errors.New("unsupported model version")
	ErrUnsupported = errors.New("unsupported operator")
	ErrPicture     = errors.New("bad picture")
	ErrKernel      = errors.New("no such kernel here") // see KernelEnv
)

// Embedding is what a network makes of a picture: Dim float32, L2 norm 1 (all
// zero only where the network's last value is all zero).
type Embedding []float32

// Fingerprint identifies graph, weights, quantization and preprocessing.
// Embeddings with different fingerprints are never compared.
type Fingerprint [32]byte

// String returns 64 hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Short returns the first 8 hexadecimal digits, for people.
func (f Fingerprint) Short() string { return hex.EncodeToString(f[:4]) }

// MarshalText implements encoding.TextMarshaler.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(f) {
		return fmt.Errorf("fingerprint %q: want 64 hexadecimal digits", text)
	}
	copy(f[:], b)
	return nil
}
