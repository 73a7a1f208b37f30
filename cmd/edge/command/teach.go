package command

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// teachLine is what became of one picture. It is printed when the shot is
// durable and not before.
type teachLine struct {
	Class    string `json:"class"` // empty: see Nothing
	Shot     uint64 `json:"shot"`  // its ID; 0 where it was refused
	Path     string `json:"path"`
	Seq      uint64 `json:"seq"`
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason"`
	Shots    int    `json:"shots"` // that the class now has, or pictures that are nothing

	Nothing bool `json:"nothing,omitempty"` // it is of no class
}

// lesson is a class and where its pictures are; without a class they are nothing.
type lesson struct {
	class string
	paths []string
}

type teachOptions struct {
	from    string
	shots   int
	seed    uint64
	noGate  bool
	nothing bool
	region  regionFlag
}

func newTeach(e *env) *cobra.Command {
	var o teachOptions
	c := &cobra.Command{
		Use:   "teach CLASS PATH… | teach --from DIR | teach --nothing PATH…",
		Short: "Teach a class by pictures, or many by a folder of folders",
		Long: `Teach makes a shot of every picture: of the named class, or, with --from, of the
class that each folder in DIR is named after. A picture that shows nothing (too
dark, too bright, one colour, there already) is refused with the reason. Every
line is printed when its shot is safe from a power cut. At the end it says which
shot looks more like another class, which two classes are hard to tell apart and
which shots are nearly one picture, so that they count as one.

With --nothing the pictures are of no class: what looks more like one of them than
like any shot of a class is unknown, however near it is. That is for things which
are taken for what they are not. It says which shots such a picture would take from
their class.

Exit code 1 if a picture was refused, 5 if one could not be read; the others are
taught all the same.`,
		Example: "  edge teach cup photos/cup-*.jpg\n  edge teach --from photos --shots 5\n  edge teach --nothing empty-table.jpg",
		Args:    cobra.ArbitraryArgs, // how many depends on --from
		RunE: func(c *cobra.Command, args []string) error {
			lessons, err := o.lessons(args)
			if err != nil {
				return err
			}
			return e.teach(c.Context(), lessons, &o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "", "folder that holds a folder of pictures for every class")
	count(f, &o.shots, "shots", 0, 0, 1_000_000, "teach at most this many pictures of each class, drawn by --seed; 0 for all")
	f.Uint64Var(&o.seed, "seed", 1, "which pictures --shots draws")
	f.BoolVar(&o.nothing, "nothing", false, "the pictures show nothing that was taught")
	f.BoolVar(&o.noGate, "no-gate", false, "take every picture, whatever it shows")
	regionVar(f, &o.region)
	return c
}

// lessons says what is to be taught.
func (o *teachOptions) lessons(args []string) ([]lesson, error) {
	var lessons []lesson
	switch {
	case o.nothing && o.from != "":
		return nil, usagef("edge teach --nothing "+o.from, "teach: wants either --from or --nothing")
	case o.nothing && len(args) == 0:
		return nil, usagef("edge teach --nothing table.jpg", "teach: --nothing: wants at least one picture, folder or clip")
	case o.nothing:
		lessons = []lesson{{"", args}}
	case o.from == "" && len(args) < 2:
		return nil, usagef("edge teach cup cup*.jpg, or edge teach --from DIR with a folder for every class", "teach: wants a class and at least one picture, folder or clip")
	case o.from == "":
		lessons = []lesson{{args[0], args[1:]}}
	case len(args) > 0:
		return nil, usagef("with --from the folders' names are the classes", "teach: %q: wants either --from or a class and pictures", args[0])
	default:
		entries, err := os.ReadDir(o.from)
		if err != nil {
			return nil, coded(exitCamera, err, "--from names a folder with a folder for every class")
		}
		for _, d := range entries {
			path := filepath.Join(o.from, d.Name())
			// A link to a folder is as good as the folder.
			if i, err := os.Stat(path); err != nil || !i.IsDir() || strings.HasPrefix(d.Name(), ".") {
				continue
			}
			lessons = append(lessons, lesson{d.Name(), []string{path}})
		}
		if len(lessons) == 0 {
			return nil, coded(exitCamera, fmt.Errorf("%s: holds no folders", o.from), "--from names a folder with a folder for every class")
		}
	}
	for _, l := range lessons {
		if err := support.CheckName(l.class); err != nil && !o.nothing {
			return nil, err
		}
		for _, p := range l.paths {
			if camera.Live(p) && o.shots == 0 {
				return nil, usagef("say how many: --shots 5", "teach: %s: a camera never ends", p)
			}
		}
	}
	return lessons, nil
}

func (e *env) teach(ctx context.Context, lessons []lesson, o *teachOptions) (err error) {
	network, err := e.openNetwork()
	if err != nil {
		return err
	}
	set, err := e.storeFor(ctx, network)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := set.Close(); err == nil {
			err = coded(exitStore, cerr, "")
		}
	}()
	session := network.NewSession(e.threads)
	defer session.Close()
	t := teacher{e: e, o: o, set: set, session: session, side: network.Input().Height, embedding: make(embed.Embedding, network.Dim()), hints: map[string]bool{}}
	t.progress = e.startProgress("taught", true)
	defer t.progress.end()
	for _, l := range lessons {
		if err := t.teach(ctx, l); err != nil {
			return err
		}
	}
	t.progress.end()
	if err := t.advise(lessons); err != nil {
		return err
	}
	switch {
	case t.unreadable > 0:
		return coded(exitCamera, fmt.Errorf("%w: %d unreadable", errReported, t.unreadable), "")
	case t.refused > 0:
		return coded(exitFailed, fmt.Errorf("%w: %d refused", errReported, t.refused), "")
	}
	return nil
}

// teacher makes shots of frames.
type teacher struct {
	e         *env
	o         *teachOptions
	set       *support.Set
	session   *embed.Session
	side      int
	embedding embed.Embedding
	progress  *progress

	accepted, refused, unreadable int
	hints                         map[string]bool // that were given
}

func (t *teacher) teach(ctx context.Context, l lesson) error {
	live := slices.DeleteFunc(slices.Clone(l.paths), func(p string) bool { return !camera.Live(p) })
	l.paths = expand(slices.DeleteFunc(slices.Clone(l.paths), camera.Live))
	var wanted map[frameKey]bool
	if t.o.shots > 0 {
		var err error
		if l.paths, wanted, err = draw(ctx, l, t.o.shots, t.o.seed); err != nil {
			return err
		}
	}
	err := t.look(ctx, l.class, l.paths, func(f *camera.Frame) error {
		if wanted != nil && !wanted[frameKey{f.Path, f.Seq}] {
			return nil
		}
		return t.shoot(f, l.class)
	})
	if err != nil {
		return err
	}
	for _, c := range live {
		enough := t.accepted + t.o.shots
		err := t.look(ctx, l.class, []string{c}, func(f *camera.Frame) error {
			if err := t.shoot(f, l.class); err != nil {
				return err
			}
			if t.accepted >= enough {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	return nil
}

// errEnough ends the look through a camera.
var errEnough = errors.New("enough shots")

// look visits frames; one that cannot be read is a refused shot.
func (t *teacher) look(ctx context.Context, class string, paths []string, visit func(*camera.Frame) error) error {
	return look(ctx, paths, camera.Options{}, visit, func(path string, err error) error {
		t.unreadable++
		if err := t.tell(teachLine{Class: class, Path: path, Reason: reasonOf(path, err)}); err != nil {
			return err
		}
		// One hint will do for a folder of pictures that are broken in one way.
		if _, hint := diagnose(err); hint != "" && !t.hints[hint] {
			t.hints[hint] = true
			fmt.Fprintf(t.e.stderr, "hint: %s\n", oneLine(hint))
		}
		return nil
	})
}

// reasonOf is err without the path, which the line has anyway.
func reasonOf(path string, err error) string {
	text := err.Error()
	if rest, ok := strings.CutSuffix(text, ": "+path); ok {
		return oneLine(rest)
	}
	return oneLine(strings.Replace(text, ": "+path+": ", ": ", 1))
}

func (t *teacher) shoot(f *camera.Frame, class string) error {
	l, err := t.shot(f, class)
	if err != nil {
		return err
	}
	return t.tell(l)
}

func (t *teacher) tell(l teachLine) error {
	what := l.Class
	if l.Nothing = t.o.nothing; l.Nothing {
		l.Shots, what = len(t.set.Negatives()), nothing
	} else {
		l.Shots = len(t.set.Shots(l.Class))
	}
	if l.Accepted {
		t.accepted++
		t.progress.step(t.accepted, 0)
		return t.e.line(l, "%s: %s %d, from %s", what, map[bool]string{false: "shot", true: "picture"}[l.Nothing], l.Shots, place(l.Path, l.Seq))
	}
	return t.e.line(l, "%s: refused, %s: %s", what, place(l.Path, l.Seq), l.Reason)
}

// advise says what should be known of the classes that were taught.
func (t *teacher) advise(lessons []lesson) error {
	if t.accepted == 0 {
		return nil
	}
	var classes []string
	for _, l := range lessons {
		classes = append(classes, l.class)
	}
	t.set.Settle()
	all := about(t.set.Advice(), classes)
	if t.o.nothing {
		all = slices.DeleteFunc(t.set.Advice(), func(a support.Advice) bool { return a.Kind != support.Denied })
	}
	if !t.e.json {
		t.e.advise(all)
		return nil
	}
	for _, a := range all {
		if err := t.e.line(newAdviceLine(a), ""); err != nil {
			return err
		}
	}
	return nil
}

// place names a picture, or a frame of a clip.
func place(path string, seq uint64) string {
	if seq == 0 || camera.IsPicture(path) {
		return path
	}
	return fmt.Sprintf("%s, frame %d", path, seq)
}

// shot teaches one frame. A refusal is in the line; an error is the store's.
func (t *teacher) shot(f *camera.Frame, class string) (teachLine, error) {
	l := teachLine{Class: class, Path: f.Path, Seq: f.Seq}
	region := embed.Region(t.o.region)
	if err := t.session.Embed(t.embedding, app.Picture(f), region); err != nil {
		t.unreadable++
		l.Reason = reasonOf(f.Path, err)
		return l, nil
	}
	quality, reason := app.Gate(t.session.Pixels(), t.side)
	if !t.o.noGate {
		if reason == "" {
			reason = t.twin(class)
		}
		if reason != "" {
			t.refused++
			l.Reason = reason
			return l, nil
		}
	}
	crop, err := app.Crop(f, region)
	if err != nil {
		return l, pathError(f.Path, err)
	}
	// A class is as old as its teaching, not as its photographs.
	source, now := place(f.Path, f.Seq), time.Now()
	var shot support.Shot
	if t.o.nothing {
		shot, err = t.set.AddNegative(t.embedding, crop, source, now, quality)
	} else {
		shot, err = t.set.AddMeasured(class, t.embedding, crop, source, now, quality)
	}
	if errors.Is(err, support.ErrShot) {
		t.refused++
		l.Reason = oneLine(err.Error())
		return l, nil
	}
	if err != nil {
		return l, coded(exitStore, fmt.Errorf("%s: not taught: %w", place(f.Path, f.Seq), err), "")
	}
	l.Shot, l.Accepted = shot.ID, true
	return l, nil
}

// nothing is how people see pictures of no class called. The name of a class may
// be the same; where that matters, as in JSON, their class is empty.
const nothing = "(nothing)"

// twin says whether the class has a shot that the network cannot tell from
// this picture, which then teaches nothing.
func (t *teacher) twin(class string) (reason string) {
	taught := t.set.Negatives
	if !t.o.nothing {
		taught = func() []support.Shot { return t.set.Shots(class) }
	}
	for _, s := range taught() {
		if slices.Equal(s.Embedding, t.embedding) {
			return fmt.Sprintf("the same picture as shot %d", s.ID)
		}
	}
	return ""
}

// frameKey names a frame of a file.
type frameKey struct {
	path string
	seq  uint64
}

// draw picks n of the files' pictures and frames at random, by the seed and
// the class, the same ones wherever it runs. It returns the paths that are
// needed for them, and those that could not be read, which teaching tells of.
func draw(ctx context.Context, l lesson, n int, seed uint64) (paths []string, wanted map[frameKey]bool, err error) {
	var all []frameKey
	needed := map[string]bool{}
	for _, p := range l.paths {
		paths = append(paths, p)
		if camera.IsPicture(p) {
			all = append(all, frameKey{p, 0})
			continue
		}
		// How many frames a clip has is known when it has been read.
		err := look(ctx, []string{p}, camera.Options{}, func(f *camera.Frame) error {
			all = append(all, frameKey{f.Path, f.Seq})
			return nil
		}, func(path string, _ error) error {
			needed[path] = true
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	h := fnv.New64a()
	h.Write([]byte(l.class)) // a hash never fails
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	wanted = map[frameKey]bool{}
	for _, k := range all[:min(n, len(all))] {
		wanted[k], needed[k.path] = true, true
	}
	return slices.DeleteFunc(paths, func(p string) bool { return !needed[p] }), wanted, nil
}

// expand replaces folders by the pictures in them, so that a line can name
// each and none need be decoded to count them. A folder without any stays, for
// whoever opens it to say so.
func expand(paths []string) []string {
	var files []string
	for _, p := range paths {
		entries, err := os.ReadDir(p)
		before := len(files)
		if err == nil {
			for _, d := range entries {
				if camera.IsPicture(d.Name()) && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
					files = append(files, filepath.Join(p, d.Name()))
				}
			}
		}
		if len(files) == before {
			files = append(files, p)
		}
	}
	return files
}
