package quantize

import (
	"github.com/edge-camera/edge/embed"
)

// seen is what the float network showed of the calibration pictures.
type seen struct {
	channels [][]channel // by Value and channel
	samples  []*sample   // by Value: all channels at a few places
	windows  [][]float64 // by node: mean of what a convolution reads, [group][k]; nil for other nodes
	outputs  [][]float32 // by picture: the embedding, not normalized; those held out too
	fit      int         // pictures of all but outputs and samples
}

// channel is what is known of one channel of a value.
type channel struct{ lo, hi float32 }

// How many places of a picture are looked at.
const (
	valuePlaces     = 16 // of a value, to choose its range
	pointPlaces     = 48 // by a convolution
	depthwisePlaces = 12 // by one in groups, which has few weights a filter
)

// newWindows returns room for what the convolution that makes v reads.
func newWindows(g *embed.Graph, shapes []embed.Shape, v embed.Value, pictures int) *sample {
	n := &g.Nodes[v-1]
	places := pointPlaces
	if n.Groups > 1 {
		places = depthwisePlaces
	}
	return newSample(n.Window, n.Groups, shapes[n.In[0]], shapes[v], places, pictures)
}

// observe runs net, a float network, over the pictures (each H·W·3 bytes, as
// preprocessing makes them), of which the first fit are calibrated with.
func observe(net *embed.Network, shapes []embed.Shape, pictures [][]byte, fit int, progress func()) (*seen, error) {
	g := net.Model().Graph
	s := &seen{
		channels: make([][]channel, len(shapes)),
		samples:  make([]*sample, len(shapes)),
		windows:  make([][]float64, len(g.Nodes)),
		outputs:  make([][]float32, len(pictures)),
		fit:      fit,
	}
	for v, shape := range shapes {
		s.samples[v] = newSample(pixel, 1, shape, shape, valuePlaces, len(pictures))
	}
	type sight struct {
		channels [][]channel
		windows  [][]float64
	}
	by := make([]sight, fit)
	err := inSessions(net, len(pictures), func(session *embed.Session, p int) error {
		at := sight{make([][]channel, len(shapes)), make([][]float64, len(g.Nodes))}
		if p < fit {
			by[p] = at
		}
		return session.Trace(pictures[p], func(v embed.Value, shape embed.Shape, data []float32) {
			if v == g.Output {
				s.outputs[p] = append([]float32(nil), data...)
			}
			s.samples[v].take(p, p, data)
			if p >= fit {
				return
			}
			at.channels[v] = extremes(data, shape.C)
			for i := range g.Nodes {
				if n := &g.Nodes[i]; n.Op == embed.OpConv && n.In[0] == v {
					w := newWindows(g, shapes, embed.Value(i+1), 1)
					w.take(0, p, data)
					for group := range w.groups {
						at.windows[i] = append(at.windows[i], w.mean(group)...)
					}
				}
			}
		})
	}, progress)
	if err != nil {
		return nil, err
	}
	// In the order of the pictures, whoever ran them.
	for _, at := range by {
		for v, channels := range at.channels {
			if s.channels[v] == nil {
				s.channels[v] = channels
			}
			for c, o := range channels {
				t := &s.channels[v][c]
				t.lo, t.hi = min(t.lo, o.lo), max(t.hi, o.hi)
			}
		}
		for i, mean := range at.windows {
			if s.windows[i] == nil {
				s.windows[i] = make([]float64, len(mean))
			}
			for j, x := range mean {
				s.windows[i][j] += x / float64(fit)
			}
		}
	}
	return s, nil
}

// extremes returns the least and greatest element of each channel.
func extremes(data []float32, channels int) []channel {
	e := make([]channel, channels)
	for c := range e {
		e[c] = channel{data[c], data[c]}
	}
	for j := 0; j < len(data); j += channels {
		for c, x := range data[j : j+channels] {
			e[c].lo, e[c].hi = min(e[c].lo, x), max(e[c].hi, x)
		}
	}
	return e
}
