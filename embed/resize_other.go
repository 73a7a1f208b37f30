//go:build purego || !amd64

package embed

var resizers []*resizer
