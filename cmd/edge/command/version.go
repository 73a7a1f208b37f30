package command

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

type versionLine struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit"`
	Go      string   `json:"go"`
	Arch    string   `json:"arch"`
	Tags    []string `json:"tags"`
}

func newVersion(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "What this edge is: version, commit, Go, architecture, build tags",
		Example: "  edge version --json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion(debug.ReadBuildInfo())
			text := "edge " + v.Version
			if v.Commit != "" {
				text += " (" + v.Commit + ")"
			}
			text += ", " + v.Go + ", " + v.Arch
			if len(v.Tags) > 0 {
				text += ", tags " + strings.Join(v.Tags, ",")
			}
			return e.line(v, "%s", text)
		},
	}
}

// readVersion takes from the build information what the linker knows. A
// commit with uncommitted changes ends in "+".
func readVersion(info *debug.BuildInfo, ok bool) versionLine {
	v := versionLine{Version: "unknown", Go: runtime.Version(), Arch: runtime.GOOS + "/" + runtime.GOARCH, Tags: []string{}}
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		case "-tags":
			v.Tags = strings.Split(s.Value, ",")
		}
	}
	if len(v.Commit) > 12 {
		v.Commit = v.Commit[:12]
	}
	if dirty && v.Commit != "" {
		v.Commit += "+"
	}
	return v
}
