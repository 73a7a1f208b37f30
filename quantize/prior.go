package quantize

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// normal is what a channel looked like on the pictures that the network was
// trained with, before its activation: a batch normalization knows.
type normal struct{ mean, std float64 }

// sumPriors adds the priors of sums to those of normalized convolutions.
func sumPriors(g *embed.Graph, by [][]normal) {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		v := embed.Value(i + 1)
		if n.Op != embed.OpAdd {
			continue
		}
		a, b := by[n.In[0]], by[n.In[1]]
		if a == nil || b == nil || len(a) != len(b) || act(g, n.In[0]) != embed.ActNone || act(g, n.In[1]) != embed.ActNone {
			continue
		}
		by[v] = make([]normal, len(a))
		for c := range a {
			by[v][c] = normal{a[c].mean + b[c].mean, math.Sqrt(float64(a[c].std*a[c].std) + float64(b[c].std*b[c].std))}
		}
	}
}

func act(g *embed.Graph, v embed.Value) embed.Act {
	if v == 0 {
		return embed.ActNone
	}
	return g.Nodes[v-1].Act
}

// normals is what a batch normalization knows of what it makes.
func normals(bn *embed.Node) []normal {
	of := make([]normal, len(bn.Weight))
	for c := range of {
		of[c] = normal{float64(bn.Bias[c]), math.Abs(float64(bn.Weight[c]))}
	}
	return of
}
