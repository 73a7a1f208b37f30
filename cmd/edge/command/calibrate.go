package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// calibrateLine is a row of the table of thresholds. What holds for all classes
// is in every line.
type calibrateLine struct {
	Class       string        `json:"class"`
	Shots       int           `json:"shots"`
	Threshold   float64       `json:"threshold"`
	Basis       support.Basis `json:"basis"`
	Calibrated  bool          `json:"calibrated"`
	FalseReject float64       `json:"false_reject"` // as asked; 0: not
	FalseAccept float64       `json:"false_accept"` // likewise
	Head        support.Head  `json:"head"`         // likewise
	Estimate    estimateLine  `json:"estimate"`     // what the shots themselves say of it

	Advice []adviceLine `json:"advice,omitempty"` // what a person should know of it
}

// estimateLine is a support.Estimate. Null is what the shots cannot tell.
type estimateLine struct {
	Head        support.Head `json:"head"`
	Shots       int          `json:"shots"`
	Accuracy    *float64     `json:"accuracy"`
	FalseReject *float64     `json:"false_reject"`
	FalseAccept *float64     `json:"false_accept"`
}

func newEstimateLine(est support.Estimate, ways int) estimateLine {
	l := estimateLine{Head: est.Head, Shots: est.Shots}
	if est.Shots > 0 {
		l.Accuracy, l.FalseReject = &est.Accuracy, &est.FalseReject
		if ways > 1 {
			l.FalseAccept = &est.FalseAccept
		}
	}
	return l
}

func newCalibrate(e *env) *cobra.Command {
	var rule support.Rule
	var head string
	c := &cobra.Command{
		Use:   "calibrate [--false-reject x | --false-accept x]",
		Short: "Choose how sure it has to be, and see the thresholds",
		Long: `Calibrate sets up to which distance each class is known, by the shots that were
taught: each is compared with its class as if it had never been taught.

With --false-reject 0.05, which is how a new camera begins, about 5 % of pictures
of known things are called unknown. With --false-accept 0.05, about 5 % of
pictures of similar things that were never taught are taken for a class; that can
cost half of the known ones, and the last lines say what both cost here. Without
a flag nothing is changed.

What a class's threshold rests on:
  leave-one-out   the distances of enough shots (19 for 5 %)
  spread          those of fewer: how far they are apart, times a number of ours
  other classes   how far the shots are from the nearest other class
  one shot        nothing: not calibrated, take a second and a third shot
  one scene       nothing: not calibrated, the shots are frames of one scene;
                  take some with other light, place and side`,
		Example: "  edge calibrate --false-reject 0.02\n  edge calibrate --json | jq -r 'select(.calibrated | not) | .class'",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			rule.Head = support.Head(head)
			if err := rule.Check(); err != nil {
				return ruleError("calibrate", err)
			}
			if rule == (support.Rule{}) {
				set, err := e.readStore(embed.Fingerprint{}, 0)
				if err != nil {
					return err
				}
				if set == nil {
					e.note("%v", errNothingTaught)
					return nil
				}
				defer set.Close()
				return e.thresholds(set)
			}
			return e.withStore(func(s *support.Set) error {
				// What is not named stays as it is.
				now := s.Rule()
				if rule.Head == "" {
					rule.Head = now.Head
				}
				if rule.FalseReject == 0 && rule.FalseAccept == 0 {
					rule.FalseReject, rule.FalseAccept = now.FalseReject, now.FalseAccept
				}
				if err := s.SetRule(rule); err != nil {
					return err
				}
				return e.thresholds(s)
			})
		},
	}
	ruleVars(c.Flags(), &rule.FalseReject, &rule.FalseAccept)
	c.Flags().StringVar(&head, "head", "", "what chooses among the classes: "+headNames())
	return c
}

// thresholds prints the table.
func (e *env) thresholds(set *support.Set) error {
	set.Settle()
	rule, est, advice := set.Rule(), set.Estimate(), set.Advice()
	asked := fmt.Sprintf("up to %.3g %% of known pictures may be called unknown", 100*rule.FalseReject)
	if rule.FalseAccept > 0 {
		asked = fmt.Sprintf("up to %.3g %% of similar, unknown things may be taken for a class", 100*rule.FalseAccept)
	}
	e.note("asked: %s", asked)
	ways := set.Ways()
	if len(ways) == 0 {
		e.note("%v", errNothingTaught)
	}
	for _, w := range ways {
		l := calibrateLine{w.Class, w.Shots, w.Radius, w.Basis, w.Basis.Calibrated(), rule.FalseReject, rule.FalseAccept, rule.Head, newEstimateLine(est, len(ways)), adviceOf(advice, w.Class)}
		if err := e.line(l, "%s: %s, threshold %.3f, by %s", l.Class, shots(l.Shots), l.Threshold, basisText(l.Basis)); err != nil {
			return err
		}
	}
	switch {
	case est.Shots == 0 && len(ways) > 0:
		e.note("how well it does, these shots cannot tell: no class has two that differ")
	case est.Shots > 0:
		e.note("by the shots themselves, %d of which were asked about as if never taught, with %s choosing: %.1f %% named right; %.1f %% of known pictures called unknown%s",
			est.Shots, est.Head, 100*est.Accuracy, 100*est.FalseReject, othersText(est, len(ways)))
	}
	if !e.json {
		e.advise(advice)
	}
	return nil
}

// othersText says how many things like the shots would be taken for a class:
// unless there is only one, which leaves no other to take them for.
func othersText(est support.Estimate, ways int) string {
	if ways < 2 {
		return "; what else is taken for the only class, these shots cannot tell"
	}
	return fmt.Sprintf("; %.1f %% of things like them, had they never been taught, taken for another class", 100*est.FalseAccept)
}

// basisText says what a threshold rests on, and what to do where that is
// nothing.
func basisText(b support.Basis) string {
	switch b {
	case support.ByOneShot:
		return string(b) + ": not calibrated, take a second and a third shot"
	case support.ByOneScene:
		return string(b) + ": not calibrated, take shots with other light, place and side"
	}
	return string(b)
}
