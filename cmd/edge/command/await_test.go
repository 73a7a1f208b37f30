package command

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []int
		made := 0
		err := await(t.Context(), func(done, of int) { steps = append(steps, done, of) }, func(progress func(done, of int)) {
			progress(1, 2)
			progress(2, 2)
			made = 7
		})
		if err != nil || made != 7 || !slices.Equal(steps, []int{1, 2, 2, 2}) {
			t.Errorf("%v, made %d, steps %v", err, made, steps)
		}
	})
	// Whoever presses ctrl-C does not wait for work that hears nothing of it, and
	// work that goes on does not wait for anybody to hear of that.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		deaf, ended := make(chan struct{}), false
		err := await(ctx, func(int, int) { cancel() }, func(progress func(done, of int)) {
			progress(1, 3)
			<-deaf
			progress(2, 3)
			ended = true
		})
		if !errors.Is(err, context.Canceled) || ended {
			t.Errorf("%v, ended %v", err, ended)
		}
		close(deaf)
		synctest.Wait()
		if !ended {
			t.Error("work hangs")
		}
	})
}
