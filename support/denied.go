package support

import "sync"

// A negative that would take a class's own shots from it, each asked about as if
// it had never been taught, is a slip of the finger, or shows a thing so like the
// class that somebody should know what it costs.

// deniedScene is the distance up to which a negative is like a class's only
// shot, of which there is no other to compare with.
const deniedScene = sceneSpread

// denied returns how many of the shots of a way a negative would take from it, of
// each of which the nearest own is another one.
func (v *view) denied(way int, negative *entry) (shots int) {
	own := v.shots[v.first[way]:v.first[way+1]]
	for i, x := range own {
		if isDenied(own, i, distance(cosine(x, negative)), v.ratios[way]) {
			shots++
		}
	}
	return shots
}

// isDenied says so of the i-th shot, which is at such a distance of the negative.
func isDenied(own []*entry, i int, away, ratio float64) bool {
	if len(own) == 1 {
		return away < deniedScene
	}
	for j, o := range own {
		if j != i && away >= ratio*distance(cosine(own[i], o)) {
			return false
		}
	}
	return true
}

// cosine is that of two pictures, in the order of what is stored: a query's is
// summed likewise.
func cosine(a, b *entry) float64 {
	return float64(float64(dot(a.embedding, b.embedding)*a.inv) * b.inv)
}

// denials remembers what the view before said of the classes that are the same
// still.
type denials struct {
	mu    sync.Mutex
	known map[denial]int
}

type denial struct {
	way      *way
	negative *entry
	ratio    float64
}

// advise lists the negatives that deny shots, in the order of teaching, class by
// class.
func (d *denials) advise(v *view) (all []Advice) {
	if len(v.negatives) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	known := make(map[denial]int, len(v.negatives)*len(v.state.ways))
	for _, e := range v.negatives {
		for i, w := range v.state.ways {
			k := denial{w, e, v.ratios[i]}
			n, ok := d.known[k]
			if !ok {
				n = v.denied(i, e)
			}
			known[k] = n
			if n > 0 {
				all = append(all, Advice{Kind: Denied, Class: w.name, Shot: e.id, Shots: n, Of: v.first[i+1] - v.first[i]})
			}
		}
	}
	d.known = known
	return all
}
