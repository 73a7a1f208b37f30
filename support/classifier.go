package support

import (
	"fmt"

	"github.com/edge-camera/edge/embed"
)

// Classifier answers from shots that are in memory only. It is what a Set
// answers with, for those who want to know how well it does: the answers of
// both to the same shots, in the same order, under the same Rule are the same.
//
// It never changes and may be used by several goroutines.
type Classifier struct{ view *view }

// NewClassifier learns shots, of which Class and Embedding count: at least one,
// all of one length. Those without Class are negatives, and one that vetoes an
// answer is named by its place in shots, from 1. The embeddings are shared and
// must not change. Errors wrap ErrName, ErrShot or ErrRule.
func NewClassifier(shots []Shot, rule Rule) (*Classifier, error) {
	return NewClassifierBy(Scores()[0], shots, rule)
}

// NewClassifierBy does as NewClassifier, with another Score than the device's.
func NewClassifierBy(score Score, shots []Shot, rule Rule) (*Classifier, error) {
	if err := score.Check(); err != nil {
		return nil, err
	}
	if err := rule.Check(); err != nil {
		return nil, err
	}
	if len(shots) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrShot)
	}
	var st state
	dim := len(shots[0].Embedding)
	for i, s := range shots {
		if len(s.Embedding) != dim {
			return nil, fmt.Errorf("%w: shot %d has %d numbers, shot 0 has %d", ErrShot, i, len(s.Embedding), dim)
		}
		e := &entry{id: uint64(i) + 1, embedding: s.Embedding}
		if err := e.measure(dot(s.Embedding, s.Embedding)); err != nil {
			return nil, fmt.Errorf("%w: shot %d: %w", ErrShot, i, err)
		}
		k := kindShot
		if s.Class == "" {
			k = kindNegative
		}
		var err error
		if st, err = st.apply(change{kind: k, class: s.Class, shot: e}, true); err != nil {
			return nil, fmt.Errorf("shot %d: %w", i, err)
		}
	}
	rule = rule.fill()
	var l *learner
	if st.len() <= maxLearned {
		l = newLearner()
		l.score = score
		l.sync(st, dim, nil)
	}
	return &Classifier{newView(st, embed.Fingerprint{}, dim, rule, l)}, nil
}

// Classify does as Set.Classify.
func (c *Classifier) Classify(dst []Prediction, q embed.Embedding) []Prediction {
	return c.view.classify(dst, q, 1)
}

// Answer does as Set.Answer.
func (c *Classifier) Answer(dst []Prediction, q embed.Embedding) (Answer, []Prediction) {
	return c.view.answer(dst, q, 1, nil)
}

// Head is the head that chooses among the classes; never Auto.
func (c *Classifier) Head() Head { return c.view.head }

// Estimate says how well c would do, as far as its own shots tell.
func (c *Classifier) Estimate() Estimate { return c.view.estimate }

// Ways lists the classes in the order of their first shots.
func (c *Classifier) Ways() []Way { return c.view.ways() }
