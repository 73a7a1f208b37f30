package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo is the whole path on the shipped model: four things taught by
// presses of the button, the process killed in the middle of it, everything
// named afterwards that was taught, and nothing else. It runs the program as
// people do, without the detector of races, under which it takes minutes.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	edge, store, sheet := filepath.Join(dir, "edge"), filepath.Join(dir, "taught"), filepath.Join(dir, "sheet.png")
	build(t, edge)
	out := run(t, edge, "demo", "--json", "--store", store, "-o", sheet)

	type message struct {
		Event    string
		Seq      int
		Class    string
		Shown    string
		Known    bool
		Accepted bool
		Shots    int
		Memory   []struct {
			Class string
			Shots int
		}
		Named, Objects, Refused, Others, Kept int
		Good                                  bool
		Flight                                string
		Confusion                             struct {
			Names []string
			Count [][]int
		}
		FPS float64
		MS  map[string]struct{ P50 float64 }
	}
	var opens, begin, frames, strangers int
	acknowledged := map[string]int{}
	var remembered int
	var last message
	for line := range bytes.Lines(out) {
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		last = m
		switch {
		case m.Event == "shot" && m.Accepted:
			acknowledged[m.Class] = m.Shots
		case m.Event == "open":
			opens++
			begin = m.Seq
			remembered = 0
			for _, c := range m.Memory {
				remembered += c.Shots
				if c.Shots < acknowledged[c.Class] {
					t.Errorf("%s had %d shots before the kill and has %d", c.Class, acknowledged[c.Class], c.Shots)
				}
			}
		case m.Event == "frame" && m.Seq < begin:
			t.Errorf("frame %d was looked at again after the start at %d", m.Seq, begin)
		case m.Event == "frame" && m.Shown != "":
			frames++
			if m.Shown == "unknown" {
				strangers++
			}
			if m.Known != (m.Class != "unknown") {
				t.Errorf("frame %d: %q, known %v", m.Seq, m.Class, m.Known)
			}
		}
	}
	if opens != 2 || remembered < 12 || remembered > 13 {
		t.Errorf("started %d times, the last time with %d shots in memory; want 12, or 13 with the one in flight", opens, remembered)
	}
	if frames < 25 || strangers < 9 {
		t.Errorf("asked about %d frames, %d of them of things never taught", frames, strangers)
	}
	r := last
	if r.Event != "result" || !r.Good || 10*r.Named < 9*r.Objects || 10*r.Refused < 8*r.Others || r.Objects+r.Others != frames || r.Kept != remembered {
		t.Errorf("the result is %+v", r)
	}
	if got := strings.Join(r.Confusion.Names, " "); got != "cup cat rocket astronaut unknown" {
		t.Errorf("the table is of %s", got)
	}
	if r.FPS <= 0 || r.MS["network"].P50 <= 0 || r.MS["preprocess"].P50 <= 0 {
		t.Errorf("%.1f frames a second, stages %v", r.FPS, r.MS)
	}

	f, err := os.Open(sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatalf("contact sheet: %v", err)
	}
	if b := m.Bounds(); b.Dx() < 1000 || b.Dy() < 800 {
		t.Errorf("the contact sheet is %v", b)
	}

	classes := run(t, edge, "classes", "--store", store, "--json")
	for _, c := range []string{"cup", "cat", "rocket", "astronaut"} {
		if want := `"class":"` + c + `","shots":5,`; !strings.Contains(string(classes), want) {
			t.Errorf("the store lacks %s: %s", want, classes)
		}
	}
}
