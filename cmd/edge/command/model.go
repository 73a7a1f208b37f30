package command

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
)

func newModel(e *env) *cobra.Command {
	return parent("model", "List, describe, check, time, import and export models",
		"  edge model list\n  edge model check my.edge\n  edge model bench --rounds 50",
		newModelList(e), newModelInfo(e), newModelCheck(e), newModelBench(e), newModelImport(e), newModelExport(e))
}

type modelLine struct {
	Name        string            `json:"name"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Input       [3]int            `json:"input"` // height, width, channels
	Dim         int               `json:"dim"`
	MACs        int64             `json:"macs"`
	Params      int64             `json:"params"`
	Bytes       int64             `json:"bytes"`
	Precision   string            `json:"precision"`
	Accuracy    string            `json:"accuracy"`
	About       string            `json:"about,omitempty"` // what a shipped model is good for
}

func describe(name string, m *embed.Model) (modelLine, error) {
	shapes, err := m.Graph.Shapes()
	if err != nil {
		return modelLine{}, coded(exitModel, pathError(name, err), "")
	}
	bytes, err := modelBytes(name, m)
	if err != nil {
		return modelLine{}, coded(exitModel, pathError(name, err), "")
	}
	l := modelLine{
		Name:        m.Meta.Name,
		Fingerprint: m.Fingerprint(),
		Input:       [3]int{m.Graph.Input.Height, m.Graph.Input.Width, 3},
		Dim:         shapes[m.Graph.Output].Len(),
		MACs:        m.Graph.MACs(),
		Params:      m.Graph.Params(),
		Bytes:       bytes,
		Precision:   m.Precision.String(),
		Accuracy:    m.Meta.Accuracy,
	}
	if l.Name == "" {
		l.Name = name
	}
	if slices.Contains(models.Names(), name) {
		if l.About, err = models.Describe(name); err != nil {
			return modelLine{}, err
		}
	}
	return l, nil
}

func newModelList(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the shipped models, and say which is good for what",
		Example: "  edge model list\n  edge teach --model efficientnet-lite2-260 cup photos/*.jpg",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			for _, name := range models.Names() {
				m, err := loadModel(name)
				if err != nil {
					return err
				}
				l, err := describe(name, m)
				if err != nil {
					return err
				}
				mark := ""
				if name == models.Default {
					mark = " (the default)"
				}
				if err := e.line(l, "%s%s: %s; %d×%d, %d numbers, %s, %.0f million multiplications", l.Name, mark, l.About, l.Input[1], l.Input[0], l.Dim, l.Precision, float64(l.MACs)/1e6); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newModelInfo(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "info MODEL",
		Short:   "Describe a model: a file, or a shipped one by name",
		Example: "  edge model info my.edge",
		Args:    arguments(1, 1, "a model: a .edge file or a shipped one's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := loadModel(args[0])
			if err != nil {
				return err
			}
			l, err := describe(args[0], m)
			if err != nil {
				return err
			}
			return e.line(l, "%s", infoText(l, m.Meta))
		},
	}
}

func infoText(l modelLine, meta embed.Meta) string {
	text := fmt.Sprintf(`name         %s
fingerprint  %s
input        %d×%d, RGB
embedding    %d numbers
work         %.1f million multiplications a picture
size         %d parameters, %d bytes
precision    %s`, l.Name, l.Fingerprint, l.Input[1], l.Input[0], l.Dim, float64(l.MACs)/1e6, l.Params, l.Bytes, l.Precision)
	for _, row := range [][2]string{{"good for", l.About}, {"accuracy", meta.Accuracy}, {"origin", meta.Origin}, {"licence", meta.License}, {"recipe", meta.Recipe}} {
		if row[1] != "" {
			text += fmt.Sprintf("\n%-12s %s", row[0], oneLine(row[1]))
		}
	}
	return text
}
