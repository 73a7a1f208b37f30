package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

// Options say what to measure.
type Options struct {
	Way      int    // classes an episode; 0: all that are usable
	Shot     int    // pictures to teach of each
	Query    int    // pictures to ask about, of each class at most
	Episodes int    // at least 1
	Seed     uint64 // episodes depend on it and on nothing else that varies
	// Views is how many pictures of one class an answer rests on: their
	// embeddings are averaged. 0 and 1: one. Far unknowns are asked about one at a
	// time: no two are of one thing.
	Views int
	// Negatives is how many pictures of further classes are taught as being of
	// none, two of each class: then every episode is asked twice, without them
	// and with them.
	Negatives int
	// Rules to compare; none: the default one. All see the same episodes.
	Rules []support.Rule
	// Scores to compare, each under each of the Rules; none: the device's.
	Scores []support.Score
	// Progress is told of every episode that is done, by one goroutine at a
	// time; it may be nil.
	Progress func(done, total int)
}

// maxUnknown is how many pictures of each kind of unknown an episode asks
// about at most.
const maxUnknown = 150

// Result is what a Rule came to, as shares from 0 to 1.
type Result struct {
	Rule  support.Rule
	Score support.Score
	Heads map[support.Head]int // in how many episodes each head chose

	Accuracy    Mean // known pictures whose class is named right, known or not
	Right       Mean // known pictures that are known and named right
	FalseReject Mean // known pictures that are called unknown

	AUROC, FPR95, FalseAccept          Mean // against near unknowns
	FarAUROC, FarFPR95, FarFalseAccept Mean // against far unknowns

	// With is what the negatives change; nil without any.
	With *With

	// Gain is Accuracy and AUROCGain AUROC, less that of the first Result, on the
	// same episodes.
	Gain, AUROCGain Mean
}

// With is what a device that was taught negatives came to, on the same episodes.
type With struct {
	Right, FalseReject, FalseAccept, FarFalseAccept Mean
	// Seen is the share accepted of near unknowns of the classes that negatives
	// are of, SeenWithout the same without the negatives. Near unknowns are of the
	// other classes then.
	Seen, SeenWithout Mean
	// MoreRejects is FalseReject less that without negatives.
	MoreRejects Mean
}

// outcome is what one episode came to under one Rule.
type outcome struct {
	head                                       support.Head
	accuracy, right, falseReject               float64
	auroc, fpr95, accept, farAUROC, far95, far float64
	seen                                       float64
	with                                       *outcome // with negatives
}

// at returns what the Result i is of.
func (o *Options) at(i int) (support.Rule, support.Score) {
	return o.Rules[i/len(o.Scores)], o.Scores[i%len(o.Scores)]
}

// Run measures. Errors wrap ErrPool or support.ErrRule, or are ctx's. The
// results do not depend on the number of processors, all of which it uses.
func Run(ctx context.Context, p *Pool, o Options) ([]Result, error) {
	if len(o.Rules) == 0 {
		o.Rules = []support.Rule{{}}
	}
	if len(o.Scores) == 0 {
		o.Scores = support.Scores()[:1]
	}
	o.Views = max(o.Views, 1)
	var usable []int
	for i := range p.classes {
		if p.classes[i].usable(p.apart, o.Shot) {
			usable = append(usable, i)
		}
	}
	way := o.Way
	if way == 0 {
		way = len(usable)
	}
	switch {
	case o.Shot < 1 || o.Query < 1 || o.Episodes < 1:
		return nil, fmt.Errorf("%w: shots, queries and episodes are at least 1", ErrPool)
	case o.Negatives < 0:
		return nil, fmt.Errorf("%w: %d negatives", ErrPool, o.Negatives)
	case len(usable) < max(way, 2):
		return nil, fmt.Errorf("%w: %d classes have more than the %d to teach, %d are needed", ErrPool, len(usable), o.Shot, max(way, 2))
	case o.Negatives > 0 && p.asked() < way+(o.Negatives+1)/2+1:
		return nil, fmt.Errorf("%w: %d negatives are of %d classes beside the %d to teach and one more, %d have pictures", ErrPool, o.Negatives, (o.Negatives+1)/2, way, p.asked())
	}

	outcomes := make([][]outcome, o.Episodes)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var report sync.Mutex
	done := 0
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), o.Episodes) {
		workers.Go(func() {
			var preds []support.Prediction
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= o.Episodes {
					return
				}
				e := p.draw(rand.New(rand.NewPCG(o.Seed, uint64(n))), usable, way, &o)
				var out outcome
				var err error
				for i := range len(o.Rules) * len(o.Scores) {
					rule, score := o.at(i)
					if out, preds, err = e.teach(score, rule, preds); err != nil {
						cancel(err)
						return
					}
					outcomes[n] = append(outcomes[n], out)
				}
				report.Lock()
				if done++; o.Progress != nil {
					o.Progress(done, o.Episodes)
				}
				report.Unlock()
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}

	results := make([]Result, len(o.Rules)*len(o.Scores))
	for i := range results {
		rule, score := o.at(i)
		over := func(f func(o *outcome) float64) Mean {
			values := make([]float64, len(outcomes))
			for n := range outcomes {
				values[n] = f(&outcomes[n][i])
			}
			return mean(values)
		}
		r := Result{
			Rule: rule, Score: score, Heads: map[support.Head]int{},
			Accuracy:       over(func(o *outcome) float64 { return o.accuracy }),
			Right:          over(func(o *outcome) float64 { return o.right }),
			FalseReject:    over(func(o *outcome) float64 { return o.falseReject }),
			AUROC:          over(func(o *outcome) float64 { return o.auroc }),
			FPR95:          over(func(o *outcome) float64 { return o.fpr95 }),
			FalseAccept:    over(func(o *outcome) float64 { return o.accept }),
			FarAUROC:       over(func(o *outcome) float64 { return o.farAUROC }),
			FarFPR95:       over(func(o *outcome) float64 { return o.far95 }),
			FarFalseAccept: over(func(o *outcome) float64 { return o.far }),
		}
		if o.Negatives > 0 {
			r.With = &With{
				Right:          over(func(o *outcome) float64 { return o.with.right }),
				FalseReject:    over(func(o *outcome) float64 { return o.with.falseReject }),
				Seen:           over(func(o *outcome) float64 { return o.with.seen }),
				SeenWithout:    over(func(o *outcome) float64 { return o.seen }),
				FalseAccept:    over(func(o *outcome) float64 { return o.with.accept }),
				FarFalseAccept: over(func(o *outcome) float64 { return o.with.far }),
				MoreRejects:    over(func(o *outcome) float64 { return o.with.falseReject - o.falseReject }),
			}
		}
		gain, auroc := make([]float64, len(outcomes)), make([]float64, len(outcomes))
		for n := range outcomes {
			gain[n] = outcomes[n][i].accuracy - outcomes[n][0].accuracy
			auroc[n] = outcomes[n][i].auroc - outcomes[n][0].auroc
			r.Heads[outcomes[n][i].head]++
		}
		r.Gain, r.AUROCGain = mean(gain), mean(auroc)
		results[i] = r
	}
	return results, nil
}

// episode is what one is taught and asked.
type episode struct {
	shots     []support.Shot
	negatives []support.Shot
	known     []question
	near, far []question
	seen      []question // of the classes that the negatives are of
}

// question is what is asked about: a picture, or the mean of several.
type question struct {
	class string
	mean  embed.Embedding
	views int
}

// draw makes an episode. Its random numbers are used in one order whatever the
// rules, so that every rule sees the same.
func (p *Pool) draw(r *rand.Rand, usable []int, way int, o *Options) *episode {
	e := &episode{}
	order := r.Perm(len(usable))
	for _, k := range order[:way] {
		c := &p.classes[usable[k]]
		shots := r.Perm(len(c.shots))
		queries := shots[o.Shot:]
		if p.apart {
			queries = r.Perm(len(c.queries))
		}
		for _, i := range shots[:o.Shot] {
			e.shots = append(e.shots, support.Shot{Class: c.name, Embedding: c.shots[i]})
		}
		for range min(o.Query, len(queries)) {
			q := views(r, c.queries, queries, o.Views)
			q.class = c.name
			e.known = append(e.known, q)
			if len(queries) > o.Views {
				queries = queries[1:]
			}
		}
	}
	most := min(len(e.known), maxUnknown)
	// Near unknowns are those of classes that have pictures to ask about, be
	// they enough to teach or not.
	var others []int
	taught := map[int]bool{}
	for _, k := range order[:way] {
		taught[usable[k]] = true
	}
	for i := range p.classes {
		if !taught[i] && len(p.classes[i].queries) > 0 {
			others = append(others, i)
		}
	}
	if o.Negatives > 0 {
		others = p.drawNegatives(r, e, others, most, o)
	}
	if len(others) > 0 {
		total := 0
		for _, i := range others {
			total += len(p.classes[i].queries)
		}
		for range min(most, total) {
			c := &p.classes[others[r.IntN(len(others))]]
			e.near = append(e.near, views(r, c.queries, r.Perm(len(c.queries)), o.Views))
		}
	}
	if len(p.far) > 0 {
		perm := r.Perm(len(p.far))
		for _, i := range perm[:min(most, len(perm))] {
			e.far = append(e.far, question{mean: p.far[i], views: 1})
		}
	}
	return e
}

// drawNegatives draws negatives of some of the others, and questions of the same
// classes, and returns the rest of the others.
func (p *Pool) drawNegatives(r *rand.Rand, e *episode, others []int, most int, o *Options) (rest []int) {
	n := (o.Negatives + 1) / 2
	r.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	type left struct {
		class *class
		order []int
	}
	var asked []left
	total := 0
	for _, i := range others[:n] {
		c := &p.classes[i]
		order := r.Perm(len(c.queries))
		take := min(2, o.Negatives-len(e.negatives), len(order))
		for _, k := range order[:take] {
			e.negatives = append(e.negatives, support.Shot{Embedding: c.queries[k]})
		}
		if order = order[take:]; len(order) > 0 {
			asked = append(asked, left{c, order})
			total += len(order)
		}
	}
	if len(asked) > 0 {
		for range min(most, total) {
			l := asked[r.IntN(len(asked))]
			order := slices.Clone(l.order)
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			e.seen = append(e.seen, views(r, l.class.queries, order, o.Views))
		}
	}
	return others[n:]
}

// asked returns how many classes have pictures to ask about.
func (p *Pool) asked() int {
	n := 0
	for i := range p.classes {
		if len(p.classes[i].queries) > 0 {
			n++
		}
	}
	return n
}

// views returns the mean of n pictures: the first of order and, where they are
// not the same one again, others drawn from it.
func views(r *rand.Rand, pictures []embed.Embedding, order []int, n int) question {
	n = min(n, len(order))
	seen := []embed.Embedding{pictures[order[0]]}
	rest := slices.Clone(order[1:])
	for k := range n - 1 {
		j := k + r.IntN(len(rest)-k)
		rest[k], rest[j] = rest[j], rest[k]
		seen = append(seen, pictures[rest[k]])
	}
	if len(seen) == 1 {
		return question{mean: seen[0], views: 1}
	}
	return question{mean: support.Mean(make(embed.Embedding, len(seen[0])), seen...), views: len(seen)}
}

// teach teaches the episode's shots and asks, and again with its negatives where
// there are any.
func (e *episode) teach(score support.Score, rule support.Rule, preds []support.Prediction) (outcome, []support.Prediction, error) {
	c, err := support.NewClassifierBy(score, e.shots, rule)
	if err != nil {
		return outcome{}, preds, err
	}
	out, preds := e.ask(c, preds)
	if len(e.negatives) > 0 {
		if c, err = support.NewClassifierBy(score, slices.Concat(e.shots, e.negatives), rule); err != nil {
			return outcome{}, preds, err
		}
		var with outcome
		with, preds = e.ask(c, preds)
		out.with = &with
	}
	return out, preds, nil
}

// ask asks c about the episode's pictures.
func (e *episode) ask(c *support.Classifier, preds []support.Prediction) (outcome, []support.Prediction) {
	out := outcome{head: c.Head()}
	scores := func(pictures []question) (scores []float64, accepted float64) {
		var a support.Answer
		n := 0
		for _, q := range pictures {
			a, preds = c.AnswerViews(preds, q.mean, q.views)
			scores = append(scores, a.Distance/a.Threshold)
			if a.Known {
				n++
			}
		}
		if len(pictures) == 0 {
			return nil, math.NaN()
		}
		return scores, float64(n) / float64(len(pictures))
	}
	var known []float64
	named, right, rejected := 0, 0, 0
	for _, q := range e.known {
		var a support.Answer
		a, preds = c.AnswerViews(preds, q.mean, q.views)
		known = append(known, a.Distance/a.Threshold)
		if a.Nearest == q.class {
			named++
			if a.Known {
				right++
			}
		}
		if !a.Known {
			rejected++
		}
	}
	n := float64(len(e.known))
	out.accuracy, out.right, out.falseReject = float64(named)/n, float64(right)/n, float64(rejected)/n
	near, accepted := scores(e.near)
	out.auroc, out.fpr95, out.accept = auroc(known, near), fpr95(known, near), accepted
	far, accepted := scores(e.far)
	out.farAUROC, out.far95, out.far = auroc(known, far), fpr95(known, far), accepted
	_, out.seen = scores(e.seen)
	return out, preds
}
