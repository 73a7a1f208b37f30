package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkColdStart runs the whole program, pure Go, for one answer: what a
// device does when it is switched on. Besides the time on the clock it reports
// processor time and the most memory, which do not depend on what else the
// machine does, the same of a program that only says its version, and what the
// program itself says of loading its model. Linux counts the memory of the
// parent at the fork among the most: below some 16 MB it is the test that shows.
func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	edge := filepath.Join(dir, "edge")
	build := exec.Command("go", "build", "-trimpath", "-o", edge, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	// 32×32 pixels are decoded in no time; 640×480 are what a camera takes.
	for name, side := range map[string][2]int{"small.jpg": {32, 32}, "camera.jpg": {640, 480}} {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, side[0], side[1])), nil); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), file.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	var env []string // without somebody's settings
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "EDGE_") || strings.HasPrefix(v, "EDGE_KERNEL=") {
			env = append(env, v)
		}
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"version", []string{"version"}},
		{"load", []string{"model", "bench", "--rounds", "0", "--json"}},
		{"classify-small", []string{"classify", "--quiet", "--json", "small.jpg"}},
		{"classify-camera", []string{"classify", "--quiet", "--json", "camera.jpg"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var clock, busy, load []float64
			var most float64
			for b.Loop() {
				cmd := exec.Command(edge, c.args...)
				cmd.Dir, cmd.Env = dir, append(env, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				start := time.Now()
				out, err := cmd.Output()
				if err != nil {
					b.Fatalf("edge %s: %v\n%s", strings.Join(c.args, " "), err, stderr.Bytes())
				}
				clock = append(clock, time.Since(start).Seconds()*1e3)
				s := cmd.ProcessState
				busy = append(busy, (s.UserTime()+s.SystemTime()).Seconds()*1e3)
				most = max(most, peakMB(s))
				var line struct {
					LoadMS float64 `json:"load_ms"`
				}
				if c.name == "load" {
					if err := json.Unmarshal(out, &line); err != nil {
						b.Fatal(err)
					}
					load = append(load, line.LoadMS)
				}
			}
			report := func(what string, values []float64) {
				if len(values) > 0 {
					slices.Sort(values)
					b.ReportMetric(values[0], what+"-best-ms")
					b.ReportMetric(values[len(values)/2], what+"-ms")
				}
			}
			report("clock", clock)
			report("busy", busy)
			report("load", load)
			if runtime.GOOS == "linux" {
				b.ReportMetric(most, "peak-MB")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
