package app

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// brightness is a network that sees how bright a picture is.
type brightness struct{ err error }

func (b brightness) Embed(dst embed.Embedding, p embed.Picture, _ embed.Region) error {
	sum := 0
	for _, v := range p.Pix {
		sum += int(v)
	}
	dst[0] = float32(sum / len(p.Pix))
	return b.err
}

func grey(t *testing.T, v byte) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// watched counts the batches.
type watched struct {
	*support.Set
	batches []int
	err     error
	before  func(n int)
}

func (w *watched) Reembed(f embed.Fingerprint, made []support.Embedded) error {
	w.batches = append(w.batches, len(made))
	if w.err != nil {
		return w.err
	}
	err := w.Set.Reembed(f, made)
	if w.before != nil {
		w.before(len(w.batches))
	}
	return err
}

func TestReembed(t *testing.T) {
	printA, printB := embed.Fingerprint{1}, embed.Fingerprint{2}
	set, err := support.Open(filepath.Join(t.TempDir(), "store"), support.Options{Fingerprint: printA})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	add := func(crop []byte) {
		t.Helper()
		if _, err := set.Add("cup", embed.Embedding{1, 2}, crop, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		add(grey(t, byte(100+i)))
	}
	add(nil)
	add([]byte("no picture"))
	add(grey(t, 0))

	// Stopped in the middle: what was made is kept.
	ctx, cancel := context.WithCancel(t.Context())
	w := &watched{Set: set}
	_, err = Reembed(ctx, w, brightness{}, printB, 1, func(done, of int) {
		if of != 23 {
			t.Errorf("%d of %d", done, of)
		}
		if done == 18 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !slices.Equal(w.batches, []int{16, 2}) || len(set.Lacking(printB)) != 5 {
		t.Fatalf("stopped: %v; batches of %v, %d shots left", err, w.batches, len(set.Lacking(printB)))
	}

	// A store or network that fails is an error and leaves no mark.
	want := errors.New("disk full")
	if _, err := Reembed(t.Context(), &watched{Set: set, err: want}, brightness{}, printB, 1, nil); !errors.Is(err, want) {
		t.Errorf("a full disk: %v", err)
	}
	if _, err := Reembed(t.Context(), set, brightness{want}, printB, 1, nil); !errors.Is(err, want) {
		t.Errorf("a broken network: %v", err)
	}
	if n := len(set.Lacking(printB)); n != 5 {
		t.Fatalf("%d shots left", n)
	}

	// The rest, and what is taught meanwhile.
	w = &watched{Set: set, before: func(n int) {
		if n == 1 {
			add(grey(t, 200))
		}
	}}
	last := [2]int{}
	aside, err := Reembed(t.Context(), w, brightness{}, printB, 1, func(done, of int) { last = [2]int{done, of} })
	if err != nil || last != [2]int{6, 6} || !slices.Equal(w.batches, []int{5, 1}) {
		t.Fatalf("%v, batches of %v, in the end %v", err, w.batches, last)
	}
	var reasons []string
	for _, a := range aside {
		reasons = append(reasons, a.Reason)
	}
	if want := []string{"it has no picture", "its picture cannot be read", "the model sees nothing in its picture"}; !slices.Equal(reasons, want) {
		t.Errorf("aside are %q, want %q", reasons, want)
	}
	if err := set.Use(printB, 1); err != nil {
		t.Fatal(err)
	}
	for i, s := range set.Shots("")[:20] {
		if got := s.Embedding; len(got) != 1 || got[0] < float32(99+i) || got[0] > float32(101+i) {
			t.Errorf("shot %d is %v", s.ID, got)
		}
	}
	if n := len(set.Aside()); n != 3 {
		t.Errorf("%d shots are aside", n)
	}
}
