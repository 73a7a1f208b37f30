package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// target returns the name of the value to end with. A tensor's name goes
// before a node's.
func (im *importer) target(cut string) (string, error) {
	o := im.outline
	if cut != "" {
		return o.cut(cut)
	}
	if len(o.outputs) != 1 {
		return "", refuse("name one of them with --cut", "%d outputs (%s): say which one to cut at", len(o.outputs), strings.Join(o.outputs, ", "))
	}
	out := o.outputs[0]
	// What only turns scores into others is no part of an embedding.
	for from := out; ; {
		i := o.find(from)
		if i < 0 || len(o.nodes[i].in) == 0 || o.nodes[i].refused != nil {
			return out, nil
		}
		switch n := &o.nodes[i]; n.op {
		case "Softmax", "LogSoftmax", "ArgMax":
			out = n.in[0]
			im.note(fmt.Sprintf("cut before the %s: the output is %q", n.label(), out))
			fallthrough
		case "Identity", "Cast":
			from = n.in[0]
		default:
			return out, nil
		}
	}
}

// cut returns the tensor that a name stands for.
func (o *outline) cut(name string) (string, error) {
	if o.find(name) >= 0 {
		return name, nil
	}
	found := ""
	for i := range o.nodes {
		if o.nodes[i].name != name {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("cut at %q: two nodes have this name; give a tensor's", name)
		}
		found = o.nodes[i].out[0]
	}
	if found == "" {
		return "", hint(fmt.Errorf("cut at %q: no tensor or node has this name", name), o.suggest())
	}
	return found, nil
}

// suggest names tensors to cut at: the results of the last global means.
func (o *outline) suggest() string {
	var names []string
	for i := len(o.nodes) - 1; i >= 0 && len(names) < 3; i-- {
		switch n := &o.nodes[i]; n.op {
		case "GlobalAveragePool", "ReduceMean":
			names = append(names, n.out[0])
		}
	}
	if len(names) == 0 {
		return "a viewer such as Netron shows the names"
	}
	return "global means of this network, the last first: " + strings.Join(names, ", ")
}

// finish sets the graph's output and drops the nodes that it does not need.
func (im *importer) finish(target string, opt ImportOptions) error {
	out := im.features[target]
	n := &node{importer: im, info: &nodeInfo{name: target, out: []string{target}}}
	out, err := n.padded(out)
	if err != nil {
		return err
	}
	// The order of a picture's places is edge's own; that of channels is the
	// file's.
	if out, err = n.ordered(out); err != nil {
		return err
	}
	im.graph.Output = out.value
	if opt.Embedding {
		if opt.Cut == "" {
			im.cutClassifier()
		}
		s := im.shapes[im.graph.Output]
		if s.H > 1 || s.W > 1 {
			f, err := n.emit(".mean", embed.Node{Op: embed.OpGlobalMean, In: []embed.Value{im.graph.Output}}, embed.Shape{H: 1, W: 1, C: s.C})
			if err != nil {
				return err
			}
			im.graph.Output = f.value
			im.note(fmt.Sprintf("the output has %dx%d places: a global mean over them is added", s.H, s.W))
		}
	}
	im.prune()
	return nil
}

// cutClassifier moves the output to the last global mean if nothing but a
// classifier follows: layers on single places, at least one of them with
// weights. Where the mean is one of scores (see scorer) it goes too.
func (im *importer) cutClassifier() {
	layers := 0
	if c := im.shapes[im.graph.Output].C; c == 1000 || c == 1001 {
		defer im.noteClasses(im.graph.Output)
	}
	for v := im.graph.Output; v > 0; {
		e := &im.graph.Nodes[v-1]
		switch {
		case e.Op == embed.OpGlobalMean:
			if layers > 0 {
				im.graph.Output = v
				im.note(fmt.Sprintf("cut at %q, the last global mean; the classifier after it is left out (%s)", im.origin[v], plural(layers, "layer")))
			} else if conv := im.scorer(e.In[0]); conv > 0 {
				im.graph.Output = im.graph.Nodes[conv-1].In[0]
				im.note(fmt.Sprintf("cut at %q; the classifier after it, %q and the mean of its %d scores, is left out",
					im.origin[im.graph.Output], im.graph.Nodes[conv-1].Name, im.shapes[conv].C))
			}
			return
		case e.Op == embed.OpDense || e.Op == embed.OpConv && im.shapes[e.In[0]].Len() == im.shapes[e.In[0]].C:
			layers++
		case len(e.In) > 1 || im.shapes[v].H > 1 || im.shapes[v].W > 1:
			return
		}
		v = e.In[0]
	}
}

// scorer returns the convolution that makes the scores whose mean a network ends
// with, as SqueezeNet does; 0 where v are features. By shape the two are alike:
// MobileNet's last features come from a 1×1 convolution too. So it must have the
// name that exporters keep from the training, or give as many numbers as ImageNet
// has classes.
func (im *importer) scorer(v embed.Value) embed.Value {
	for v > 0 && im.graph.Nodes[v-1].Op == embed.OpAct {
		v = im.graph.Nodes[v-1].In[0]
	}
	if v == 0 {
		return 0
	}
	e := &im.graph.Nodes[v-1]
	if e.Op != embed.OpConv || e.Groups != 1 || e.Window != (embed.Window{KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}) {
		return 0
	}
	names := []string{e.Name}
	if i := im.outline.find(im.origin[v]); i >= 0 {
		names = append(names, im.outline.nodes[i].in...)
	}
	called := slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "classifier") })
	if called || e.Out == 1000 || e.Out == 1001 {
		return v
	}
	return 0
}

// noteClasses warns of an output that is still out and looks like the classes
// of ImageNet.
func (im *importer) noteClasses(out embed.Value) {
	if im.graph.Output != out {
		return
	}
	for v := out; v > 0; v = im.graph.Nodes[v-1].In[0] {
		if e := &im.graph.Nodes[v-1]; e.Op == embed.OpConv {
			im.note(fmt.Sprintf("the output has %d numbers, as many as ImageNet has classes: if they are scores, --cut %q gives what they are made of",
				im.shapes[out].C, im.origin[e.In[0]]))
			return
		}
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// prune drops nodes that the output does not need, such as the parts of a
// composite.
func (im *importer) prune() {
	nodes := im.graph.Nodes
	need := make([]bool, len(nodes)+1)
	need[im.graph.Output] = true
	for i := len(nodes) - 1; i >= 0; i-- {
		if need[i+1] {
			for _, v := range nodes[i].In {
				need[v] = true
			}
		}
	}
	to := make([]embed.Value, len(nodes)+1)
	kept := nodes[:0:0]
	for i, e := range nodes {
		if !need[i+1] {
			continue
		}
		e.In = slices.Clone(e.In)
		for j, v := range e.In {
			e.In[j] = to[v]
		}
		kept = append(kept, e)
		to[i+1] = embed.Value(len(kept))
	}
	im.graph.Nodes = kept
	im.graph.Output = to[im.graph.Output]
}
