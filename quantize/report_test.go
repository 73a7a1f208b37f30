package quantize_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/embed/embedtest"
	"github.com/edge-camera/edge/quantize"
)

// explained is a network that has a layer worth finding: the third makes few
// values that all matter, and after an outlier that keeps its steps wide.
func explained(t *testing.T) (*embed.Graph, *quantize.Report) {
	t.Helper()
	b := embedtest.NewBuilder(16, 3)
	x := b.Pointwise(0, 12, embed.ActReLU6)
	x = b.Pointwise(x, 12, embed.ActReLU6)
	x = b.Pointwise(x, 8, embed.ActNone)
	n := b.Graph().Nodes[2]
	for i := range n.Weight[:12] {
		n.Weight[i] *= 100 // one channel of eight
	}
	n.Name = "<script>alert(1)</script>"
	b.Graph().Nodes[2] = n
	x = b.Pointwise(x, 12, embed.ActReLU6)
	m := b.Graph().Nodes[3]
	for i := range m.Weight {
		if i%8 == 0 {
			m.Weight[i] /= 100
		}
	}
	b.GlobalMean(x)
	g := b.Graph()
	_, report, err := quantize.Quantize(g, pictures(g, 25, 1), quantize.Options{
		Method:  quantize.Method{Range: quantize.MinMax, Round: true, Bias: true},
		Explain: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, report
}

func TestExplain(t *testing.T) {
	_, report := explained(t)
	if report.Pictures != 20 || report.HeldOut != 5 {
		t.Errorf("%d pictures and %d held out, want 20 and 5", report.Pictures, report.HeldOut)
	}
	worst, at := 0.0, -1
	for i, l := range report.Layers {
		if l.Gain != nil && *l.Gain > worst {
			worst, at = *l.Gain, i
		}
	}
	if at != 2 {
		t.Errorf("layer %d hurts most, want 2", at)
	}
	loss := 1 - report.Cosine
	if worst < loss/4 || worst > 4*loss {
		t.Errorf("without it the cosine would gain %.6f, and all that is lost is %.6f", worst, loss)
	}
	var methods []string
	for _, s := range report.Steps {
		methods = append(methods, s.Method)
	}
	if got := strings.Join(methods, " "); got != "minmax minmax,bias minmax,round,bias" {
		t.Errorf("steps are %q", got)
	}
	if last := report.Steps[len(report.Steps)-1]; last.Cosine != report.HeldOutCosine || last.CosineP5 != report.HeldOutCosineP5 {
		t.Errorf("the last step is %+v, and the model has %v and %v", last, report.HeldOutCosine, report.HeldOutCosineP5)
	}
	weights := 0
	for _, n := range report.Layers[0].Weights {
		weights += n
	}
	if weights != 36 {
		t.Errorf("%d weights counted, want 36", weights)
	}
}

// TestHTML: the page is well formed, has every layer, and asks for nothing from
// outside.
func TestHTML(t *testing.T) {
	_, report := explained(t)
	var page bytes.Buffer
	if err := report.WriteHTML(&page, "cup & <keys>"); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	d := xml.NewDecoder(&page)
	d.Strict = false
	d.AutoClose = xml.HTMLAutoClose
	d.Entity = xml.HTMLEntity
	rows := map[string]int{}
	table := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "script", "link", "img", "iframe", "object", "base":
			t.Errorf("a %s", e.Name.Local)
		case "tr":
			rows[table]++
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "src", "href", "action":
				t.Errorf("%s=%q", a.Name.Local, a.Value)
			case "id":
				table = a.Value
			}
		}
	}
	for id, want := range map[string]int{"cosines": 3, "steps": 4, "worst": 5, "layers": 1 + len(report.Layers)} {
		if rows[id] != want {
			t.Errorf("table %s has %d rows, want %d", id, rows[id], want)
		}
	}
	for _, bad := range []string{"http:", "https:", "url(", "@import", "<script", "<keys>", "NaN"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(text, "&lt;script&gt;") || !strings.Contains(text, "cup &amp; &lt;keys&gt;") {
		t.Error("names are missing")
	}
}

// TestReportIsTheModels: what the report says of the cosine is what the model
// and the graph make of the pictures.
func TestReportIsTheModels(t *testing.T) {
	g := awkward()
	m, report, err := quantize.Quantize(g, pictures(g, 25, 1), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var sum, held float64
	for i, c := range cosines(t, g, m, 1, 25) {
		if i%5 == 4 {
			held += c / 5
		} else {
			sum += c / 20
		}
	}
	if math.Abs(sum-report.Cosine) > 1e-6 || math.Abs(held-report.HeldOutCosine) > 1e-6 {
		t.Errorf("cosines are %.7f and %.7f, the report says %.7f and %.7f", sum, held, report.Cosine, report.HeldOutCosine)
	}
}
