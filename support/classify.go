package support

import (
	"math"

	"github.com/edge-camera/edge/embed"
)

// Prediction is how much a query looks like one class.
type Prediction struct {
	Class string `json:"class"`
	// Score is what the head puts the classes in order by, the greater the
	// better: for Prototype 1 − Distance, for NearestShot the cosine to the
	// class's nearest shot, for Ridge an estimate of 1 if it is the class and 0
	// if not, for LDA a discriminant without bounds.
	Score    float64 `json:"score"`
	Distance float64 `json:"distance"` // from the class, 0 to 2; see Score
	Known    bool    `json:"known"`    // Distance is within the class's threshold; whether a negative objects is in the Answer

	cosine float64 // cosine distance to the prototype
}

// Answer is what the device says to a query.
type Answer struct {
	Class     string  `json:"class"` // Nearest, or Unknown when not Known
	Known     bool    `json:"known"`
	Nearest   string  `json:"nearest"`   // the class that the head chose; empty if there is none
	Distance  float64 `json:"distance"`  // from Nearest, 0 to 2, see Score; 2 if there is no class
	Threshold float64 `json:"threshold"` // up to which Nearest is known
	Basis     Basis   `json:"basis"`     // what Threshold rests on; empty if there is no class
	Head      Head    `json:"head"`      // what chose Nearest; empty if there is no class
	Margin    float64 `json:"margin"`    // how much farther the prototype of the nearest other class is, by cosine; below 0 where the head chose another than the nearest; with one class, as if a second were as far as can be
	Views     int     `json:"views"`     // that were averaged; see AnswerViews
	Worth     float64 `json:"worth"`     // how many independent pictures Threshold takes them for
	Veto      Veto    `json:"veto"`      // the negative because of which it is not Known, though Distance is within Threshold; zero: none
}

// view is all that Classify needs, published as a whole.
type view struct {
	all         state // with the shots that take no part in answers
	fingerprint embed.Fingerprint
	ready       bool // false: shots lack embeddings, and state is empty

	state    state
	dim      int     // of the shots, 0 if there is none
	metric   *metric // of Answer.Distance; nil: cosine distances
	sees     []*seen // by way: what its rows make of the prototypes
	own      own
	limit    []limit // by way
	kin      []kin   // by way
	head     Head    // never Auto
	estimate Estimate
	advice   []Advice
	scorer   scorer

	negatives []*entry  // those that count, by id
	ratios    []float64 // by way, where there are negatives: how much nearer than a shot one must be

	shots []*entry // those that count, way by way
	first []int    // where each way's begin in shots; and the end
	index *index   // nil as long as there is none
}

// newView derives what the state's ways still lack and learns them. l holds the
// state's shots, or is nil where only prototypes are to be had.
func newView(st state, fingerprint embed.Fingerprint, dim int, rule Rule, l *learner) *view {
	var todo []*way
	for _, w := range st.ways {
		if w.prototype == nil {
			todo = append(todo, w)
		}
	}
	deriveAll(todo, fingerprint, dim)
	v := &view{all: st, fingerprint: fingerprint, ready: true, state: st, dim: dim}
	var loo *looResult
	v.head, v.scorer, loo = l.learn(st, dim, rule)
	if loo != nil && loo.metric != nil {
		v.metric = loo.metric
		for _, w := range st.ways {
			v.sees = append(v.sees, w.seen)
		}
	}
	o := owned(st.ways, loo)
	v.own = o
	v.limit = limits(st.ways, o, rule, v.head, loo)
	v.kin = kins(st.ways, o, v.limit, rule)
	v.estimate = estimate(v.head, v.limit, loo)
	v.advice = advise(st.ways, v.head, loo)
	if v.negatives = countedNegatives(st.negatives, dim); len(v.negatives) > 0 {
		if loo == nil {
			l = nil // it has nothing to tell
		}
		v.ratios = vetoRatios(st.ways, l)
	}
	v.flatten()
	return v
}

// publish makes the state visible. Callers hold s.change, or are Open.
func (s *Set) publish() {
	st, ready := s.state.counting(s.model), true
	if len(st.ways) == 0 && len(s.state.ways) > 0 && s.fingerprint == (embed.Fingerprint{}) {
		// An undo has left none of the shots by which the model was chosen.
		s.model = s.state.ways[0].shots[0].fingerprint
		st = s.state.counting(s.model)
	}
	if s.partial {
		s.state.every(func(_ string, e *entry) { ready = ready && e.done(s.model) })
		if !ready {
			st = state{}
		}
	}
	dim := 0
	if len(st.ways) > 0 {
		dim = len(st.ways[0].shots[0].embedding)
	}
	v := newView(st, s.model, dim, s.rule.fill(), s.current(st, dim))
	v.all, v.ready = s.state, ready
	if s.projection != nil && s.projection.dim == dim {
		v = v.indexed(s.projection)
	}
	s.seen.Store(v)
	s.learnProjection(v)
}

// Classify compares a query with every class and returns one Prediction per
// class in dst[:0], best first, ties by name. It allocates only where dst has
// no room. It never waits for a change being written, so it may be called while
// another goroutine adds shots; right after Open it waits for the prototypes (2
// ms with 1,000 shots on a desktop core).
//
// A query of the wrong length gets no Prediction; one that is all zero or not
// finite is as far from everything as can be.
func (s *Set) Classify(dst []Prediction, q embed.Embedding) []Prediction {
	return s.seen.Load().classify(dst, q, 1)
}

func (v *view) classify(dst []Prediction, q embed.Embedding, views int) []Prediction {
	dst = dst[:0]
	if len(q) != v.dim {
		return dst
	}
	apart := apartness(q, views)
	inv := 1 / math.Sqrt(dot(q, q))
	var sees seen
	v.see(&sees, q, inv)
	ways := v.state.ways
	for i := 0; i < len(ways); i += 4 {
		last := len(ways) - 1
		cosines := dot4(q, ways[i].prototype, ways[min(i+1, last)].prototype, ways[min(i+2, last)].prototype, ways[min(i+3, last)].prototype)
		for j, w := range ways[i:min(i+4, len(ways))] {
			d := 2.0
			if c := float64(cosines[j] * inv); !math.IsNaN(c) && !math.IsInf(c, 0) {
				d = min(max(1-c, 0), 2)
			}
			p := Prediction{Class: w.name, Distance: v.distance(i+j, d, &sees), cosine: d}
			limit, _ := v.within(i+j, views, apart)
			p.Known = p.Distance <= limit
			dst = append(dst, p)
		}
	}
	if inv > 0 && !math.IsInf(inv, 0) {
		v.scorer.score(dst, q, inv)
	}
	rank(dst)
	return dst
}

// Answer classifies a query and decides. It returns the predictions too, in
// dst[:0] as Classify does. With no class, or a query of the wrong length, the
// answer is Unknown at distance 2.
func (s *Set) Answer(dst []Prediction, q embed.Embedding) (Answer, []Prediction) {
	return s.seen.Load().answer(dst, q, 1, nil)
}

// answer looks at every class. s is for the negatives, see contest.
func (v *view) answer(dst []Prediction, q embed.Embedding, views int, s *MatchScratch) (Answer, []Prediction) {
	dst = v.classify(dst, q, views)
	if len(dst) == 0 {
		return nothing(views), dst
	}
	second := 2.0
	for _, p := range dst[1:] {
		second = min(second, p.cosine)
	}
	return v.decided(v.state.find(dst[0].Class), dst[0].Distance, second-dst[0].cosine, q, views, s), dst
}

// see writes what the metric's rows make of a query.
func (v *view) see(dst *seen, q embed.Embedding, inv float64) {
	if v.metric != nil && inv > 0 && !math.IsInf(inv, 0) {
		v.metric.see(dst, q, inv)
	}
}

// distance is that to a way, of what is so far from its prototype by the cosine.
func (v *view) distance(way int, cosine float64, sees *seen) float64 {
	if v.metric == nil || cosine == 2 { // 2 is also what nothing can be said of
		return cosine
	}
	return v.metric.distance(cosine, sees, v.sees[way])
}

// nothing is the answer where there is no class.
func nothing(views int) Answer {
	return Answer{Class: Unknown, Distance: 2, Views: views, Worth: 1}
}

// decided is the answer where the head has chosen a way, at such a distance and
// with such a margin.
func (v *view) decided(way int, distance, margin float64, q embed.Embedding, views int, s *MatchScratch) Answer {
	name := v.state.ways[way].name
	a := Answer{Class: Unknown, Nearest: name, Distance: distance, Basis: v.limit[way].basis, Head: v.head, Margin: margin, Views: views}
	a.Threshold, a.Worth = v.within(way, views, apartness(q, views))
	if a.Known = distance <= a.Threshold; a.Known {
		a.Class = name
	}
	return v.contest(a, way, q, s)
}

// ways describes the classes.
func (v *view) ways() []Way {
	ways := make([]Way, len(v.all.ways))
	counted := 0
	for i, w := range v.all.ways {
		ways[i] = Way{Class: w.name, Shots: len(w.shots), Aside: len(w.shots), Created: w.created}
		// What counts is a part of all, in the same order.
		if j := counted; j < len(v.state.ways) && v.state.ways[j].name == w.name {
			ways[i].Aside -= len(v.state.ways[j].shots)
			ways[i].Radius, ways[i].Basis = v.limit[j].distance, v.limit[j].basis
			counted++
		}
	}
	return ways
}
