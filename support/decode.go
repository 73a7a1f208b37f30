package support

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/edge-camera/edge/embed"
)

// decoder turns the embeddings of shots into numbers on all cores while the
// scan goes on: they are most of what is read, and the file has to be gone
// through in order.
type decoder struct {
	batch *batch
	free  chan *batch // as many as may be under way
	made  int
	work  sync.WaitGroup

	mu  sync.Mutex // guards what follows
	off int64      // of the first record that failed
	err error
}

type batch struct {
	raw  []byte
	jobs []undecoded
}

// undecoded is a shot whose embedding is still in batch.raw, after that of the
// one before it.
type undecoded struct {
	e   *entry
	dim int
	off int64 // of its record
}

const batchBytes = 1 << 17

// add takes a shot that lacks its embedding, and copies the bytes of that.
func (d *decoder) add(off int64, e *entry, raw []byte) {
	if d.batch != nil && len(d.batch.raw)+len(raw) > batchBytes {
		d.flush()
	}
	if d.batch == nil {
		d.batch = d.get()
	}
	d.batch.raw = append(d.batch.raw, raw...)
	d.batch.jobs = append(d.batch.jobs, undecoded{e, len(raw) / 4, off})
}

// get returns an empty batch; it waits for one where enough are under way.
func (d *decoder) get() *batch {
	if d.free == nil {
		d.free = make(chan *batch, runtime.GOMAXPROCS(0)+1)
	}
	if d.made < cap(d.free) {
		d.made++
		return &batch{raw: make([]byte, 0, batchBytes)}
	}
	return <-d.free
}

func (d *decoder) flush() {
	b := d.batch
	d.batch = nil
	d.work.Go(func() {
		raw := b.raw
		for _, j := range b.jobs {
			if err := j.e.decode(raw[:4*j.dim]); err != nil {
				d.fail(j.off, err)
			}
			raw = raw[4*j.dim:]
		}
		b.raw, b.jobs = b.raw[:0], b.jobs[:0]
		d.free <- b
	})
}

func (d *decoder) fail(off int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil || off < d.off {
		d.off, d.err = off, err
	}
}

// decode makes the embedding from its bytes.
func (e *entry) decode(raw []byte) error {
	e.embedding = make(embed.Embedding, len(raw)/4)
	if err := e.measure(decodeFloats(e.embedding, raw)); err != nil {
		return fmt.Errorf("shot %d: %w", e.id, err)
	}
	return nil
}

// wait returns when every shot has its embedding, with the offset of the first
// record whose embedding cannot be, and why.
func (d *decoder) wait() (off int64, err error) {
	if d.batch != nil {
		d.flush()
	}
	d.work.Wait()
	return d.off, d.err
}
