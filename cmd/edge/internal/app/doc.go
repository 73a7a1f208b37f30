// Package app is the device's loop: frames in, events out, and between them
// the one state machine that keys, the button and whatever else gives commands
// share.
//
// Here a camera's Frame meets a network's Picture; neither package knows the
// other. What Run needs of the rest it takes as small interfaces, so that its
// tests need no camera, no network and no store.
//
// # Why a press works on the frame of its beginning
//
// A person presses when the object lies right, and a short press is known to be
// one only a quarter of a second after it ended. By then a hand may be in the
// picture. So the button's down edge is a command of its own, Mark, which keeps
// what the camera saw last; the command that the press turns out to be works on
// that.
//
// # Why a new class is stored with its first shot
//
// Stepping through the classes passes by the new one, and a class of no shots
// says nothing that a classifier could use. Until its first shot it is a name
// in the Machine.
package app
