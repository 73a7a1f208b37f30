package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edge-camera/edge/embed"
)

// variable names the environment variable of a flag: no-progress is
// EDGE_NO_PROGRESS.
func variable(flag string) string {
	return "EDGE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// bindEnvironment gives every flag that was not on the command line the value
// of its variable. An empty variable counts as unset, so that a line of the
// service's environment file can be switched off by emptying it.
func bindEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var first error
	flags.VisitAll(func(f *pflag.Flag) {
		if first != nil || f.Changed || f.Name == "help" {
			return
		}
		name := variable(f.Name)
		v, ok := lookup(name)
		if !ok || v == "" {
			return
		}
		if err := f.Value.Set(v); err != nil {
			first = usagef("it stands for --"+f.Name+": "+f.Usage, "%s: bad value %q: %w", name, v, plain(err))
			return
		}
		f.Changed = true
	})
	return first
}

// plain drops what strconv puts around its reason: the person knows which
// value was typed, and no Go function's name helps.
func plain(err error) error {
	if n, ok := errors.AsType[*strconv.NumError](err); ok {
		if n.Err == strconv.ErrSyntax {
			switch n.Func {
			case "ParseBool":
				return errors.New("want true or false")
			case "ParseFloat":
				return errors.New("want a number")
			}
			return errors.New("want a whole number")
		}
		return n.Err
	}
	return err
}

// flagError turns what the flag parser says into one line and a hint.
func flagError(c *cobra.Command, err error) error {
	where := verbOf(c)
	help := c.CommandPath() + " --help lists the flags"
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return usagef(help, "%sunknown flag -%s", where, name)
		}
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if n := nearest(name, names); n != "" {
			help = "did you mean --" + n + "?"
		}
		return usagef(help, "%sunknown flag --%s", where, name)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := invalid.GetFlag()
		return usagef(f.Usage, "%s--%s: bad value %q: %w", where, f.Name, invalid.GetValue(), plain(invalid.Unwrap()))
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef(missing.GetFlag().Usage, "%s--%s: needs a value", where, missing.GetFlag().Name)
	}
	return usagef(help, "%s%w", where, err)
}

// verbOf names the verb for an error: "classes rename: ", "" for edge alone.
func verbOf(c *cobra.Command) string {
	path := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "edge"), " ")
	if path == "" {
		return ""
	}
	return path + ": "
}

// arguments checks the number of a verb's arguments: least to most, most < 0
// for any number. want says what they are.
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		help := c.CommandPath() + " --help shows an example"
		switch {
		case len(args) < least:
			return usagef(help, "%swants %s", verbOf(c), want)
		case most >= 0 && len(args) > most:
			return usagef(help, "%sone argument too many: %q: wants %s", verbOf(c), args[most], want)
		}
		return nil
	}
}

// noArguments is for verbs that take none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		if c.HasAvailableSubCommands() {
			return unknownVerb(c, args[0])
		}
		return usagef(c.CommandPath()+" --help shows an example", "%stakes no arguments, got %q", verbOf(c), args[0])
	}
	return nil
}

// regionFlag reads "x,y,w,h" in fractions of the frame.
type regionFlag embed.Region

func (r *regionFlag) String() string {
	if *r == (regionFlag{}) {
		return ""
	}
	return fmt.Sprintf("%g,%g,%g,%g", r.X, r.Y, r.W, r.H)
}

func (r *regionFlag) Type() string { return "x,y,w,h" }

func (r *regionFlag) Set(s string) error {
	fields := strings.Split(s, ",")
	if len(fields) != 4 {
		return errors.New("want four fractions x,y,w,h such as 0.25,0.25,0.5,0.5")
	}
	var v [4]float64
	for i, f := range fields {
		x, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
		if err != nil || !(x >= 0 && x <= 1) { // NaN is neither
			return fmt.Errorf("%q is no fraction between 0 and 1", f)
		}
		v[i] = x
	}
	switch {
	case v[2] == 0 || v[3] == 0:
		return errors.New("width and height must be above 0")
	case v[0]+v[2] > 1+1e-9 || v[1]+v[3] > 1+1e-9:
		return errors.New("reaches beyond the frame: x+w and y+h are at most 1")
	}
	*r = regionFlag{X: v[0], Y: v[1], W: v[2], H: v[3]}
	return nil
}

// countFlag is a whole number within bounds.
type countFlag struct {
	value       *int
	least, most int
}

// count declares an int flag whose value is checked where it is read, so that
// flag and variable give the same error.
func count(flags *pflag.FlagSet, value *int, name string, initial, least, most int, usage string) {
	*value = initial
	flags.Var(&countFlag{value, least, most}, name, usage)
}

func (c *countFlag) String() string {
	if c.value == nil {
		return "0"
	}
	return strconv.Itoa(*c.value)
}

func (c *countFlag) Type() string { return "N" }

func (c *countFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return errors.New("want a whole number")
	}
	if n < c.least || n > c.most {
		return fmt.Errorf("want %d to %d", c.least, c.most)
	}
	*c.value = n
	return nil
}

// regionVar declares --roi.
func regionVar(flags *pflag.FlagSet, r *regionFlag) {
	flags.Var(r, "roi", "part of the frame to look at, in fractions; within it, the centred largest square (default the whole frame)")
}
