// Command answer runs the network once for every line it reads, and says how
// long that took: one side of a comparison in which several runtimes take
// turns (deploy/bench/peers).
//
//	answer [-model efficientnet-lite0-224] [-threads 1]
//
// It writes {"load_ms": …, "tier": …} when it is ready, then for a line "run"
// the nanoseconds from the picture's pixels to its embedding, for "output" the
// network's output before it is scaled, and for "rss" the most memory it held,
// in bytes. -picture FILE writes the pixels, H·W·3 bytes of RGB: the first GOLD
// input of the model.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/models"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "answer:", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("model", models.Default, "a shipped model")
	threads := flag.Int("threads", 1, "threads")
	picture := flag.String("picture", "", "file to write the pixels to")
	times := flag.Int("times", -1, "run so often and exit, for an instruction counter")
	flag.Parse()

	start := time.Now()
	m, err := models.Load(*name)
	if err != nil {
		return err
	}
	n, err := embed.NewNetwork(m)
	if err != nil {
		return err
	}
	s := n.NewSession(*threads)
	defer s.Close()
	load := time.Since(start)
	if len(m.Gold) == 0 {
		return fmt.Errorf("model %s holds no input", *name)
	}
	pix := m.Gold[0].Pix
	if *picture != "" {
		if err := os.WriteFile(*picture, pix, 0o644); err != nil {
			return err
		}
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"load_ms": float64(load) / 1e6, "tier": n.Kernel()}); err != nil {
		return err
	}
	dst := make(embed.Embedding, n.Dim())
	if *times >= 0 {
		for range *times {
			if err := s.EmbedPixels(dst, pix); err != nil {
				return err
			}
		}
		return nil
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var answer any
		switch lines.Text() {
		case "run":
			start := time.Now()
			err = s.EmbedPixels(dst, pix)
			answer = time.Since(start).Nanoseconds()
		case "output":
			err = s.Run(dst, pix)
			answer = dst
		case "rss":
			answer, err = peak()
		default:
			err = fmt.Errorf("%q is no request", lines.Text())
		}
		if err != nil {
			return err
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// peak returns the most memory that the process held at a time, in bytes.
func peak() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("/proc/self/status has no VmHWM")
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kb << 10, err
}
