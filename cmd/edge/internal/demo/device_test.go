package demo

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/edge-camera/edge/camera"
)

// counter is a clip of n frames that are only numbers.
type counter struct {
	camera.Source
	next, n uint64
}

func (c *counter) Next(_ context.Context, f *camera.Frame) error {
	if c.next == c.n {
		return io.EOF
	}
	f.Seq = c.next
	c.next++
	return nil
}

// A device that is started again goes on where the other one died.
func TestEvery(t *testing.T) {
	for _, c := range []struct {
		step, from int
		want       []uint64
	}{
		{1, 0, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{4, 0, []uint64{0, 4, 8}},
		{4, 4, []uint64{4, 8}},
		{4, 5, []uint64{8}},
		{4, 9, nil},
	} {
		e := &every{Source: &counter{n: 10}, step: c.step, from: c.from}
		var got []uint64
		var f camera.Frame
		for {
			err := e.Next(t.Context(), &f)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Seq)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("every %d. frame from %d: %v, want %v", c.step, c.from, got, c.want)
		}
	}
}
