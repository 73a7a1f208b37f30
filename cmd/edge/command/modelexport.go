package command

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/onnx"
)

// exportLine tells of an exported network.
type exportLine struct {
	Model       string            `json:"model"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Precision   string            `json:"precision"`
	Activations string            `json:"activations"`
	Path        string            `json:"path"`
	Bytes       int64             `json:"bytes"`
}

func newModelExport(e *env) *cobra.Command {
	var out, activations string
	c := &cobra.Command{
		Use:   "export MODEL -o OUT.onnx",
		Short: "Write a model as ONNX for other runtimes",
		Long: `Export writes the network for ONNX Runtime and others. A float model becomes a
float network; an int8 model becomes a QDQ network, which runtimes compute with
the same integers: the same weights, scales and zero points.

The input is named "input": float32, N×3×height×width, RGB, (rgb − mean)/std.
The output are the numbers before they are scaled to an embedding of length 1.`,
		Example: "  edge model export efficientnet-lite0-224 -o lite0-int8.onnx",
		Args:    arguments(1, 1, "a model: a .edge file or a shipped one's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usagef("-o names the .onnx file to write", "model export: -o: needs a file to write")
			}
			if activations != "int8" && activations != "uint8" {
				return usagef("int8 is exact everywhere, uint8 faster in some runtimes", "model export: --activations: bad value %q: want int8 or uint8", activations)
			}
			m, err := loadModel(args[0])
			if err != nil {
				return err
			}
			l := exportLine{Model: m.Meta.Name, Fingerprint: m.Fingerprint(), Precision: m.Precision.String(), Activations: "float32", Path: out}
			var b bytes.Buffer
			opt := onnx.WriteOptions{Name: m.Meta.Name}
			if m.Precision == embed.Int8 {
				l.Activations, opt.Unsigned = activations, activations == "uint8"
				err = onnx.WriteQuantized(&b, m, opt)
			} else {
				err = onnx.Write(&b, m.Graph, opt)
			}
			if err != nil {
				return coded(exitModel, pathError(args[0], err), "")
			}
			l.Bytes = int64(b.Len())
			if err := writeFile(out, b.Bytes()); err != nil {
				return err
			}
			return e.line(l, "%s: %s, %s, %d bytes", out, l.Precision, input(m), l.Bytes)
		},
	}
	f := c.Flags()
	outVar(f, &out, ".onnx file to write")
	f.StringVar(&activations, "activations", "int8", "type of an int8 model's activations: int8, or uint8, which some runtimes are faster with")
	return c
}

// input says what an exported network wants to be given.
func input(m *embed.Model) string {
	in := m.Graph.Input
	return fmt.Sprintf("input 1×3×%d×%d, RGB, (rgb − %v)/%v", in.Height, in.Width, channels(in.Mean), channels(in.Std))
}

// channels is one number where all three are the same.
func channels(v [3]float32) any {
	if v[0] == v[1] && v[0] == v[2] {
		return v[0]
	}
	return v
}
