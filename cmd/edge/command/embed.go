package command

import (
	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
)

type embedLine struct {
	Path        string            `json:"path"`
	Seq         uint64            `json:"seq"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Embedding   embed.Embedding   `json:"embedding"`
}

func newEmbed(e *env) *cobra.Command {
	var region regionFlag
	c := &cobra.Command{
		Use:   "embed PATH…",
		Short: "Print what the network makes of pictures",
		Long: `Embed prints the embedding of every picture or frame: the numbers of norm 1
that classes are compared by. Two embeddings mean something to each other only
when their fingerprints, which stand for the model, are equal.`,
		Example: "  edge embed cup.jpg --json > cup.json",
		Args:    arguments(1, -1, "at least one picture, folder or clip"),
		RunE: func(c *cobra.Command, args []string) error {
			network, err := e.openNetwork()
			if err != nil {
				return err
			}
			session := network.NewSession(e.threads)
			defer session.Close()
			l := embedLine{Fingerprint: network.Fingerprint(), Embedding: make(embed.Embedding, network.Dim())}
			bad := badPictures{e: e}
			err = look(c.Context(), args, camera.Options{}, func(f *camera.Frame) error {
				if err := session.Embed(l.Embedding, app.Picture(f), embed.Region(region)); err != nil {
					return bad.tell(f.Path, pathError(f.Path, err))
				}
				l.Path, l.Seq = f.Path, f.Seq
				return e.line(l, "%s %d %v", l.Path, l.Seq, []float32(l.Embedding))
			}, bad.tell)
			if err != nil {
				return err
			}
			return bad.err()
		},
	}
	regionVar(c.Flags(), &region)
	return c
}
