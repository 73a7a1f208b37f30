package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"os"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
)

const quality = 64 // of the clip's JPEG frames, which keeps it below 3 MB

// newStudio cuts all objects out of their photographs.
func newStudio(files map[string][]byte) (*studio, error) {
	pictures := make(map[string]*picture, len(files))
	for name, b := range files {
		p, err := decode(name, b)
		if err != nil {
			return nil, err
		}
		pictures[name] = p
	}
	st := &studio{make(map[string]*cutout), make(map[string][]byte), make(map[string]*picture)}
	for _, o := range objects {
		c := cut(o, pictures[o.Photo])
		alpha := make([]byte, c.w*c.h)
		for i := range alpha {
			alpha[i] = c.pix[4*i+3]
		}
		st.cuts[o.Name], st.shadows[o.Name] = c, blur(alpha, c.w, c.h, 4)
	}
	for name, t := range tables {
		p := *pictures[t.Photo]
		p.pix = soften(p.pix, p.w, p.h)
		st.tables[name] = &p
	}
	return st, nil
}

// soften takes the finest grain out of a texture, which is out of focus behind
// the objects and would fill half of the file.
func soften(pix []byte, w, h int) []byte {
	grey := make([]byte, w*h)
	for i := range grey {
		grey[i] = pix[3*i]
	}
	return blur(grey, w, h, 1)
}

// build makes all files, by name.
func build(files map[string][]byte) (map[string][]byte, error) {
	st, err := newStudio(files)
	if err != nil {
		return nil, err
	}
	clip, err := st.clip()
	if err != nil {
		return nil, err
	}
	table := timetable()
	table.SHA256 = sum(clip)
	tj, err := json.MarshalIndent(table, "", "\t")
	if err != nil {
		return nil, err
	}
	doc, err := document(table, clip)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"clip.avi": clip, "clip.json": append(tj, '\n'), "CLIP.md": doc}, nil
}

// timetable is the script that goes with the storyboard.
func timetable() *script.Script {
	s := &script.Script{FPS: fps, Step: step, Shots: shots, Classes: classes}
	for i, b := range storyboard {
		first := s.Frames
		s.Frames += b.Frames
		s.Scenes = append(s.Scenes, script.Scene{
			Show: b.Show, Teach: b.Teach, Table: b.Table,
			First: first, Last: s.Frames - 1,
			Whole: [2]int{first + slide, s.Frames - slide},
		})
		for j, p := range b.Press {
			p.Frame += first
			s.Press = append(s.Press, p)
			if i == killShot && j == killPress {
				s.Kill = p.Frame
			}
		}
	}
	return s
}

// clip renders the storyboard as motion JPEG.
func (st *studio) clip() (b []byte, err error) {
	f, err := os.CreateTemp("", "clip*.avi")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w, err := camera.NewAVIWriter(f, camera.AVIOptions{Width: width, Height: height, FPS: fps})
	if err != nil {
		return nil, err
	}
	pix := make([]byte, 3*width*height)
	for i := range storyboard {
		for j := range storyboard[i].Frames {
			st.frame(pix, &storyboard[i], j)
			jpg, err := encode(pix)
			if err != nil {
				return nil, fmt.Errorf("shot %d, frame %d: %w", i, j, err)
			}
			if err := w.WriteJPEG(jpg); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(f.Name())
}

// encode makes a JPEG of a frame.
func encode(pix []byte) ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for k := range width * height {
		copy(m.Pix[4*k:4*k+3], pix[3*k:3*k+3])
		m.Pix[4*k+3] = 255
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}
