package bundle

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Store is where Import puts shots; *support.Set is one.
type Store interface {
	Source
	AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error)
	Remove(id uint64) error
}

// Conflict says what to do with a class whose name the store has already.
type Conflict string

// What to do with a class that is there.
const (
	Merge   Conflict = "merge"   // add the shots that it lacks
	Rename  Conflict = "rename"  // make a class of another name: "cup 2"
	Skip    Conflict = "skip"    // leave it as it is
	Replace Conflict = "replace" // make the bundle's shots its only ones
)

// Conflicts lists what there is to choose from, the default first.
func Conflicts() []Conflict { return []Conflict{Merge, Rename, Skip, Replace} }

// ErrImport: what was asked for cannot be.
var ErrImport = errors.New("cannot import")

// ImportOptions are the choices of Import. Fingerprint, Dim, Look and Embed must
// be given.
type ImportOptions struct {
	Classes  []string          // of the bundle; nil: all
	Names    map[string]string // classes that get another name
	Conflict Conflict          // "": Merge

	// The network that the store is for: embeddings of it are taken as they
	// are, others made anew from the crops.
	Fingerprint embed.Fingerprint
	Dim         int
	Look        func(crop []byte) error                    // refuses what is no picture
	Embed       func(crop []byte) (embed.Embedding, error) // a new one each time

	Progress func(done, of int) // of shots that are looked at; may be nil
	Done     func(Result) error // of each class, when it is durable; may be nil
}

// Result is what became of a class.
type Result struct {
	Class   string   `json:"class"`
	From    string   `json:"from"`       // its name in the bundle
	Added   int      `json:"added"`      // shots that are new
	Present int      `json:"present"`    // shots that were there already
	Removed int      `json:"removed"`    // shots that Replace removed
	Reembed int      `json:"reembedded"` // of the shots added, those with an embedding made anew
	Skipped bool     `json:"skipped"`    // the class was left as it is
	Left    []uint64 `json:"left"`       // the bundle's shots without a picture, of another model: nothing can be made of them
	Shots   int      `json:"shots"`      // that the class now has
}

// Import adds a bundle's classes to a store.
//
// Every crop and embedding is looked at before the first shot is added, so a bad
// bundle changes nothing. A shot is there already if its class has one of the
// same crop, or of the same embedding where it has no crop. Each shot is durable
// when it is added, so an import that is cut short has added some, and the same
// Import goes on with the rest: with Replace, the old shots of a class go when
// all of the new ones are safe, never before.
//
// Errors wrap ErrImport where the choices do not fit bundle and store, ErrNotFound
// for a class that the bundle has not, ErrCorrupt or ErrLimit for a bad bundle,
// or are those of the store or of ctx.
func (b *Bundle) Import(ctx context.Context, store Store, opt ImportOptions) ([]Result, error) {
	plan, err := b.plan(store, &opt)
	if err != nil {
		return nil, err
	}
	if err := b.look(ctx, plan, &opt); err != nil {
		return nil, err
	}
	var results []Result
	for i := range plan {
		err := b.put(ctx, store, &plan[i], &opt)
		results = append(results, plan[i].result)
		if err == nil && opt.Done != nil {
			err = opt.Done(plan[i].result)
		}
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// planned is a class on its way.
type planned struct {
	class  *Class
	result Result
	made   map[uint64]embed.Embedding // by shot: made anew
}

// plan decides on the name of every class.
func (b *Bundle) plan(store Store, opt *ImportOptions) ([]planned, error) {
	if opt.Conflict == "" {
		opt.Conflict = Merge
	}
	if !slices.Contains(Conflicts(), opt.Conflict) {
		return nil, fmt.Errorf("%w: no way %q to solve a conflict", ErrImport, opt.Conflict)
	}
	there := make(map[string]bool)
	for _, w := range store.Ways() {
		there[w.Class] = true
	}
	has := func(class string) error {
		if !slices.ContainsFunc(b.Manifest.Classes, func(c Class) bool { return c.Class == class }) {
			return fmt.Errorf("%w: the bundle has no class %q", ErrNotFound, class)
		}
		return nil
	}
	for _, class := range opt.Classes {
		if err := has(class); err != nil {
			return nil, err
		}
	}
	for class, name := range opt.Names {
		if err := has(class); err != nil {
			return nil, err
		}
		if err := support.CheckName(name); err != nil {
			return nil, err
		}
	}
	var plan []planned
	taken := make(map[string]string) // names, and whose they are
	for i := range b.Manifest.Classes {
		c := &b.Manifest.Classes[i]
		if opt.Classes != nil && !slices.Contains(opt.Classes, c.Class) {
			continue
		}
		p := planned{class: c, result: Result{Class: c.Class, From: c.Class, Left: []uint64{}}}
		if name, ok := opt.Names[c.Class]; ok {
			p.result.Class = name
		}
		if other, ok := taken[p.result.Class]; ok {
			return nil, fmt.Errorf("%w: both %q and %q would be called %q", ErrImport, other, c.Class, p.result.Class)
		}
		taken[p.result.Class] = c.Class
		plan = append(plan, p)
	}
	// New names must not be those of classes that come later.
	for i := range plan {
		r := &plan[i].result
		if !there[r.Class] {
			continue
		}
		switch opt.Conflict {
		case Skip:
			r.Skipped = true
		case Rename:
			name := r.Class
			for n := 2; there[name] || taken[name] != ""; n++ {
				name = suffixed(r.Class, n)
			}
			taken[name] = r.From
			r.Class = name
		}
	}
	return plan, nil
}

// suffixed is class with a number, cut where it would be too long.
func suffixed(class string, n int) string {
	end := fmt.Sprintf(" %d", n)
	runes := []rune(class)
	return string(runes[:min(len(runes), support.MaxName-len(end))]) + end
}

// look reads all that will be added and makes the embeddings that are missing.
func (b *Bundle) look(ctx context.Context, plan []planned, opt *ImportOptions) error {
	total, done := 0, 0
	for i := range plan {
		if !plan[i].result.Skipped {
			total += len(plan[i].class.Shots)
		}
	}
	for i := range plan {
		p := &plan[i]
		if p.result.Skipped {
			continue
		}
		p.made = make(map[uint64]embed.Embedding)
		for j := range p.class.Shots {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := b.lookAt(p, &p.class.Shots[j], opt); err != nil {
				return err
			}
			if done++; opt.Progress != nil {
				opt.Progress(done, total)
			}
		}
	}
	return nil
}

func (b *Bundle) lookAt(p *planned, s *Shot, opt *ImportOptions) error {
	crop, err := b.Crop(s)
	if err != nil {
		return err
	}
	ours := s.Fingerprint != nil && *s.Fingerprint == opt.Fingerprint
	picture := func(err error) error { return fmt.Errorf("%w: %s: no picture: %w", ErrCorrupt, s.Crop, err) }
	switch {
	case ours:
		if e := b.Embedding(s); len(e) != opt.Dim {
			return fmt.Errorf("%w: shot %d has an embedding of %d numbers, and its model makes %d", ErrCorrupt, s.ID, len(e), opt.Dim)
		}
		if len(crop) > 0 {
			if err := opt.Look(crop); err != nil {
				return picture(err)
			}
		}
	case len(crop) == 0:
		p.result.Left = append(p.result.Left, s.ID)
	default:
		e, err := opt.Embed(crop)
		if err != nil {
			return picture(err)
		}
		p.made[s.ID] = e
	}
	return nil
}

// put adds a class to the store.
func (b *Bundle) put(ctx context.Context, store Store, p *planned, opt *ImportOptions) error {
	r := &p.result
	old := store.Shots(r.Class)
	r.Shots = len(old)
	if r.Skipped {
		return nil
	}
	known, err := newHeld(store, old)
	if err != nil {
		return err
	}
	keep := make(map[uint64]bool)
	for j := range p.class.Shots {
		s := &p.class.Shots[j]
		if slices.Contains(r.Left, s.ID) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		crop, err := b.Crop(s)
		if err != nil {
			return err
		}
		e, anew := p.made[s.ID]
		if !anew {
			e = b.Embedding(s)
		}
		if id, ok := known.find(crop, e); ok {
			r.Present++
			keep[id] = true
			continue
		}
		shot, err := store.AddMeasured(r.Class, e, crop, s.Source, s.Time, s.Quality)
		if err != nil {
			return fmt.Errorf("shot %d of %q: %w", s.ID, r.From, err)
		}
		known.note(shot.ID, crop, e)
		r.Added++
		r.Shots++
		if anew {
			r.Reembed++
		}
	}
	if opt.Conflict != Replace {
		return nil
	}
	// An empty class, or one of which nothing can be used, replaces nothing.
	if r.Added+r.Present == 0 {
		return nil
	}
	for _, s := range old {
		if keep[s.ID] {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := store.Remove(s.ID); err != nil {
			return fmt.Errorf("remove shot %d of %q: %w", s.ID, r.Class, err)
		}
		r.Removed++
		r.Shots--
	}
	return nil
}

// held is what a class holds, to find shots that are there already.
type held struct {
	crops map[Digest]uint64
	bare  []support.Shot // without a crop
}

func newHeld(store Store, shots []support.Shot) (*held, error) {
	h := &held{crops: make(map[Digest]uint64)}
	for _, s := range shots {
		crop, err := store.Crop(s.ID)
		switch {
		case err == nil:
			h.note(s.ID, crop, nil)
		case errors.Is(err, support.ErrNotFound):
			h.note(s.ID, nil, s.Embedding)
		case errors.Is(err, support.ErrCorrupt): // equal to none
		default:
			return nil, err
		}
	}
	return h, nil
}

func (h *held) note(id uint64, crop []byte, e embed.Embedding) {
	if len(crop) > 0 {
		h.crops[sha256.Sum256(crop)] = id
		return
	}
	h.bare = append(h.bare, support.Shot{ID: id, Embedding: e})
}

func (h *held) find(crop []byte, e embed.Embedding) (uint64, bool) {
	if len(crop) > 0 {
		id, ok := h.crops[sha256.Sum256(crop)]
		return id, ok
	}
	for _, s := range h.bare {
		if slices.Equal(s.Embedding, e) {
			return s.ID, true
		}
	}
	return 0, false
}
