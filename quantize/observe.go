package quantize

import (
	"math"
	"runtime"
	"sync"

	"github.com/edge-camera/edge/embed"
)

// observed is what calibration knows of one value.
type observed struct {
	lo, hi float32
	mean   []float64 // per channel, over all places of all pictures
}

// observe runs net, a float network, over the pictures (each H·W·3 bytes, as
// preprocessing makes them) and returns what it saw, by Value.
func observe(net *embed.Network, shapes []embed.Shape, pictures [][]byte, progress func(done, of int)) ([]observed, error) {
	each := make([][]observed, len(pictures))
	err := parallel(net, len(pictures), func(s *embed.Session, i int) error {
		seen := make([]observed, len(shapes))
		each[i] = seen
		return s.Trace(pictures[i], func(v embed.Value, shape embed.Shape, data []float32) {
			o := observed{lo: data[0], hi: data[0], mean: make([]float64, shape.C)}
			for j, x := range data {
				o.lo, o.hi = min(o.lo, x), max(o.hi, x)
				o.mean[j%shape.C] += float64(x)
			}
			for c := range o.mean {
				o.mean[c] /= float64(shape.H * shape.W)
			}
			seen[v] = o
		})
	}, progress)
	if err != nil {
		return nil, err
	}
	total := each[0]
	for _, seen := range each[1:] {
		for v := range total {
			t, o := &total[v], &seen[v]
			t.lo, t.hi = min(t.lo, o.lo), max(t.hi, o.hi)
			for c := range t.mean {
				t.mean[c] += o.mean[c]
			}
		}
	}
	for v := range total {
		for c := range total[v].mean {
			total[v].mean[c] /= float64(len(pictures))
		}
	}
	return total, nil
}

// parallel calls do for 0 ≤ i < n, one session a processor. It returns the
// error of the smallest i.
func parallel(net *embed.Network, n int, do func(s *embed.Session, i int) error, progress func(done, of int)) error {
	var (
		mu         sync.Mutex
		wg         sync.WaitGroup
		next, done int
		failed     = n
		failure    error
	)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			s := net.NewSession(1)
			defer s.Close()
			for {
				mu.Lock()
				i := next
				next++
				stop := failure != nil
				mu.Unlock()
				if stop || i >= n {
					return
				}
				err := do(s, i)
				mu.Lock()
				if err != nil && i < failed {
					failed, failure = i, err
				}
				done++
				if progress != nil {
					progress(done, n)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failure
}

// span widens an observed range to one that int8 can carry: it holds zero and
// is never empty.
func span(o observed, n *embed.Node) (lo, hi float32) {
	lo, hi = min(o.lo, 0), max(o.hi, 0)
	bottom, top := n.Range()
	lo, hi = max(lo, bottom), min(hi, top)
	if !(hi > lo) || math.IsInf(float64(hi-lo), 0) {
		return 0, 1 // a value that is always zero: any scale will do
	}
	return lo, hi
}

// affine returns the scale and zero point that spread [lo, hi], which holds
// zero, over −128…127.
func affine(lo, hi float32) embed.QValue {
	scale := (float64(hi) - float64(lo)) / 255
	zero := math.RoundToEven(-128 - float64(lo)/scale)
	return embed.QValue{Scale: float32(scale), Zero: int8(max(-128, min(127, zero)))}
}
