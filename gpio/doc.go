// Package gpio reads a push button and drives a lamp: the whole user interface
// of a camera without a screen.
//
// Pins are those of the kernel's GPIO character devices (/dev/gpiochipN), found
// through periph.io. A pin has a name, either the one that the board gives the
// line ("GPIO17") or "chip:offset", where chip is the label or the name of the
// chip ("pinctrl-bcm2711:17", "gpiochip0:17").
//
// The package knows nothing of the rest of this module.
//
// # Why a long press acts when the button is released
//
// A very long press passes through the moment at which it would have been a
// long one. If Long acted right then, every very long press would first do
// what a long press does. So Hold says, while the button is still down, that
// letting go now makes it a Long press; the lamp shows that, and nothing else
// happens. VeryLong has nothing above it and acts while the button is down.
package gpio
