package demo

// What the device tells about itself: one JSON object a line, with the keys of
// edge run's events where the two say the same thing.

// opened: it is up, and this is what it remembers.
type opened struct {
	Event     string   `json:"event"` // open
	Seq       int      `json:"seq"`   // the frame at which it begins
	Model     string   `json:"model"`
	Precision string   `json:"precision"`
	Dim       int      `json:"dim"`
	Kernel    string   `json:"kernel"`
	Threads   int      `json:"threads"`
	Memory    []memory `json:"memory"`
	Torn      int64    `json:"torn"` // bytes on the disk of a shot that was cut off
	Teaching  string   `json:"teaching"`
	Shots     int      `json:"shots"`
	Of        int      `json:"of"`
}

type memory struct {
	Class string `json:"class"`
	Shots int    `json:"shots"`
}

// pressed: the button was used, or (kill) the process is about to be killed.
type pressed struct {
	Event   string `json:"event"` // press, kill
	Seq     int    `json:"seq"`
	Gesture string `json:"gesture,omitempty"`
}

// answered: what it takes a frame for.
type answered struct {
	Event     string  `json:"event"` // frame
	Seq       int     `json:"seq"`
	Class     string  `json:"class"`
	Known     bool    `json:"known"`
	Nearest   string  `json:"nearest"`
	Distance  float64 `json:"distance"`
	Threshold float64 `json:"threshold"`
	Margin    float64 `json:"margin"`
}

// ended: the clip is over.
type ended struct {
	Event  string            `json:"event"` // end
	Frames int               `json:"frames"`
	FPS    float64           `json:"fps"`
	MS     map[string]timing `json:"ms"` // by stage
}

type timing struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// did is what the parent reads of an event of the app.
type did struct {
	Event    string `json:"event"` // shot, class, undo, error
	Seq      int    `json:"seq"`
	Class    string `json:"class"`
	Shots    int    `json:"shots"`
	Of       int    `json:"of"`
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason"`
	Taught   bool   `json:"taught"`
	What     string `json:"what"`
}
