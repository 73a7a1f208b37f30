package support

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// stretchBytes is how much of a file is worth a goroutine.
const stretchBytes = 1 << 20

// ahead has records that were read before they are asked for. What a record says
// depends on nothing but where it begins, so it does not matter that those that
// begin a stretch are only guessed: a page of a picture that looks like a record
// is never asked for.
type ahead struct {
	stretches []*stretch // that are still to be asked for, in order
	quit      atomic.Bool
	work      sync.WaitGroup
}

// stretch is what lies from one offset to another.
type stretch struct {
	from, to int64
	ready    chan struct{} // closed when there will be no more
	offs     []int64       // where its records begin, ascending
	contents []content
}

// readAhead begins to read all of a long file but what comes first, which the
// caller reads meanwhile, in as many stretches as there are cores.
func (r *scanner) readAhead() *ahead {
	a := new(ahead)
	n := min(int64(runtime.GOMAXPROCS(0)), r.size/stretchBytes)
	for i := int64(1); i < n; i++ {
		s := &stretch{from: nextPage(r.size / n * i), to: r.size, ready: make(chan struct{})}
		if i > 1 {
			a.stretches[i-2].to = s.from
		}
		a.stretches = append(a.stretches, s)
	}
	for _, s := range a.stretches {
		a.work.Go(func() {
			defer close(s.ready)
			s.read(scanner{f: r.f, size: r.size, file: r.file}, &a.quit)
		})
	}
	return a
}

// read reads the records of a stretch up to the first one that is none, or that
// the disk does not give.
func (s *stretch) read(r scanner, quit *atomic.Bool) {
	off := s.from
	for ; off < s.to && !quit.Load(); off += pageSize {
		if _, _, err := r.record(off); err == nil {
			break
		}
	}
	for off < s.to && !quit.Load() {
		c, err := r.content(off)
		if err != nil {
			return
		}
		if c.shot != nil {
			c.meta = nil
		}
		// The largest are left for later, so that they are not in memory all
		// at once.
		if len(c.meta) < stretchBytes/16 {
			c.meta = slices.Clone(c.meta)
			s.offs, s.contents = append(s.offs, off), append(s.contents, c)
		}
		off = nextPage(off + c.size())
	}
}

// take returns the record at off if it was read; off must not go back.
func (a *ahead) take(off int64) (content, bool) {
	for len(a.stretches) > 0 && a.stretches[0].to <= off {
		a.stretches = a.stretches[1:]
	}
	if len(a.stretches) == 0 || off < a.stretches[0].from {
		return content{}, false
	}
	s := a.stretches[0]
	<-s.ready
	for len(s.offs) > 0 && s.offs[0] < off {
		s.offs, s.contents = s.offs[1:], s.contents[1:]
	}
	if len(s.offs) == 0 || s.offs[0] != off {
		return content{}, false
	}
	return s.contents[0], true
}

// stop returns when nothing is read any more.
func (a *ahead) stop() {
	a.quit.Store(true)
	a.work.Wait()
}
