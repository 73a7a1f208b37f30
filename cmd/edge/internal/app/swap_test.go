package app

import (
	"errors"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// otherEye is another network for the letters of a scene: of another input and
// with other numbers.
type otherEye struct{ t *testing.T }

const otherSide, otherDim = 2 * side, 5

func (e otherEye) EmbedPixels(dst embed.Embedding, rgb []byte) error {
	if len(dst) != otherDim || len(rgb) != 3*otherSide*otherSide {
		e.t.Errorf("%d numbers of %d bytes", len(dst), len(rgb))
	}
	e.letter(dst, rgb[0])
	return nil
}

func (otherEye) letter(dst embed.Embedding, c byte) {
	for i := range dst {
		dst[i] = 0.01
	}
	dst[c%otherDim] = 1
}

// Another network takes over between two frames, once it is ready; names and
// button work on.
func TestSwap(t *testing.T) {
	print := embed.Fingerprint{0xb}
	//                      0    5    10   15   20
	r := newRig(t, scene("aaaaabbbbbbbbbbbaaaaaccccc"), MachineOptions{Classes: []string{"apple", "bear", "cat"}, Shots: 1, NoGate: true})
	swaps := make(chan Swap, 1)
	r.Swaps = swaps
	r.at(map[uint64][]Command{1: {Shot}, 5: {NextClass, Shot}, 20: {NextClass}, 22: {Shot}})
	commands := r.Seen
	tries := 0
	ready := func() error {
		if tries++; tries == 1 {
			return errors.New("not yet")
		}
		var made []support.Embedded
		for _, s := range r.set.Lacking(print) {
			e := make(embed.Embedding, otherDim)
			otherEye{}.letter(e, s.Class[0]) // apple is an a
			made = append(made, support.Embedded{Shot: s.ID, Embedding: e})
		}
		return errors.Join(r.set.Reembed(print, made), r.set.Use(print, otherDim))
	}
	r.Seen = func(l *Look, a support.Answer) {
		commands(l, a)
		want := dim
		if l.Seq > 10 {
			want = otherDim
		}
		if len(l.Embedding) != want {
			t.Errorf("frame %d: %d numbers, want %d", l.Seq, len(l.Embedding), want)
		}
		if l.Seq == 8 || l.Seq == 10 {
			swaps <- Swap{Session: otherEye{t}, Side: otherSide, Dim: otherDim, Ready: ready}
		}
	}
	if err := Run(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	equal(t, r.brief(),
		"1: unknown", "1: apple 1/1 taught", "3: apple",
		"teach new bear", "5: bear 1/1 taught", "7: bear",
		"17: apple",
		"teach new cat", "22: unknown", "22: cat 1/1 taught", "24: cat",
		"fake end")
	if s := r.set.Shots("cat"); len(s) != 1 || len(s[0].Embedding) != otherDim || s[0].Fingerprint != print {
		t.Errorf("the shot after the swap is %+v", s)
	}
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}
