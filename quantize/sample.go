package quantize

import (
	"math/rand/v2"

	"github.com/edge-camera/edge/embed"
)

// sample is what a window over a value shows at a few places of every picture,
// in a filter's order, zero outside the picture.
type sample struct {
	window    embed.Window
	in, out   embed.Shape
	groups, k int       // windows of a place, elements of a window
	places    int       // of a picture
	windows   []float32 // [picture][place][group][k]
}

// pixel is the window that shows a single place.
var pixel = embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}

// newSample makes room for a window over a value of shape in, which is at the
// places of one of shape out, over so many pictures.
func newSample(w embed.Window, groups int, in, out embed.Shape, places, pictures int) *sample {
	s := &sample{window: w, in: in, out: out, groups: groups, k: w.KernelH * w.KernelW * in.C / groups}
	s.places = min(places, out.H*out.W)
	s.windows = make([]float32, pictures*s.places*s.groups*s.k)
	return s
}

// take fills in the windows of a picture, the slot-th of the sample, from the
// value, H·W·C elements. The same picture has the same places, whatever network
// made the value.
func (s *sample) take(slot, picture int, value []float32) {
	random := rand.New(rand.NewPCG(uint64(picture), uint64(s.out.H)<<32|uint64(s.out.W)))
	size := s.groups * s.k
	channels := s.in.C / s.groups
	w := s.window
	for p := range s.places {
		at := p
		if s.places < s.out.H*s.out.W {
			at = random.IntN(s.out.H * s.out.W)
		}
		oy, ox := at/s.out.W, at%s.out.W
		to := s.windows[(slot*s.places+p)*size:][:size]
		for ky := range w.KernelH {
			y := oy*w.StrideH - w.Top + ky*w.DilationH
			for kx := range w.KernelW {
				x := ox*w.StrideW - w.Left + kx*w.DilationW
				tap := (ky*w.KernelW + kx) * channels
				inside := y >= 0 && y < s.in.H && x >= 0 && x < s.in.W
				for g := range s.groups {
					dst := to[g*s.k+tap:][:channels]
					if inside {
						copy(dst, value[(y*s.in.W+x)*s.in.C+g*channels:])
					} else {
						clear(dst)
					}
				}
			}
		}
	}
}

// rows returns how many windows a group has.
func (s *sample) rows() int { return len(s.windows) / (s.groups * s.k) }

// row returns a group's window at a place.
func (s *sample) row(row, group int) []float32 {
	return s.windows[(row*s.groups+group)*s.k:][:s.k]
}

// mean returns the mean of a group's windows.
func (s *sample) mean(group int) []float64 {
	m := make([]float64, s.k)
	rows := s.rows()
	for r := range rows {
		for i, x := range s.row(r, group) {
			m[i] += float64(x)
		}
	}
	for i := range m {
		m[i] /= float64(rows)
	}
	return m
}

// first returns the windows of so many pictures.
func (s *sample) first(pictures int) []float32 {
	return s.windows[:pictures*s.places*s.groups*s.k]
}
