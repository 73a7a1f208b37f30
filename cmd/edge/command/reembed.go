package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// reembedLine says what became of a store that another model had taught.
type reembedLine struct {
	Event       string            `json:"event"`
	Model       string            `json:"model"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Shots       int               `json:"shots"` // looked at anew, those that an undo brings back among them
	Aside       int               `json:"aside"` // of them, those of which the model can make nothing
}

// asideLine is a shot of which a model can make nothing.
type asideLine struct {
	Event  string `json:"event"`
	ID     uint64 `json:"id"`
	Class  string `json:"class"`
	Reason string `json:"reason"`
}

func (l *asideLine) text() string {
	if l.Class == "" {
		return fmt.Sprintf("picture %d of nothing is left out of this model's answers: %s", l.ID, l.Reason)
	}
	return fmt.Sprintf("shot %d of %s is left out of this model's answers: %s", l.ID, l.Class, l.Reason)
}

func newReembed(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "reembed",
		Short: "Make what was taught fit another model",
		Long: `Reembed lets the model look at the picture of every shot that another model was
taught with. edge run, teach and classify do so by themselves; this does it ahead of
time, say before the service is restarted with a new model.

What the model before made of the shots is kept, so going back is using that model
again. After a power cut the same command goes on where it was. A shot that has no
picture stays in its class and is left out of the new model's answers; each is named.`,
		Example: "  edge reembed --model efficientnet-lite0-160",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			network, err := e.openNetwork()
			if err != nil {
				return err
			}
			// A mistyped --store makes no new store.
			set, err := e.readStore(embed.Fingerprint{}, 0)
			if err != nil {
				return err
			}
			if set == nil {
				return errNothingTaught
			}
			of := len(set.Lacking(network.Fingerprint()))
			if err := set.Close(); err != nil {
				return err
			}
			l := reembedLine{Event: "reembed", Model: network.Model().Meta.Name, Fingerprint: network.Fingerprint(), Shots: of}
			if of > 0 {
				set, err := e.refit(c.Context(), network, func(a *asideLine) error {
					l.Aside++
					return e.line(a, "%s", a.text())
				})
				if err != nil {
					return err
				}
				if err := coded(exitStore, set.Close(), ""); err != nil {
					return err
				}
			}
			if of == 0 {
				return e.line(l, "everything that was taught fits %s (%s) already", l.Model, l.Fingerprint.Short())
			}
			return e.line(l, "%s now fit %s (%s)", shots(of-l.Aside), l.Model, l.Fingerprint.Short())
		},
	}
}

// storeFor is openStore for a network that need not be the one that was taught:
// then what was taught is made to fit it first.
func (e *env) storeFor(ctx context.Context, n *embed.Network) (*support.Set, error) {
	set, err := e.openStore(n.Fingerprint(), n.Dim())
	if errors.Is(err, support.ErrModelMismatch) {
		return e.refit(ctx, n, e.tellAside)
	}
	return set, err
}

// readStoreFor is readStore likewise. Only where something has to be made to fit
// is the store written to.
func (e *env) readStoreFor(ctx context.Context, n *embed.Network) (*support.Set, error) {
	set, err := e.readStore(n.Fingerprint(), n.Dim())
	if !errors.Is(err, support.ErrModelMismatch) {
		return set, err
	}
	if set, err = e.refit(ctx, n, e.tellAside); err != nil {
		return nil, err
	}
	if err := set.Close(); err != nil {
		return nil, coded(exitStore, err, "")
	}
	return e.readStore(n.Fingerprint(), n.Dim())
}

func (e *env) tellAside(a *asideLine) error {
	e.note("%s", a.text())
	return nil
}

// refit opens the store, lets the network look at the pictures of the shots that
// lack its embedding and returns the store, open for it. aside is called with
// every shot of which the network can make nothing.
func (e *env) refit(ctx context.Context, n *embed.Network, aside func(*asideLine) error) (_ *support.Set, err error) {
	dir, err := e.storeDir()
	if err != nil {
		return nil, err
	}
	set, err := support.Open(dir, support.Options{Fingerprint: n.Fingerprint(), Dim: n.Dim(), Partial: true})
	if err != nil {
		return nil, coded(exitStore, err, "")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, set.Close())
		}
	}()
	lacking, err := fittable(set, n.Fingerprint())
	if err != nil {
		return nil, err
	}
	e.note("%s taught with another model; %s (%s) looks at their pictures first", number(lacking, "shot was", "shots were"), n.Model().Meta.Name, n.Fingerprint().Short())
	session := n.NewSession(e.threads)
	defer session.Close()
	p := e.startProgress("looked at", false)
	defer p.end()
	left, err := app.Reembed(ctx, set, session, n.Fingerprint(), n.Dim(), p.step)
	p.end()
	if err != nil {
		return nil, coded(exitStore, err, "")
	}
	for _, a := range left {
		if err := aside(&asideLine{"aside", a.Shot.ID, a.Shot.Class, a.Reason}); err != nil {
			return nil, err
		}
	}
	return set, coded(exitStore, set.Use(n.Fingerprint(), n.Dim()), "")
}

// fittable returns how many shots lack an embedding of a network, and an error
// where it could make one of none of them.
func fittable(set *support.Set, f embed.Fingerprint) (int, error) {
	lacking := set.Lacking(f)
	for _, s := range lacking {
		if _, err := set.Crop(s.ID); err == nil {
			return len(lacking), nil
		}
	}
	if len(lacking) == 0 {
		return 0, nil
	}
	return 0, coded(exitStore, fmt.Errorf("%w: %s: %s taught with model %s, and no picture is there that model %s could look at", support.ErrModelMismatch,
		set.Dir(), number(len(lacking), "shot was", "shots were"), lacking[0].Fingerprint.Short(), f.Short()), "use the model that taught it (--model), or teach into another folder (--store)")
}
