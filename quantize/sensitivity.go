package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// sensitivityPictures is how many pictures sensitivities are measured with.
const sensitivityPictures = 16

// sensitivity returns by Value what the mean cosine would gain if that value
// were not rounded; NaN where it cannot be measured.
//
// Rounding noise is a twelfth of a step squared, and small noises add up. With
// steps twice as wide a value's noise is four times what it is, so that a third
// of what the cosine then loses is what it loses now. That is measured with the
// int8 network itself, one value after the other.
func (p *plan) sensitivity(pictures [][]byte, progress func()) ([]float64, error) {
	pictures = pictures[:min(len(pictures), sensitivityPictures)]
	base, err := p.meanCosine(pictures)
	if err != nil {
		return nil, err
	}
	gain := make([]float64, len(p.shapes))
	for v := range gain {
		gain[v] = math.NaN()
	}
	kept := append([]embed.QValue(nil), p.values...)
	defer copy(p.values, kept)
	for v := 1; v < len(p.shapes); v++ {
		if embed.Value(v) != p.graph.Output && p.double(v) {
			c, err := p.meanCosine(pictures)
			if err != nil {
				return nil, err
			}
			gain[v] = (base - c) / 3
		}
		copy(p.values, kept)
		if progress != nil {
			progress()
		}
	}
	return gain, nil
}

// double makes the steps of value v twice as wide, those of values that copy
// it too. It returns false where v itself is a copy, or where a convolution that
// reads it would have to multiply by one or more.
func (p *plan) double(v int) bool {
	out := p.values[v]
	wide := spread(p.spans[v], 2*float64(out.Scale))
	p.values[v] = wide
	for i := range p.graph.Nodes {
		n := &p.graph.Nodes[i]
		switch n.Op {
		case embed.OpMaxPool, embed.OpMeanPool, embed.OpSelect:
			if i+1 == v {
				return false
			}
			p.values[i+1] = p.values[n.In[0]]
		case embed.OpConv:
			for _, s := range p.filters[i].scale {
				if float64(p.values[n.In[0]].Scale)*s >= float64(p.values[i+1].Scale) {
					return false
				}
			}
		case embed.OpAdd:
			if max(p.values[n.In[0]].Scale, p.values[n.In[1]].Scale) > mostAdd*p.values[i+1].Scale {
				return false
			}
		case embed.OpMul, embed.OpGlobalMean:
			if embed.Value(i+1) == p.graph.Output {
				p.values[i+1].Scale = p.values[n.In[0]].Scale / float32(p.shapes[n.In[0]].H*p.shapes[n.In[0]].W)
			}
		}
	}
	return true
}

func (p *plan) meanCosine(pictures [][]byte) (float64, error) {
	c, err := p.cosines(pictures, 0)
	if err != nil {
		return 0, err
	}
	return mean(c), nil
}

// cosines returns the cosines of the int8 network's embeddings of all pictures
// but the first so many to the float network's.
func (p *plan) cosines(pictures [][]byte, from int) ([]float64, error) {
	net, err := embed.NewNetwork(p.model(len(p.graph.Nodes)))
	if err != nil {
		return nil, err
	}
	each := make([]float64, len(pictures)-from)
	err = inSessions(net, len(each), func(s *embed.Session, i int) error {
		out := make([]float32, net.Dim())
		if err := s.Run(out, pictures[from+i]); err != nil {
			return err
		}
		each[i] = cosine(p.saw.outputs[from+i], out)
		return nil
	}, nil)
	return each, err
}
