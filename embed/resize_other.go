//go:build purego || !(amd64 || arm64)

package embed

var resizers []*resizer
