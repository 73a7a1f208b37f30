package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/support"
)

// undoLine is the change that was taken back.
type undoLine struct {
	Event string       `json:"event"`
	What  support.Kind `json:"what"`
	Time  time.Time    `json:"time"` // when it had been made
	Class string       `json:"class"`
	Into  string       `json:"into,omitempty"` // what it had become
	ID    uint64       `json:"id,omitempty"`
	Shots int          `json:"shots"` // that came or went back, or pictures of nothing
}

func newUndo(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "undo",
		Short: "Take the last change back",
		Long: `Undo takes the last change back: a shot, a picture of nothing, a removed or moved
one, a renamed, merged or forgotten class. Called again it takes back the change before.`,
		Example: "  edge classes forget cup\n  edge undo",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			return e.withStore(func(s *support.Set) error {
				c, err := s.Undo()
				if err != nil {
					return err
				}
				l := undoLine{"undo", c.Kind, c.Time.UTC(), c.Class, c.Into, c.Shot, c.Shots}
				return e.line(l, "%s", undoText(c))
			})
		},
	}
}

func undoText(c support.Change) string {
	switch c.Kind {
	case support.Added:
		return fmt.Sprintf("took shot %d of %s back", c.Shot, c.Class)
	case support.AddedNegative:
		return fmt.Sprintf("took picture %d of nothing back", c.Shot)
	case support.RemovedNegative:
		return fmt.Sprintf("picture %d of nothing is there again", c.Shot)
	case support.Removed:
		return fmt.Sprintf("shot %d of %s is there again", c.Shot, c.Class)
	case support.Moved:
		return fmt.Sprintf("shot %d is one of %s again, not of %s", c.Shot, c.Class, c.Into)
	case support.Renamed:
		return fmt.Sprintf("%s is called %s again", c.Into, c.Class)
	case support.Merged:
		return fmt.Sprintf("%s is a class of its own again, apart from %s", c.Class, c.Into)
	case support.Forgot:
		return fmt.Sprintf("%s and its %s are there again", c.Class, shots(c.Shots))
	}
	return "took a change back"
}
