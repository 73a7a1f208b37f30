package quantize

import (
	"math"
	"slices"

	"github.com/edge-camera/edge/embed"
)

// Report says what quantization cost, on the pictures it was calibrated with:
// a lower bound of the cost on others.
type Report struct {
	Pictures int     `json:"pictures"`
	Cosine   float64 `json:"cosine"`    // mean over pictures, int8 to float embedding
	CosineP5 float64 `json:"cosine_p5"` // 5th percentile
	Layers   []Layer `json:"layers"`
}

// Layer is one node of the report.
type Layer struct {
	Node  string  `json:"node"`
	Lo    float32 `json:"lo"` // observed
	Hi    float32 `json:"hi"`
	Scale float32 `json:"scale"`
	Zero  int8    `json:"zero"`
	SQNR  float64 `json:"sqnr_db"` // 10·log₁₀(Σ x² / Σ (x−x̂)²), errors of all layers before it included
}

// compare runs both networks over the pictures.
func compare(float, integer *embed.Network, seen []observed, pictures [][]byte, progress func(done, of int)) (*Report, error) {
	m := integer.Model()
	type power struct{ signal, noise float64 }
	cosines := make([]float64, len(pictures))
	powers := make([][]power, len(pictures))
	err := parallel(float, len(pictures), func(s *embed.Session, i int) error {
		kept := make([][]float32, len(seen))
		if err := s.Trace(pictures[i], func(v embed.Value, _ embed.Shape, data []float32) {
			kept[v] = append([]float32(nil), data...)
		}); err != nil {
			return err
		}
		is := integer.NewSession(1)
		defer is.Close()
		powers[i] = make([]power, len(seen))
		err := is.Trace(pictures[i], func(v embed.Value, _ embed.Shape, data []float32) {
			p := &powers[i][v]
			for j, x := range data {
				want := float64(kept[v][j])
				diff := want - float64(x)
				p.signal += float64(want * want)
				p.noise += float64(diff * diff)
			}
			if v == m.Graph.Output {
				cosines[i] = cosine(kept[v], data)
			}
		})
		return err
	}, progress)
	if err != nil {
		return nil, err
	}
	r := &Report{Pictures: len(pictures)}
	for i := range m.Graph.Nodes {
		v := embed.Value(i + 1)
		var total power
		for _, p := range powers {
			total.signal += p[v].signal
			total.noise += p[v].noise
		}
		l := Layer{Node: m.Graph.Nodes[i].Name, Lo: seen[v].lo, Hi: seen[v].hi, Scale: m.Quant.Values[v].Scale, Zero: m.Quant.Values[v].Zero}
		if total.noise > 0 && total.signal > 0 {
			l.SQNR = 10 * math.Log10(total.signal/total.noise)
		}
		r.Layers = append(r.Layers, l)
	}
	for _, c := range cosines {
		r.Cosine += c / float64(len(cosines))
	}
	slices.Sort(cosines)
	r.CosineP5 = cosines[len(cosines)/20]
	return r, nil
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
