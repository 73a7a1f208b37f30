package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// Opsets whose definitions of the operators read here are known.
const (
	minOpset = 7 // before it, Add did not broadcast by its inputs' shapes
	maxOpset = 28
)

// maxFile bounds what is read at all: a float network of half a gigabyte is
// no network for a small board, and three copies of it must fit into memory.
const maxFile = 512 << 20

// outline is what the preflight reader knows of a file.
type outline struct {
	opset   int64
	nodes   []nodeInfo
	tensors map[string]tensorInfo // initializers
	inputs  []valueInfo           // without the initializers
	outputs []string
	clean   []byte // the model as the decoder is to see it
	beside  *beside
}

// nodeInfo is a node, in the file's order.
type nodeInfo struct {
	name, op, domain string
	in, out          []string // "" is an input or output left out
	off              int
	refused          error // why the decoder must not see it
}

// label names the node for messages.
func (n *nodeInfo) label() string {
	if n.name != "" {
		return fmt.Sprintf("%s node %q", n.op, n.name)
	}
	if len(n.out) > 0 {
		return fmt.Sprintf("%s node for %q", n.op, n.out[0])
	}
	return fmt.Sprintf("%s node at offset %d", n.op, n.off)
}

// valueInfo is an input as declared.
type valueInfo struct {
	name string
	elem elemType
	dims []int64 // −1 is symbolic
	rank bool    // dims are declared
}

// preflight checks the whole file and says what is in it. files reads the files
// that hold weights beside it.
func preflight(b []byte, files func(string) ([]byte, error)) (*outline, error) {
	if len(b) == 0 {
		return nil, corrupt(0, "the file is empty")
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", embed.ErrUnsupported, len(b), maxFile)
	}
	o := &outline{tensors: map[string]tensorInfo{}, beside: &beside{read: files}}
	ir := int64(0)
	var graph *span
	opsets := map[string]bool{}
	err := modelMessage.walk(span{b, 0}, func(it item) error {
		switch it.num {
		case modelIRVersion:
			ir = int64(it.v)
		case modelGraph:
			graph = &it.data
		case modelOpset:
			domain, version, err := readOpset(it.data)
			if err != nil {
				return err
			}
			if opsets[domain] {
				return corrupt(it.off, "two opsets for domain %q", domain)
			}
			opsets[domain] = true
			if domain == "" {
				o.opset = version
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graph == nil {
		return nil, corrupt(0, "no graph: not an ONNX model")
	}
	if ir < 3 {
		return nil, fmt.Errorf("%w: ONNX IR version %d, want 3 or later", embed.ErrVersion, ir)
	}
	if o.opset < minOpset || o.opset > maxOpset {
		return nil, hint(fmt.Errorf("%w: ONNX opset %d, want %d to %d", embed.ErrVersion, o.opset, minOpset, maxOpset),
			"export it with another opset: torch.onnx.export(..., opset_version=17)")
	}
	if err := o.readGraph(*graph); err != nil {
		return nil, err
	}
	if err := o.checkOrder(); err != nil {
		return nil, err
	}
	return o, nil
}

func readOpset(s span) (domain string, version int64, err error) {
	err = opsetMessage.walk(s, func(it item) (err error) {
		if it.num == opsetVersion {
			version = int64(it.v)
		} else {
			domain, err = it.data.text()
		}
		return err
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	return domain, version, err
}

// readGraph reads the graph and assembles the decoder's copy: nodes and usable
// initializers byte by byte, inputs and outputs by name only. Declared types
// and shapes stay out of it, since the decoder allocates whatever they claim.
func (o *outline) readGraph(s span) error {
	var values []valueInfo
	var graph encoder
	graph.text(graphName, "graph")
	err := graphMessage.walk(s, func(it item) error {
		switch it.num {
		case graphNode:
			n, clean, err := o.readNode(it.data)
			if err != nil {
				return err
			}
			n.off = it.off
			o.nodes = append(o.nodes, n)
			if n.refused == nil {
				graph.bytes(graphNode, clean)
			}
		case graphInitializer:
			name, t, err := o.readTensor(it.data)
			if err != nil {
				return fmt.Errorf("initializer %q: %w", name, err)
			}
			if name == "" {
				return corrupt(it.off, "an initializer has no name")
			}
			if _, twice := o.tensors[name]; twice {
				return corrupt(it.off, "two initializers are named %q", name)
			}
			if t.refused == nil {
				graph.bytes(graphInitializer, t.plain)
			}
			t.plain = nil
			o.tensors[name] = t
		case graphInput, graphOutput:
			v, err := readValue(it.data)
			if err != nil {
				return err
			}
			if v.name == "" {
				return corrupt(it.off, "an input or output of the graph has no name")
			}
			if it.num == graphInput {
				values = append(values, v)
			} else {
				o.outputs = append(o.outputs, v.name)
			}
		case graphSparse:
			return refuse("make the weights dense before the export", "offset %d: sparse initializers", it.off)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Until IR version 4 every initializer is listed as an input too.
	seen := map[string]bool{}
	for _, v := range values {
		if seen[v.name] {
			return corrupt(s.off, "two inputs are named %q", v.name)
		}
		seen[v.name] = true
		if _, constant := o.tensors[v.name]; !constant {
			o.inputs = append(o.inputs, v)
			graph.message(graphInput, func(e *encoder) { e.text(valueName, v.name) })
		}
	}
	for _, name := range o.outputs {
		graph.message(graphOutput, func(e *encoder) { e.text(valueName, name) })
	}
	var model encoder
	model.int(modelIRVersion, 7)
	model.bytes(modelGraph, graph.b)
	o.clean = model.b
	return nil
}

// readNode reads a node, and what of it the decoder is to see.
func (o *outline) readNode(s span) (n nodeInfo, clean []byte, err error) {
	var e encoder
	err = nodeMessage.walk(s, func(it item) error {
		if it.num == nodeAttribute {
			plain, why, err := o.readAttribute(it.data)
			if err != nil {
				return err
			}
			if n.refused == nil {
				n.refused = why
			}
			e.bytes(it.num, plain)
			return nil
		}
		text, err := it.data.text()
		if err != nil {
			return err
		}
		switch it.num {
		case nodeInput:
			n.in = append(n.in, text)
		case nodeOutput:
			n.out = append(n.out, text)
		case nodeName:
			n.name = text
		case nodeOpType:
			n.op = text
		case nodeDomain:
			n.domain = text
		}
		e.text(it.num, text)
		return nil
	})
	if err != nil {
		return n, nil, err
	}
	if n.op == "" {
		return n, nil, corrupt(s.off, "a node has no operator")
	}
	if n.domain != "" && n.domain != "ai.onnx" {
		n.refused = refuseDomain(n.domain)
	} else if _, read := operators[n.op]; !read && n.refused != nil {
		n.refused = refuseOperator(n.op) // a better reason than its attributes
	}
	return n, e.b, nil
}

// refuseDomain says what to do about operators that are not ONNX's own.
func refuseDomain(domain string) error {
	help := "export the network with standard ONNX operators only"
	switch {
	case strings.HasPrefix(domain, "com.microsoft"):
		help = "this file was saved by ONNX Runtime's optimizer or quantizer: import the one it was made from"
	case strings.HasPrefix(domain, "pkg."):
		help = "the file has functions of its exporter: export with a newer PyTorch, or run onnx.inliner.inline_local_functions on it"
	}
	return refuse(help, "operators of domain %q", domain)
}

// readAttribute checks one attribute and returns it as the decoder is to see
// it; refused says why the decoder could not carry it.
func (o *outline) readAttribute(s span) (plain []byte, refused, err error) {
	var name string
	var typ attrKind
	var value []byte
	holds := map[int]bool{}
	err = attrMessage.walk(s, func(it item) error {
		switch it.num {
		case attrName:
			var err error
			name, err = it.data.text()
			return err
		case attrType:
			typ = attrKind(it.v)
			return nil
		case attrRef:
			refused = fmt.Errorf("%w: attribute %q refers to a function's", embed.ErrUnsupported, name)
			return nil
		}
		holds[it.num] = true
		switch it.num {
		case attrFloats:
			_, err := it.fixed(4)
			return err
		case attrInts:
			return it.varints(func(uint64) {})
		case attrS, attrStrings:
			_, err := it.data.text()
			return err
		case attrT:
			_, t, err := o.readTensor(it.data)
			if err != nil {
				return err
			}
			refused, value = t.refused, t.plain
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if name == "" {
		return nil, nil, corrupt(s.off, "an attribute has no name")
	}
	field, known := attrHolds[typ]
	if !known {
		return nil, fmt.Errorf("%w: attribute %q is of type %d", embed.ErrUnsupported, name, typ), nil
	}
	// A value of zero or an empty list is not stored.
	if len(holds) > 1 || len(holds) == 1 && !holds[field] {
		return nil, nil, corrupt(s.off, "attribute %q is of type %d but holds something else", name, typ)
	}
	if typ != attrTensorKind {
		return s.b, refused, nil
	}
	if !holds[attrT] {
		return nil, nil, corrupt(s.off, "attribute %q holds no tensor", name)
	}
	var e encoder
	e.text(attrName, name)
	e.int(attrType, int64(typ))
	e.bytes(attrT, value)
	return e.b, refused, nil
}

func readValue(s span) (v valueInfo, err error) {
	err = valueMessage.walk(s, func(it item) (err error) {
		if it.num == valueName {
			v.name, err = it.data.text()
			return err
		}
		return typeMessage.walk(it.data, func(it item) error {
			return tensorTypeMessage.walk(it.data, func(it item) error {
				if it.num == typeElem {
					v.elem = elemType(it.v)
					return nil
				}
				v.rank = true
				return shapeMessage.walk(it.data, func(it item) error {
					d := int64(-1)
					err := dimMessage.walk(it.data, func(it item) error {
						if it.num == dimValue {
							d = int64(it.v)
						}
						return nil
					})
					v.dims = append(v.dims, d)
					return err
				})
			})
		})
	})
	return v, err
}

// checkOrder demands what ONNX demands: every value is made once, and before
// it is used.
func (o *outline) checkOrder() error {
	made := make(map[string]bool, len(o.nodes)+len(o.tensors)+len(o.inputs))
	for name := range o.tensors {
		made[name] = true
	}
	for _, v := range o.inputs {
		made[v.name] = true
	}
	for i := range o.nodes {
		n := &o.nodes[i]
		for _, in := range n.in {
			if in != "" && !made[in] {
				return fmt.Errorf("%s: %w", n.label(), corrupt(n.off, "its input %q is made by no node before it", in))
			}
		}
		for _, out := range n.out {
			if out == "" {
				continue
			}
			if made[out] {
				return fmt.Errorf("%s: %w", n.label(), corrupt(n.off, "its output %q is made twice", out))
			}
			made[out] = true
		}
		if len(n.out) == 0 || n.out[0] == "" {
			return fmt.Errorf("%s: %w", n.label(), corrupt(n.off, "it has no output"))
		}
	}
	// The decoder gives a node without inputs one named after the node, and
	// that name must not be somebody else's.
	for i := range o.nodes {
		n := &o.nodes[i]
		if len(n.in) == 0 && made[n.name+"/input"] {
			return fmt.Errorf("%s: %w: a value named %q", n.label(), embed.ErrUnsupported, n.name+"/input")
		}
	}
	if len(o.outputs) == 0 {
		return corrupt(0, "the graph has no output")
	}
	seen := map[string]bool{}
	for _, out := range o.outputs {
		if seen[out] {
			return corrupt(0, "the graph's output %q is listed twice", out)
		}
		seen[out] = true
		if o.find(out) < 0 {
			return corrupt(0, "the graph's output %q is made by no node", out)
		}
	}
	return nil
}

// find returns the index of the node that makes value, or −1.
func (o *outline) find(value string) int {
	return slices.IndexFunc(o.nodes, func(n nodeInfo) bool { return slices.Contains(n.out, value) })
}
