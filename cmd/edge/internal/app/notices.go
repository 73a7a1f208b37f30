package app

import (
	"time"
)

// CameraNotices returns a function for camera.Reconnect to call and the events
// that it makes of the calls, for Config.Notices: one when the camera called
// name goes and one when it comes back, however many attempts lie between.
func CameraNotices(name string) (notify func(error), notices <-chan Event) {
	// notify is called while Run waits for a frame, or no longer runs; it must
	// not wait for Run. A reader that is sixteen notices behind misses some.
	out := make(chan Event, 16)
	away := false
	return func(err error) {
		if (err != nil) == away {
			return
		}
		away = err != nil
		e := Event{Kind: EventCamera, Time: time.Now(), Camera: name, State: CameraBack}
		if away {
			e.State, e.What = CameraLost, err.Error()
		}
		select {
		case out <- e:
		default:
		}
	}, out
}
