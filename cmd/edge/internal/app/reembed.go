package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Taught is a store whose shots another network is to embed; *support.Set is
// one.
type Taught interface {
	Lacking(f embed.Fingerprint) []support.Shot
	Crop(id uint64) ([]byte, error)
	Reembed(f embed.Fingerprint, made []support.Embedded) error
}

// PictureEmbedder turns a picture into an Embedding; *embed.Session is one.
type PictureEmbedder interface {
	Embed(dst embed.Embedding, p embed.Picture, r embed.Region) error
}

// Aside is a shot of which a network can make nothing, and why.
type Aside struct {
	Shot   support.Shot
	Reason string
}

// What is embedded is made durable in batches: of so many shots, or so long a
// time's work, which is what a power cut costs.
const (
	reembedShots = 16
	reembedTime  = 2 * time.Second
)

// Reembed makes the embeddings of network f, dim numbers each, that shots in set
// lack, from their crops, until none lacks one, and returns the shots of which
// it could make nothing. progress may be nil; of counts what was lacking at the
// start and what was taught meanwhile.
//
// After an error, such as that of ctx, what was made so far is kept, and the
// next Reembed goes on with the rest.
func Reembed(ctx context.Context, set Taught, session PictureEmbedder, f embed.Fingerprint, dim int, progress func(done, of int)) ([]Aside, error) {
	r := reembedder{set: set, session: session, fingerprint: f, dim: dim}
	for {
		lacking := set.Lacking(f)
		if len(lacking) == 0 {
			return r.aside, nil
		}
		of := r.done + len(lacking)
		for _, shot := range lacking {
			if progress != nil {
				progress(r.done, of)
			}
			err := ctx.Err()
			if err == nil {
				err = r.add(shot)
			}
			if err != nil {
				return r.aside, errors.Join(err, r.flush())
			}
		}
		if err := r.flush(); err != nil {
			return r.aside, err
		}
		if progress != nil {
			progress(r.done, of)
		}
	}
}

type reembedder struct {
	set         Taught
	session     PictureEmbedder
	fingerprint embed.Fingerprint
	dim         int

	frame camera.Frame
	batch []support.Embedded
	since time.Time // when the batch was begun
	done  int
	aside []Aside
}

// add embeds a shot; the error is the store's.
func (r *reembedder) add(shot support.Shot) error {
	e, reason, err := r.embed(shot.ID)
	if err != nil {
		return fmt.Errorf("shot %d: %w", shot.ID, err)
	}
	if e == nil {
		r.aside = append(r.aside, Aside{shot, reason})
	}
	if len(r.batch) == 0 {
		r.since = time.Now()
	}
	r.batch = append(r.batch, support.Embedded{Shot: shot.ID, Embedding: e})
	r.done++
	if len(r.batch) == reembedShots || time.Since(r.since) >= reembedTime {
		return r.flush()
	}
	return nil
}

// embed returns nil and the reason where nothing can be made of a shot.
func (r *reembedder) embed(id uint64) (e embed.Embedding, reason string, err error) {
	crop, err := r.set.Crop(id)
	switch {
	case errors.Is(err, support.ErrNotFound):
		return nil, "it has no picture", nil
	case errors.Is(err, support.ErrCorrupt):
		return nil, "its picture is damaged", nil
	case err != nil:
		return nil, "", err
	}
	if err := camera.DecodePicture(crop, &r.frame); err != nil {
		return nil, "its picture cannot be read", nil
	}
	e = make(embed.Embedding, r.dim)
	if err := r.session.Embed(e, Picture(&r.frame), embed.Region{}); err != nil {
		return nil, "", err
	}
	var sum float64
	for _, v := range e {
		sum += float64(v) * float64(v)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, "the model sees nothing in its picture", nil
	}
	return e, "", nil
}

func (r *reembedder) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch = nil
	return r.set.Reembed(r.fingerprint, batch)
}
