package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func header(cpu, mcpu string, m *model) string {
	return fmt.Sprintf("%s (modelled as %s by LLVM %d), in millions", cpu, mcpu, m.release)
}

// reportFunctions writes what a difference costs, in all and by function.
func reportFunctions(out io.Writer, cpu, mcpu string, m *model, names symbols, c counts, top int) error {
	all := m.sum(mcpu, c)
	fmt.Fprintf(out, "\n%s\n\n", header(cpu, mcpu, m))
	parts := map[string]counts{}
	for b, n := range c {
		f := names.name(b.address)
		if parts[f] == nil {
			parts[f] = counts{}
		}
		parts[f][b] = n
	}
	type row struct {
		name string
		total
	}
	var rows []row
	for f, c := range parts {
		rows = append(rows, row{f, m.sum(mcpu, c)})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.cycles, a.cycles), strings.Compare(a.name, b.name))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "instructions\tcycles\tfloor\tof all\t  function")
	write := func(t total, name string) {
		fmt.Fprintf(w, "%.3f\t%.3f\t%.3f\t%.1f %%\t  %s\n", float64(t.instructions)/1e6, t.cycles/1e6, t.floor/1e6, 100*t.cycles/all.cycles, name)
	}
	for _, r := range rows[:min(top, len(rows))] {
		write(r.total, r.name)
	}
	write(all, "all")
	return w.Flush()
}

// reportLayers writes a line a benchmark. A benchmark that reports MMAC,
// millions of multiplications, gets multiplications a cycle.
func reportLayers(out io.Writer, cpu, mcpu string, m *model, lines []string, segments segmented) error {
	fmt.Fprintf(out, "\n%s\n\n", header(cpu, mcpu, m))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "instructions\tcycles\tfloor\tMAC/cycle\t  benchmark")
	for i, line := range lines {
		t := m.sum(mcpu, segments[2*i+1])
		fields := strings.Fields(line)
		rate := ""
		if at := slices.Index(fields, "MMAC"); at > 0 {
			if mmac, err := strconv.ParseFloat(fields[at-1], 64); err == nil && t.cycles > 0 {
				rate = fmt.Sprintf("%.1f", mmac*1e6/t.cycles)
			}
		}
		fmt.Fprintf(w, "%.3f\t%.3f\t%.3f\t%s\t  %s\n", float64(t.instructions)/1e6, t.cycles/1e6, t.floor/1e6, rate, strings.TrimPrefix(fields[0], "Benchmark"))
	}
	return w.Flush()
}
