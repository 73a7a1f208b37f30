package embed

import (
	"fmt"
	"math"
	"os"
	"runtime"
)

// Session computes one embedding at a time for one goroutine, in memory of its
// own that is all allocated when it is made. Sessions of one Network may run
// at the same time.
//
// A session of more than one thread has goroutines waiting to help. Close
// stops them; one that is dropped without Close is stopped when the garbage
// collector finds it, and until then they sleep.
type Session struct {
	network *Network
	team    *team
	tracer  *team // runs every node by itself; nil until Trace is called
	whole   *program
	pixels  []byte
	scratch Scratch
	closed  bool
}

// NewSession makes a session that computes with up to threads processors, at
// least one. The results do not depend on threads.
func (n *Network) NewSession(threads int) *Session {
	s := &Session{network: n, pixels: make([]byte, n.shapes[0].Len()), team: newTeam(n.program, threads, n.Dim())}
	// The helpers know the team and not the session, so that the session can
	// become garbage while they sleep.
	runtime.AddCleanup(s, (*team).stop, s.team)
	return s
}

// Close stops the session's goroutines and returns when they have ended. It is
// harmless to call it twice; every other method fails afterwards.
func (s *Session) Close() {
	s.closed = true
	s.team.stop()
	s.team.ended.Wait()
}

// Embed preprocesses the largest centred square of a region of a picture (see
// Preprocess) and writes its embedding to dst, which must have Dim elements.
// It allocates nothing once it has seen a picture of the size. Errors wrap
// ErrPicture or ErrRegion; dst is then unchanged.
func (s *Session) Embed(dst Embedding, p Picture, r Region) error {
	if err := Preprocess(s.pixels, s.network.shapes[0].W, p, r, &s.scratch); err != nil {
		return err
	}
	return s.EmbedPixels(dst, s.pixels)
}

// EmbedPixels writes the embedding of rgb, Height·Width·3 bytes as Preprocess
// makes them, to dst, which must have Dim elements. It allocates nothing.
func (s *Session) EmbedPixels(dst Embedding, rgb []byte) error {
	if err := s.forward(dst, rgb); err != nil {
		return err
	}
	if s.network.model.Precision == Int8 {
		normalizeInts(dst, s.team.arena.sums)
		return nil
	}
	s.network.read(dst, s.network.program, &s.team.arena, s.network.model.Graph.Output)
	return normalizeReals(dst)
}

// Pixels returns the input that the last Embed made of its picture,
// Height·Width·3 bytes of RGB. They are the session's, and change with the
// next Embed.
func (s *Session) Pixels() []byte { return s.pixels }

// Run writes the network's output for rgb, Height·Width·3 bytes, to dst, which
// must have Dim elements: for a float network as it is (the logits, if the
// graph ends in a classifier), for an int8 network in real numbers, not
// normalized.
func (s *Session) Run(dst []float32, rgb []byte) error {
	if err := s.forward(dst, rgb); err != nil {
		return err
	}
	s.network.read(dst, s.network.program, &s.team.arena, s.network.model.Graph.Output)
	return nil
}

// Trace runs the network on rgb and calls visit with every value in order, the
// input first: H·W·C elements, an int8 network's in real numbers. data is the
// session's and changes after visit returns.
//
// Unlike the other methods it allocates, at the first call memory for the
// values that Run never has whole: its errors wrap ErrUnsupported where that
// is too much.
func (s *Session) Trace(rgb []byte, visit func(v Value, shape Shape, data []float32)) error {
	if err := s.check(rgb); err != nil {
		return err
	}
	n := s.network
	if s.tracer == nil {
		s.whole, s.tracer = n.program, s.team
		if len(n.program.steps) != len(n.shapes) {
			var err error
			if s.whole, err = n.newProgram(singles(n.model.Graph)); err != nil {
				return fmt.Errorf("embed: trace: %w", err)
			}
			s.tracer = newTeam(s.whole, 1, n.Dim()) // without helpers there is nothing to stop
		}
	}
	var most int
	for _, shape := range n.shapes {
		most = max(most, shape.Len())
	}
	data := make([]float32, most)
	s.tracer.arena.rgb = rgb
	for v, shape := range n.shapes {
		s.tracer.runStep(v)
		n.read(data[:shape.Len()], s.whole, &s.tracer.arena, Value(v))
		visit(Value(v), shape, data[:shape.Len()])
	}
	s.tracer.arena.rgb = nil
	return nil
}

func (s *Session) check(rgb []byte) error {
	if s.closed {
		return fmt.Errorf("embed: session: %w", os.ErrClosed)
	}
	if want := s.network.shapes[0]; len(rgb) != want.Len() {
		return fmt.Errorf("embed: %d bytes, want %v: %w", len(rgb), want, ErrPicture)
	}
	return nil
}

// forward runs every step. dst is only measured.
func (s *Session) forward(dst []float32, rgb []byte) error {
	if err := s.check(rgb); err != nil {
		return err
	}
	if dim := s.network.Dim(); len(dst) != dim {
		return fmt.Errorf("embed: destination of %d elements, want %d", len(dst), dim)
	}
	s.team.run(rgb)
	return nil
}

// read copies a value of a program out of its arena, without its border, in real numbers.
func (n *Network) read(dst []float32, p *program, a *arena, v Value) {
	l := n.layouts[v]
	if n.model.Precision == Int8 && int(v) == len(n.model.Graph.Nodes) {
		in := n.model.Graph.Nodes[v-1].In[0]
		scale := float64(n.model.Quant.Values[in].Scale) / float64(n.shapes[in].H*n.shapes[in].W)
		for c, sum := range a.sums {
			dst[c] = float32(float64(sum) * scale)
		}
		return
	}
	slot := p.plan.slot(v)
	width := l.W * l.C
	for y := range l.H {
		row := dst[y*width : (y+1)*width]
		if n.model.Precision == Float32 {
			copy(row, view(a.reals, slot)[l.At(y, 0):])
			continue
		}
		q := n.model.Quant.Values[v]
		for i, x := range view(a.ints, slot)[l.At(y, 0):][:width] {
			row[i] = q.Scale * float32(int(stored(x, n.tier.Flip))-int(q.Zero))
		}
	}
}

// normalizeInts is n/‖n‖: the sum of squares is exact (Validate bounds it),
// and each of conversion, root and quotient rounds as IEEE 754 says.
func normalizeInts(dst Embedding, sums []int32) {
	var squares int64
	for _, n := range sums {
		squares += int64(n) * int64(n)
	}
	if squares == 0 {
		clear(dst)
		return
	}
	norm := math.Sqrt(float64(squares))
	for i, n := range sums {
		dst[i] = float32(float64(n) / norm)
	}
}

// normalizeReals is the same in float64, added up in order. Finite weights can
// still overflow on a picture: that is an error, never an embedding of NaN.
func normalizeReals(dst Embedding) error {
	var squares float64
	for _, v := range dst {
		squares += float64(float64(v) * float64(v))
	}
	if math.IsNaN(squares) || math.IsInf(squares, 0) {
		clear(dst)
		return fmt.Errorf("embed: the network's output is not finite: %w", ErrCorrupt)
	}
	if squares == 0 {
		clear(dst)
		return nil
	}
	norm := math.Sqrt(squares)
	for i, v := range dst {
		dst[i] = float32(float64(v) / norm)
	}
	return nil
}
