package quantize

import (
	"runtime"
	"sync"

	"github.com/edge-camera/edge/embed"
)

// each calls do for 0 ≤ i < n on all processors.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// inSessions calls do for 0 ≤ i < n, one session of net a processor. It returns
// the error of the smallest i.
func inSessions(net *embed.Network, n int, do func(s *embed.Session, i int) error, progress func()) error {
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		next    int
		failed  = n
		failure error
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
				if progress != nil {
					progress()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failure
}
