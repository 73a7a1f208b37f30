package embed

import "github.com/edge-camera/edge/embed/kernel"

// program is one way to run a network: which values are made together, where
// they lie, and the steps that make them.
type program struct {
	precision Precision
	plan      *plan
	steps     []step // parallel to plan.runs
}

// singles makes every value by itself, where all of them can be looked at.
func singles(g *Graph) []run {
	runs := make([]run, len(g.Nodes)+1)
	for v := range runs {
		runs[v] = run{Value(v), Value(v)}
	}
	return runs
}

// newProgram places what the runs make and the steps that make them.
func (n *Network) newProgram(runs []run) (*program, error) {
	slack := 0
	if n.model.Precision == Int8 {
		slack = n.tier.Slack
	}
	plan, err := newPlan(n.model.Graph, n.layouts, runs, slack)
	if err != nil {
		return nil, err
	}
	p := &program{precision: n.model.Precision, plan: plan}
	for _, r := range runs {
		p.steps = append(p.steps, n.newStep(plan, r))
	}
	return p, nil
}

func (n *Network) newStep(p *plan, r run) step {
	if n.model.Precision == Int8 {
		switch {
		case r.first < r.last:
			return n.newChain(p, r)
		case r.last == 0:
			return newIntInput(n.input, p)
		}
		if op := &n.ints[r.last-1]; op.places == nil {
			return newIntStep(op, p, r.last)
		}
		return newIntConcat(&n.ints[r.last-1], p, r.last)
	}
	if r.last == 0 {
		return newRealInput(n.model.Graph.Input, p)
	}
	return newRealStep(&n.model.Graph.Nodes[r.last-1], p, r.last)
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
	case OpMul:
		return newRealMul(n, p, v)
	case OpGlobalMean:
		return newRealMean(n, p, v)
	case OpMaxPool, OpMeanPool:
		return newRealPool(n, p, v)
	case OpConcat:
		return newRealConcat(n, p, v)
	case OpSelect:
		return newRealSelect(n, p, v)
	default: // OpDense: the graph is checked
		return newRealDense(n, p, v)
	}
}
