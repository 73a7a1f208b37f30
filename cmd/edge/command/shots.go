package command

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

type shotLine struct {
	ID          uint64            `json:"id"`
	Class       string            `json:"class"`
	Time        time.Time         `json:"time"`
	Source      string            `json:"source"`
	Fingerprint embed.Fingerprint `json:"fingerprint"`
	Quality     *support.Quality  `json:"quality"` // null: it was not measured

	Nothing bool `json:"nothing,omitempty"` // it is of no class, and Class is empty
}

// qualityText is what people see of it: nothing where it was not measured.
func qualityText(q *support.Quality) string {
	if q == nil {
		return ""
	}
	return fmt.Sprintf(", light %.0f %%, sharpness %.0f", 100*q.Light, q.Sharpness)
}

func newShots(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "shots",
		Short: "List, look at, move or remove single shots",
		Long: `Shots lists the pictures that were taught, oldest first, with their light (0 % is
black, 100 % white) and sharpness (the higher the sharper) where these were
measured. Pictures of nothing (edge teach --nothing, or x in edge run) come last.
Every change can be taken back with edge undo.`,
		Example: "  edge shots list cup\n  edge shots remove 12",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return e.listShots("", false) },
	}
	var out string
	crop := &cobra.Command{
		Use:     "crop ID",
		Short:   "Write the picture of a shot to a file",
		Example: "  edge shots crop 12 -o shot.jpg",
		Args:    arguments(1, 1, "the ID of a shot"),
		RunE:    func(_ *cobra.Command, args []string) error { return e.writeCrop(args[0], out) },
	}
	outVar(crop.Flags(), &out, "JPEG file to write")
	onlyNothing := false
	list := &cobra.Command{
		Use:     "list [CLASS | --nothing]",
		Short:   "List the shots, of one class or of all",
		Example: "  edge shots list cup --json",
		Args:    arguments(0, 1, "at most one class"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return e.listShots("", onlyNothing)
			}
			if onlyNothing {
				return usagef("edge shots list --nothing", "shots list: %q: wants either a class or --nothing", args[0])
			}
			return e.listShots(args[0], false)
		},
	}
	list.Flags().BoolVar(&onlyNothing, "nothing", false, "list the pictures of nothing only")
	c.AddCommand(
		list,
		crop,
		&cobra.Command{
			Use:     "remove ID",
			Short:   "Remove a shot",
			Example: "  edge shots remove 12",
			Args:    arguments(1, 1, "the ID of a shot"),
			RunE: func(_ *cobra.Command, args []string) error {
				id, err := shotID(args[0])
				if err != nil {
					return err
				}
				return e.change(func(s *support.Set) (changeLine, error) {
					class, nothing := classOf(s, id)
					err := s.Remove(id)
					if nothing {
						return changeLine{Event: "remove", ID: id, Shots: len(s.Negatives()), Nothing: true}, err
					}
					return changeLine{Event: "remove", Class: class, ID: id, Shots: len(s.Shots(class))}, err
				}, func(l changeLine) string {
					if l.Nothing {
						return fmt.Sprintf("removed picture %d of nothing; %d left", l.ID, l.Shots)
					}
					return fmt.Sprintf("removed shot %d; %s has %s left", l.ID, l.Class, shots(l.Shots))
				})
			},
		},
		&cobra.Command{
			Use:     "move ID CLASS",
			Short:   "Make a shot one of another class",
			Example: "  edge shots move 12 mug",
			Args:    arguments(2, 2, "the ID of a shot and a class"),
			RunE: func(_ *cobra.Command, args []string) error {
				id, err := shotID(args[0])
				if err != nil {
					return err
				}
				return e.change(func(s *support.Set) (changeLine, error) {
					was, _ := classOf(s, id)
					err := s.Move(id, args[1])
					return changeLine{Event: "move", Class: args[1], Was: was, ID: id, Shots: len(s.Shots(args[1]))}, err
				}, func(l changeLine) string {
					return fmt.Sprintf("shot %d is now one of %s, which has %s", l.ID, l.Class, shots(l.Shots))
				})
			},
		},
	)
	return c
}

func shotID(s string) (uint64, error) {
	id, err := strconv.ParseUint(s, 10, 64)
	if err != nil || id == 0 {
		return 0, usagef("edge shots list shows the IDs", "shot %q: an ID is a whole number from 1", s)
	}
	return id, nil
}

// classOf returns the class of a shot, or that it is of none.
func classOf(s *support.Set, id uint64) (class string, nothing bool) {
	is := func(shot support.Shot) bool { return shot.ID == id }
	all := s.Shots("")
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i].Class, false
	}
	return "", slices.ContainsFunc(s.Negatives(), is)
}

// listShots lists those of a class, or all if it is empty, or only those of no
// class.
func (e *env) listShots(class string, onlyNothing bool) error {
	set, err := e.readStore(embed.Fingerprint{}, 0)
	if err != nil {
		return err
	}
	if set == nil {
		if class != "" {
			return errNothingTaught
		}
		e.note("%v", errNothingTaught)
		return nil
	}
	defer set.Close()
	var list []support.Shot
	if !onlyNothing {
		list = set.Shots(class)
	}
	if class == "" {
		list = append(list, set.Negatives()...)
	}
	if len(list) == 0 && onlyNothing {
		e.note("no picture is nothing; edge teach --nothing PATH… says so of one")
	} else if len(list) == 0 {
		if class != "" {
			return coded(exitFailed, fmt.Errorf("class %q: %w", class, support.ErrNotFound), "edge classes lists the classes")
		}
		e.note("%v", errNothingTaught)
	}
	for _, s := range list {
		l := shotLine{s.ID, s.Class, s.Time.UTC(), s.Source, s.Fingerprint, s.Quality, s.Class == ""}
		if err := e.line(l, "%d: %s, %s, from %s%s", l.ID, cmp.Or(l.Class, nothing), l.Time.Local().Format("2006-01-02 15:04:05"), l.Source, qualityText(l.Quality)); err != nil {
			return err
		}
	}
	return nil
}

func (e *env) writeCrop(arg, out string) error {
	id, err := shotID(arg)
	if err != nil {
		return err
	}
	if out == "" {
		return usagef("edge shots crop "+arg+" -o shot.jpg", "shots crop: -o: needs a file to write")
	}
	set, err := e.readStore(embed.Fingerprint{}, 0)
	if err != nil {
		return err
	}
	if set == nil {
		return errNothingTaught
	}
	defer set.Close()
	crop, err := set.Crop(id)
	if err != nil {
		return err
	}
	if err := writeFile(out, crop); err != nil {
		return err
	}
	return e.line(fileLine{out, int64(len(crop))}, "wrote %s", out)
}
