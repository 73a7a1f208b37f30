package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cost is what llvm-mca says of a block, in cycles a run.
type cost struct {
	cycles float64 // run again and again: ports, latencies, the reorder buffer
	floor  float64 // by the ports alone
}

// model asks LLVM about blocks and keeps the answers.
type model struct {
	mc, mca string
	release int
	text    map[string]string // of an instruction: "" if LLVM does not know it
	costs   map[string]cost   // by processor and the block's words
}

// Releases of LLVM differ in how they share work among ports, and by up to ten
// percent in what they say of the same block: figures are only comparable from
// one release. reference is the one that ours are from, the first whose
// llvm-mca goes on after an instruction that it has no model of.
const reference, newest = 19, 30

func newModel(ctx context.Context) (*model, error) {
	found := func(mc, mca string, release int) *model {
		return &model{mc: mc, mca: mca, release: release, text: map[string]string{}, costs: map[string]cost{}}
	}
	for v := reference; v <= newest; v++ {
		mc, err := exec.LookPath(fmt.Sprintf("llvm-mc-%d", v))
		if err != nil {
			continue
		}
		mca, err := exec.LookPath(fmt.Sprintf("llvm-mca-%d", v))
		if err != nil {
			continue
		}
		return found(mc, mca, v), nil
	}
	// Without a number in its name it is as old as it says.
	if version, err := exec.CommandContext(ctx, "llvm-mca", "-version").Output(); err == nil {
		if f := regexp.MustCompile(`version (\d+)\.`).FindSubmatch(version); f != nil {
			if v, err := strconv.Atoi(string(f[1])); err == nil && v >= reference {
				return found("llvm-mc", "llvm-mca", v), nil
			}
		}
	}
	return nil, fmt.Errorf("llvm-mc and llvm-mca of LLVM %d or newer are not installed: Debian has them in llvm-%d", reference, reference)
}

// share of the instructions that llvm-mca is asked about, hottest blocks
// first. The rest is taken to be like the average of these.
const share = 0.999

// weigh makes sure that the cost of what matters in c is known.
func (m *model) weigh(ctx context.Context, mcpu string, c counts) error {
	hot := hottest(c, share)
	var ask []string
	for _, b := range hot {
		if _, ok := m.costs[mcpu+b.words]; !ok && !slices.Contains(ask, b.words) {
			ask = append(ask, b.words)
		}
	}
	if err := m.disassemble(ctx, ask); err != nil {
		return err
	}
	return m.analyse(ctx, mcpu, ask)
}

// hottest returns the blocks that make up a share of all instructions.
func hottest(c counts, share float64) []block {
	weight := func(b block) int64 { return max(c[b], -c[b]) * b.len() }
	var blocks []block
	var all int64
	for b := range c {
		blocks = append(blocks, b)
		all += weight(b)
	}
	slices.SortFunc(blocks, func(a, b block) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.address, b.address), cmp.Compare(a.words, b.words))
	})
	var sum int64
	for i, b := range blocks {
		if float64(sum) >= share*float64(all) {
			return blocks[:i]
		}
		sum += weight(b)
	}
	return blocks
}

// encoding is how llvm-mc shows the bytes of an instruction beside its text.
var encoding = regexp.MustCompile(`(?m)^\s+(.+?)\s*// encoding: \[0x(..),0x(..),0x(..),0x(..)\]$`)

// disassemble finds the text of every instruction of the blocks.
func (m *model) disassemble(ctx context.Context, blocks []string) error {
	var in bytes.Buffer
	for _, words := range blocks {
		for w := range slices.Chunk([]byte(words), 8) {
			if _, ok := m.text[string(w)]; ok {
				continue
			}
			m.text[string(w)] = ""
			fmt.Fprintf(&in, "0x%s 0x%s 0x%s 0x%s\n", w[6:8], w[4:6], w[2:4], w[0:2])
		}
	}
	if in.Len() == 0 {
		return nil
	}
	cmd := exec.CommandContext(ctx, m.mc, "--disassemble", "--show-encoding", "-triple=aarch64", "-mattr=+all")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", m.mc, err)
	}
	for _, f := range encoding.FindAllSubmatch(out, -1) {
		m.text[string(slices.Concat(f[5], f[4], f[3], f[2]))] = string(f[1])
	}
	return nil
}

// rounds is how often llvm-mca runs a block: its pipeline is full most of the
// time.
const rounds = 60

// analyse finds the cost of blocks whose text is known.
func (m *model) analyse(ctx context.Context, mcpu string, blocks []string) error {
	if len(blocks) == 0 {
		return nil
	}
	var in bytes.Buffer
	for i, words := range blocks {
		var known []string
		for w := range slices.Chunk([]byte(words), 8) {
			if text := m.text[string(w)]; text != "" {
				known = append(known, text)
			}
		}
		if len(known) > 0 {
			fmt.Fprintf(&in, "# LLVM-MCA-BEGIN %d\n%s\n# LLVM-MCA-END\n", i, strings.Join(known, "\n"))
		}
	}
	cmd := exec.CommandContext(ctx, m.mca, "-mtriple=aarch64", "-mcpu="+mcpu, "-mattr=+all", "-json",
		fmt.Sprint("-iterations=", rounds), "-skip-unsupported-instructions=any")
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", m.mca, err, stderr.Bytes())
	}
	var answer struct {
		CodeRegions []struct {
			Name        string
			SummaryView struct{ TotalCycles, BlockRThroughput float64 }
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return fmt.Errorf("%s: %w", m.mca, err)
	}
	for _, r := range answer.CodeRegions {
		i, err := strconv.Atoi(r.Name)
		if err != nil || i < 0 || i >= len(blocks) {
			return fmt.Errorf("%s: a region named %q", m.mca, r.Name)
		}
		m.costs[mcpu+blocks[i]] = cost{r.SummaryView.TotalCycles / rounds, r.SummaryView.BlockRThroughput}
	}
	return nil
}

// total is what some blocks cost together.
type total struct {
	instructions  int64
	cycles, floor float64
}

// sum adds up blocks. Those that were not weighed cost what the others do on
// average.
func (m *model) sum(mcpu string, c counts) total {
	var known, unknown total
	for b, n := range c {
		k, ok := m.costs[mcpu+b.words]
		if !ok {
			unknown.instructions += n * b.len()
			continue
		}
		known.instructions += n * b.len()
		known.cycles += float64(n) * k.cycles
		known.floor += float64(n) * k.floor
	}
	scale := 1.0
	if known.instructions > 0 {
		scale += float64(unknown.instructions) / float64(known.instructions)
	}
	return total{known.instructions + unknown.instructions, known.cycles * scale, known.floor * scale}
}
