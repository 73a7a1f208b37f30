package quantize

import (
	"errors"
	"fmt"
	"iter"

	"github.com/edge-camera/edge/embed"
)

// ErrPictures says that the calibration pictures do not suffice.
var ErrPictures = errors.New("calibration pictures")

const (
	// MinPictures is how few pictures Quantize accepts. Ranges from fewer clip
	// what the next picture holds.
	MinPictures = 16

	// AdvisedPictures is how many there should be.
	AdvisedPictures = 50
)

// Options for Quantize. The zero value is what the shipped models are made
// with.
type Options struct {
	Meta   embed.Meta
	Method Method // the zero value is Auto

	// Explain asks for each layer's Gain and for what each technique brings,
	// which takes about twice the time.
	Explain bool

	Gold     int                // how many of the first pictures become GOLD inputs; 0 means 3
	Progress func(done, of int) // may be nil; called from one goroutine at a time
}

// Quantize makes an int8 model of g, whose output must be the global mean that
// is the embedding. pictures are preprocessed inputs, H·W·3 bytes each, as
// embed.Preprocess makes them. Of 20 and more, every fifth is not calibrated
// with, so that the report tells what others will have.
//
// It keeps all pictures in memory, 64 bytes for each channel of each value and
// picture, and at a time what one convolution reads at 48 places of each: about
// 1 GB for EfficientNet-Lite0 at 224 pixels and 192 pictures.
//
// Errors wrap ErrPictures, embed.ErrUnsupported for a graph that has no int8
// form, and what pictures yields.
func Quantize(g *embed.Graph, pictures iter.Seq2[[]byte, error], opt Options) (*embed.Model, *Report, error) {
	graph, known, err := fold(g)
	if err != nil {
		return nil, nil, err
	}
	shapes, err := graph.Shapes()
	if err != nil {
		return nil, nil, err
	}
	if err := check(graph); err != nil {
		return nil, nil, err
	}
	all, err := gather(pictures, shapes[0])
	if err != nil {
		return nil, nil, err
	}
	pix, fit := holdOut(all)
	if opt.Method == (Method{}) {
		opt.Method = Auto
	}
	step := steps(opt, len(pix), len(graph.Nodes))
	b, err := newBase(graph, known, opt.Method.Split, pix, fit, step)
	if err != nil {
		return nil, nil, err
	}
	p := newPlan(b, opt.Method)
	if err := p.fit(pix[:fit], step); err != nil {
		return nil, nil, err
	}
	model := p.model(len(p.graph.Nodes))
	model.Meta = opt.Meta
	inet, err := embed.NewNetwork(model)
	if err != nil {
		return nil, nil, err
	}
	golds := opt.Gold
	if golds == 0 {
		golds = 3
	}
	if err := gold(model, inet, all[:min(len(all), golds)]); err != nil {
		return nil, nil, err
	}
	report, err := p.compare(inet, pix, step)
	if err != nil {
		return nil, nil, err
	}
	if opt.Explain {
		if err := p.explain(report, graph, known, pix, step); err != nil {
			return nil, nil, err
		}
	}
	return model, report, nil
}

// steps returns what counts a step of so many pictures and nodes. A picture
// takes one step in the float network and one in the int8 network.
func steps(opt Options, pictures, nodes int) func() {
	if opt.Progress == nil {
		return nil
	}
	done, of := 0, 2*pictures+nodes
	if opt.Explain {
		of += (1 + len(parts(opt.Method))) * nodes
	}
	return func() {
		done++
		opt.Progress(done, of)
	}
}

// gather copies the pictures, inputs of a shape.
func gather(pictures iter.Seq2[[]byte, error], in embed.Shape) ([][]byte, error) {
	var pix [][]byte
	for p, err := range pictures {
		if err != nil {
			return nil, err
		}
		if want := in.Len(); len(p) != want {
			return nil, fmt.Errorf("%w: picture %d: %d bytes, want %d (%d×%d RGB)", ErrPictures, len(pix), len(p), want, in.H, in.W)
		}
		pix = append(pix, append([]byte(nil), p...))
	}
	if len(pix) < MinPictures {
		return nil, fmt.Errorf("%w: got %d, want at least %d", ErrPictures, len(pix), MinPictures)
	}
	return pix, nil
}

// holdOut puts every fifth picture last, if enough are left then, and returns
// how many of them come first.
func holdOut(all [][]byte) (pix [][]byte, fit int) {
	if len(all)-len(all)/5 < MinPictures {
		return all, len(all)
	}
	var held [][]byte
	for i, p := range all {
		if i%5 == 4 {
			held = append(held, p)
		} else {
			pix = append(pix, p)
		}
	}
	return append(pix, held...), len(pix)
}

// check says whether g, a folded graph, is one that the int8 definition can
// carry: it ends in a global mean.
func check(g *embed.Graph) error {
	last := &g.Nodes[g.Output-1]
	if last.Op == embed.OpGlobalMean {
		return nil
	}
	for i := int(g.Output) - 1; i >= 0; i-- {
		if n := &g.Nodes[i]; n.Op == embed.OpGlobalMean {
			return fmt.Errorf("%w: node %q (%v) is the output: an int8 network ends in a global mean: cut the graph at %q",
				embed.ErrUnsupported, last.Name, last.Op, n.Name)
		}
	}
	return fmt.Errorf("%w: node %q (%v) is the output: an int8 network ends in a global mean, and there is none to cut the graph at",
		embed.ErrUnsupported, last.Name, last.Op)
}

// gold stores the first pictures with what the int8 network makes of them.
func gold(m *embed.Model, net *embed.Network, pictures [][]byte) error {
	s := net.NewSession(1)
	defer s.Close()
	for _, p := range pictures {
		e := make(embed.Embedding, net.Dim())
		if err := s.EmbedPixels(e, p); err != nil {
			return err
		}
		m.Gold = append(m.Gold, embed.Gold{Pix: p, Embedding: e})
	}
	return nil
}
