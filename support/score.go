package support

import (
	"fmt"
	"slices"
)

// Score is how far a picture is said to be from a class: the distance that a
// threshold bounds. Which class that is, is another matter; see Head.
type Score string

const (
	// Cosine: 1 − cosine to the class's prototype.
	Cosine Score = "cosine"
	// Within: the same, less what lies in directions in which the pictures of
	// one class differ, a Mahalanobis distance; see metric. Where nothing tells of such directions,
	// because every class has one shot or the shots are more than are learned
	// from, it is Cosine.
	Within Score = "within"
)

// Scores lists every score, the device's first.
func Scores() []Score { return []Score{Within, Cosine} }

// Check says that there is no such Score. The error wraps ErrRule.
func (s Score) Check() error {
	if !slices.Contains(Scores(), s) {
		return fmt.Errorf("%w: no score %q (there is %s, %s)", ErrRule, s, Within, Cosine)
	}
	return nil
}
