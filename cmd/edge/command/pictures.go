package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/edge-camera/edge/camera"
)

// look opens each path in turn and visits its frames; the frame is valid
// during the visit only. What cannot be opened or decoded is handed to bad with
// its path, and look goes on with what follows. An error of visit or bad, or
// the end of ctx, ends it.
func look(ctx context.Context, paths []string, opt camera.Options, visit func(*camera.Frame) error, bad func(path string, err error) error) error {
	var f camera.Frame
	for _, path := range paths {
		src, err := camera.Open(path, opt)
		if err != nil {
			if err := bad(path, err); err != nil {
				return err
			}
			continue
		}
		if camera.Live(path) {
			src = camera.Newest(src)
		}
		err = drain(ctx, src, &f, visit, bad)
		if cerr := src.Close(); err == nil && cerr != nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func drain(ctx context.Context, src camera.Source, f *camera.Frame, visit func(*camera.Frame) error, bad func(path string, err error) error) error {
	for {
		err := src.Next(ctx, f)
		switch {
		case err == nil:
			if f.Path == "" {
				f.Path = src.String()
			}
			if err := visit(f); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			if err := bad(src.String(), err); err != nil {
				return err
			}
			if !errors.Is(err, camera.ErrBadPicture) {
				return nil
			}
		}
	}
}

// badPictures counts what could not be read and tells people.
type badPictures struct {
	e     *env
	count int
}

func (b *badPictures) tell(_ string, err error) error {
	b.count++
	b.e.problem(coded(exitCamera, err, ""))
	return nil
}

// err is nil when everything could be read.
func (b *badPictures) err() error {
	if b.count == 0 {
		return nil
	}
	return coded(exitCamera, errReported, "")
}

// pathError puts the path before an error that does not know it.
func pathError(path string, err error) error { return fmt.Errorf("%s: %w", path, err) }
