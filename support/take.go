package support

import "github.com/edge-camera/edge/embed"

// A take is shots of one class that are nearly one picture: a burst of frames,
// or a picture taught twice. However many they are, they say no more of the
// class than one, so a take counts as one shot in the prototype, and in
// leave-one-out all of it is left out: else a frame would be measured against
// the next one, and the class would seem to vary by nothing.
//
// Taught three pictures a class, of some of which there were four frames
// instead of one, prototypes name 1.1 to 2.0 points more groceries right than
// without takes, and 5 to 16 points more hand signs (where only some classes
// have a burst); five single pictures a class are named as before (0.0). The
// ridge regression needs no takes: it is of the same use with them and without
// (0.0 to −0.5), because what is shown to it twice is fitted already.
type take []*entry // in the order of teaching; the first is the one that others are compared with

// takesOf sorts shots, in the order of teaching, into takes: a shot belongs to
// the first take whose first shot it is nearer to than sceneSpread. was is what
// came of shots that differ from these by a few, or nil: what is known from it
// is not computed again.
func takesOf(shots []*entry, was []take) []take {
	known := map[*entry]*entry{} // the first shot of its take
	size := map[*entry]int{}
	last := uint64(0)
	for _, t := range was {
		for _, e := range t {
			known[e] = t[0]
			last = max(last, e.id)
		}
		size[t[0]] = len(t)
	}
	there := make(map[*entry]bool, len(shots))
	for _, e := range shots {
		there[e] = true
	}
	// What went alone, or was not the first, makes no difference to the rest.
	// What came makes one to later ones, and so does the first of several.
	for _, t := range was {
		if !there[t[0]] && len(t) > 1 {
			clear(known)
		}
	}
	for _, e := range shots {
		if known[e] == nil && e.id < last {
			clear(known)
			break
		}
	}

	takes := make([]take, 0, len(shots))
	at := map[*entry]int{}
	for _, e := range shots {
		first := known[e]
		if first == nil {
			first = e
			for _, t := range takes {
				if alike(t[0], e) {
					first = t[0]
					break
				}
			}
		}
		i, ok := at[first]
		if !ok {
			i = len(takes)
			at[first] = i
			takes = append(takes, nil)
		}
		takes[i] = append(takes[i], e)
	}
	return takes
}

// alike reports whether the distance of two shots is below sceneSpread. Of most
// pairs a tenth of the numbers tells.
func alike(a, b *entry) bool {
	const most = 2 * sceneSpread // of unit vectors, ‖a−b‖² = 2·(1 − cosine)
	sum := 0.0
	x, y := a.embedding, b.embedding
	for len(x) > 0 {
		n := min(len(x), 32)
		sum += apart(x[:n], y[:n], a.inv, b.inv)
		if sum >= most {
			return false
		}
		x, y = x[n:], y[n:]
	}
	return true
}

// apart is the squared distance of x·a and y·b.
func apart(x, y embed.Embedding, a, b float64) float64 {
	sum := 0.0
	y = y[:len(x)]
	for i, v := range x {
		d := float64(float64(v)*a) - float64(float64(y[i])*b)
		sum += float64(d * d)
	}
	return sum
}
