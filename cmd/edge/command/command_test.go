package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// everyVerb visits the verbs, cobra's own left out.
func everyVerb(c *cobra.Command, visit func(*cobra.Command)) {
	for _, v := range c.Commands() {
		if v.Hidden || v.Name() == "help" || v.Name() == "completion" {
			continue
		}
		visit(v)
		everyVerb(v, visit)
	}
}

// TestExamples: every verb has a worked example, and the example is a command
// that exists with flags that exist.
func TestExamples(t *testing.T) {
	e := &env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	root := newRoot(e)
	n := 0
	everyVerb(root, func(v *cobra.Command) {
		n++
		if v.Short == "" || strings.HasSuffix(v.Short, ".") {
			t.Errorf("%s: short help %q", v.CommandPath(), v.Short)
		}
		if !strings.Contains(v.Example, "  "+v.CommandPath()) {
			t.Errorf("%s: no example of it in %q", v.CommandPath(), v.Example)
		}
		for line := range strings.Lines(v.Example) {
			line, _, _ = strings.Cut(line, "&&")
			line, _, _ = strings.Cut(line, "|")
			line, _, _ = strings.Cut(line, ">")
			words := strings.Fields(strings.ReplaceAll(line, `"object 1"`, "object-1"))
			if len(words) == 0 || words[0] != "edge" {
				t.Errorf("%s: example %q", v.CommandPath(), line)
				continue
			}
			// A root of its own, for flags keep what they were set to.
			found, rest, err := newRoot(e).Find(words[1:])
			if err != nil {
				t.Errorf("%s: example %q: %v", v.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: example %q: %v", v.CommandPath(), line, err)
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: example %q: %v", v.CommandPath(), line, err)
			}
		}
	})
	if n < 25 {
		t.Errorf("%d verbs", n)
	}
}

// TestVariables: every flag of every verb is set by its variable, and a value
// that it refuses names the variable.
func TestVariables(t *testing.T) {
	good := map[string]string{
		"bool": "true", "string": "x", "N": "3", "uint64": "3", "duration": "3s", "stringSlice": "a,b",
		"x,y,w,h": "0.1,0.1,0.5,0.5", "R,G,B": "1,2,3", "x": "0.05",
	}
	e := &env{stdout: io.Discard, stderr: io.Discard}
	seen := 0
	everyVerb(newRoot(e), func(v *cobra.Command) {
		v.InheritedFlags() // merges the common flags in
		v.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			seen++
			value, ok := good[f.Value.Type()]
			if !ok {
				t.Fatalf("%s --%s: no value for type %s", v.CommandPath(), f.Name, f.Value.Type())
			}
			name := "EDGE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			set.AddFlag(f)
			before := f.Value.String()
			if err := bindEnvironment(set, func(n string) (string, bool) { return "", n == name }); err != nil || f.Changed || f.Value.String() != before {
				t.Errorf("%s: empty %s: %v, changed %v", v.CommandPath(), name, err, f.Changed)
			}
			if err := bindEnvironment(set, func(n string) (string, bool) { return value, n == name }); err != nil || !f.Changed {
				t.Errorf("%s: %s=%s: %v, changed %v", v.CommandPath(), name, value, err, f.Changed)
			}
			// What was set on the command line, as f now is, stays.
			after := f.Value.String()
			if err := bindEnvironment(set, func(string) (string, bool) { return "nonsense", true }); err != nil || f.Value.String() != after {
				t.Errorf("%s: the variable won over the flag --%s: %v", v.CommandPath(), f.Name, err)
			}
			f.Changed = false
			if f.Value.Type() == "string" || f.Value.Type() == "stringSlice" {
				return
			}
			err := bindEnvironment(set, func(n string) (string, bool) { return "nonsense", n == name })
			if code, hint := diagnose(fmt.Errorf("%w", orNone(err))); err == nil || !strings.HasPrefix(err.Error(), name+`: bad value "nonsense": `) || code != exitUsage || hint == "" {
				t.Errorf("%s: %s=nonsense: %v, code %d, hint %q", v.CommandPath(), name, err, code, hint)
			}
		})
	})
	if seen < 100 {
		t.Errorf("only %d flags", seen)
	}
}

// orNone keeps a nil error printable.
func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		hint string
	}{
		{errors.New("x"), 1, ""},
		{usagef("h", "x"), 2, "h"},
		{embed.ErrCorrupt, 3, "copy or make"},
		{embed.ErrVersion, 3, "newer edge"},
		{embed.ErrUnsupported, 3, "import --help"},
		{support.ErrCorrupt, 4, "nothing was changed"},
		{support.ErrVersion, 4, "newer edge"},
		{support.ErrModelMismatch, 4, "--model"},
		{support.ErrLocked, 4, "end the other"},
		{support.ErrReadOnly, 4, "writable"},
		{support.ErrBroken, 4, "confirmed is safe"},
		{support.ErrName, 2, "1 to 64"},
		{support.ErrNotFound, 1, "list what there is"},
		{camera.ErrBadPicture, 5, "viewer"},
		{camera.ErrNotFound, 5, "camera list"},
		{camera.ErrUnsupported, 5, "camera list"},
		{camera.ErrLost, 5, "cable"},
		{camera.ErrBusy, 5, "other program"},
		{camera.ErrDenied, 5, "group video"},
		{embed.ErrPicture, 5, "JPEG"},
		{gpio.ErrNoChip, 6, "keys"},
		{gpio.ErrNoPin, 6, "gpio list"},
		{gpio.ErrBusy, 6, "another program"},
		{gpio.ErrPermission, 6, "group gpio"},
		{gpio.ErrPin, 6, "gpio list"},
		// The place knows better than the table; the outermost wins, and what
		// it leaves open is filled in.
		{coded(exitStore, embed.ErrCorrupt, ""), 4, "copy or make"},
		{coded(exitStore, coded(exitModel, errors.New("x"), "inner"), "outer"), 4, "outer"},
		{coded(exitStore, coded(exitModel, errors.New("x"), "inner"), ""), 4, "inner"},
		{coded(exitStore, errors.New("x"), ""), 4, "--store"},
	} {
		err := fmt.Errorf("somewhere: %w", c.err)
		code, hint := diagnose(err)
		if code != c.code || !strings.Contains(hint, c.hint) || (hint == "") != (c.hint == "") {
			t.Errorf("%v: code %d, hint %q; want %d, %q", err, code, hint, c.code, c.hint)
		}
	}
	if coded(exitStore, nil, "h") != nil {
		t.Error("a nil error was given a code")
	}
}

func TestFail(t *testing.T) {
	stopped, cancel := context.WithCancelCause(t.Context())
	cancel(interrupt{syscall.SIGTERM})
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		code int
		text string
	}{
		{"no error", t.Context(), nil, 0, ""},
		{"one line, whatever a file is called", t.Context(), errors.New("a\nb\tc\x1b[31m: \x00no"), 1, "edge: a; b c[31m: no\n"},
		{"with a hint", t.Context(), usagef("do this", "that"), 2, "edge: that\nhint: do this\n"},
		{"told already", t.Context(), coded(exitCamera, errReported, ""), 5, ""},
		{"output closed", t.Context(), fmt.Errorf("standard output: %w", syscall.EPIPE), 141, ""},
		{"terminated", stopped, fmt.Errorf("x: %w", context.Canceled), 143, ""},
		{"failed before it was terminated", stopped, embed.ErrCorrupt, 3, "edge: corrupt model\nhint: " + kindHint(embed.ErrCorrupt) + "\n"},
		{"cancelled by nobody", t.Context(), context.Canceled, 1, "edge: context canceled\n"},
	} {
		var stderr bytes.Buffer
		e := &env{stderr: &stderr}
		if code := e.fail(c.ctx, c.err); code != c.code || stderr.String() != c.text {
			t.Errorf("%s: code %d, %q; want %d, %q", c.name, code, stderr.String(), c.code, c.text)
		}
	}
}

func kindHint(err error) string {
	_, hint := diagnose(err)
	return hint
}

func TestNearest(t *testing.T) {
	verbs := []string{"run", "teach", "classify", "classes", "version", "no-progress"}
	for word, want := range map[string]string{
		"teech": "teach", "Teach": "teach", "clasify": "classify", "rn": "run", "versoin": "version", "no-progess": "no-progress",
		"xyzzy": "", "": "", "r": "", "teachers": "",
	} {
		if got := nearest(word, verbs); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"☕a", "☕b", 1}} {
		if got := edits(c.a, c.b); got != c.want || edits(c.b, c.a) != got {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestRegionFlag(t *testing.T) {
	var r regionFlag
	if err := r.Set(" 0.25, 0,0.5 ,1"); err != nil || r != (regionFlag{0.25, 0, 0.5, 1}) || r.String() != "0.25,0,0.5,1" {
		t.Errorf("%v, %v", r, err)
	}
	for _, bad := range []string{"", "1", "0,0,1", "0,0,1,1,1", "a,0,1,1", "0,0,0,1", "0,0,1,0", "-0.1,0,1,1", "0.5,0,0.51,1", "0,0.5,1,0.51", "NaN,0,1,1", "0,0,Inf,1", "0,0,1e999,1"} {
		before := r
		if err := r.Set(bad); err == nil || r != before {
			t.Errorf("%q: %v, %v", bad, r, err)
		}
	}
}

func TestPhysicalCores(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for _, c := range []struct {
		name string
		sys  fstest.MapFS
		want int
	}{
		{"nothing to read", fstest.MapFS{}, 0},
		{"a Pi", fstest.MapFS{
			"cpu0/topology/thread_siblings_list": file("0\n"), "cpu1/topology/thread_siblings_list": file("1\n"),
			"cpu2/topology/thread_siblings_list": file("2\n"), "cpu3/topology/thread_siblings_list": file("3\n"),
			"cpufreq/topology/thread_siblings_list": file("9\n"),
		}, 4},
		{"two threads a core", fstest.MapFS{
			"cpu0/topology/thread_siblings_list": file("0,2\n"), "cpu1/topology/thread_siblings_list": file("1,3\n"),
			"cpu2/topology/thread_siblings_list": file("0,2\n"), "cpu3/topology/thread_siblings_list": file("1,3\n"),
		}, 2},
	} {
		if got := physicalCores(c.sys); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if n := defaultThreads(); n < 1 || n > 4 {
		t.Errorf("default threads %d", n)
	}
}

func TestBoardName(t *testing.T) {
	pi := fstest.MapFS{"proc/device-tree/model": {Data: []byte("Raspberry Pi 5 Model B Rev 1.0\x00")}}
	if got := boardName(pi); got != "Raspberry Pi 5 Model B Rev 1.0" {
		t.Errorf("%q", got)
	}
	if got := boardName(fstest.MapFS{"sys/class/dmi/id/product_name": {Data: []byte("ThinkPad\n")}}); got != "ThinkPad" {
		t.Errorf("%q", got)
	}
	if got := boardName(fstest.MapFS{}); got != "unnamed board" {
		t.Errorf("%q", got)
	}
}

func TestReadVersion(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: "true"},
		{Key: "vcs.time", Value: "2026-03-04T05:06:07Z"}, {Key: "-tags", Value: "gocv,device"},
	}}
	v := readVersion(info, true)
	if v.Version != "v1.2.3" || v.Commit != "0123456789ab+" || !slices.Equal(v.Tags, []string{"gocv", "device"}) || v.Go == "" || !strings.Contains(v.Arch, "/") {
		t.Errorf("%+v", v)
	}
	if v := readVersion(nil, false); v.Version != "unknown" || v.Tags == nil {
		t.Errorf("%+v", v)
	}
	if got := buildTime(info, true); !got.Equal(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)) {
		t.Errorf("%v", got)
	}
	if got := buildTime(nil, false); got.Year() != 2025 {
		t.Errorf("%v", got)
	}
}

func TestQuantiles(t *testing.T) {
	var took []time.Duration
	for i := 200; i >= 1; i-- {
		took = append(took, time.Duration(i)*time.Millisecond)
	}
	if got := *quantilesOf(took); got != (quantiles{1, 100, 198}) {
		t.Errorf("%+v", got)
	}
	if got := *quantilesOf([]time.Duration{1500 * time.Microsecond}); got != (quantiles{1.5, 1.5, 1.5}) {
		t.Errorf("%+v", got)
	}
}

func TestStoreDir(t *testing.T) {
	for _, c := range []struct {
		flag, state, xdg, home, want string
	}{
		{"/flag", "/state", "/xdg", "/home/me", "/flag"},
		{"", "/state:/other", "/xdg", "/home/me", "/state"},
		{"", "", "/xdg", "/home/me", "/xdg/edge"},
		{"", "", "relative", "/home/me", "/home/me/.local/state/edge"},
		{"", "", "", "/home/me", "/home/me/.local/state/edge"},
	} {
		t.Setenv("STATE_DIRECTORY", c.state)
		t.Setenv("XDG_STATE_HOME", c.xdg)
		t.Setenv("HOME", c.home)
		if got, err := (&env{store: c.flag}).storeDir(); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	t.Setenv("HOME", "")
	if dir, err := (&env{}).storeDir(); err == nil {
		t.Errorf("without a home: %q", dir)
	} else if code, _ := diagnose(err); code != exitStore {
		t.Errorf("code %d", code)
	}
}
