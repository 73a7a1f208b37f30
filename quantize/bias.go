package quantize

// correct takes back what quantization does to the mean of each filter's
// output (Nagel, van Baalen, Blankevoort and Welling, Data-Free Quantization
// Through Weight Equalization and Bias Correction, ICCV 2019, section 4.2, with
// means that were observed):
//
//	b' = b + w·E[x] − w'·E[x']
//
// where x is what the float network reads and x' what the int8 network so far
// makes of the same places of the same pictures. The difference takes in what
// earlier layers have done to x'.
//
// want are the weights w, and mean is E[x'] by group.
func (p *plan) correct(i int, f *filters, want []float64, mean [][]float64) {
	n := &p.graph.Nodes[i]
	k := len(want) / n.Out
	per := n.Out / n.Groups
	channels := p.shapes[n.In[0]].C / n.Groups
	for c := range n.Out {
		g := c / per
		var drift float64
		for j, w := range want[c*k : (c+1)*k] {
			x := p.saw.windows[i][g*k+j] * p.scaleOf(n.In[0], g*channels+j%channels)
			w8 := float64(float64(f.weight[c*k+j]) * f.scale[c])
			drift += float64(w8*mean[g][j]) - float64(w*x)
		}
		f.bias[c] -= drift
	}
}
