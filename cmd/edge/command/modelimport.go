package command

import (
	"errors"
	"fmt"
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
	var side int
	c := &cobra.Command{
		Use:   "import IN.onnx -o OUT.edge",
		Short: "Make a float .edge file of a float32 ONNX network",
		Long: `Import reads a convolutional network, checks that edge can compute every node of
it, and writes it as a float32 model, which edge quantize makes an int8 one of.
A classifier is cut before its last layer: --cut names the tensor or node whose
output is the embedding.`,
		Example: "  edge model import net.onnx -o net.edge --cut features --input-mean 123.7,116.3,103.5 --input-std 58.4,57.1,57.4\n  edge quantize net.edge -o net-int8.edge --calibrate photos/",
		Args:    arguments(1, 1, "an ONNX file"),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usagef("-o names the .edge file to write", "model import: -o: needs a file to write")
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return coded(exitModel, err, "name an ONNX file that can be read")
			}
			g, err := onnx.Import(b, onnx.ImportOptions{Mean: mean, Std: std, Cut: cut, Side: side})
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
				l := nodeLine{n.Name, n.Op.String(), [3]int{s.H, s.W, s.C}, int64(len(n.Weight) + len(n.Bias))}
				if err := e.line(l, "%-12s %4d×%d×%d  %s", l.Op, s.H, s.W, s.C, l.Node); err != nil {
					return err
				}
			}
			e.note("wrote %s: %s, embedding of %d numbers", out, number(len(g.Nodes), "node", "nodes"), shapes[g.Output].Len())
			return nil
		},
	}
	f := c.Flags()
	outVar(f, &out, ".edge file to write")
	f.Var(&mean, "input-mean", "what is subtracted from a picture's 0–255 values: one number, or three for R,G,B (default 127 where no --input-std is given either)")
	f.Var(&std, "input-std", "what the difference is divided by: one number, or three for R,G,B (default 128)")
	f.StringVar(&cut, "cut", "", "tensor or node whose output is the embedding (default the network's only output)")
	count(f, &side, "side", 0, 0, 4096, "height and width of the pictures; 0 for what the file says")
	f.StringVar(&name, "name", "", "name of the model (default the file's)")
	f.StringVar(&license, "license", "", "the weights' licence, an SPDX identifier such as Apache-2.0")
	return c
}

// channelsFlag is a number for each of R, G, B.
type channelsFlag [3]float32

func (c *channelsFlag) String() string {
	if *c == (channelsFlag{}) {
		return ""
	}
	return fmt.Sprintf("%g,%g,%g", c[0], c[1], c[2])
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
		if err != nil {
			return fmt.Errorf("%q is no number", f)
		}
		c[i] = float32(x)
	}
	return nil
}
