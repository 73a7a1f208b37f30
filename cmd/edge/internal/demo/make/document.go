package main

import (
	"bytes"
	_ "embed" // the text of CLIP.md
	"slices"
	"strings"
	"text/template"

	"github.com/edge-camera/edge/cmd/edge/internal/demo/script"
	"github.com/edge-camera/edge/models/wheel"
)

//go:embed clip.md.tmpl
var documentText string

// document is CLIP.md.
func document(s *script.Script, clip []byte) ([]byte, error) {
	join := func(names []string) string {
		for i, n := range names {
			names[i] = "the " + n
		}
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	t, err := template.New("CLIP.md").Funcs(template.FuncMap{"join": func(names []string) string {
		return join(slices.Clone(names))
	}}).Parse(documentText)
	if err != nil {
		return nil, err
	}
	var strangers []string
	for _, c := range s.Scenes {
		name := c.Show
		if name == "" {
			name = "empty table"
		}
		if !c.Teach && !slices.Contains(s.Classes, name) && !slices.Contains(strangers, name) {
			strangers = append(strangers, name)
		}
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Width": width, "Height": height, "FPS": fps, "Seconds": s.Frames / s.FPS,
		"Script": s, "Bytes": len(clip), "Photos": photos,
		"Wheel": wheel.SciKitImage.File, "WheelSHA256": wheel.SciKitImage.SHA256, "Strangers": strangers,
	})
	return b.Bytes(), err
}
