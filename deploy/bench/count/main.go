// Command count counts the instructions that a program for arm64 executes, and
// models how many cycles they take on the processors of Raspberry Pis, on any
// machine that has QEMU and LLVM.
//
//	count [-cpu cortex-a76] [-from 0] COMMAND... {} ...
//
// runs COMMAND twice under qemu-aarch64, with {} replaced by a number and by
// the number after it, and reports the difference: what doing it once more
// costs, without start, loading and exit.
//
//	count -layers REGEXP TESTBINARY
//
// reports each benchmark of a Go test binary by itself. A benchmark is what
// runs from one call of the function named by -mark to the next.
//
// # What is exact and what is a model
//
// Instructions are counted by a QEMU plugin, block by block, and are exact.
// Cycles are llvm-mca's: each block as if it ran again and again with every
// load a hit in the first-level cache and every branch predicted. That is near
// the truth for inner loops that stay in the cache, and says nothing of memory.
// The floor is what the execution ports alone would allow.
//
// LLVM has no model of the Cortex-A76; it lends that name its model of the
// A57, a narrower core with one multiplier less. The Neoverse N1 is the A76
// core with other caches and has a model of its own, made from Arm's
// optimization guide. The Cortex-A72 is an improved A57 with the same ports,
// and the A57's model is the nearest there is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
)

// models are the processors: QEMU's name and LLVM's.
var models = map[string]string{
	"cortex-a72": "cortex-a72",
	"cortex-a76": "neoverse-n1",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "count:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("count", flag.ContinueOnError)
	cpus := flags.String("cpu", "cortex-a72,cortex-a76", "processors, by comma")
	from := flags.Int("from", 0, "the number put in place of {}; its successor is the other")
	top := flags.Int("top", 12, "functions to list")
	layers := flags.String("layers", "", "report the benchmarks that this expression matches, one by one")
	mark := flags.String("mark", "github.com/edge-camera/edge/embed/kernel.segment", "with -layers: the function whose calls are the limits of a benchmark")
	plugin := flags.String("plugin", "build/bench/blocks.so", "the plugin made of deploy/bench/blocks.c")
	qemu := flags.String("qemu", "qemu-aarch64", "QEMU, with support for plugins: the static one has none")
	root := flags.String("root", "", "where a dynamically linked program finds its libraries")
	if err := flags.Parse(args); err != nil {
		return err
	}
	command := flags.Args()
	if len(command) == 0 {
		return errors.New("what is to be counted? Try -help")
	}
	m, err := newModel(ctx)
	if err != nil {
		return err
	}
	c := counter{qemu: *qemu, plugin: *plugin, root: *root}
	names := readSymbols(command[0])
	for _, cpu := range strings.Split(*cpus, ",") {
		mcpu, ok := models[cpu]
		if !ok {
			return fmt.Errorf("-cpu %s: there are cortex-a72 and cortex-a76", cpu)
		}
		if *layers != "" {
			err = countLayers(ctx, c, m, names, cpu, mcpu, command[0], *layers, *mark)
		} else {
			err = countOneMore(ctx, c, m, names, cpu, mcpu, command, *from, *top)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countOneMore reports the difference between two runs.
func countOneMore(ctx context.Context, c counter, m *model, names symbols, cpu, mcpu string, command []string, from, top int) error {
	if !strings.Contains(strings.Join(command[1:], " "), "{}") {
		return errors.New("no argument of the command has {} in it, to put the number there")
	}
	var counts [2]counts
	for i := range counts {
		args := []string{command[0]}
		for _, a := range command[1:] {
			args = append(args, strings.ReplaceAll(a, "{}", strconv.Itoa(from+i)))
		}
		segments, _, err := c.run(ctx, cpu, 0, args)
		if err != nil {
			return err
		}
		counts[i] = segments.total()
	}
	more := counts[1].minus(counts[0])
	if err := m.weigh(ctx, mcpu, more); err != nil {
		return err
	}
	return reportFunctions(os.Stdout, cpu, mcpu, m, names, more, top)
}

// countLayers reports the benchmarks of a test binary.
func countLayers(ctx context.Context, c counter, m *model, names symbols, cpu, mcpu, binary, pattern, mark string) error {
	address, ok := names.address(mark)
	if !ok {
		return fmt.Errorf("%s: no function %s: is it stripped, or not the test binary?", binary, mark)
	}
	segments, output, err := c.run(ctx, cpu, address, []string{binary,
		"-test.run=^$", "-test.bench=" + pattern, "-test.benchtime=1x", "-test.cpu=1", "-test.timeout=0"})
	if err != nil {
		return err
	}
	// One line a benchmark: its name, 1, and what it reports.
	lines := regexp.MustCompile(`(?m)^Benchmark\S+\s+1\s.*$`).FindAllString(string(output), -1)
	// Segments are: before the first, the first, before the second, …
	if want := 2*len(lines) + 1; len(lines) == 0 || len(segments) != want {
		return fmt.Errorf("%s: %d benchmarks and %d segments, want %d: does each benchmark call %s when it begins and when it ends?\n%s",
			binary, len(lines), len(segments), want, mark, output)
	}
	if err := m.weigh(ctx, mcpu, segments.total()); err != nil {
		return err
	}
	return reportLayers(os.Stdout, cpu, mcpu, m, lines, segments)
}
