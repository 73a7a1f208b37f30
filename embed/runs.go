package embed

import "fmt"

// runs tells whether every node has an implementation.
func (m *Model) runs(shapes []Shape) error {
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		if m.Precision == Float32 {
			continue
		}
		plain := n.Act.Clamps() && n.Op <= OpDense && (n.Op != OpAdd || shapes[n.In[0]] == shapes[n.In[1]])
		plain = plain && n.Op != OpAct && (n.Op != OpGlobalMean || i == len(m.Graph.Nodes)-1)
		if !plain {
			return fmt.Errorf("node %d %q (%s): %w", i, n.Name, n.Op, ErrUnsupported)
		}
	}
	return nil
}
