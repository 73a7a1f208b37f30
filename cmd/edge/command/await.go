package command

import "context"

// await runs work, which cannot be stopped, and returns when it is done or ctx
// is: then with ctx's error, and work is left to the end of the process. What
// work tells of its progress is handed to step on the caller's goroutine.
func await(ctx context.Context, step func(done, of int), work func(progress func(done, of int))) error {
	type count struct{ done, of int }
	counts, done := make(chan count), make(chan struct{})
	go func() {
		defer close(done)
		work(func(done, of int) {
			select {
			case counts <- count{done, of}:
			case <-ctx.Done():
			}
		})
	}()
	for {
		select {
		case c := <-counts:
			step(c.done, c.of)
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
