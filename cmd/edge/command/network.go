package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
)

// loadModel returns the model that name stands for: a shipped one, or a file.
// "" is the default.
func loadModel(name string) (*embed.Model, error) {
	if name == "" {
		name = models.Default
	}
	names := models.Names()
	if slices.Contains(names, name) {
		m, err := models.Load(name)
		return m, coded(exitModel, err, "")
	}
	m, err := embed.Open(name)
	if err == nil {
		return m, nil
	}
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "the shipped models are " + strings.Join(names, ", ")
		if n := nearest(name, names); n != "" {
			hint = "did you mean the shipped model " + n + "?"
		}
	}
	return nil, coded(exitModel, err, hint)
}

// openNetwork loads the model of --model and makes a network of it.
func (e *env) openNetwork() (*embed.Network, error) {
	// What loading allocates is kept. To look for garbage meanwhile, several
	// times as the heap grows from nothing, costs milliseconds and a megabyte.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	m, err := loadModel(e.model)
	if err != nil {
		return nil, err
	}
	n, err := embed.NewNetwork(m)
	if errors.Is(err, embed.ErrKernel) {
		return nil, err
	}
	if err != nil {
		return nil, coded(exitModel, fmt.Errorf("model %s: %w", m.Meta.Name, err), "")
	}
	return n, nil
}

// modelBytes is the size of a model's file.
func modelBytes(name string, m *embed.Model) (int64, error) {
	if !slices.Contains(models.Names(), name) {
		if i, err := os.Stat(name); err == nil {
			return i.Size(), nil
		}
	}
	b, err := m.Encode()
	return int64(len(b)), err
}
