package support

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rule is what an operator has chosen: how the device answers, as opposed to
// what it was taught. The zero Rule is the default: DefaultFalseReject, the
// head that the shots themselves say is best.
type Rule struct {
	// FalseReject is the share of pictures of known classes that may be
	// called unknown, above 0 and below 1. Thresholds are as small as that
	// allows. Zero: DefaultFalseReject, unless FalseAccept is set.
	FalseReject float64 `json:"false_reject"`
	// FalseAccept is the share of pictures of other, similar things that may
	// be taken for a known class. Thresholds are as large as that allows. Zero:
	// not asked for. It excludes FalseReject: one threshold cannot keep both.
	FalseAccept float64 `json:"false_accept"`
	// Head chooses among the classes; empty: Auto.
	Head Head `json:"head"`
}

// DefaultFalseReject is the share of known pictures that a Set may reject
// unless somebody asked for another one.
const DefaultFalseReject = 0.05

// Head is a way to choose among the classes. Whether the chosen one is known is
// another matter, and always one of a distance.
type Head string

// The heads. See the file head_… of each for the paper and the formula.
const (
	Auto        Head = "auto"      // the one that leave-one-out over the shots says is best
	Prototype   Head = "prototype" // the nearest mean of a class's shots
	NearestShot Head = "nearest"   // the class of the nearest single shot
	Ridge       Head = "ridge"     // ridge regression on the shots
	LDA         Head = "lda"       // linear discriminant analysis with a shrunk covariance
)

// Heads lists every head, Auto first.
func Heads() []Head { return []Head{Auto, Prototype, NearestShot, Ridge, LDA} }

// ErrRule: a Rule that cannot be.
var ErrRule = errors.New("bad rule")

// Check says what is wrong with a Rule. The error wraps ErrRule.
func (r Rule) Check() error {
	for _, s := range []struct {
		name  string
		share float64
	}{{"false rejects", r.FalseReject}, {"false accepts", r.FalseAccept}} {
		if s.share != 0 && !(s.share >= minShare && s.share <= maxShare) { // NaN is neither
			return fmt.Errorf("%w: a share of %v %s, want %v to %v", ErrRule, s.share, s.name, minShare, maxShare)
		}
	}
	if r.FalseReject != 0 && r.FalseAccept != 0 {
		return fmt.Errorf("%w: both false rejects and false accepts are bounded, and one threshold cannot keep both", ErrRule)
	}
	if r.Head != "" && !slices.Contains(Heads(), r.Head) {
		var names []string
		for _, h := range Heads() {
			names = append(names, string(h))
		}
		return fmt.Errorf("%w: no head %q (there is %s)", ErrRule, r.Head, strings.Join(names, ", "))
	}
	return nil
}

// A share beyond these is a slip of the finger: five per mille of a device's
// pictures are too few to measure, and one that rejects half of what it knows
// is of no use.
const (
	minShare = 0.005
	maxShare = 0.5
)

// fill puts the defaults in.
func (r Rule) fill() Rule {
	if r.FalseReject == 0 && r.FalseAccept == 0 {
		r.FalseReject = DefaultFalseReject
	}
	if r.Head == "" {
		r.Head = Auto
	}
	return r
}
