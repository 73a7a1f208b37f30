package app

import "github.com/edge-camera/edge/gpio"

// Command is something that a person tells the device. Keys and gestures are
// mapped to commands here and nowhere else.
type Command uint8

// Commands.
const (
	Mark      Command = iota + 1 // the button went down: keep what is seen now for the command to come
	Shot                         // a shot of the class being taught
	NextClass                    // teach the next class; after the last one a new one, then the first
	PrevClass                    // the other way round
	Undo                         // take back the last change
	Forget                       // forget the class being taught; acts the second time within ForgetWithin
	Wrong                        // what is seen is not what is said: keep it as a picture of nothing
	Report                       // an event that says how things are
	Help                         // explain the keys
	Quit                         // end the loop
	pick                         // Pick(0) is pick, Pick(1) is pick + 1, …
)

// picks is how many classes can be picked by number.
const picks = 9

// Pick returns the command to teach the i-th class, from 0.
func Pick(i int) (Command, bool) {
	if i < 0 || i >= picks {
		return 0, false
	}
	return pick + Command(i), true
}

// String returns the command in words.
func (c Command) String() string {
	switch c {
	case Mark:
		return "mark"
	case Shot:
		return "shot"
	case NextClass:
		return "next class"
	case PrevClass:
		return "previous class"
	case Undo:
		return "undo"
	case Forget:
		return "forget"
	case Wrong:
		return "wrong"
	case Report:
		return "status"
	case Help:
		return "help"
	case Quit:
		return "quit"
	}
	if c >= pick && c < pick+picks {
		return "class " + string('1'+rune(c-pick))
	}
	return "invalid"
}

// gestures is what the button says.
var gestures = map[gpio.Gesture]Command{
	gpio.Short:    Shot,
	gpio.Long:     NextClass,
	gpio.Double:   Undo,
	gpio.VeryLong: Forget,
}

// GestureCommand returns the command of a gesture. gpio.Hold is none: it only
// announces one.
func GestureCommand(g gpio.Gesture) (Command, bool) {
	c, ok := gestures[g]
	return c, ok
}

// key is a row of the table of keys.
type key struct {
	runes   string // any of these
	name    string // as the help shows it
	command Command
	help    string
}

const (
	ctrlC = "\x03"
	ctrlD = "\x04"
)

// keys is what the keyboard says, in the order of the help. Digits are added
// by KeyCommand.
var keys = []key{
	{" ", "space", Shot, "a shot of the class being taught"},
	{"n", "n", NextClass, "teach the next class; after the last one a new one"},
	{"p", "p", PrevClass, "teach the previous class"},
	{"", "1 … 9", 0, "teach that class"},
	{"u", "u", Undo, "take back the last change"},
	{"f", "f", Forget, "forget the class being taught; press twice"},
	{"x", "x", Wrong, "wrong! what is seen now is not that; call it unknown"},
	{"s", "s", Report, "say how things are"},
	{"?h", "?", Help, "this help"},
	{"q" + ctrlC + ctrlD, "q", Quit, "quit"},
}
