package app

import (
	"strings"
	"time"
)

// CameraNotices returns a function for camera.Reconnect to call, which sends
// events to out, for Config.Notices: one when the camera called name goes and
// one when it comes back, however many attempts lie between. It is called
// while Run waits for a frame and does not wait for Run: where out is full, an
// event is lost.
func CameraNotices(name string, out chan<- Event) (notify func(error)) {
	away := false
	return func(err error) {
		if (err != nil) == away {
			return
		}
		away = err != nil
		e := Event{Kind: EventCamera, Time: time.Now(), Camera: name, State: CameraBack}
		if away {
			e.State, e.What = CameraLost, strings.Join(strings.Fields(err.Error()), " ")
		}
		select {
		case out <- e:
		default:
		}
	}
}
