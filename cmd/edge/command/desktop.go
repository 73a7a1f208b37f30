//go:build !device

package command

// desktopVerbs are for a computer rather than a camera; the build tag device
// leaves them out.
var desktopVerbs = []verb{
	{groupDesktop, newEval},
}
