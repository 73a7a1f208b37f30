package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
	"github.com/edge-camera/edge/support/bundle"
)

type importOptions struct {
	replace  bool
	conflict string
	rename   []string
}

func newImport(e *env) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import FILE.zip [CLASS…]",
		Short: "Take over classes that edge export packed",
		Long: `Import adds the classes of a file that edge export wrote, or some of them. Shots that
are there already are not added twice. A class whose name is taken is merged, or,
by --on-conflict, renamed (cup 2), skipped, or replaced. Shots of another model are
looked at anew by this one.

The whole file is checked before anything is changed. After that every shot that is
added is safe from a power cut, and an import that was cut short is finished by the
same command. With --replace a class keeps its old shots until all of the new ones
are safe. Every change can be taken back with edge undo, one shot after the other.`,
		Example: "  edge import kitchen.zip\n  edge import kitchen.zip cup --rename cup=mug\n  edge import kitchen.zip --replace",
		Args:    arguments(1, -1, "a zip file that edge export wrote, then classes"),
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c.Context(), e, args[0], args[1:])
		},
	}
	f := c.Flags()
	f.BoolVar(&o.replace, "replace", false, "a class of the same name loses the shots that the file has not, as --on-conflict replace")
	f.StringVar(&o.conflict, "on-conflict", string(bundle.Merge), "what to do with a class whose name is taken: "+conflicts())
	f.StringSliceVar(&o.rename, "rename", nil, "CLASS=NEW: import a class under another name; several with commas")
	return c
}

func conflicts() string {
	var names []string
	for _, c := range bundle.Conflicts() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// choices turns the flags into options.
func (o *importOptions) choices() (opt bundle.ImportOptions, err error) {
	opt.Conflict = bundle.Conflict(o.conflict)
	if o.replace {
		if opt.Conflict != bundle.Merge && opt.Conflict != bundle.Replace {
			return opt, usagef("leave one of them out", "import: --replace: not together with --on-conflict %s", o.conflict)
		}
		opt.Conflict = bundle.Replace
	}
	known := false
	for _, c := range bundle.Conflicts() {
		known = known || c == opt.Conflict
	}
	if !known {
		return opt, usagef("one of "+conflicts(), "import: --on-conflict: bad value %q", o.conflict)
	}
	opt.Names = map[string]string{}
	for _, r := range o.rename {
		from, to, ok := strings.Cut(r, "=")
		if !ok {
			return opt, usagef("--rename cup=mug", "import: --rename: bad value %q: want CLASS=NEW", r)
		}
		if err := support.CheckName(to); err != nil {
			return opt, coded(exitUsage, fmt.Errorf("--rename: %w", err), "")
		}
		opt.Names[from] = to
	}
	return opt, nil
}

func (o *importOptions) run(ctx context.Context, e *env, path string, classes []string) (err error) {
	opt, err := o.choices()
	if err != nil {
		return err
	}
	if len(classes) > 0 {
		opt.Classes = classes
	}
	file, err := os.Open(path)
	if err != nil {
		return coded(exitFailed, fmt.Errorf("import: %w", err), "check the path; edge export writes such a file")
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return bundleError(path, fmt.Errorf("%w: not a regular file", bundle.ErrCorrupt))
	}
	b, err := bundle.Open(file, info.Size())
	if err != nil {
		return bundleError(path, err)
	}

	network, err := e.openNetwork()
	if err != nil {
		return err
	}
	set, err := e.storeFor(ctx, network)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, coded(exitStore, set.Close(), "")) }()
	session := network.NewSession(e.threads)
	defer session.Close()

	progress := e.startProgress("looked at", false)
	defer progress.end()
	var frame camera.Frame
	left := 0
	opt.Fingerprint, opt.Dim = network.Fingerprint(), network.Dim()
	opt.Progress = progress.step
	opt.Look = func(crop []byte) error { return camera.DecodePicture(crop, &frame) }
	opt.Embed = func(crop []byte) (embed.Embedding, error) {
		if err := camera.DecodePicture(crop, &frame); err != nil {
			return nil, err
		}
		v := make(embed.Embedding, network.Dim())
		return v, session.Embed(v, app.Picture(&frame), embed.Region{})
	}
	opt.Done = func(r bundle.Result) error {
		progress.end()
		for _, id := range r.Left {
			left++
			e.problem(coded(exitFailed, fmt.Errorf("%s: shot %d of %s has no picture and is of another model: not imported", path, id, r.From), ""))
		}
		return e.line(r, "%s", importText(r))
	}
	results, err := b.Import(ctx, set, opt)
	progress.end()
	if err != nil {
		if n := len(results); n > 0 && results[n-1].Added+results[n-1].Removed > 0 {
			e.note("some of %s is there; the same command goes on with it", results[n-1].Class)
		}
		return bundleError(path, err)
	}
	if left > 0 {
		return coded(exitFailed, errReported, "")
	}
	return nil
}

// bundleError says which file is bad; errors of store and system know by
// themselves.
func bundleError(path string, err error) error {
	switch {
	case errors.Is(err, bundle.ErrVersion):
		return coded(exitStore, pathError(path, err), "this file was written by a newer edge; update edge")
	case errors.Is(err, bundle.ErrCorrupt), errors.Is(err, bundle.ErrLimit):
		return coded(exitStore, pathError(path, err), "nothing was changed; export it again, and copy it again")
	case errors.Is(err, bundle.ErrNotFound):
		return coded(exitFailed, pathError(path, err), "unzip -l lists what it holds")
	case errors.Is(err, bundle.ErrImport):
		return coded(exitUsage, err, "edge import --help shows what --rename and --on-conflict do")
	}
	return err
}

func importText(r bundle.Result) string {
	name := r.Class
	if r.From != r.Class {
		name += " (" + r.From + " in the file)"
	}
	if r.Skipped {
		return name + ": is there already, skipped"
	}
	text := fmt.Sprintf("%s: %s added", name, shots(r.Added))
	if r.Reembed > 0 {
		text += fmt.Sprintf(", %d of them looked at anew by this model", r.Reembed)
	}
	if r.Present > 0 {
		text += fmt.Sprintf(", %d there already", r.Present)
	}
	if r.Removed > 0 {
		text += fmt.Sprintf(", %d removed", r.Removed)
	}
	return fmt.Sprintf("%s; it has %s", text, shots(r.Shots))
}
