//go:build device

package command

var desktopVerbs []verb
