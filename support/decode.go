package support

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// decode makes the embedding from its bytes.
func (e *entry) decode(raw []byte) error {
	e.embedding = make(embed.Embedding, len(raw)/4)
	if err := e.measure(decodeFloats(e.embedding, raw)); err != nil {
		return fmt.Errorf("shot %d: %w", e.id, err)
	}
	return nil
}
