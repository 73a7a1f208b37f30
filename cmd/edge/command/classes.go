package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

type classLine struct {
	Class   string    `json:"class"`
	Shots   int       `json:"shots"`
	Radius  float64   `json:"radius"`
	Created time.Time `json:"created"`

	Basis support.Basis `json:"basis"` // what the radius rests on

	Aside  int          `json:"aside,omitempty"`  // shots of which the model in use can make nothing
	Advice []adviceLine `json:"advice,omitempty"` // what a person should know of it
}

// changeLine says what a verb changed in the store.
type changeLine struct {
	Event string `json:"event"`
	Class string `json:"class"`
	Was   string `json:"was,omitempty"` // the class before, where that has another name
	ID    uint64 `json:"id,omitempty"`  // of the one shot that changed
	Shots int    `json:"shots"`         // that the class now has

	Nothing bool `json:"nothing,omitempty"` // it was a picture of no class; Shots of these are left
}

func newClasses(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "classes",
		Short:   "List the classes, or rename, forget or merge them",
		Long:    "Classes lists what was taught: each class with its number of shots, its radius\n(the cosine distance up to which a picture is taken for it) and its age.\nEvery change can be taken back with edge undo.",
		Example: "  edge classes\n  edge classes rename \"object 1\" cup",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return e.listClasses() },
	}
	c.AddCommand(
		&cobra.Command{
			Use:     "list",
			Short:   "List the classes",
			Example: "  edge classes list --json",
			Args:    noArguments,
			RunE:    func(*cobra.Command, []string) error { return e.listClasses() },
		},
		&cobra.Command{
			Use:     "rename CLASS NEW",
			Short:   "Give a class another name",
			Example: "  edge classes rename \"object 1\" cup",
			Args:    arguments(2, 2, "a class and its new name"),
			RunE: func(_ *cobra.Command, args []string) error {
				return e.change(func(s *support.Set) (changeLine, error) {
					err := inUse(s.Rename(args[0], args[1]), args[1], "edge classes merge makes one class of the two; edge classes lists them")
					return changeLine{Event: "rename", Class: args[1], Was: args[0], Shots: len(s.Shots(args[1]))}, err
				}, func(l changeLine) string { return l.Was + " is now called " + l.Class })
			},
		},
		&cobra.Command{
			Use:     "merge FROM INTO",
			Short:   "Make the shots of one class shots of another",
			Example: "  edge classes merge mug cup",
			Args:    arguments(2, 2, "the class to merge and the class to merge it into"),
			RunE: func(_ *cobra.Command, args []string) error {
				return e.change(func(s *support.Set) (changeLine, error) {
					err := inUse(s.Merge(args[0], args[1]), args[1], "name two classes; edge classes lists them")
					return changeLine{Event: "merge", Class: args[1], Was: args[0], Shots: len(s.Shots(args[1]))}, err
				}, func(l changeLine) string { return l.Was + " is now part of " + l.Class + ", " + shots(l.Shots) })
			},
		},
		&cobra.Command{
			Use:     "forget CLASS",
			Short:   "Forget a class and all its shots",
			Example: "  edge classes forget cup",
			Args:    arguments(1, 1, "a class"),
			RunE: func(_ *cobra.Command, args []string) error {
				n := 0
				return e.change(func(s *support.Set) (l changeLine, err error) {
					n, err = s.Forget(args[0])
					return changeLine{Event: "forget", Class: args[0]}, err
				}, func(l changeLine) string {
					return "forgot " + l.Class + " and its " + shots(n) + " (edge undo brings it back)"
				})
			},
		},
	)
	return c
}

// inUse gives err a hint of its own where there is nothing wrong with the
// class's name but that it is the name of one.
func inUse(err error, class, hint string) error {
	if errors.Is(err, support.ErrName) && support.CheckName(class) == nil {
		return coded(exitUsage, err, hint)
	}
	return err
}

func (e *env) listClasses() error {
	set, err := e.readStore(embed.Fingerprint{}, 0)
	if err != nil {
		return err
	}
	if set == nil {
		e.note("%v", errNothingTaught)
		return nil
	}
	defer set.Close()
	set.Settle()
	ways, advice := set.Ways(), set.Advice()
	if len(ways) == 0 {
		e.note("%v", errNothingTaught)
	}
	for _, w := range ways {
		l := classLine{w.Class, w.Shots, w.Radius, w.Created.UTC(), w.Basis, w.Aside, adviceOf(advice, w.Class)}
		count := shots(l.Shots)
		if l.Aside > 0 {
			count += fmt.Sprintf(" (%d left out of answers)", l.Aside)
		}
		if err := e.line(l, "%s: %s, radius %.3f, since %s", l.Class, count, l.Radius, l.Created.Local().Format("2006-01-02 15:04")); err != nil {
			return err
		}
	}
	if !e.json {
		e.advise(advice)
		if n := len(set.Negatives()); n > 0 {
			e.note("%s of nothing beside them; edge shots list --nothing lists them", number(n, "picture", "pictures"))
		}
	}
	return nil
}

// errNothingTaught is for a store that is not there yet.
var errNothingTaught = &failure{errors.New("nothing has been taught yet"), exitFailed, "edge teach CLASS PATH… teaches"}

// change lets do change the store and prints what it did.
func (e *env) change(do func(*support.Set) (changeLine, error), text func(changeLine) string) error {
	return e.withStore(func(s *support.Set) error {
		l, err := do(s)
		if err != nil {
			return err
		}
		return e.line(l, "%s", text(l))
	})
}
