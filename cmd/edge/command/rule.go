package command

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/edge-camera/edge/support"
)

// headNames lists what may choose among the classes.
func headNames() string {
	var names []string
	for _, h := range support.Heads() {
		names = append(names, string(h))
	}
	return strings.Join(names, ", ")
}

// ruleVars declares --false-reject and --false-accept; 0 is not asked for.
func ruleVars(f *pflag.FlagSet, falseReject, falseAccept *float64) {
	f.Var((*shareFlag)(falseReject), "false-reject", "share of known pictures that may be called unknown, such as 0.05")
	f.Var((*shareFlag)(falseAccept), "false-accept", "share of similar, never taught things that may be taken for a class, instead")
}

// shareFlag is a fraction that a Rule allows.
type shareFlag float64

func (s *shareFlag) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*s), 'g', -1, 64)
}

func (s *shareFlag) Type() string { return "x" }

func (s *shareFlag) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return errors.New("want a fraction such as 0.05")
	}
	if x == 0 || (support.Rule{FalseReject: x}).Check() != nil {
		return errors.New("want 0.005 to 0.5")
	}
	*s = shareFlag(x)
	return nil
}

// ruleError is wrong use of the flags of a rule.
func ruleError(verb string, err error) error {
	return usagef("one of --false-reject and --false-accept; --head is one of "+headNames(), "%s: %w", verb, err)
}
