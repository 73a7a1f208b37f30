package support

import (
	"time"

	"github.com/edge-camera/edge/embed"
)

// Shot is one picture taught: what a network made of it, and of what class a
// person said it is. Its crop is kept too; see Set.Crop.
type Shot struct {
	ID          uint64            // from 1, in order of teaching, never used again
	Class       string            // by CheckName; empty: a negative, see Set.AddNegative
	Time        time.Time         // UTC, when the picture was taken
	Source      string            // camera, file or whatever gave the picture
	Fingerprint embed.Fingerprint // of the network that made the embedding
	Embedding   embed.Embedding   // as the network gave it; shared with the Set: do not change it
	Quality     *Quality          // of the picture; nil: it was not measured. Shared with the Set: do not change it
}

// Way is a class and how much is known of it.
type Way struct {
	Class   string    `json:"class"`
	Shots   int       `json:"shots"`
	Radius  float64   `json:"radius"` // distance up to which a picture is taken for this class
	Basis   Basis     `json:"basis"`  // what Radius rests on
	Created time.Time `json:"created"`
	Aside   int       `json:"aside,omitempty"` // shots that take no part in answers: the network can make nothing of them, or has not yet
}

// Kind says what a Change did.
type Kind uint8

// Kinds of change.
const (
	Added Kind = iota + 1
	Removed
	Moved
	Renamed
	Merged
	Forgot
	AddedNegative
	RemovedNegative
)

// String returns the verb: "shot", "remove", "move", "rename", "merge",
// "forget", "nothing" or "remove nothing".
func (k Kind) String() string {
	switch k {
	case Added:
		return "shot"
	case Removed:
		return "remove"
	case Moved:
		return "move"
	case Renamed:
		return "rename"
	case Merged:
		return "merge"
	case Forgot:
		return "forget"
	case AddedNegative:
		return "nothing"
	case RemovedNegative:
		return "remove nothing"
	}
	return "invalid"
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Change is what Undo took back.
type Change struct {
	Kind  Kind      `json:"kind"`
	Time  time.Time `json:"time"`
	Shot  uint64    `json:"shot,omitempty"`  // Added, Removed, Moved, AddedNegative, RemovedNegative
	Class string    `json:"class,omitempty"` // the class it was done to: for Removed and Moved, where the shot is now again
	Into  string    `json:"into,omitempty"`  // Moved, Renamed, Merged: the class it had become
	Shots int       `json:"shots"`           // how many shots came or went back
}
