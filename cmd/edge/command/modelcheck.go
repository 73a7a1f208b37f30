package command

import (
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
)

type checkLine struct {
	Name        string            `json:"name"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Tier        string            `json:"tier"`
	Gold        int               `json:"gold"` // inputs whose embedding was compared
	OK          bool              `json:"ok"`
}

func newModelCheck(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "check MODEL",
		Short: "Prove that this board computes what the model's maker computed",
		Long: `Check reads the whole file, compares its checksums and its fingerprint, and runs
the inputs that the file holds together with their expected embeddings. Those of
an int8 model must come out the same in every bit.`,
		Example: "  edge model check my.edge",
		Args:    arguments(1, 1, "a model: a .edge file or a shipped one's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := loadModel(args[0])
			if err != nil {
				return err
			}
			l, err := checkModel(m, e.threads)
			if err != nil {
				return coded(exitModel, pathError(args[0], err), "")
			}
			if l.Gold == 0 {
				e.note("%s holds no check inputs: its bytes are right, its arithmetic was not tried", args[0])
			}
			return e.line(l, "%s: %d of %s right, on %s", l.Name, l.Gold, number(l.Gold, "input", "inputs"), l.Tier)
		},
	}
}

// errGold says that a board and a model file do not agree on arithmetic.
var errGold = errors.New("wrong embedding")

// checkModel computes the fingerprint anew and runs the model's GOLD inputs.
func checkModel(m *embed.Model, threads int) (checkLine, error) {
	if err := m.CheckFingerprint(); err != nil {
		return checkLine{}, err
	}
	network, err := embed.NewNetwork(m)
	if err != nil {
		return checkLine{}, err
	}
	session := network.NewSession(threads)
	defer session.Close()
	l := checkLine{Name: m.Meta.Name, Fingerprint: m.Fingerprint(), Tier: network.Kernel(), Gold: len(m.Gold)}
	got := make(embed.Embedding, network.Dim())
	for i, g := range m.Gold {
		if err := session.EmbedPixels(got, g.Pix); err != nil {
			return l, fmt.Errorf("check input %d: %w", i, err)
		}
		if at, ok := sameEmbedding(got, g.Embedding, m.Precision); !ok {
			return l, fmt.Errorf("check input %d: %w: number %d is %v, the model's maker got %v", i, errGold, at, got[at], g.Embedding[at])
		}
	}
	l.OK = true
	return l, nil
}

// sameEmbedding compares in every bit, or, for float32 networks, where sums may
// be taken in another order, within one part in ten thousand of the norm 1.
func sameEmbedding(got, want embed.Embedding, p embed.Precision) (at int, ok bool) {
	for i := range want {
		same := math.Float32bits(got[i]) == math.Float32bits(want[i])
		if p == embed.Float32 {
			same = math.Abs(float64(got[i])-float64(want[i])) <= 1e-4
		}
		if !same {
			return i, false
		}
	}
	return 0, true
}
