package app

import (
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Swap is another network for Run to go on with.
type Swap struct {
	Session Embedder // used by Run alone from then on
	Side    int      // of its input
	Dim     int      // of its embeddings

	// Ready makes Config.Set compare the network's embeddings. Run calls it
	// between two frames; after an error it goes on with the network it has, and
	// whoever sent the Swap says why.
	Ready func() error
}

// swap goes on with another network. What was seen was seen by the one before,
// so the next command waits for the next frame.
func (l *loop) swap(s Swap) {
	if err := s.Ready(); err != nil {
		return
	}
	l.cfg.Session, l.cfg.Side, l.cfg.Dim = s.Session, s.Side, s.Dim
	for _, slot := range []*slot{l.filling, l.seen, l.mark} {
		slot.look.Embedding = make(embed.Embedding, s.Dim)
		slot.look.Pixels = make([]byte, 3*s.Side*s.Side)
		slot.look.Side = s.Side
	}
	l.scene = support.NewScene(l.cfg.Views, s.Dim)
	l.watch()
	l.any, l.marked = false, false
}
