package quantize

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMethod says that a method is not one that there is.
var ErrMethod = errors.New("method")

// Range is a way to choose what a value's integers reach. All of them hold
// zero; the bounds of an activation are never exceeded.
type Range string

// Ranges.
const (
	MinMax     Range = "minmax"     // the least and the greatest element
	Percentile Range = "percentile" // all but the outermost elements
	MSE        Range = "mse"        // what loses the least power
	KL         Range = "kl"         // what changes the distribution least
)

// Method says which techniques are used. Auto is what the shipped models are
// made with.
type Method struct {
	Range    Range
	Split    bool // give dead channels' places to second copies of others
	Equalize bool // scale channels of one value alike
	Round    bool // let later weights make up for the rounding of earlier ones
	Bias     bool // take back what rounding does to a layer's mean
}

// String returns the method as ParseMethod reads it.
func (m Method) String() string {
	s := string(m.Range)
	for _, t := range []struct {
		on   bool
		name string
	}{{m.Split, "split"}, {m.Equalize, "equalize"}, {m.Round, "round"}, {m.Bias, "bias"}} {
		if t.on {
			s += "," + t.name
		}
	}
	return s
}

// Auto is what measured best (see ABLATION.md).
var Auto = Method{Range: MSE, Split: true, Equalize: true, Round: true, Bias: true}

// ParseMethod reads "auto", or techniques with commas between them: at most one
// of minmax (which goes without saying), percentile, mse and kl, and any of
// split, equalize, round and bias. Errors wrap ErrMethod.
func ParseMethod(s string) (Method, error) {
	if s == "auto" || s == "" {
		return Auto, nil
	}
	var m Method
	for name := range strings.SplitSeq(s, ",") {
		switch r := Range(name); r {
		case MinMax, Percentile, MSE, KL:
			if m.Range != "" && m.Range != r {
				return Method{}, fmt.Errorf("%w %q: %s and %s are both ranges", ErrMethod, s, m.Range, r)
			}
			m.Range = r
			continue
		}
		switch name {
		case "split":
			m.Split = true
		case "equalize":
			m.Equalize = true
		case "round":
			m.Round = true
		case "bias":
			m.Bias = true
		default:
			return Method{}, fmt.Errorf("%w %q: there is no technique %q", ErrMethod, s, name)
		}
	}
	if m.Range == "" {
		m.Range = MinMax
	}
	return m, nil
}
