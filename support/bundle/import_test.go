package bundle

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// target is a store that fails or gets interrupted after some changes.
type target struct {
	*support.Set
	left int // changes until it fails; below 0: never
	stop func()
}

var errDisk = errors.New("disk full")

func (t *target) step() error {
	if t.left == 0 {
		if t.stop == nil {
			return errDisk
		}
		t.stop()
	}
	t.left--
	return nil
}

func (t *target) AddMeasured(class string, e embed.Embedding, crop []byte, source string, at time.Time, q *support.Quality) (support.Shot, error) {
	if err := t.step(); err != nil {
		return support.Shot{}, err
	}
	return t.Set.AddMeasured(class, e, crop, source, at, q)
}

func (t *target) Remove(id uint64) error {
	if err := t.step(); err != nil {
		return err
	}
	return t.Set.Remove(id)
}

func newTarget(t *testing.T) *target {
	t.Helper()
	set, err := support.Open(filepath.Join(t.TempDir(), "store"), support.Options{Fingerprint: printA, Dim: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return &target{Set: set, left: -1}
}

var errPicture = errors.New("no picture")

// choices are those of a store of model A; crops of printB become the numbers
// that their length decides.
func choices() ImportOptions {
	return ImportOptions{
		Fingerprint: printA, Dim: 3,
		Look: func(crop []byte) error {
			if crop[0] != 0xff {
				return errPicture
			}
			return nil
		},
		Embed: func(crop []byte) (embed.Embedding, error) {
			if crop[0] != 0xff {
				return nil, errPicture
			}
			return embed.Embedding{float32(len(crop)), 1, 0}, nil
		},
	}
}

func openBundle(t *testing.T, src Source) *Bundle {
	t.Helper()
	b, err := open(pack(t, src, options()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func holds(s *support.Set) string {
	var out []string
	for _, shot := range s.Shots("") {
		quality := ""
		if shot.Quality != nil {
			quality = fmt.Sprint(" ", *shot.Quality)
		}
		out = append(out, fmt.Sprint(shot.Class, " ", shot.Embedding, quality))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestImport(t *testing.T) {
	src := example()
	b, store := openBundle(t, src), newTarget(t)
	steps := 0
	opt := choices()
	opt.Progress = func(done, of int) {
		if steps++; done != steps || of != 5 {
			t.Errorf("step %d is %d of %d", steps, done, of)
		}
	}
	var told []string
	opt.Done = func(r Result) error {
		told = append(told, fmt.Sprint(r.Class, r.Added, r.Reembed, r.Shots))
		return nil
	}
	if _, err := b.Import(t.Context(), store, opt); err != nil {
		t.Fatal(err)
	}
	if want := []string{"cup3 0 3", "a:b1 0 1", "☕ or tea1 1 1"}; !slices.Equal(told, want) || steps != 5 {
		t.Errorf("told %q, want %q; %d steps", told, want, steps)
	}
	for _, s := range store.Shots("") {
		i := slices.IndexFunc(src.shots, func(w support.Shot) bool { return w.Time.Equal(s.Time) })
		if i < 0 || s.Class != src.shots[i].Class || s.Source != src.shots[i].Source || s.Fingerprint != printA {
			t.Errorf("shot %+v", s)
			continue
		}
		want := src.shots[i].Embedding
		if i == 3 {
			want = embed.Embedding{float32(len(src.crops[4])), 1, 0}
		}
		if q := src.shots[i].Quality; (s.Quality == nil) != (q == nil) || q != nil && *s.Quality != *q {
			t.Errorf("the quality of shot %d is %+v, want %+v", s.ID, s.Quality, q)
		}
		if !slices.Equal(s.Embedding, want) {
			t.Errorf("shot %d is %v, want %v", s.ID, s.Embedding, want)
		}
		if crop, err := store.Crop(s.ID); string(crop) != string(src.crops[src.shots[i].ID]) {
			t.Errorf("the crop of shot %d has %d bytes, %v", s.ID, len(crop), err)
		}
	}
	was := holds(store.Set)
	for _, c := range []Conflict{"", Merge, Replace} {
		opt := choices()
		opt.Conflict = c
		results, err := b.Import(t.Context(), store, opt)
		if err != nil || holds(store.Set) != was {
			t.Errorf("%q again: %v, it holds\n%s", c, err, holds(store.Set))
		}
		for _, r := range results {
			if r.Added != 0 || r.Present != r.Shots {
				t.Errorf("%q again: %+v", c, r)
			}
		}
	}
}

// Names that are taken by the store, by other classes, or too long.
func TestImportNames(t *testing.T) {
	long := strings.Repeat("ß", support.MaxName)
	src := &memory{crops: map[uint64][]byte{}}
	for i, class := range []string{"cup", "cup 2", long} {
		src.shots = append(src.shots, support.Shot{ID: uint64(i + 1), Class: class, Fingerprint: printA, Embedding: embed.Embedding{1, 2, float32(i)}, Time: time.Unix(int64(i), 0)})
		src.ways = append(src.ways, support.Way{Class: class, Shots: 1})
	}
	b, store := openBundle(t, src), newTarget(t)
	opt := choices()
	opt.Conflict = Rename
	names := func() (names []string) {
		t.Helper()
		results, err := b.Import(t.Context(), store, opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			names = append(names, r.Class)
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"cup", "cup 2", long}) {
		t.Errorf("classes are called %q", got)
	}
	end := strings.Repeat("ß", support.MaxName-2)
	if got := names(); !slices.Equal(got, []string{"cup 3", "cup 2 2", end + " 2"}) {
		t.Errorf("classes are called %q", got)
	}
	opt.Classes, opt.Names = []string{"cup"}, map[string]string{"cup": "mug"}
	if got := names(); !slices.Equal(got, []string{"mug"}) {
		t.Errorf("classes are called %q", got)
	}

	// A name that a class to come will have is no free one.
	opt = choices()
	opt.Conflict = Rename
	store = newTarget(t)
	if _, err := store.Add("cup", embed.Embedding{1, 2, 3}, nil, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := names(); !slices.Equal(got, []string{"cup 3", "cup 2", long}) {
		t.Errorf("classes are called %q", got)
	}

	for _, c := range []struct {
		change func(*ImportOptions)
		is     error
	}{
		{func(o *ImportOptions) { o.Classes = []string{"keys"} }, ErrNotFound},
		{func(o *ImportOptions) { o.Names = map[string]string{"keys": "a"} }, ErrNotFound},
		{func(o *ImportOptions) { o.Names = map[string]string{"cup": "a/b"} }, support.ErrName},
		{func(o *ImportOptions) { o.Names = map[string]string{"cup": "cup 2"} }, ErrImport},
		{func(o *ImportOptions) { o.Conflict = "fight" }, ErrImport},
	} {
		opt := choices()
		c.change(&opt)
		before := holds(store.Set)
		if _, err := b.Import(t.Context(), store, opt); !errors.Is(err, c.is) || holds(store.Set) != before {
			t.Errorf("%v, want %v", err, c.is)
		}
	}
}

// The store fails, or somebody stops it, at every single change: what was there
// is there until its replacement is, and the same import goes on with the rest.
func TestImportCutShort(t *testing.T) {
	b := openBundle(t, example())
	for _, interrupted := range []bool{false, true} {
		for n := range 9 {
			store := newTarget(t)
			for i := range 3 {
				if _, err := store.Add("cup", embed.Embedding{9, 9, float32(i)}, nil, "", time.Unix(1, 0)); err != nil {
					t.Fatal(err)
				}
			}
			opt := choices()
			opt.Conflict = Replace
			ctx, cancel := context.WithCancel(t.Context())
			store.left = n
			want := errDisk
			if interrupted {
				store.stop, want = cancel, context.Canceled
			}
			_, err := b.Import(ctx, store, opt)
			cancel()
			if n < 8 && !errors.Is(err, want) && !(interrupted && n == 7) {
				t.Fatalf("change %d: %v, want %v", n, err, want)
			}
			old, fresh := 0, 0
			for _, s := range store.Shots("cup") {
				if s.Embedding[0] == 9 {
					old++
				} else {
					fresh++
				}
			}
			if old < 3 && fresh < 3 {
				t.Fatalf("change %d: %d old and %d new shots are there", n, old, fresh)
			}
			store.left, store.stop = -1, nil
			results, err := b.Import(t.Context(), store, opt)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(store.Shots("cup")); n != 3 || results[0].Shots != 3 || store.Len() != 5 {
				t.Fatalf("change %d: in the end cup has %d shots, the store %d", n, n, store.Len())
			}
		}
	}
}

// What is wrong with the last shot is found before the first one is added.
func TestImportBad(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*memory, *ImportOptions)
		is     error
		text   string
	}{
		{"no picture", func(m *memory, _ *ImportOptions) { m.crops[3] = []byte("no picture") }, errPicture, "a_b/3.jpg"},
		{"no picture, of another model", func(m *memory, _ *ImportOptions) { m.crops[4] = []byte("no picture") }, errPicture, "4.jpg"},
		{"embeddings of another length", func(_ *memory, o *ImportOptions) { o.Dim = 4 }, ErrCorrupt, "3 numbers"},
	} {
		src, opt, store := example(), choices(), newTarget(t)
		c.change(src, &opt)
		results, err := openBundle(t, src).Import(t.Context(), store, opt)
		if !errors.Is(err, ErrCorrupt) || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) || store.Len() != 0 || results != nil {
			t.Errorf("%s: %v, and %d shots are there", c.name, err, store.Len())
		}
	}

	// Without a picture, of another model: told, and nothing replaced by nothing.
	src, opt, store := example(), choices(), newTarget(t)
	delete(src.crops, 4)
	opt.Conflict = Replace
	if _, err := store.Add("☕ or tea", embed.Embedding{1, 2, 3}, nil, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	results, err := openBundle(t, src).Import(t.Context(), store, opt)
	if err != nil {
		t.Fatal(err)
	}
	if r := results[2]; !slices.Equal(r.Left, []uint64{4}) || r.Added+r.Present+r.Removed != 0 || r.Shots != 1 {
		t.Errorf("%+v", r)
	}
}
