package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// classifyLine is one answer. Where nothing was taught and there is no class
// to be near to, it is unknown at the greatest distance there is, 2.
type classifyLine struct {
	Path      string     `json:"path"`
	Seq       uint64     `json:"seq"`
	Class     string     `json:"class"`
	Known     bool       `json:"known"`
	Distance  float64    `json:"distance"`
	Threshold float64    `json:"threshold"`
	Margin    float64    `json:"margin"`
	Top       []topClass `json:"top"`
	MS        float64    `json:"ms"`

	Basis support.Basis `json:"basis"`     // what the threshold rests on
	Head  support.Head  `json:"head"`      // what chose the first of top
	Veto  *support.Veto `json:"vetoed_by"` // the picture of nothing that it looks more like; null: none
}

type topClass struct {
	Class    string  `json:"class"`
	Distance float64 `json:"distance"`
	Score    float64 `json:"score"`
}

// topClasses is how many classes a line names at most.
const topClasses = 5

func newClassify(e *env) *cobra.Command {
	var region regionFlag
	c := &cobra.Command{
		Use:   "classify PATH…",
		Short: "Say what pictures show, by what was taught",
		Long: `Classify prints one line for every picture, or every frame of a clip: the class
that it is nearest to, or unknown where nothing taught is near enough or a picture
of nothing (edge teach --nothing) is nearer. ms is the
time for the network and the comparison.`,
		Example: "  edge classify table.jpg\n  edge classify --json belt.avi | jq -r 'select(.known) | .class'",
		Args:    arguments(1, -1, "at least one picture, folder or clip"),
		RunE: func(c *cobra.Command, args []string) error {
			network, err := e.openNetwork()
			if err != nil {
				return err
			}
			set, err := e.readStoreFor(c.Context(), network)
			if err != nil {
				return err
			}
			if set != nil {
				defer set.Close()
				set.Settle()
			}
			if set == nil || set.Len() == 0 {
				e.note("%v, so everything is unknown", errNothingTaught)
			}
			session := network.NewSession(e.threads)
			defer session.Close()
			w := classifier{set: set, session: session, query: make(embed.Embedding, network.Dim())}
			bad := badPictures{e: e}
			p := e.startProgress("classified", true)
			defer p.end()
			done := 0
			err = look(c.Context(), args, camera.Options{}, func(f *camera.Frame) error {
				l, err := w.answer(f, embed.Region(region))
				if err != nil {
					return bad.tell(f.Path, pathError(f.Path, err))
				}
				done++
				p.step(done, 0)
				return e.line(l, "%s", l.text())
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

// classifier answers for one frame after the other.
type classifier struct {
	set     *support.Set // nil: nothing taught
	session *embed.Session
	query   embed.Embedding
	ranking []support.Prediction
}

func (w *classifier) answer(f *camera.Frame, r embed.Region) (classifyLine, error) {
	start := time.Now()
	if err := w.session.Embed(w.query, app.Picture(f), r); err != nil {
		return classifyLine{}, err
	}
	a := support.Answer{Class: support.Unknown, Distance: 2}
	if w.set != nil {
		a, w.ranking = w.set.Answer(w.ranking, w.query)
	}
	l := classifyLine{
		Path: f.Path, Seq: f.Seq, Class: a.Class, Known: a.Known, Distance: a.Distance, Threshold: a.Threshold, Margin: a.Margin,
		Top: []topClass{}, MS: milliseconds(time.Since(start)), Basis: a.Basis, Head: a.Head, Veto: a.Veto.OrNil(),
	}
	for _, p := range w.ranking[:min(len(w.ranking), topClasses)] {
		l.Top = append(l.Top, topClass{p.Class, p.Distance, p.Score})
	}
	return l, nil
}

func (l *classifyLine) text() string {
	where := place(l.Path, l.Seq)
	switch {
	case len(l.Top) == 0:
		return where + ": unknown"
	case l.Veto != nil:
		return fmt.Sprintf("%s: unknown (nearest %s, distance %.3f, threshold %.3f, but more like picture %d, which is nothing)", where, l.Top[0].Class, l.Distance, l.Threshold, l.Veto.Negative)
	case !l.Known:
		return fmt.Sprintf("%s: unknown (nearest %s, distance %.3f, threshold %.3f)", where, l.Top[0].Class, l.Distance, l.Threshold)
	}
	return fmt.Sprintf("%s: %s (distance %.3f, threshold %.3f)", where, l.Class, l.Distance, l.Threshold)
}

// milliseconds with microseconds behind the point.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
