package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
)

func newCamera(e *env) *cobra.Command {
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the cameras of this board",
		Example: "  edge camera list --json",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return e.listCameras() },
	}
	frames := 0
	probeVerb := &cobra.Command{
		Use:     "probe [SOURCE]",
		Short:   "Open a camera and measure what it delivers",
		Example: "  edge camera probe camera:0",
		Args:    arguments(0, 1, "at most one camera"),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := probe(c.Context(), sourceOf(args), camera.Options{}, frames)
			if err != nil {
				return err
			}
			return e.line(l, "%s: %d×%d %s, %.1f frames a second over %s", l.Source, l.Width, l.Height, l.Format, l.FPS, number(l.Frames, "frame", "frames"))
		},
	}
	count(probeVerb.Flags(), &frames, "frames", 30, 1, 100_000, "how many frames to read")
	var out string
	skip := 0
	snap := &cobra.Command{
		Use:     "snap [SOURCE] -o FILE",
		Short:   "Take one picture with a camera",
		Example: "  edge camera snap camera:0 -o table.jpg",
		Args:    arguments(0, 1, "at most one camera"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.snap(c.Context(), sourceOf(args), out, skip)
		},
	}
	outVar(snap.Flags(), &out, "JPEG or, by its name, PNG file to write")
	count(snap.Flags(), &skip, "skip", 0, 0, 10_000, "frames to let pass first, while the camera finds its exposure")
	return parent("camera", "List cameras, try one, take a picture", "  edge camera list\n  edge camera probe camera:0", list, probeVerb, snap)
}

const defaultCamera = "camera:0"

func sourceOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return defaultCamera
}

type cameraLine struct {
	Camera string `json:"camera"`
	Path   string `json:"path"`
	Name   string `json:"name"`
}

func (e *env) listCameras() error {
	devices, err := camera.List()
	if err != nil {
		return coded(exitCamera, err, "")
	}
	if len(devices) == 0 {
		e.note("no camera found; a clip or a folder works everywhere a camera does")
	}
	for _, d := range devices {
		if err := e.line(cameraLine{d.Spec, d.Path, d.Name}, "%s: %s (%s)", d.Spec, d.Name, d.Path); err != nil {
			return err
		}
	}
	return nil
}

type probeLine struct {
	Source string  `json:"source"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Format string  `json:"format"`
	Frames int     `json:"frames"`
	FPS    float64 `json:"fps"` // measured between the first and the last frame
}

// probe reads at most n frames of a source.
func probe(ctx context.Context, spec string, opt camera.Options, n int) (l probeLine, err error) {
	src, err := camera.Open(spec, opt)
	if err != nil {
		return l, err
	}
	defer func() {
		if cerr := src.Close(); err == nil {
			err = cerr
		}
	}()
	var f camera.Frame
	var first, last time.Time
	l.Source = src.String()
	for l.Frames < n {
		err := src.Next(ctx, &f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, err
		}
		last = time.Now()
		if l.Frames == 0 {
			first = last
		}
		l.Frames++
		l.Width, l.Height, l.Format = f.Width, f.Height, f.Format.String()
	}
	if l.Frames == 0 {
		return l, fmt.Errorf("%s: %w: it holds no picture", l.Source, camera.ErrBadPicture)
	}
	if d := last.Sub(first); d > 0 {
		l.FPS = float64(l.Frames-1) / d.Seconds()
	}
	return l, nil
}

func (e *env) snap(ctx context.Context, spec, out string, skip int) (err error) {
	if out == "" {
		return usagef("-o names the JPEG or PNG file to write", "camera snap: -o: needs a file to write")
	}
	src, err := camera.Open(spec, camera.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := src.Close(); err == nil {
			err = cerr
		}
	}()
	var f camera.Frame
	for i := 0; i <= skip; i++ {
		err := src.Next(ctx, &f)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w: it ended after %s", src, camera.ErrBadPicture, number(i, "frame", "frames"))
		}
		if err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := encodePicture(&b, &f, out); err != nil {
		return pathError(out, err)
	}
	if err := writeFile(out, b.Bytes()); err != nil {
		return err
	}
	return e.line(fileLine{out, int64(b.Len())}, "wrote %s, %d×%d", out, f.Width, f.Height)
}
