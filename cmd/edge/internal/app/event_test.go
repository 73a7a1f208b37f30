package app

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/edge-camera/edge/support"
)

var advice = []support.Advice{{Kind: support.Outlier, Class: "cup", Other: "mug", Shot: 9, Shots: 1, Of: 4}}

func TestEventJSON(t *testing.T) {
	berlin := time.FixedZone("CEST", 2*60*60)
	at := time.Date(2026, 7, 1, 12, 0, 0, 250e6, berlin)
	const head = `,"time":"2026-07-01T10:00:00.25Z",`
	var none Stages
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: EventLabel, Seq: 7, Class: "cup", Known: true, Nearest: "cup", Distance: 0.25, Threshold: 0.5, Basis: support.ByLeaveOneOut, Margin: 0.125, Views: 4, FPS: 12.5},
			`{"event":"label"` + head + `"seq":7,"class":"cup","known":true,"nearest":"cup","distance":0.25,"threshold":0.5,"margin":0.125,"fps":12.5,"basis":"leave-one-out","views":4,"vetoed_by":null}`},
		// What is false or nought is said all the same; what is no number is null.
		{Event{Kind: EventLabel, Class: "unknown", Distance: 2, Threshold: math.Inf(1), Margin: math.NaN()},
			`{"event":"label"` + head + `"seq":0,"class":"unknown","known":false,"nearest":"","distance":2,"threshold":null,"margin":null,"fps":0,"basis":"","views":0,"vetoed_by":null}`},
		{Event{Kind: EventShot, Seq: 3, Class: "☕", ID: 9, Shots: 5, Of: 5, Accepted: true, Taught: true},
			`{"event":"shot"` + head + `"seq":3,"class":"☕","id":9,"shots":5,"of":5,"accepted":true,"reason":"","taught":true,"advice":[]}`},
		{Event{Kind: EventShot, Class: "cup", ID: 9, Shots: 4, Of: 5, Accepted: true, Advice: advice},
			`{"event":"shot"` + head + `"seq":0,"class":"cup","id":9,"shots":4,"of":5,"accepted":true,"reason":"","taught":false,"advice":[{"kind":"outlier","class":"cup","other":"mug","shot":9,"shots":1,"of":4,"text":"shot 9 of \"cup\" looks more like \"mug\""}]}`},
		{Event{Kind: EventShot, Class: "cup", Of: 5, Reason: "too dark"},
			`{"event":"shot"` + head + `"seq":0,"class":"cup","id":0,"shots":0,"of":5,"accepted":false,"reason":"too dark","taught":false,"advice":[]}`},
		{Event{Kind: EventLabel, Seq: 7, Class: "unknown", Nearest: "cup", Distance: 0.25, Threshold: 0.5, Views: 4, Veto: support.Veto{Negative: 9, Distance: 0.0625, Limit: 0.125}},
			`{"event":"label"` + head + `"seq":7,"class":"unknown","known":false,"nearest":"cup","distance":0.25,"threshold":0.5,"margin":0,"fps":0,"basis":"","views":4,"vetoed_by":{"id":9,"distance":0.0625,"limit":0.125}}`},
		{Event{Kind: EventNothing, Seq: 3, Class: "cup", ID: 9, Accepted: true},
			`{"event":"nothing"` + head + `"seq":3,"was":"cup","id":9,"accepted":true,"reason":"","advice":[]}`},
		{Event{Kind: EventClass, Class: "object 2", Of: 5, New: true},
			`{"event":"class"` + head + `"class":"object 2","shots":0,"of":5,"new":true}`},
		{Event{Kind: EventUndo, Change: "shot", Class: "cup", ID: 9, Shots: 1, Accepted: true},
			`{"event":"undo"` + head + `"change":"shot","class":"cup","id":9,"shots":1,"accepted":true,"reason":""}`},
		{Event{Kind: EventForget, Class: "cup", Shots: 5, Reason: "say it again"},
			`{"event":"forget"` + head + `"class":"cup","shots":5,"accepted":false,"reason":"say it again"}`},
		{Event{Kind: EventCamera, Camera: "camera:0", State: CameraLost, What: "unplugged"},
			`{"event":"camera"` + head + `"camera":"camera:0","state":"lost","what":"unplugged"}`},
		{Event{Kind: EventModel, Model: "new", State: ModelLooks, Done: 3, Total: 9},
			`{"event":"model"` + head + `"model":"new","state":"looks","done":3,"of":9,"aside":[]}`},
		{Event{Kind: EventModel, Model: "new", State: ModelReady, Done: 9, Total: 9, Aside: []uint64{4}},
			`{"event":"model"` + head + `"model":"new","state":"ready","done":9,"of":9,"aside":[4]}`},
		{Event{Kind: EventError, What: "disk full", Hint: "make room"},
			`{"event":"error"` + head + `"what":"disk full","hint":"make room"}`},
		{Event{Kind: EventStatus, Class: "cup", Shots: 2, Of: 5, Classes: 1, Frames: 10, Dropped: 3, FPS: 8, Stages: &none},
			`{"event":"status"` + head + `"class":"cup","shots":2,"of":5,"classes":1,"frames":10,"dropped":3,"fps":8,` +
				`"ms":{"capture":{"p50":0,"p99":0},"match":{"p50":0,"p99":0},"network":{"p50":0,"p99":0},"preprocess":{"p50":0,"p99":0}}}`},
	} {
		c.e.Time = at
		got, err := json.Marshal(c.e)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.e.Kind, err, got, c.want)
		}
	}
	if got, err := json.Marshal(Event{Kind: "surprise"}); err == nil {
		t.Errorf("an event of no kind became %s", got)
	}
}

func TestEventText(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: EventLabel, Class: "cup", Known: true, Nearest: "cup", Distance: 0.214, Threshold: 0.4}, "cup  0.21 of 0.40"},
		{Event{Kind: EventLabel, Class: "unknown", Nearest: "cup", Distance: 0.55, Threshold: 0.4}, "unknown  0.55 from cup, whose limit is 0.40"},
		{Event{Kind: EventLabel, Class: "unknown", Distance: 2}, "unknown"},
		{Event{Kind: EventLabel, Class: "unknown", Nearest: "cup", Distance: 0.3, Threshold: 0.4, Veto: support.Veto{Negative: 9, Distance: 0.1, Limit: 0.2}}, "unknown  0.30 from cup, but more like picture 9, which is nothing"},
		{Event{Kind: EventNothing, Class: "cup", ID: 9, Accepted: true}, "not cup: picture 9 is nothing"},
		{Event{Kind: EventNothing, Class: "unknown", ID: 9, Accepted: true, Advice: advice}, `picture 9 is nothing; shot 9 of "cup" looks more like "mug"`},
		{Event{Kind: EventNothing, Class: "cup", Reason: "too dark"}, "not kept: too dark"},
		{Event{Kind: EventUndo, Accepted: true, Change: "nothing", ID: 9, Shots: 1}, "undone: picture 9 is not nothing any more"},
		{Event{Kind: EventUndo, Accepted: true, Change: "remove nothing", ID: 9, Shots: 1}, "undone: picture 9 is nothing again"},
		{Event{Kind: EventShot, Class: "cup", Shots: 3, Of: 5, Accepted: true}, "cup: shot 3 of 5"},
		{Event{Kind: EventShot, Class: "cup", Shots: 5, Of: 5, Accepted: true, Taught: true}, "cup: shot 5 of 5, taught"},
		{Event{Kind: EventShot, Class: "cup", Shots: 6, Of: 5, Accepted: true}, "cup: shot 6"},
		{Event{Kind: EventShot, Class: "cup", Shots: 4, Of: 5, Accepted: true, Advice: advice}, `cup: shot 4 of 5; shot 9 of "cup" looks more like "mug"`},
		{Event{Kind: EventShot, Class: "cup", Reason: "too dark"}, "no shot of cup: too dark"},
		{Event{Kind: EventClass, Class: "cup", Shots: 1}, "now teaching cup, 1 shot so far"},
		{Event{Kind: EventClass, Class: "object 2", New: true}, "now teaching object 2, which is new"},
		{Event{Kind: EventUndo, Accepted: true, Change: "shot", Class: "cup", Shots: 1}, "undone: the last shot of cup"},
		{Event{Kind: EventUndo, Accepted: true, Change: "forget", Class: "cup", Shots: 5}, "undone: cup is known again, with 5 shots"},
		{Event{Kind: EventUndo, Accepted: true, Change: "rename", Class: "cup"}, "undone: rename of cup"},
		{Event{Kind: EventUndo, Reason: "nothing to undo"}, "nothing to undo"},
		{Event{Kind: EventForget, Class: "cup", Shots: 5, Reason: "say it again"}, "forget cup and its 5 shots? say it again"},
		{Event{Kind: EventForget, Class: "cup", Shots: 5, Accepted: true}, "forgot cup and its 5 shots"},
		{Event{Kind: EventForget, Class: "cup", Reason: "it has no shots"}, "cup: it has no shots"},
		{Event{Kind: EventCamera, Camera: "camera:0", State: CameraLost, What: "unplugged"}, "camera:0 is away: unplugged"},
		{Event{Kind: EventCamera, Camera: "camera:0", State: CameraBack}, "camera:0 is back"},
		{Event{Kind: EventCamera, Camera: "a.avi", State: CameraEnd}, "a.avi is at its end"},
		{Event{Kind: EventModel, Model: "new", State: ModelLooks, Done: 3, Total: 9}, "new looks at what was taught: 3 of 9"},
		{Event{Kind: EventModel, Model: "new", State: ModelReady}, "new answers from here on"},
		{Event{Kind: EventModel, Model: "new", State: ModelReady, Aside: []uint64{4}}, "new answers from here on; 1 shot left out, of which it can make nothing"},
		{Event{Kind: EventError, What: "disk full"}, "disk full"},
		{Event{Kind: EventError, What: "disk full", Hint: "make room"}, "disk full (make room)"},
		{Event{Kind: EventStatus, Class: "cup", Shots: 2, Of: 5, Classes: 3, FPS: 8, Dropped: 1}, "3 classes known; teaching cup, 2 of 5; 8.0 frames a second, 1 dropped"},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}
