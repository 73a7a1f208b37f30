package quantize

import (
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// explain adds to the report what each layer and each technique does, with g
// and known as they were before channels were split.
func (p *plan) explain(r *Report, g *embed.Graph, known [][]normal, pictures [][]byte, progress func()) error {
	gains, err := p.sensitivity(pictures, progress)
	if err != nil {
		return err
	}
	for i := range r.Layers {
		if g := gains[i+1]; !math.IsNaN(g) {
			r.Layers[i].Gain = &g
		}
	}
	shown := pictures
	from := p.saw.fit
	if from == len(pictures) {
		from = 0
	}
	whole := p.base
	if slices.ContainsFunc(p.shift, func(s []float64) bool { return s != nil }) {
		if whole, err = newBase(g, known, false, pictures, p.saw.fit, nil); err != nil {
			return err
		}
	}
	for _, method := range parts(p.method) {
		part := newPlan(whole, method)
		if err := part.fit(pictures[:p.saw.fit], progress); err != nil {
			return err
		}
		c, err := part.cosines(shown, from)
		if err != nil {
			return err
		}
		r.Steps = append(r.Steps, Step{method.String(), mean(c), percentile5(c)})
	}
	c, err := p.cosines(shown, from)
	if err != nil {
		return err
	}
	r.Steps = append(r.Steps, Step{p.method.String(), mean(c), percentile5(c)})
	return nil
}

// parts returns what a method is built up of, one technique more each time, but
// for the method itself.
func parts(m Method) []Method {
	steps := []Method{{Range: MinMax}}
	add := func(change func(*Method)) {
		next := steps[len(steps)-1]
		change(&next)
		if next != steps[len(steps)-1] {
			steps = append(steps, next)
		}
	}
	add(func(next *Method) { next.Range = m.Range })
	add(func(next *Method) { next.Bias = m.Bias })
	add(func(next *Method) { next.Equalize = m.Equalize })
	add(func(next *Method) { next.Round = m.Round })
	add(func(next *Method) { next.Split = m.Split })
	return steps[:len(steps)-1]
}
