package quantize

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"bars": bars, "percent": percent, "db": func(x float64) string { return fmt.Sprintf("%.1f", x) },
	"cos":  func(x float64) string { return fmt.Sprintf("%.5f", x) },
	"real": func(x float32) string { return fmt.Sprintf("%.4g", x) },
}).Parse(reportHTML))

// WriteHTML writes the report as one HTML file that needs no other, for people.
// title is the model's name.
func (r *Report) WriteHTML(w io.Writer, title string) error {
	worst := make([]Layer, 0, len(r.Layers))
	for _, l := range r.Layers {
		if l.Gain != nil {
			worst = append(worst, l)
		}
	}
	slices.SortStableFunc(worst, func(a, b Layer) int {
		switch {
		case *a.Gain > *b.Gain:
			return -1
		case *a.Gain < *b.Gain:
			return 1
		}
		return 0
	})
	var most float64
	for _, l := range r.Layers {
		most = max(most, l.SQNR, l.WeightSQNR)
	}
	return reportTemplate.Execute(w, map[string]any{
		"Title": title, "Report": r, "Worst": worst[:min(10, len(worst))], "Most": most,
	})
}

// bar is one bar of a drawing of 16 × 40 units a bar.
type bar struct{ X, Y, Height float64 }

// bars draws counts by the root of each, so that the few at the ends are seen.
func bars(counts []int) []bar {
	most := 1
	for _, n := range counts {
		most = max(most, n)
	}
	b := make([]bar, len(counts))
	for i, n := range counts {
		h := 40 * math.Sqrt(float64(n)/float64(most))
		b[i] = bar{float64(8 * i), 40 - h, h}
	}
	return b
}

// percent returns how long a bar is that shows part of all.
func percent(part, all float64) float64 {
	if !(all > 0) {
		return 0
	}
	return math.Round(max(0, min(100, 100*part/all)))
}
