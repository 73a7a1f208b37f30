package main

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"testing"
)

// Two blocks: of two instructions, of one.
var (
	two = block{0x1000, "8b021469" + "54ffff4c"}
	one = block{0x2000, "d65f03c0"}
)

func TestParseLine(t *testing.T) {
	segment, b, n, err := parseLine("3 17 1000 8b02146954ffff4c")
	if err != nil || segment != 3 || n != 17 || b != two || b.len() != 2 {
		t.Errorf("%d %v %d %v", segment, b, n, err)
	}
	for _, line := range []string{"", "1 2 3", "x 1 10 8b021469", "1 x 10 8b021469", "1 1 xyz 8b021469", "1 1 10 8b02146"} {
		if _, _, _, err := parseLine(line); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

func TestMinus(t *testing.T) {
	got := counts{two: 5, one: 2}.minus(counts{two: 3, one: 2, block{0x3000, "d65f03c0"}: 1})
	if want := (counts{two: 2, block{0x3000, "d65f03c0"}: -1}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	total := segmented{{two: 1}, {two: 2, one: 3}}.total()
	if want := (counts{two: 3, one: 3}); !maps.Equal(total, want) {
		t.Errorf("%v, want %v", total, want)
	}
}

func TestHottest(t *testing.T) {
	c := counts{two: 100, one: 150, block{0x3000, "d503201f"}: -1}
	for _, tt := range []struct {
		share float64
		want  []block
	}{{0.5, []block{two}}, {0.9, []block{two, one}}, {1, []block{two, one, {0x3000, "d503201f"}}}} {
		if got := hottest(c, tt.share); !slices.Equal(got, tt.want) {
			t.Errorf("share %v: %v, want %v", tt.share, got, tt.want)
		}
	}
}

// TestSum: blocks whose cost is not known cost what the others do on average.
func TestSum(t *testing.T) {
	m := &model{costs: map[string]cost{"cpu" + two.words: {cycles: 3, floor: 1}}}
	got := m.sum("cpu", counts{two: 10, one: 5})
	if got.instructions != 25 || math.Abs(got.cycles-30*1.25) > 1e-9 || math.Abs(got.floor-10*1.25) > 1e-9 {
		t.Errorf("%+v", got)
	}
	if got := m.sum("cpu", counts{one: 5}); got.instructions != 5 || got.cycles != 0 {
		t.Errorf("nothing known: %+v", got)
	}
}

func TestEncoding(t *testing.T) {
	out := "\t.text\n\tadd\tx9, x3, x2, lsl #5              // encoding: [0x69,0x14,0x02,0x8b]\n\tret                                     // encoding: [0xc0,0x03,0x5f,0xd6]\n"
	var got []string
	for _, f := range encoding.FindAllStringSubmatch(out, -1) {
		got = append(got, f[1], f[5]+f[4]+f[3]+f[2])
	}
	if want := []string{"add\tx9, x3, x2, lsl #5", "8b021469", "ret", "d65f03c0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSymbols(t *testing.T) {
	s := symbols{{Name: "a", Value: 0x1000, Size: 0x10}, {Name: "b", Value: 0x1010, Size: 0}, {Name: "c", Value: 0x2000, Size: 4}}
	for address, want := range map[uint64]string{0xfff: "?", 0x1000: "a", 0x100f: "a", 0x1010: "b", 0x1011: "?", 0x2003: "c", 0x2004: "?"} {
		if got := s.name(address); got != want {
			t.Errorf("%#x is in %s, want %s", address, got, want)
		}
	}
	if a, ok := s.address("c"); !ok || a != 0x2000 {
		t.Errorf("c is at %#x, %v", a, ok)
	}
	if _, ok := s.address("d"); ok {
		t.Error("d is found")
	}
	// A file that is not there, and one that is no ELF file.
	if s := readSymbols("no-such-file"); s != nil {
		t.Errorf("%d symbols of nothing", len(s))
	}
	if s := readSymbols("count_test.go"); s != nil {
		t.Errorf("%d symbols of a text", len(s))
	}
}

func TestReports(t *testing.T) {
	m := &model{release: 19, costs: map[string]cost{"mcpu" + two.words: {cycles: 2, floor: 1}, "mcpu" + one.words: {cycles: 1, floor: 1}}}
	names := symbols{{Name: "hot", Value: 0x1000, Size: 8}, {Name: "cold", Value: 0x2000, Size: 4}}
	var b bytes.Buffer
	if err := reportFunctions(&b, "cpu", "mcpu", m, names, counts{two: 3e6, one: 2e6}, 10); err != nil {
		t.Fatal(err)
	}
	want := `
cpu (modelled as mcpu by LLVM 19), in millions

  instructions  cycles  floor   of all  function
         6.000   6.000  3.000   75.0 %  hot
         2.000   2.000  2.000   25.0 %  cold
         8.000   8.000  5.000  100.0 %  all
`
	if b.String() != want {
		t.Errorf("got%s\nwant%s", b.String(), want)
	}
	b.Reset()
	lines := []string{"BenchmarkA/x 	 1	 5 ns/op	 4.000 MMAC", "BenchmarkB	 1	 5 ns/op"}
	if err := reportLayers(&b, "cpu", "mcpu", m, lines, segmented{{}, {two: 1e6}, {two: 9e6}, {one: 1e6}, {}}); err != nil {
		t.Fatal(err)
	}
	want = `
cpu (modelled as mcpu by LLVM 19), in millions

  instructions  cycles  floor  MAC/cycle  benchmark
         2.000   2.000  1.000        2.0  A/x
         1.000   1.000  1.000             B
`
	if b.String() != want {
		t.Errorf("got%s\nwant%s", b.String(), want)
	}
}
