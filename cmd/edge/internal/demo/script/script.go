// Package script holds what happens in the demo's clip: what lies before the
// camera when, and when a person puts a finger on the button.
//
// It says nothing about what the camera answers. The truth of a scene is only
// compared with the answers afterwards.
package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrBad is what a script wraps that cannot be played.
var ErrBad = errors.New("bad demo script")

// Script is the timetable of one clip. Frames count from 0.
type Script struct {
	SHA256 string  `json:"sha256"` // of the clip, hexadecimal
	FPS    int     `json:"fps"`
	Frames int     `json:"frames"`
	Step   int     `json:"step"` // the camera looks at every Step-th frame, as a slow board would
	Shots  int     `json:"shots"`
	Kill   int     `json:"kill"` // the process is killed while it stores the shot pressed at this frame
	Scenes []Scene `json:"scenes"`
	Press  []Press `json:"press"`

	// Classes in the order in which they are taught.
	Classes []string `json:"classes"`
}

// Scene is one thing before the camera.
type Scene struct {
	Show  string `json:"show"`  // its name; "" is the empty table
	Teach bool   `json:"teach"` // it is being taught; otherwise the answers count
	First int    `json:"first"` // its first and last frame
	Last  int    `json:"last"`
	Whole [2]int `json:"whole"` // first and last frame with all of it in the picture
	Table string `json:"table"` // what it lies on, for people
}

// Press is a moment at which the person may press the button.
type Press struct {
	Frame int `json:"frame"`
	// Gesture is "short" or "double". Empty leaves it to the person, who
	// looks at the lamp: a short press while the class wants shots, a long one
	// when it has them all.
	Gesture string `json:"gesture,omitempty"`
}

// Read decodes and checks a script.
func Read(b []byte) (*Script, error) {
	s := new(Script)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBad, err)
	}
	return s, nil
}

func (s *Script) check() error {
	if s.FPS < 1 || s.FPS > 60 || s.Step < 1 || s.Shots < 1 || s.Frames < 1 || len(s.Classes) == 0 {
		return errors.New("fps, step, shots, frames and classes must be positive")
	}
	next := 0
	for i, c := range s.Scenes {
		if c.First != next || c.Last < c.First || c.Whole[0] < c.First || c.Whole[1] > c.Last {
			return fmt.Errorf("scene %d: frames %d..%d, whole %v: want them to follow frame %d", i, c.First, c.Last, c.Whole, next-1)
		}
		if c.Teach && !slices.Contains(s.Classes, c.Show) {
			return fmt.Errorf("scene %d: teaches %q, which is no class", i, c.Show)
		}
		next = c.Last + 1
	}
	if next != s.Frames {
		return fmt.Errorf("scenes end at frame %d of %d", next, s.Frames)
	}
	last, kill := -1, false
	for i, p := range s.Press {
		switch p.Gesture {
		case "", "short", "double":
		default:
			return fmt.Errorf("press %d: gesture %q", i, p.Gesture)
		}
		if p.Frame <= last || p.Frame >= s.Frames {
			return fmt.Errorf("press %d: frame %d: want one after %d and below %d", i, p.Frame, last, s.Frames)
		}
		last = p.Frame
		kill = kill || p.Frame == s.Kill
	}
	if !kill {
		return fmt.Errorf("no press at frame %d, where the process is to be killed", s.Kill)
	}
	return nil
}

// At returns the scene of a frame; nil past the end.
func (s *Script) At(frame int) *Scene {
	i, ok := slices.BinarySearchFunc(s.Scenes, frame, func(c Scene, f int) int {
		switch {
		case c.Last < f:
			return -1
		case c.First > f:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &s.Scenes[i]
}

// Truth returns what an answer to a frame should be: the name of a class, or
// "unknown". ok is false where nothing is asked: during the lessons, and while
// a thing comes or goes.
func (s *Script) Truth(frame int) (class string, ok bool) {
	c := s.At(frame)
	if c == nil || c.Teach || frame < c.Whole[0] || frame > c.Whole[1] {
		return "", false
	}
	if !slices.Contains(s.Classes, c.Show) {
		return "unknown", true
	}
	return c.Show, true
}

// Offset returns when a frame is shown, from the start of the clip.
func (s *Script) Offset(frame int) time.Duration {
	return time.Duration(frame) * time.Second / time.Duration(s.FPS)
}

// Frame is the inverse of Offset: the frame shown at d.
func (s *Script) Frame(d time.Duration) int {
	return int((d*time.Duration(s.FPS) + time.Second/2) / time.Second)
}
