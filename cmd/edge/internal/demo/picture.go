package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
)

// writeSheet draws the contact sheet of what the parent has seen.
func writeSheet(ctx context.Context, p *parent, r *Result) error {
	want := map[int]image.Image{}
	for _, l := range p.lessons {
		want[l.frame] = nil
	}
	for _, a := range p.answers {
		want[a.Seq] = nil
	}
	if err := readFrames(ctx, p.clip, want); err != nil {
		return err
	}
	s := &Sheet{
		Title: "edge demo",
		Subtitle: fmt.Sprintf("taught by %d presses of one button, killed in the middle of it, started again   ·   %s, %s, %d numbers a picture",
			len(p.lessons), p.open.Model, p.open.Precision, p.open.Dim),
		Tally: r.Tally,
		Facts: []string{
			fmt.Sprintf("%d of %d frames of taught things named right", r.Named, r.Objects),
			fmt.Sprintf("%d of %d frames of anything else called unknown", r.Refused, r.Others),
			fmt.Sprintf("%d shots outlived kill -9", r.Kept),
			fmt.Sprintf("%.1f frames a second, %s kernels, threads: %d", r.FPS, p.open.Kernel, p.open.Threads),
			fmt.Sprintf("median ms: capture %s, preprocess %s, network %s, match %s", figure(r.MS[app.Capture.String()].P50),
				figure(r.MS[app.Preprocess.String()].P50), figure(r.MS[app.Network.String()].P50), figure(r.MS[app.Match.String()].P50)),
		},
	}
	for _, class := range p.script.Classes {
		row := Row{Name: class}
		for _, l := range p.lessons {
			if l.class == class {
				if l.frame >= p.script.Kill && row.Cut == 0 && len(row.Pictures) > 0 && p.killedIn(class) {
					row.Cut, row.Note = len(row.Pictures), "killed and started again at the red line"
				}
				row.Pictures = append(row.Pictures, want[l.frame])
			}
		}
		s.Lessons = append(s.Lessons, row)
	}
	var scene *script.Scene
	for _, a := range p.answers {
		if c := p.script.At(a.Seq); c != scene {
			scene = c
			name := c.Show
			if name == "" {
				name = "nothing"
			}
			s.Scenes = append(s.Scenes, Column{Name: name, Note: "on " + c.Table})
		}
		t := Tile{Picture: want[a.Seq], Label: a.Class, Distance: a.Distance, Threshold: a.Threshold, Verdict: Wrong}
		switch {
		case a.Right && a.Known:
			t.Verdict = Right
		case a.Right:
			t.Verdict = Refused
		}
		column := &s.Scenes[len(s.Scenes)-1]
		column.Tiles = append(column.Tiles, t)
	}
	var b bytes.Buffer
	if err := s.WritePNG(&b); err != nil {
		return err
	}
	return p.opt.Write(p.opt.Sheet, b.Bytes())
}

// killedIn reports whether the process was killed while it was taught class.
func (p *parent) killedIn(class string) bool {
	c := p.script.At(p.script.Kill)
	return c != nil && c.Show == class
}

// readFrames fills in the pictures of the frames that are keys of want.
func readFrames(ctx context.Context, path string, want map[int]image.Image) error {
	source, err := camera.Open(path, camera.Options{})
	if err != nil {
		return err
	}
	defer source.Close()
	var f camera.Frame
	for {
		err := source.Next(ctx, &f)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := want[int(f.Seq)]; !ok {
			continue
		}
		m, err := rgba(&f)
		if err != nil {
			return err
		}
		want[int(f.Seq)] = m
	}
}

// rgba copies a frame.
func rgba(f *camera.Frame) (*image.RGBA, error) {
	r, b := 0, 2
	switch f.Format {
	case camera.RGB:
	case camera.BGR:
		r, b = 2, 0
	default:
		return nil, fmt.Errorf("%w: a clip of frames in format %d", camera.ErrUnsupported, f.Format)
	}
	m := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for y := range f.Height {
		row := f.Pix[y*f.Stride:]
		for x := range f.Width {
			p := row[3*x : 3*x+3]
			copy(m.Pix[m.PixOffset(x, y):], []byte{p[r], p[1], p[b], 255})
		}
	}
	return m, nil
}
