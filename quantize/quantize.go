package quantize

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/edge-camera/edge/embed"
)

// ErrPictures says that the calibration pictures do not suffice.
var ErrPictures = errors.New("calibration pictures")

// MinPictures is how few calibration pictures Quantize accepts. Ranges from
// fewer clip what the next picture holds.
const MinPictures = 16

// Options for Quantize. The zero value is what the shipped models are made
// with.
type Options struct {
	Meta             embed.Meta
	NoBiasCorrection bool
	Gold             int                // how many of the first pictures become GOLD inputs; 0 means 3
	Progress         func(done, of int) // may be nil; called from one goroutine at a time
}

// Quantize makes an int8 model of g, whose output must be the global mean that
// is the embedding. pictures are preprocessed inputs, H·W·3 bytes each, as
// embed.Preprocess makes them; they are all kept in memory until it returns.
func Quantize(g *embed.Graph, pictures iter.Seq2[[]byte, error], opt Options) (*embed.Model, *Report, error) {
	graph, err := Fold(g)
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
	var pix [][]byte
	for p, err := range pictures {
		if err != nil {
			return nil, nil, err
		}
		if want := shapes[0].Len(); len(p) != want {
			return nil, nil, fmt.Errorf("%w: picture %d: %d bytes, want %d (%d×%d RGB)", ErrPictures, len(pix), len(p), want, shapes[0].H, shapes[0].W)
		}
		pix = append(pix, append([]byte(nil), p...))
	}
	if len(pix) < MinPictures {
		return nil, nil, fmt.Errorf("%w: got %d, want at least %d", ErrPictures, len(pix), MinPictures)
	}
	float := &embed.Model{Meta: opt.Meta, Precision: embed.Float32, Graph: graph}
	net, err := embed.NewNetwork(float)
	if err != nil {
		return nil, nil, err
	}
	seen, err := observe(net, shapes, pix, opt.Progress)
	if err != nil {
		return nil, nil, err
	}
	model, err := integers(graph, shapes, seen, opt)
	if err != nil {
		return nil, nil, err
	}
	inet, err := embed.NewNetwork(model)
	if err != nil {
		return nil, nil, err
	}
	if err := gold(model, inet, pix[:min(len(pix), goldCount(opt))]); err != nil {
		return nil, nil, err
	}
	report, err := compare(net, inet, seen, pix, opt.Progress)
	if err != nil {
		return nil, nil, err
	}
	return model, report, nil
}

func goldCount(opt Options) int {
	if opt.Gold == 0 {
		return 3
	}
	return opt.Gold
}

// check says whether g is a graph that the int8 definition can carry.
func check(g *embed.Graph) error {
	in := g.Input
	if in.Mean[0] != in.Mean[1] || in.Mean[0] != in.Mean[2] || in.Std[0] != in.Std[1] || in.Std[0] != in.Std[2] {
		return fmt.Errorf("%w: input: mean %v and std %v differ between channels: an int8 input has one zero point", embed.ErrUnsupported, in.Mean, in.Std)
	}
	if m := in.Mean[0]; m != float32(math.Trunc(float64(m))) || m < 0 || m > 255 {
		return fmt.Errorf("%w: input: mean %v is not a whole number from 0 to 255: an int8 input has a whole zero point", embed.ErrUnsupported, m)
	}
	if !(in.Std[0] > 0) {
		return fmt.Errorf("%w: input: std %v is not positive", embed.ErrUnsupported, in.Std[0])
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		last := embed.Value(i+1) == g.Output
		switch {
		case n.Op == embed.OpGlobalMean && !last, n.Op == embed.OpDense:
			return fmt.Errorf("%w: node %q: an int8 network ends in its global mean: cut the graph there", embed.ErrUnsupported, n.Name)
		case last && n.Op != embed.OpGlobalMean:
			return fmt.Errorf("%w: node %q: the output of an int8 network is a global mean: cut the graph there", embed.ErrUnsupported, n.Name)
		}
	}
	return nil
}

// integers computes every number of the int8 definition.
func integers(g *embed.Graph, shapes []embed.Shape, seen []observed, opt Options) (*embed.Model, error) {
	q := &embed.Quant{Values: make([]embed.QValue, len(shapes)), Nodes: make([]embed.QNode, len(g.Nodes))}
	q.Values[0] = embed.QValue{Scale: 1 / g.Input.Std[0], Zero: int8(int(g.Input.Mean[0]) - 128)}
	bare := &embed.Graph{Input: g.Input, Output: g.Output, Nodes: append([]embed.Node(nil), g.Nodes...)}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		v := embed.Value(i + 1)
		bare.Nodes[i].Weight, bare.Nodes[i].Bias = nil, nil
		switch n.Op {
		case embed.OpConv:
			in := n.In[0]
			lo, hi := span(seen[v], n)
			q.Values[v], q.Nodes[i] = conv(n, shapes[in], q.Values[in], lo, hi, seen[in].mean, opt)
		case embed.OpAdd:
			lo, hi := span(seen[v], n)
			q.Values[v], q.Nodes[i] = add(n, q.Values[n.In[0]], q.Values[n.In[1]], lo, hi)
		case embed.OpGlobalMean:
			in := n.In[0]
			places := float64(shapes[in].H * shapes[in].W)
			q.Values[v] = embed.QValue{Scale: float32(float64(q.Values[in].Scale) / places)}
		default:
			return nil, fmt.Errorf("%w: node %q", embed.ErrUnsupported, n.Name)
		}
	}
	return &embed.Model{Meta: opt.Meta, Precision: embed.Int8, Graph: bare, Quant: q}, nil
}

// clampRange returns the integers that the activation's bounds fall on.
func clampRange(n *embed.Node, v embed.QValue) (lo, hi int8) {
	bottom, top := n.Range()
	at := func(x float32) int8 {
		return int8(max(-128, min(127, math.RoundToEven(float64(x)/float64(v.Scale))+float64(v.Zero))))
	}
	return at(bottom), at(top)
}

// limit is how large a bias may get in units of the accumulator: far enough
// from 2³¹ that the sum over the window still fits (Model.Validate proves it).
const limit = 1 << 29

// conv quantizes a convolution to [lo, hi] of its output. mean is its input's
// mean per channel.
func conv(n *embed.Node, in embed.Shape, qin embed.QValue, lo, hi float32, mean []float64, opt Options) (embed.QValue, embed.QNode) {
	per := len(n.Weight) / n.Out
	group := n.Out / n.Groups
	channels := in.C / n.Groups
	sin := float64(qin.Scale)
	out := affine(lo, hi)
	scale := make([]float64, n.Out)
	for c := range scale {
		var top float64
		for _, w := range n.Weight[c*per : (c+1)*per] {
			top = max(top, math.Abs(float64(w)))
		}
		// A channel of tiny weights and a large bias would not fit into 32
		// bits at the scale its weights ask for.
		scale[c] = max(top/127, 128*float64(out.Scale)/(sin*limit))
		if n.Bias != nil {
			scale[c] = max(scale[c], math.Abs(float64(n.Bias[c]))/(sin*limit))
		}
		// SQRDMULH multiplies by less than one.
		if least := sin * scale[c] * (1 + 1.0/1024); float64(out.Scale) < least {
			out.Scale = float32(least)
			out.Zero = int8(max(-128, min(127, math.RoundToEven(-128-float64(lo)/least))))
		}
	}
	q := embed.QNode{Weight: make([]int8, len(n.Weight)), Bias: make([]int32, n.Out), Mult: make([]int32, n.Out)}
	for c := range n.Out {
		var sum int64
		var drift float64 // what rounding the weights adds to the mean output
		first := c / group * channels
		for i, w := range n.Weight[c*per : (c+1)*per] {
			r := math.RoundToEven(float64(w) / scale[c])
			r = max(-127, min(127, r))
			q.Weight[c*per+i] = int8(r)
			sum += int64(r)
			drift += float64((float64(r*scale[c]) - float64(w)) * mean[first+i%channels])
		}
		var b float64
		if n.Bias != nil {
			b = float64(n.Bias[c])
		}
		if !opt.NoBiasCorrection {
			b -= drift
		}
		unit := sin * scale[c]
		r := unit / float64(out.Scale)
		folded := math.RoundToEven(b/unit) - float64(int64(qin.Zero)*sum) + math.RoundToEven(float64(out.Zero)/r)
		q.Bias[c] = int32(max(-limit*2, min(limit*2, folded)))
		q.Mult[c] = int32(max(1, min(math.MaxInt32, math.RoundToEven(r*(1<<31)))))
	}
	q.Lo, q.Hi = clampRange(n, out)
	return out, q
}

// add quantizes a residual addition to [lo, hi] of its output.
func add(n *embed.Node, a, b embed.QValue, lo, hi float32) (embed.QValue, embed.QNode) {
	out := affine(lo, hi)
	ra, rb := float64(a.Scale)/float64(out.Scale), float64(b.Scale)/float64(out.Scale)
	// An output of a far smaller range than its inputs (they cancel) would
	// need multipliers beyond 16 bits: it gets a coarser scale instead.
	if top := max(ra, rb); top > math.MaxInt16/2 {
		out.Scale = float32(float64(out.Scale) * top / (math.MaxInt16 / 2))
		out.Zero = int8(max(-128, min(127, math.RoundToEven(-128-float64(lo)/float64(out.Scale)))))
		ra, rb = float64(a.Scale)/float64(out.Scale), float64(b.Scale)/float64(out.Scale)
	}
	shift := 14
	for math.RoundToEven(max(ra, rb)*float64(int(1)<<shift)) > math.MaxInt16 {
		shift--
	}
	one := float64(int(1) << shift)
	q := embed.QNode{
		MultA: int16(math.RoundToEven(ra * one)),
		MultB: int16(math.RoundToEven(rb * one)),
		Shift: uint8(shift),
	}
	q.AddBias = int32(out.Zero)<<shift - int32(a.Zero)*int32(q.MultA) - int32(b.Zero)*int32(q.MultB)
	q.Lo, q.Hi = clampRange(n, out)
	return out, q
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
