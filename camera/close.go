package camera

import (
	"fmt"
	"io/fs"
	"sync"
)

// closing is the part of a source that Close sets and Next watches.
type closing struct {
	once sync.Once
	done chan struct{} // closed by Close
}

func newClosing() closing { return closing{done: make(chan struct{})} }

// shut closes done and reports whether this was the first call.
func (c *closing) shut() (first bool) {
	c.once.Do(func() { close(c.done); first = true })
	return first
}

// err returns the error of a closed source, nil while it is open.
func (c *closing) err(name string) error {
	select {
	case <-c.done:
		return fmt.Errorf("%s: %w", name, fs.ErrClosed)
	default:
		return nil
	}
}
