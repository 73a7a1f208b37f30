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
	layouts     []kernel.Layout // by Value
	tier        *kernel.Tier
	fusing      *fusing

	// Of an int8 network: what its steps are made of.
	input *intTable
	ints  []intOp // by node

	program *program // what Session.Run runs
}

// NewNetwork checks m and makes it ready to run. It keeps m, which must not
// change any more. Errors are those of Model.Validate, ErrUnsupported for a
// network that needs too much memory, and ErrKernel where the environment
// variable KernelEnv names a tier that this build or processor does not have.
func NewNetwork(m *Model) (*Network, error) {
	if m == nil || m.checked != m { // Decode has read all weights already
		if err := m.Validate(); err != nil {
			return nil, err
		}
	}
	tier, err := kernel.Choose(os.Getenv(KernelEnv))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", KernelEnv, ErrKernel, err)
	}
	return newNetwork(m, tier, &fused)
}

// newNetwork is NewNetwork with a choice of tier and of what is fused.
func newNetwork(m *Model, tier *kernel.Tier, f *fusing) (*Network, error) {
	shapes, borders, err := m.Graph.check(true) // Validate has seen the weights
	if err != nil {
		return nil, err
	}
	n := &Network{model: m, fingerprint: m.Fingerprint(), shapes: shapes, layouts: newLayouts(shapes, borders), tier: tier, fusing: f}
	runs := singles(m.Graph)
	if m.Precision == Int8 {
		runs = f.runs(m.Graph, n.layouts)
		n.input = newIntTable(m.Graph.Input, m.Quant.Values[0], tier.Flip)
		n.pack()
	}
	n.program, err = n.newProgram(runs)
	return n, err
}

// pack packs every node's weights. Those in the file leave memory as they are
// packed: a device with little of it never holds all of both.
func (n *Network) pack() {
	g, q := n.model.Graph, n.model.Quant
	n.ints = make([]intOp, len(g.Nodes))
	parallel(len(g.Nodes), func(i int) {
		n.ints[i] = packIntOp(&g.Nodes[i], &q.Nodes[i], q, n.layouts, Value(i+1), n.tier)
		if n.model.mapped != nil {
			giveBack(rawBytes(q.Nodes[i].Weight))
		}
	})
	giveBack(n.model.mapped) // the pages between, and those read ahead
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
