package support

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// Scene averages what a camera sees for as long as it sees the same. The mean
// is for AnswerViews.
//
// A frame belongs to the scene if its distance to the mean is at most a few
// times the usual one of the last frames: the adaptive threshold of Yusoff,
// Christmas and Kittler, "Video Shot Cut Detection Using Adaptive Thresholding"
// (BMVC 2000), in its proportional form, on embeddings. A camera on a stand
// before a thing that lies there has frames 0.003 to 0.01 apart, one in a hand
// 0.05, and another thing is 0.4 to 0.9 away from the last. Of 92 frames of the
// demo's clip each of the 17 first ones of another scene is seen as such.
//
// After a change the mean starts anew. The scene before is remembered until
// the new one has a second frame: a frame that is like that one again
// continues it, so that a hand before the lens does not cost what was averaged.
//
// A Scene is used by one goroutine. Its methods allocate nothing.
type Scene struct {
	most    int
	now     look
	before  look    // empty unless now has one frame
	usual   float64 // moving average of the frames' distances
	changed bool
}

// look is the frames of one scene.
type look struct {
	frames []embed.Embedding // those averaged, the oldest overwritten
	next   int
	n      int
	mean   embed.Embedding
}

// What is the same scene, in distances.
const (
	sceneTimes = 4    // as far as usual, up to which a frame belongs to the scene
	sceneLeast = 0.04 // nearer is always the same: the network's noise, see sceneSpread
	sceneMost  = 0.25 // farther is always another: half of what other things are
	sceneFirst = 0.02 // what is usual as long as nothing was seen
	sceneRate  = 0.1  // share of a frame in what is usual
)

// NewScene returns a Scene that averages up to views frames, at least 1, of
// embeddings of dim numbers.
func NewScene(views, dim int) *Scene {
	s := &Scene{most: max(views, 1), usual: sceneFirst}
	for _, l := range []*look{&s.now, &s.before} {
		all := make(embed.Embedding, (s.most+1)*dim)
		for i := range s.most {
			l.frames = append(l.frames, all[i*dim:(i+1)*dim])
		}
		l.mean = all[s.most*dim:]
	}
	return s
}

// Add takes the next frame, which is copied, and returns the mean of the
// scene's last frames, this one included, and how many they are. The mean
// belongs to the Scene and holds until the next call.
func (s *Scene) Add(e embed.Embedding) (mean embed.Embedding, views int) {
	s.changed = false
	if s.most == 1 {
		s.changed = s.now.n == 0
		s.now.n = 1
		copy(s.now.mean, e)
		return s.now.mean, 1
	}
	limit := min(max(sceneTimes*s.usual, sceneLeast), sceneMost)
	d := 2.0
	if s.now.n > 0 {
		d = s.now.distance(e)
		// A jump says that something moved and not how far.
		s.usual += sceneRate * (min(d, 2*limit) - s.usual)
	}
	switch {
	case d <= limit:
		s.before.n = 0
	case s.before.n > 0 && s.before.distance(e) <= limit:
		s.now, s.before = s.before, s.now
		s.before.n = 0
		s.changed = true
	default:
		if s.now.n > 1 {
			s.now, s.before = s.before, s.now
		}
		s.now.n, s.now.next = 0, 0
		s.changed = true
	}
	s.now.add(e)
	return s.now.mean, s.now.n
}

// Changed reports whether the last frame showed another scene than the one
// before it did.
func (s *Scene) Changed() bool { return s.changed }

func (l *look) add(e embed.Embedding) {
	copy(l.frames[l.next], e)
	l.next = (l.next + 1) % len(l.frames)
	l.n = min(l.n+1, len(l.frames))
	Mean(l.mean, l.frames[:l.n]...)
}

// distance is that of a frame to the mean; 2 if one of them has no direction.
func (l *look) distance(e embed.Embedding) float64 {
	return distance(dot(l.mean, e) / math.Sqrt(float64(dot(l.mean, l.mean)*dot(e, e))))
}
