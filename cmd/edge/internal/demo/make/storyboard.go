package main

import "github.com/edge-camera/edge/cmd/edge/internal/demo/script"

// Size and speed of the clip. Four frames make one look of the camera.
const (
	width, height = 320, 240
	fps           = 10
	step          = 4
	shots         = 5
	slide         = 4 // frames in which a thing comes or goes
)

// A pose is where an object is and how it is lit.
type pose struct {
	X, Y  int // its centre, clip pixels from the picture's centre
	Scale int // percent
	Turn  int // degrees, clockwise
	Gain  int // percent: exposure
	Warm  int // percent more red and less blue; negative is cold
	Slope int // percent brighter on the right than in the middle
}

// A shot of the storyboard: one thing on one table, moving from one pose to
// the next.
type shot struct {
	Show     string
	Teach    bool
	Frames   int
	Table    string
	Origin   int // where on the texture the camera looks
	Zoom     int // percent: texture pixels a clip pixel
	From, To pose
	Press    []script.Press // frames count from this shot's first
}

// Presses at these frames of a shot; the person decides which.
func press(frames ...int) []script.Press {
	p := make([]script.Press, len(frames))
	for i, f := range frames {
		p[i].Frame = f
	}
	return p
}

var classes = []string{"cup", "cat", "rocket", "astronaut"}

// killShot and killPress say where the process dies: at this press of this
// shot of the storyboard.
const (
	killShot  = 4
	killPress = 2
)

// The lessons: each object on two tables. Afterwards all of them on tables and
// in light they were not taught on, between things that were never taught.
var storyboard = []shot{
	{"cup", true, 20, "gravel", 40, 72, pose{-12, 4, 86, -8, 100, 0, 8}, pose{14, -4, 98, 6, 104, 4, 8}, press(5, 10, 15)},
	{"cup", true, 28, "bricks", 150, 66, pose{10, 8, 104, 14, 88, 8, -14}, pose{-10, -6, 92, -4, 94, 0, -10}, press(5, 10, 17)},

	{"cat", true, 20, "bricks", 20, 76, pose{12, 0, 88, 6, 104, 0, -8}, pose{-10, 4, 100, -8, 98, 5, -8}, press(5, 10, 15)},
	{"cat", true, 28, "lawn", 90, 68, pose{-14, 6, 108, -12, 92, -6, 12}, pose{8, -2, 94, 4, 108, 0, 12}, press(5, 10, 17)},

	{"rocket", true, 20, "pale wall", 70, 70, pose{-8, 2, 90, -6, 96, 4, 10}, pose{10, -4, 98, 6, 104, 0, 10}, press(5, 10, 15)},
	{"rocket", true, 32, "gravel", 130, 64, pose{12, 0, 102, 10, 108, -4, -12}, pose{-8, 6, 90, -6, 90, 6, -8}, press(5, 10, 15, 21)},

	{"astronaut", true, 28, "lawn", 150, 72, pose{14, 4, 82, 9, 110, 0, 10}, pose{-10, 0, 100, -10, 92, 4, 10},
		[]script.Press{{Frame: 2, Gesture: "short"}, {Frame: 10, Gesture: "double"}, {Frame: 18}, {Frame: 23}}},
	{"astronaut", true, 32, "pale wall", 100, 72, pose{-12, 6, 106, -10, 90, 8, -14}, pose{10, -2, 84, 10, 104, -5, -10}, press(5, 10, 15, 20)},

	{"cat", false, 16, "slate", 60, 70, pose{-10, 2, 96, -6, 86, -6, -16}, pose{12, -4, 84, 8, 94, 0, -16}, nil},
	{"coin", false, 16, "lawn", 120, 66, pose{8, 4, 92, -20, 100, 0, 8}, pose{-12, -4, 108, 25, 104, 0, 8}, nil},
	{"rocket", false, 16, "hay", 30, 62, pose{12, -2, 94, 8, 112, 8, 12}, pose{-8, 4, 104, -8, 98, 4, 12}, nil},
	{"cup", false, 16, "lawn", 10, 74, pose{-14, 6, 100, 16, 112, -4, -14}, pose{8, -4, 88, -6, 100, 6, -14}, nil},
	{"shuttle", false, 16, "gravel", 100, 70, pose{-8, 0, 92, -10, 104, 0, 12}, pose{12, 2, 104, 12, 94, 5, 12}, nil},
	{"astronaut", false, 16, "bricks", 120, 64, pose{12, 2, 102, -8, 94, 5, 12}, pose{-10, 2, 90, 8, 102, 0, 12}, nil},
	{"", false, 16, "hay", 140, 66, pose{0, 0, 100, 0, 104, 0, -8}, pose{6, 0, 100, 0, 98, 4, -8}, nil},
	{"cup", false, 16, "slate", 150, 72, pose{10, -2, 90, -14, 92, 6, 14}, pose{-12, 4, 102, 8, 104, -2, 14}, nil},
	{"photographer", false, 16, "hay", 80, 68, pose{-10, 4, 94, 6, 110, 0, -10}, pose{8, 0, 102, -5, 100, 0, -10}, nil},
	{"cat", false, 16, "pale wall", 60, 76, pose{12, 4, 106, 10, 106, 8, 12}, pose{-8, -2, 92, -10, 96, 0, 12}, nil},
}
