package embed

import (
	"fmt"
	"os"

	"github.com/edge-camera/edge/embed/kernel"
)

// KernelEnv names the environment variable that forces a kernel tier by name,
// for comparing and for finding faults.
const KernelEnv = "EDGE_KERNEL"

// Network is a model made ready to run: checked, its weights packed for this
// processor, its values placed in memory. It is immutable and shared by
// goroutines; each computes in a Session of its own.
type Network struct {
	model       *Model
	fingerprint Fingerprint
	shapes      []Shape
	plan        *plan
	steps       []step // steps[v] makes Value v; steps[0] takes the picture in
	tier        *kernel.Tier
}

// NewNetwork checks m and makes it ready to run. It keeps m, which must not
// change any more. Errors are those of Model.Validate, ErrUnsupported for a
// network that needs too much memory, and a plain one where the environment
// variable KernelEnv names a tier that this processor does not have.
func NewNetwork(m *Model) (*Network, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	tier, err := kernel.Choose(os.Getenv(KernelEnv))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", KernelEnv, err)
	}
	return newNetwork(m, tier)
}

func newNetwork(m *Model, tier *kernel.Tier) (*Network, error) {
	shapes, borders, err := m.Graph.check()
	if err != nil {
		return nil, err
	}
	slack := 0
	if m.Precision == Int8 {
		slack = tier.Slack
	}
	p, err := newPlan(m.Graph, shapes, borders, slack)
	if err != nil {
		return nil, err
	}
	n := &Network{model: m, fingerprint: m.Fingerprint(), shapes: shapes, plan: p, tier: tier}
	if m.Precision == Int8 {
		n.steps = append(n.steps, newIntInput(m.Graph.Input, m.Quant.Values[0], tier.Flip, p))
	} else {
		n.steps = append(n.steps, newRealInput(m.Graph.Input, p))
	}
	for i := range m.Graph.Nodes {
		node := &m.Graph.Nodes[i]
		if m.Precision == Int8 {
			n.steps = append(n.steps, newIntStep(node, m.Quant, p, Value(i+1), tier))
		} else {
			n.steps = append(n.steps, newRealStep(node, p, Value(i+1)))
		}
	}
	return n, nil
}

// newRealStep makes a node of a checked graph ready to run in float32.
func newRealStep(n *Node, p *plan, v Value) step {
	switch n.Op {
	case OpConv:
		geometry := kernel.Geometry{In: p.layouts[n.In[0]], Out: p.layouts[v], Window: kernel.Window(n.Window), Groups: n.Groups}
		if geometry.Depthwise() {
			return newRealDepthwise(n, geometry, p.slot(n.In[0]), p.slot(v))
		}
		return newRealConv(n, geometry, p.slot(n.In[0]), p.slot(v))
	case OpBatchNorm:
		return newRealBatchNorm(n, p, v)
	case OpAct:
		return newRealAct(n, p, v)
	case OpAdd:
		return newRealAdd(n, p, v)
	case OpGlobalMean:
		return newRealMean(n, p, v)
	default: // OpDense: the graph is checked
		return newRealDense(n, p, v)
	}
}

// Model returns the model the network was made of.
func (n *Network) Model() *Model { return n.model }

// Input returns the picture size and normalization of the network.
func (n *Network) Input() Input { return n.model.Graph.Input }

// Dim returns the length of an Embedding, and of what Session.Run writes.
func (n *Network) Dim() int { return n.shapes[n.model.Graph.Output].Len() }

// Fingerprint returns the model's fingerprint.
func (n *Network) Fingerprint() Fingerprint { return n.fingerprint }

// Precision returns the arithmetic of the network.
func (n *Network) Precision() Precision { return n.model.Precision }

// Kernel returns the name of the tier in use; "reference" for a float32
// network, which is plain Go everywhere.
func (n *Network) Kernel() string {
	if n.model.Precision == Float32 {
		return "reference"
	}
	return n.tier.Name
}
