package command

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/onnx"
)

// nodeLine is one node of an imported network.
type nodeLine struct {
	Node   string `json:"node"`
	Op     string `json:"op"`
	Shape  [3]int `json:"shape"` // of its output: height, width, channels
	Params int64  `json:"params"`
}

func newModelImport(e *env) *cobra.Command {
	var out, cut, name, license string
	var mean, std channelsFlag
	std.divides = true
	var side int
	var whole bool
	c := &cobra.Command{
		Use:   "import IN.onnx -o OUT.edge",
		Short: "Make a float .edge file of a float32 ONNX network",
		Long: `Import reads a convolutional network, checks that edge can compute every node of
it, and writes it as a float32 model, which edge quantize makes an int8 one of.
MobileNet, EfficientNet, ResNet, ShuffleNet, SqueezeNet and others of their kind
are read as PyTorch, timm and tf2onnx export them.

A classifier's last layers are left out: the embedding is the last global mean, or
in a network like SqueezeNet, which ends in the mean of its scores, that of what
they are made of.
--cut names another tensor or node, --whole keeps everything. The pictures must
be given to the network as it was trained on: --input-mean and --input-std, from
0 to 255; where a training says 0.485 of 0…1, that is 123.675.

Operators that are read: Conv, BatchNormalization; Relu, Clip, LeakyRelu, PRelu,
Sigmoid, HardSigmoid, HardSwish, Swish, Tanh; Add, Sub, Mul, Div, Max, Min;
GlobalAveragePool, ReduceMean, GlobalMaxPool, MaxPool, AveragePool; Gemm, MatMul;
Concat, Split, Slice, Gather of channels; Pad with zeros; Reshape, Flatten,
Squeeze, Unsqueeze, Transpose; Identity, Dropout, Cast, Constant, Shape and
arithmetic of constants.`,
		Example: "  edge model import net.onnx -o net.edge --input-mean 123.675,116.28,103.53 --input-std 58.395,57.12,57.375\n  edge quantize net.edge -o net-int8.edge --calibrate photos/",
		Args:    arguments(1, 1, "an ONNX file"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usagef("-o names the .edge file to write", "model import: -o: needs a file to write")
			}
			assumed := !c.Flags().Changed("input-mean") && !c.Flags().Changed("input-std")
			if !assumed && !c.Flags().Changed("input-std") {
				std.v = [3]float32{128, 128, 128}
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return coded(exitModel, err, "name an ONNX file that can be read")
			}
			g, err := onnx.Import(b, onnx.ImportOptions{
				Mean: mean.v, Std: std.v, Cut: cut, Side: side, Embedding: !whole,
				Files: func(name string) ([]byte, error) { return readBeside(args[0], name) },
				Note:  func(s string) { e.note("%s", s) },
			})
			if hint := onnx.Hint(err); hint != "" {
				return coded(exitModel, pathError(args[0], err), hint)
			}
			if errors.Is(err, embed.ErrCorrupt) {
				return coded(exitModel, pathError(args[0], err), "is it whole, and an ONNX file? export the network again")
			}
			if err != nil {
				return coded(exitModel, pathError(args[0], err), "")
			}
			if name == "" {
				name = strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
			}
			m := &embed.Model{
				Meta:      embed.Meta{Name: name, Origin: filepath.Base(args[0]), License: license, Recipe: "edge model import"},
				Precision: embed.Float32,
				Graph:     g,
			}
			shapes, err := g.Shapes()
			if err != nil {
				return coded(exitModel, pathError(args[0], err), "")
			}
			file, err := m.Encode()
			if err != nil {
				return coded(exitModel, pathError(args[0], err), "")
			}
			if err := writeFile(out, file); err != nil {
				return err
			}
			for i, n := range g.Nodes {
				s := shapes[i+1]
				l := nodeLine{n.Name, operator(&n), [3]int{s.H, s.W, s.C}, int64(len(n.Weight) + len(n.Bias))}
				if err := e.line(l, "%-12s %4d×%d×%d  %s", l.Op, s.H, s.W, s.C, l.Node); err != nil {
					return err
				}
			}
			in := g.Input
			remark := ""
			if assumed {
				remark = "; that was assumed: --input-mean and --input-std say what the network was trained on (PyTorch's usual: 123.675,116.28,103.53 and 58.395,57.12,57.375)"
			}
			e.note("input %d×%d, RGB, (rgb − %v)/%v%s", in.Height, in.Width, channels(in.Mean), channels(in.Std), remark)
			e.note("wrote %s: %s, embedding of %d numbers", out, number(len(g.Nodes), "node", "nodes"), shapes[g.Output].Len())
			return nil
		},
	}
	f := c.Flags()
	outVar(f, &out, ".edge file to write")
	f.Var(&mean, "input-mean", "what is subtracted from a picture's 0–255 values: one number, or three for R,G,B (default 127 where no --input-std is given either)")
	f.Var(&std, "input-std", "what the difference is divided by: one number, or three for R,G,B (default 128)")
	f.StringVar(&cut, "cut", "", "tensor or node whose output is the embedding (default the last global mean before a classifier)")
	f.BoolVar(&whole, "whole", false, "keep the classifier, so that the output are its scores")
	count(f, &side, "side", 0, 0, 4096, "height and width of the pictures; 0 for what the file says")
	f.StringVar(&name, "name", "", "name of the model (default the file's)")
	f.StringVar(&license, "license", "", "the weights' licence, an SPDX identifier such as Apache-2.0")
	return c
}

// channelsFlag is a number for each of R, G, B.
type channelsFlag struct {
	v       [3]float32
	divides bool // numbers must be above 0
}

func (c *channelsFlag) String() string {
	if c.v == [3]float32{} {
		return ""
	}
	return fmt.Sprintf("%g,%g,%g", c.v[0], c.v[1], c.v[2])
}

func (c *channelsFlag) Type() string { return "R,G,B" }

func (c *channelsFlag) Set(s string) error {
	fields := strings.Split(s, ",")
	if len(fields) == 1 {
		fields = []string{s, s, s}
	}
	if len(fields) != 3 {
		return errors.New("want one number, or three with commas")
	}
	for i, f := range fields {
		x, err := strconv.ParseFloat(strings.TrimSpace(f), 32)
		switch {
		case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
			return fmt.Errorf("%q is no number", f)
		case c.divides && !(x > 0):
			return fmt.Errorf("%q is not above 0", f)
		}
		c.v[i] = float32(x)
	}
	return nil
}

// operator is what a node does, an activation by its own name.
func operator(n *embed.Node) string {
	if n.Op == embed.OpAct {
		return n.Act.String()
	}
	return n.Op.String()
}

// readBeside reads a file of weights that an ONNX file names; it is in the same
// folder or below it, and nowhere else.
func readBeside(path, name string) ([]byte, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadFile(name)
}
