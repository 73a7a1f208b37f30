package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// block is a run of instructions that QEMU translated together: they are
// executed from the first to the last, or to where a branch leaves them.
type block struct {
	address uint64
	words   string // eight hex digits an instruction
}

func (b block) len() int64 { return int64(len(b.words) / 8) }

// counts says how often each block ran.
type counts map[block]int64

// minus returns c − d. What two runs do differently by chance (a timer, the
// scheduler) is in it with either sign.
func (c counts) minus(d counts) counts {
	e := counts{}
	for b, n := range c {
		if n != d[b] {
			e[b] = n - d[b]
		}
	}
	for b, n := range d {
		if _, ok := c[b]; !ok {
			e[b] = -n
		}
	}
	return e
}

// segmented is the counts of each segment of a run.
type segmented []counts

func (s segmented) total() counts {
	all := counts{}
	for _, c := range s {
		for b, n := range c {
			all[b] += n
		}
	}
	return all
}

// counter runs programs under QEMU and counts.
type counter struct{ qemu, plugin, root string }

// run runs a command on an emulated cpu. A new segment begins whenever the
// instruction at mark is executed, unless mark is 0. output is what the
// command wrote to its standard output.
func (c counter) run(ctx context.Context, cpu string, mark uint64, command []string) (segments segmented, output []byte, err error) {
	dir, err := os.MkdirTemp("", "count")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "blocks")
	plugin, err := filepath.Abs(c.plugin)
	if err != nil {
		return nil, nil, err
	}
	args := []string{"-cpu", cpu, "-plugin", fmt.Sprintf("%s,out=%s,mark=%#x", plugin, path, mark)}
	if c.root != "" {
		args = append(args, "-L", c.root)
	}
	cmd := exec.CommandContext(ctx, c.qemu, append(args, command...)...)
	// The garbage collector and the scheduler's timer come when they like: they
	// would be counted by chance.
	cmd.Env = append(os.Environ(), "GOGC=off", "GODEBUG=asyncpreemptoff=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err = cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, output, stderr.Bytes())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		segment, b, n, err := parseLine(lines.Text())
		if err != nil {
			return nil, nil, err
		}
		for len(segments) <= segment {
			segments = append(segments, counts{})
		}
		segments[segment][b] += n
	}
	return segments, output, lines.Err()
}

// parseLine reads a line of the plugin's: segment, count, address, words.
func parseLine(line string) (segment int, b block, n int64, err error) {
	f := strings.Fields(line)
	if len(f) != 4 || len(f[3])%8 != 0 {
		return 0, b, 0, fmt.Errorf("%q is no line of the plugin's", line)
	}
	if segment, err = strconv.Atoi(f[0]); err != nil {
		return 0, b, 0, err
	}
	if n, err = strconv.ParseInt(f[1], 10, 64); err != nil {
		return 0, b, 0, err
	}
	b.words = f[3]
	b.address, err = strconv.ParseUint(f[2], 16, 64)
	return segment, b, n, err
}
