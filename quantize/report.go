package quantize

import (
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// Report says what quantization cost.
type Report struct {
	Method   string  `json:"method"`
	Pictures int     `json:"pictures"`  // calibrated with
	Cosine   float64 `json:"cosine"`    // mean over these, int8 to float embedding: a bound of what others have
	CosineP5 float64 `json:"cosine_p5"` // 5th percentile

	// Held out: pictures that were not calibrated with.
	HeldOut         int     `json:"held_out"`
	HeldOutCosine   float64 `json:"held_out_cosine,omitempty"`
	HeldOutCosineP5 float64 `json:"held_out_cosine_p5,omitempty"`

	Steps  []Step  `json:"steps,omitempty"` // what each technique brings; nil if that was not measured
	Layers []Layer `json:"layers"`
}

// Step is what a part of the method alone would have cost, on the held-out
// pictures, or on all if there are none.
type Step struct {
	Method   string  `json:"method"`
	Cosine   float64 `json:"cosine"`
	CosineP5 float64 `json:"cosine_p5"`
}

// Layer is one node of the report. Values whose channels are scaled are in the
// scaled numbers.
type Layer struct {
	Node  string  `json:"node"`
	Lo    float32 `json:"lo"` // what the integers reach
	Hi    float32 `json:"hi"`
	Scale float32 `json:"scale"`
	Zero  int8    `json:"zero"`

	// 10·log₁₀(Σ x² / Σ (x−x̂)²) at a few places of every picture, errors of all
	// layers before it included.
	SQNR float64 `json:"sqnr_db"`
	// The same of the weights alone, 0 for nodes without.
	WeightSQNR float64 `json:"weight_sqnr_db,omitempty"`
	// What the mean cosine would gain if this value alone were not rounded; nil
	// if that was not measured.
	Gain *float64 `json:"gain,omitempty"`
	// How many of the weights are in each sixteenth of −127…127.
	Weights []int `json:"weights,omitempty"`
}

// compare runs the int8 network over the pictures.
func (p *plan) compare(net *embed.Network, pictures [][]byte, progress func()) (*Report, error) {
	type power struct{ signal, noise float64 }
	cosines := make([]float64, len(pictures))
	powers := make([][]power, len(pictures))
	err := inSessions(net, len(pictures), func(s *embed.Session, i int) error {
		powers[i] = make([]power, len(p.shapes))
		return s.Trace(pictures[i], func(v embed.Value, shape embed.Shape, data []float32) {
			got := newSample(pixel, 1, shape, shape, valuePlaces, 1)
			got.take(0, i, data)
			want := p.saw.samples[v].windows[i*len(got.windows):]
			at := &powers[i][v]
			lo, hi := p.bounds(v)
			for j, x := range got.windows {
				w := max(lo, min(hi, float64(want[j])*p.scaleOf(v, j%shape.C)))
				d := w - float64(x)
				at.signal += float64(w * w)
				at.noise += float64(d * d)
			}
			if v == p.graph.Output {
				cosines[i] = cosine(p.saw.outputs[i], data)
			}
		})
	}, progress)
	if err != nil {
		return nil, err
	}
	fit := p.saw.fit
	r := &Report{Method: p.method.String(), Pictures: fit, HeldOut: len(pictures) - fit}
	r.Cosine, r.CosineP5 = mean(cosines[:fit]), percentile5(cosines[:fit])
	if r.HeldOut > 0 {
		r.HeldOutCosine, r.HeldOutCosineP5 = mean(cosines[fit:]), percentile5(cosines[fit:])
	}
	for i := range p.graph.Nodes {
		v := embed.Value(i + 1)
		var total power
		for _, at := range powers {
			total.signal += at[v].signal
			total.noise += at[v].noise
		}
		q := p.values[v]
		l := Layer{
			Node: p.graph.Nodes[i].Name,
			Lo:   float32(p.spans[v].lo), Hi: float32(p.spans[v].hi),
			Scale: q.Scale, Zero: q.Zero,
			SQNR: decibels(total.signal, total.noise),
		}
		if f := p.filters[i]; f != nil {
			l.WeightSQNR, l.Weights = p.weights(i, f)
		}
		r.Layers = append(r.Layers, l)
	}
	return r, nil
}

// weights tells how well weights are kept, and how they are distributed.
func (p *plan) weights(i int, f *filters) (sqnr float64, counts []int) {
	want, _ := p.scaled(i)
	k := len(want) / len(f.scale)
	counts = make([]int, 16)
	var signal, noise float64
	for j, w := range want {
		// A filter counts for what its step is worth.
		w /= f.scale[j/k]
		d := w - float64(f.weight[j])
		signal += float64(w * w)
		noise += float64(d * d)
		counts[min(15, (int(f.weight[j])+128)/16)]++
	}
	return decibels(signal, noise), counts
}

// decibels is 0 where there is nothing to compare.
func decibels(signal, noise float64) float64 {
	if signal == 0 || noise == 0 {
		return 0
	}
	return 10 * math.Log10(signal/noise)
}

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func percentile5(x []float64) float64 {
	return slices.Sorted(slices.Values(x))[len(x)/20]
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab += float64(x * y)
		aa += float64(x * x)
		bb += float64(y * y)
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
