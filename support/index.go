package support

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edge-camera/edge/embed"
)

// index is what Match searches instead of the embeddings. It never changes.
type index struct {
	projection *projection
	prototypes table // by way
	shots      table // as view.shots
	negatives  table // as view.negatives
}

// table holds sketches part by part, so that what is looked at first lies
// together.
type table struct {
	part     [len(parts)][]int8
	base     [len(parts)][]int32 // see sketch.base
	sketches []*sketch
	err      float64 // the largest
}

func newTable(sketches []*sketch) table {
	t := table{sketches: sketches}
	for p, part := range parts {
		t.part[p] = make([]int8, 0, len(sketches)*(part.to-part.from))
		t.base[p] = make([]int32, len(sketches))
		for i, s := range sketches {
			t.part[p] = append(t.part[p], s.short[part.from:part.to]...)
			t.base[p][i] = s.base[p]
		}
	}
	for _, s := range sketches {
		t.err = max(t.err, s.err)
	}
	return t
}

// flatten lists the shots that count, way by way.
func (v *view) flatten() {
	v.first = make([]int, 1, len(v.state.ways)+1)
	v.shots = make([]*entry, 0, v.state.len())
	for _, w := range v.state.ways {
		for _, e := range w.shots {
			if len(e.embedding) == v.dim {
				v.shots = append(v.shots, e)
			}
		}
		v.first = append(v.first, len(v.shots))
	}
}

// indexed returns v with an index on b. What has no sketch by b gets one, kept
// with the shot or way for the next time; the caller holds Set.change, or has
// both to itself.
func (v *view) indexed(b *projection) *view {
	x := &index{projection: b}
	prototypes := make([]*sketch, len(v.state.ways))
	shots, negatives := make([]*sketch, len(v.shots)), make([]*sketch, len(v.negatives))
	var work []job
	for i, w := range v.state.ways {
		if prototypes[i] = w.sketch; w.sketch == nil || w.sketch.of != b {
			work = append(work, job{w.prototype, 1, [2]**sketch{&w.sketch, &prototypes[i]}})
		}
	}
	pictures := func(entries []*entry, sketches []*sketch) {
		for i, e := range entries {
			if sketches[i] = e.sketch; e.sketch == nil || e.sketch.of != b {
				work = append(work, job{e.embedding, e.inv, [2]**sketch{&e.sketch, &sketches[i]}})
			}
		}
	}
	pictures(v.shots, shots)
	pictures(v.negatives, negatives)
	b.sketchAll(work)
	x.prototypes, x.shots, x.negatives = newTable(prototypes), newTable(shots), newTable(negatives)
	y := *v
	y.index = x
	return &y
}

// job is a vector to be sketched and where the sketch goes.
type job struct {
	vector embed.Embedding
	inv    float64
	to     [2]**sketch
}

// sketchAll does jobs, on all cores if they are many.
func (b *projection) sketchAll(work []job) {
	// Neighbours in the table are neighbours in memory.
	full := make([]int8, len(work)*b.width)
	var next atomic.Int64
	some := func() {
		v := make([]int16, b.width)
		for {
			i := int(next.Add(1)) - 1
			if i >= len(work) {
				return
			}
			s := b.sketch(work[i].vector, work[i].inv, full[i*b.width:(i+1)*b.width:(i+1)*b.width], v)
			for _, to := range work[i].to {
				*to = s
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(work)/16) - 1 {
		wg.Go(some)
	}
	some()
	wg.Wait()
}

// indexMin is how many shots and negatives are worth an index.
const indexMin = 256

func (v *view) worthProjection() bool {
	return len(v.shots)+len(v.negatives) >= indexMin || len(v.negatives) >= vetoMin
}

// wantIndex says that somebody matches: who never does needs no index.
func (s *Set) wantIndex(v *view) {
	if !v.worthProjection() || !s.matched.CompareAndSwap(false, true) {
		return
	}
	go func() { // a change may be waiting for the disk
		s.change.Lock()
		defer s.change.Unlock()
		s.learnProjection(s.seen.Load())
	}()
}

// learnProjection begins to make a projection if one is wanted, there are shots
// enough and there is none, or only one of half as many. That takes some seconds
// and on a small board up to a minute, so it happens beside everything else. Until it is
// done Match looks at everything, or goes by the old one, and gives the same
// answers. The caller holds s.change.
func (s *Set) learnProjection(v *view) {
	pictures := slices.Concat(v.shots, v.negatives)
	n := len(pictures)
	if !s.matched.Load() || s.indexing || !v.worthProjection() || s.projection != nil && s.projection.dim == v.dim && n < 2*s.projection.shots {
		return
	}
	s.indexing = true
	go func() {
		b := projectionOf(pictures)
		sketches := make([]*sketch, n)
		work := make([]job, n)
		for i, e := range pictures {
			work[i] = job{e.embedding, e.inv, [2]**sketch{&sketches[i], &sketches[i]}}
		}
		b.sketchAll(work)

		s.change.Lock()
		defer s.change.Unlock()
		for i, e := range pictures {
			e.sketch = sketches[i]
		}
		s.projection, s.indexing = b, false
		if v := s.seen.Load(); v.dim == b.dim {
			s.seen.Store(v.indexed(b))
		}
	}()
}

// projectionOf makes a projection of a sample of shots and negatives.
func projectionOf(shots []*entry) *projection {
	sample := make([]embed.Embedding, 0, 2*sketchDim)
	inv := make([]float64, 0, 2*sketchDim)
	n := min(len(shots), cap(sample))
	for i := range n {
		e := shots[i*len(shots)/n]
		sample, inv = append(sample, e.embedding), append(inv, e.inv)
	}
	return newProjection(sample, inv, len(shots))
}
