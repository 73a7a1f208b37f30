// Package models holds the pretrained models that come with edge.
//
// MODELS.md beside it says where the weights come from and how they were made;
// the program in make repeats it.
package models

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edge-camera/edge/embed"
)

// Default is the model that is used when none is named.
const Default = "efficientnet-lite0-224"

// ErrNotFound says that no model of that name is shipped.
var ErrNotFound = errors.New("no such model")

// entry is a shipped model.
type entry struct {
	name     string
	describe string
	license  string // file
	file     []byte
}

// entries, the default first.
var entries = []entry{
	{Default, "the one to begin with, for every board", "LICENSE-efficientnet-lite0", lite0At224},
	{"efficientnet-lite0-160", "twice as fast and a little less accurate, for small boards", "LICENSE-efficientnet-lite0", lite0At160},
	{"efficientnet-lite2-260", "the most accurate, at more than twice the time, for a Jetson or a desktop", "LICENSE-efficientnet-lite2", lite2At260},
}

// Names returns the names of the shipped models, the default first.
func Names() []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	return names
}

func find(name string) (entry, error) {
	for _, e := range entries {
		if e.name == name {
			return e, nil
		}
	}
	return entry{}, fmt.Errorf("%w: %q (there is %s)", ErrNotFound, name, strings.Join(Names(), ", "))
}

// Describe returns a few words that help to choose: what sets the model apart
// and which boards it is for.
func Describe(name string) (string, error) {
	e, err := find(name)
	return e.describe, err
}

// License returns the text of the licence that the model's weights are under.
func License(name string) (string, error) {
	e, err := find(name)
	if err != nil {
		return "", err
	}
	b, err := licenses.ReadFile(e.license)
	return string(b), err
}

// Load decodes a shipped model. Each call makes its own; their weights are the
// same memory.
//
// Errors wrap ErrNotFound for an unknown name and embed's for a damaged
// binary.
func Load(name string) (*embed.Model, error) {
	e, err := find(name)
	if err != nil {
		return nil, err
	}
	m, err := embed.DecodeMapped(e.file)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return m, nil
}
