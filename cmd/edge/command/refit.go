package command

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
	"github.com/edge-camera/edge/support"
)

// refitting lets a new model look at what another was taught, while the live
// loop goes on.
type refitting struct {
	e       *env
	set     *support.Set
	network *embed.Network
	old     *embed.Network // answers meanwhile; nil: nothing does

	session *embed.Session // of network, for the loop
	swaps   chan app.Swap
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// openRefitting opens the store of another model than n's: for the model that
// it was taught with, where that is at hand, else for n, without answers for
// now.
func (e *env) openRefitting(n *embed.Network, oldModel string) (*refitting, error) {
	f := n.Fingerprint()
	set, err := e.readStore(embed.Fingerprint{}, 0)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return nil, errNothingTaught // it was there a moment ago
	}
	lacking, err := fittable(set, f)
	known := set.Networks()
	if err = errors.Join(err, set.Close()); err != nil {
		return nil, err
	}
	r := &refitting{e: e, network: n, swaps: make(chan app.Swap)}
	if r.old, err = modelOf(known, oldModel); err != nil {
		return nil, err
	}
	name := n.Model().Meta.Name
	taught := number(lacking, "shot was", "shots were")
	if r.old != nil {
		if r.set, err = e.openStore(r.old.Fingerprint(), r.old.Dim()); err != nil {
			return nil, err
		}
		e.note("%s taught with %s, which answers until %s has looked at them", taught, r.old.Model().Meta.Name, name)
		return r, nil
	}
	dir, err := e.storeDir()
	if err != nil {
		return nil, err
	}
	if r.set, err = support.Open(dir, support.Options{Fingerprint: f, Dim: n.Dim(), Partial: true}); err != nil {
		return nil, coded(exitStore, err, "")
	}
	e.note("%s taught with a model that is not at hand (--old-model names it): everything is unknown until %s has looked at them", taught, name)
	return r, nil
}

// modelOf returns the network of one of the fingerprints, from the model that a
// person named or the shipped ones; nil if it is none of them.
func modelOf(fingerprints []embed.Fingerprint, named string) (*embed.Network, error) {
	names := models.Names()
	if named != "" {
		names = []string{named}
	}
	for _, name := range names {
		m, err := loadModel(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(fingerprints, m.Fingerprint()) {
			n, err := embed.NewNetwork(m)
			return n, coded(exitModel, err, "")
		}
	}
	if named != "" {
		return nil, usagef("leave it out, or name the model that was there before", "run: --old-model %s: not the model that the store was taught with", named)
	}
	return nil, nil
}

// live is the network for the loop to begin with.
func (r *refitting) live() *embed.Network {
	if r.old != nil {
		return r.old
	}
	return r.network
}

// start begins to look at the shots. The loop has to take what comes on r.swaps
// until stop is called.
func (r *refitting) start(ctx context.Context, notices chan<- app.Event) {
	ctx, r.cancel = context.WithCancel(ctx)
	r.session = r.network.NewSession(r.e.threads)
	r.done.Go(func() {
		// One thread: the others are the loop's.
		session := r.network.NewSession(1)
		defer session.Close()
		err := r.work(ctx, session, notices)
		if err != nil && ctx.Err() == nil {
			r.tell(ctx, notices, app.ErrorEvent(err))
		}
	})
}

// stop ends the work, which goes on with the next start of edge.
func (r *refitting) stop() {
	r.cancel()
	r.done.Wait()
	r.session.Close()
}

func (r *refitting) tell(ctx context.Context, notices chan<- app.Event, e app.Event) {
	e.Time = time.Now()
	select {
	case notices <- e:
	case <-ctx.Done():
	}
}

// looksEvery is how often people hear how far a model is.
const looksEvery = 2 * time.Second

func (r *refitting) work(ctx context.Context, session *embed.Session, notices chan<- app.Event) error {
	f, dim := r.network.Fingerprint(), r.network.Dim()
	e := app.Event{Kind: app.EventModel, Model: r.network.Model().Meta.Name}
	var told time.Time
	progress := func(done, of int) {
		e.State, e.Done, e.Total = app.ModelLooks, done, of
		if time.Since(told) >= looksEvery {
			told = time.Now()
			r.tell(ctx, notices, e)
		}
	}
	for {
		aside, err := app.Reembed(ctx, r.set, session, f, dim, progress)
		if err != nil {
			return err
		}
		for _, a := range aside {
			e.Aside = append(e.Aside, a.Shot.ID)
		}
		ready := make(chan error, 1)
		swap := app.Swap{Session: r.session, Side: r.network.Input().Height, Dim: dim, Ready: func() error {
			err := r.set.Use(f, dim)
			ready <- err
			return err
		}}
		select {
		case r.swaps <- swap:
		case <-ctx.Done():
			return ctx.Err()
		}
		err = <-ready
		// A shot may have been taught between the last look and the swap.
		if errors.Is(err, support.ErrModelMismatch) {
			continue
		}
		if err != nil {
			return err
		}
		e.State = app.ModelReady
		r.tell(ctx, notices, e)
		return nil
	}
}
