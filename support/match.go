package support

import (
	"cmp"
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support/internal/dot8"
)

// Match is what is nearest to a query: the nearest class and the nearest single
// shot, which need not be one of that class. A shot's distance is 1 − cosine.
type Match struct {
	Class     string  // nearest prototype's, of equal ones the first by name; empty if there is no class
	Distance  float64 // from it, as in an Answer; 2 if there is no class
	Threshold float64 // up to which Class is known

	Shot         uint64  // nearest shot, of equal ones the one taught first; 0 if none is near enough
	ShotClass    string  // its class
	ShotDistance float64 // to it; 2 if there is none
}

// MatchScratch is Match's memory between calls: at most one goroutine uses it
// at a time. The zero MatchScratch is ready.
type MatchScratch struct {
	projection *projection
	inv        float64             // 1 / norm of the query
	vec        []int16             // the query, see projection.vector
	vecErr     float64             // of it
	short      [sketchDim]int16    // its sketch, in units of projection.unit/querySteps, which differ by part
	err        float64             // of that, the error of vec included
	norm       [len(parts)]float64 // its squares, summed up to each part's end

	scores []int32   // by one part, of each row or of those in rows
	rows   []int32   // of those that may still be near
	sums   []float64 // their scores so far, each times its part's weight
	one    [1]int32
	zero   [1]int32

	best   hit
	second hit     // kept if two is set, and then what a row must be nearer than
	two    bool    // the nearest two rows are wanted
	beside float64 // rows so much farther than the nearest one are wanted too

	near  []near       // what a search collects
	sees  seen         // of the query
	preds []Prediction // of Decide without an index

	prepared bool // prepare has seen Decide's query
}

// hit is the nearest row so far and its distance; as long as there is none, row
// is −1 and distance what it must not exceed.
type hit struct {
	row      int
	distance float64
}

// Match finds what is nearest to a query. Shots farther than within, a distance,
// count as none: the nearer that is, the less there is to look at, and 2 allows
// all. The answer is the one of looking at everything, to the last bit: of most
// shots, sketches prove that they cannot be the nearest.
//
// A query of the wrong length, all zero or not finite is like nothing. Match
// allocates nothing once scratch has seen as many shots, and never waits.
func (s *Set) Match(q embed.Embedding, within float64, scratch *MatchScratch) Match {
	v := s.seen.Load()
	if v.index == nil {
		s.wantIndex(v)
	}
	return v.match(q, within, scratch)
}

func (v *view) match(q embed.Embedding, within float64, s *MatchScratch) Match {
	m := Match{Distance: 2, ShotDistance: 2}
	if len(q) != v.dim || len(v.state.ways) == 0 {
		return m
	}
	s.inv = 1 / math.Sqrt(dot(q, q))
	if !(s.inv > 0) || math.IsInf(s.inv, 0) {
		return m
	}
	if !(within <= 2) {
		within = 2
	}
	within = max(within, 0)
	x := v.index
	if x != nil {
		s.prepare(x.projection, q)
	}

	ways := prototypeRows(v.state.ways)
	s.begin(2, false)
	if x == nil {
		lookAtAll(s, ways, q, len(ways))
	} else {
		search(s, ways, q, &x.prototypes)
	}
	near := s.best
	v.see(&s.sees, q, s.inv)
	m.Class, m.Distance, m.Threshold = ways[near.row].name, v.distance(near.row, near.distance, &s.sees), v.limit[near.row].distance

	shots := shotRows(v.shots)
	s.begin(within, false)
	if x == nil {
		lookAtAll(s, shots, q, len(shots))
	} else {
		// The nearest class's shots are likely near, and rule most others out.
		for row := v.first[near.row]; row < v.first[near.row+1]; row++ {
			if s.mayBeNear(x.shots.sketches[row]) {
				offer(s, shots, q, row)
			}
		}
		search(s, shots, q, &x.shots)
	}
	if hit := s.best; hit.row >= 0 {
		m.Shot, m.ShotClass, m.ShotDistance = shots[hit.row].id, v.state.ways[v.wayOf(hit.row)].name, hit.distance
	}
	return m
}

// wayOf returns the way of one of v.shots.
func (v *view) wayOf(row int) int {
	w, _ := slices.BinarySearch(v.first, row+1)
	return w - 1
}

// rowSet is what is searched, by number.
type rowSet interface {
	// distance is the definition's, of a query of norm 1/inv.
	distance(q embed.Embedding, inv float64, row int) float64
	// before breaks ties.
	before(a, b int) bool
}

type prototypeRows []*way

func (r prototypeRows) distance(q embed.Embedding, inv float64, row int) float64 {
	return distance(float64(dot(q, r[row].prototype) * inv))
}

func (r prototypeRows) before(a, b int) bool { return r[a].name < r[b].name }

type shotRows []*entry

func (r shotRows) distance(q embed.Embedding, inv float64, row int) float64 {
	return distance(float64(float64(dot(q, r[row].embedding)*inv) * r[row].inv))
}

func (r shotRows) before(a, b int) bool { return r[a].id < r[b].id }

// distance is 1 − cosine, from 0 to 2; 2 of what is not finite.
func distance(cosine float64) float64 {
	if math.IsNaN(cosine) || math.IsInf(cosine, 0) {
		return 2
	}
	return min(max(1-cosine, 0), 2)
}

// begin makes ready for a search for the nearest row not farther than within,
// or for the nearest two.
func (s *MatchScratch) begin(within float64, two bool) {
	s.best, s.second, s.two, s.beside = hit{-1, within}, hit{-1, within}, two, 0
}

// within is what a row must not exceed to be of interest.
func (s *MatchScratch) within() float64 {
	if s.two {
		return s.second.distance
	}
	return s.best.distance + s.beside
}

// offer computes a row's distance and keeps it if it is the nearest, or one of
// the nearest two where these are wanted. A row may be offered again.
func offer[R rowSet](s *MatchScratch, rows R, q embed.Embedding, row int) {
	d := rows.distance(q, s.inv, row)
	nearer := func(h hit) bool {
		return d < h.distance || d == h.distance && (h.row < 0 || rows.before(row, h.row))
	}
	switch {
	case nearer(s.best):
		s.best, s.second = hit{row, d}, s.best
	case s.two && row != s.best.row && nearer(s.second):
		s.second = hit{row, d}
	}
}

func lookAtAll[R rowSet](s *MatchScratch, rows R, q embed.Embedding, n int) {
	for row := range n {
		offer(s, rows, q, row)
	}
}

// prepare sketches the query.
func (s *MatchScratch) prepare(b *projection, q embed.Embedding) {
	s.projection = b
	s.vec = resize(s.vec, b.width)
	s.vecErr = b.vector(s.vec, q, s.inv)
	var u [sketchDim]float64
	b.project(&u, s.vec)
	sum, norm := 0.0, 0.0
	for p, part := range parts {
		unit := b.unit[p] / querySteps
		for i := part.from; i < part.to; i++ {
			f := u[i] / unit
			r := math.RoundToEven(min(max(f, -1<<15), 1<<15-1))
			s.short[i] = int16(r)
			f, r = float64((f-r)*unit), float64(r*unit)
			sum += float64(f * f)
			norm += float64(r * r)
		}
		s.norm[p] = norm
	}
	s.err = math.Sqrt(sum) + s.vecErr + slack
}

// bound returns what the scores of a row of t, up to part p, each times its
// part's weight, must not exceed for it to be of interest.
//
// With x a sketch, q the query's and u the unit of a part, the squared distance
// ‖q−x‖² is ‖q‖² + Σ weight·score, where score = (querySteps/2)·x²/u² −
// (q/(u/querySteps))·(x/u), and by what it can be more than √(2·distance) both
// their errors say: for vectors of norm at most 1, 2·(1 − cosine) is at least
// their squared distance.
func (s *MatchScratch) bound(t *table, p int) float64 {
	d := math.Sqrt(2*s.within()) + t.err + s.err
	return float64(d*d) - s.norm[p]
}

// mayBeNear says whether the full sketch lets a row be of interest.
func (s *MatchScratch) mayBeNear(k *sketch) bool {
	dot8.Rows(s.one[:], s.zero[:], s.vec, k.full)
	cosine := float64(-s.one[0]) * (k.unit / s.projection.factor)
	return 1-cosine-float64((1+s.vecErr)*k.excess)-s.vecErr-slack <= s.within()
}

// search finds the nearest rows, of which t has the sketches. A row whose
// sketch is too far away, by its first parts or all, is not looked at any more.
func search[R rowSet](s *MatchScratch, rows R, q embed.Embedding, t *table) {
	n := len(t.sketches)
	s.scores = resize(s.scores, n)
	s.rows = resize(s.rows, n)
	s.sums = resize(s.sums, n)
	dot8.Rows(s.scores, t.base[0], s.short[parts[0].from:parts[0].to], t.part[0])
	if s.best.row < 0 {
		first := lowest(s.scores, -1)
		offer(s, rows, q, first)
		if s.two && n > 1 {
			offer(s, rows, q, lowest(s.scores, first))
		}
	}

	// What is let through is hard to predict, so there is no branch on it.
	found := 0
	weight := s.projection.weight(0)
	most := int64(min(math.Ceil(s.bound(t, 0)/weight), math.MaxInt32))
	for row, score := range s.scores {
		s.rows[found], s.sums[found] = int32(row), float64(weight*float64(score))
		through := 0
		if int64(score) <= most {
			through = 1
		}
		found += through
	}
	for p := 1; p < len(parts); p++ {
		left, most, weight := 0, s.bound(t, p), s.projection.weight(p)
		scores := s.scores[:found]
		dot8.Picked(scores, t.base[p], s.short[parts[p].from:parts[p].to], t.part[p], s.rows[:found])
		for i, score := range scores {
			sum := s.sums[i] + float64(weight*float64(score))
			s.rows[left], s.sums[left] = s.rows[i], sum
			through := 0
			if sum <= most {
				through = 1
			}
			left += through
		}
		found = left
	}
	if found == 0 {
		return
	}
	// The most likely first: it rules others out.
	offer(s, rows, q, int(s.rows[lowest(s.sums[:found], -1)]))
	last := len(parts) - 1
	bound := s.bound(t, last)
	for i, row := range s.rows[:found] {
		if s.sums[i] <= bound && s.mayBeNear(t.sketches[row]) {
			offer(s, rows, q, int(row))
			bound = s.bound(t, last)
		}
	}
}

// lowest returns where the lowest of v is, but for one.
func lowest[T cmp.Ordered](v []T, but int) int {
	at := 0
	if but == 0 {
		at = 1
	}
	for i, x := range v {
		if x < v[at] && i != but {
			at = i
		}
	}
	return at
}

func resize[T any](v []T, n int) []T { return slices.Grow(v[:0], n)[:n] }
