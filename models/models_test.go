package models_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
)

func TestNames(t *testing.T) {
	names := models.Names()
	if len(names) == 0 || names[0] != models.Default {
		t.Fatalf("Names() = %v, want %q first", names, models.Default)
	}
	files, err := filepath.Glob("*.edge")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(names) {
		t.Errorf("%d names, %d files", len(names), len(files))
	}
	for _, name := range names {
		if !slices.Contains(files, name+".edge") {
			t.Errorf("there is no %s.edge", name)
		}
		d, err := models.Describe(name)
		if err != nil || d == "" || strings.ContainsRune(d, '\n') {
			t.Errorf("Describe(%q) = %q, %v; want one line", name, d, err)
		}
		l, err := models.License(name)
		if err != nil || !strings.Contains(l, "Apache") {
			t.Errorf("License(%q) = %.40q, %v", name, l, err)
		}
	}
}

func TestUnknownName(t *testing.T) {
	for _, name := range []string{"", "efficientnet", "../models", "LICENSE-efficientnet-lite0"} {
		if _, err := models.Load(name); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("Load(%q): %v, want ErrNotFound", name, err)
		}
		if _, err := models.Describe(name); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("Describe(%q): %v, want ErrNotFound", name, err)
		}
		if _, err := models.License(name); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("License(%q): %v, want ErrNotFound", name, err)
		}
	}
}

// TestGold computes every model's own proof: the exact bits of the embeddings
// in the file.
func TestGold(t *testing.T) {
	for _, name := range models.Names() {
		m, err := models.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if m.Meta.Name != name || m.Precision != embed.Int8 || len(m.Gold) != 2 {
			t.Errorf("%s: named %q, %v, %d gold inputs", name, m.Meta.Name, m.Precision, len(m.Gold))
		}
		net, err := embed.NewNetwork(m)
		if err != nil {
			t.Fatal(err)
		}
		s := net.NewSession(1)
		got := make(embed.Embedding, net.Dim())
		for i, gold := range m.Gold {
			if err := s.EmbedPixels(got, gold.Pix); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, gold.Embedding) {
				t.Errorf("%s: gold input %d gives another embedding, %g of its largest element off", name, i, worst(got, gold.Embedding))
			}
		}
		s.Close()
	}
}

// TestDocument: what MODELS.md says of a model's size and sum is so.
func TestDocument(t *testing.T) {
	doc, err := os.ReadFile("MODELS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range models.Names() {
		m, err := models.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name + ".edge")
		if err != nil {
			t.Fatal(err)
		}
		row := regexp.MustCompile(`(?m)^\| ` + "`" + name + "`" + ` .*$`).FindString(string(doc))
		for what, want := range map[string]string{
			"side":            fmt.Sprintf("| %d |", m.Graph.Input.Height),
			"multiplications": fmt.Sprintf("| %s |", thousands(m.Graph.MACs())),
			"weights":         fmt.Sprintf("| %s |", thousands(m.Graph.Params())),
			"bytes":           fmt.Sprintf("| %s |", thousands(int64(len(b)))),
			"sha256":          fmt.Sprintf("`%x`", sha256.Sum256(b)),
		} {
			if !strings.Contains(row, want) {
				t.Errorf("MODELS.md: the row of %s is %q, want %s %s", name, row, what, want)
			}
		}
	}
}

// thousands writes n as 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TestLoadsFile makes sure that the binary holds the file beside it, and that
// the file is what encoding it again gives.
func TestLoadsFile(t *testing.T) {
	for _, name := range models.Names() {
		m, err := models.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(name + ".edge")
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: encoding it again gives other bytes", name)
		}
	}
}

// TestWeightsStay wants a model that a network was made of to be what it was,
// though its weights may have left memory meanwhile.
func TestWeightsStay(t *testing.T) {
	for _, name := range models.Names() {
		for range 2 {
			m, err := models.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := embed.NewNetwork(m); err != nil {
				t.Fatal(err)
			}
			if err := m.CheckFingerprint(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
