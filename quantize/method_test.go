package quantize_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/edge-camera/edge/quantize"
)

func TestParseMethod(t *testing.T) {
	for in, want := range map[string]quantize.Method{
		"":                         quantize.Auto,
		"auto":                     quantize.Auto,
		"minmax":                   {Range: quantize.MinMax},
		"bias":                     {Range: quantize.MinMax, Bias: true},
		"kl,round,split":           {Range: quantize.KL, Round: true, Split: true},
		"equalize,percentile,bias": {Range: quantize.Percentile, Equalize: true, Bias: true},
	} {
		got, err := quantize.ParseMethod(in)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
		if again, err := quantize.ParseMethod(got.String()); err != nil || again != got {
			t.Errorf("%q, written %q, is read as %+v, %v", in, got, again, err)
		}
	}
	for in, says := range map[string]string{
		"best":   `no technique "best"`,
		"mse,kl": "mse and kl are both ranges",
		"mse,":   `no technique ""`,
	} {
		if _, err := quantize.ParseMethod(in); !errors.Is(err, quantize.ErrMethod) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", in, err, says)
		}
	}
}
