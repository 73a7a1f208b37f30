package command

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
	"github.com/edge-camera/edge/support"
	"github.com/edge-camera/edge/support/bundle"
)

// bundleLine tells of a bundle that was written.
type bundleLine struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Classes int    `json:"classes"`
	Shots   int    `json:"shots"`
}

func newExport(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE.zip [CLASS…]",
		Short: "Pack what was taught into a zip file, for another device or to keep",
		Long: `Export packs classes, or all of them, into a zip: the pictures in a folder for each
class, what the network made of them, and a manifest.json that says what is what.
Another device takes it with edge import; unpacked, edge teach --from takes it too.
Pictures of nothing stay here. Equal content makes equal files. A file of that name is replaced when the new one
is whole.`,
		Example: "  edge export kitchen.zip\n  edge export cups.zip cup mug",
		Args:    arguments(1, -1, "a zip file to write, then classes"),
		RunE: func(_ *cobra.Command, args []string) error {
			return e.export(args[0], args[1:])
		},
	}
}

func (e *env) export(path string, classes []string) error {
	set, err := e.readStore(embed.Fingerprint{}, 0)
	if err != nil {
		return err
	}
	if set == nil || set.Len() == 0 {
		if set != nil {
			set.Close()
		}
		return errNothingTaught
	}
	defer set.Close()
	if len(classes) == 0 {
		classes = nil
	}
	p := e.startProgress("packed", false)
	defer p.end()
	damaged := 0
	opt := bundle.Options{
		Classes:  classes,
		Program:  "edge " + readVersion(debug.ReadBuildInfo()).Version,
		Model:    e.modelNames(),
		Progress: p.step,
		Damaged: func(s support.Shot, err error) {
			damaged++
			p.end()
			e.problem(coded(exitStore, fmt.Errorf("shot %d of %s goes without its picture: %w", s.ID, s.Class, err), ""))
		},
	}
	var m *bundle.Manifest
	l := bundleLine{Path: path}
	// Pictures of somebody's home are nobody else's business.
	err = writeTo(path, 0o600, "name a file in a folder that is there and can be written to", func(w io.Writer) (err error) {
		c := &countingWriter{w: w}
		m, err = bundle.Write(c, set, opt)
		l.Bytes = c.n
		return err
	})
	p.end()
	if err != nil {
		if errors.Is(err, bundle.ErrNotFound) {
			return coded(exitFailed, err, "edge classes lists the classes")
		}
		return err
	}
	l.Classes, l.Shots = len(m.Classes), m.Shots()
	if err := e.line(l, "wrote %s: %s, %s", path, number(l.Classes, "class", "classes"), shots(l.Shots)); err != nil {
		return err
	}
	if damaged > 0 {
		return coded(exitStore, errReported, "")
	}
	return nil
}

// modelNames names the models that this edge knows by their fingerprints. They
// are loaded when somebody asks.
func (e *env) modelNames() func(embed.Fingerprint) string {
	var known map[embed.Fingerprint]string
	return func(f embed.Fingerprint) string {
		if known == nil {
			known = map[embed.Fingerprint]string{}
			for _, name := range append(models.Names(), e.model) {
				if m, err := loadModel(name); err == nil {
					known[m.Fingerprint()] = m.Meta.Name
				}
			}
		}
		return known[f]
	}
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
