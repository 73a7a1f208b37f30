package models

import "embed"

// The files in this directory that go into the binary: models, and the
// licences that their weights are under. This is the only go:embed of weights.
//
//go:embed *.edge LICENSE-*
var assets embed.FS
