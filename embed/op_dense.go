package embed

import "github.com/edge-camera/edge/embed/kernel"

// newRealDense makes a dense layer: a convolution whose window is the whole,
// one-pixel picture.
func newRealDense(n *Node, p *plan, v Value) *realConv {
	one := kernel.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	conv := *n
	conv.Groups = 1
	geometry := kernel.Geometry{In: p.layouts[n.In[0]], Out: p.layouts[v], Window: one, Groups: 1}
	return newRealConv(&conv, geometry, p.slot(n.In[0]), p.slot(v))
}
