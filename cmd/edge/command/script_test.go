package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"edge": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/*.txtar: what a person types, and what comes back.
// Beside testscript's own commands they use those of fixtures_test.go and the
// ones below. Each begins in an empty folder with the model tiny.edge; model,
// store and threads are set by the environment, so that no script touches what
// the machine holds.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"jsonkeys":  jsonKeys,
			"lines":     lines,
			"mkmodel":   mkmodel,
			"mkonnx":    mkonnx,
			"mkpicture": mkpicture,
			"mkclip":    mkclip,
			"mkbomb":    mkbomb,
			"flip":      flip,
			"spoil":     spoil,
			"cut":       cut,
			"hold":      hold,
			"release":   release,
			"unzip":     unzip,
			"mkbundle":  mkbundle,
		},
		Setup: func(env *testscript.Env) error {
			m, err := tinyModel("int8")
			if err != nil {
				return err
			}
			b, err := m.Encode()
			if err != nil {
				return err
			}
			env.Setenv("EDGE_MODEL", "tiny.edge")
			env.Setenv("EDGE_STORE", "store")
			env.Setenv("EDGE_THREADS", "1")
			env.Setenv("GORACE", raceOptions)
			return os.WriteFile(filepath.Join(env.WorkDir, "tiny.edge"), b, 0o666)
		},
	})
}

// raceOptions keeps the race detector from waiting a second at the end of
// every process for other threads' reports.
const raceOptions = "atexit_sleep_ms=0"

// exits CODE PROGRAM [ARG…]: the program ends with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG…]")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// jsonkeys KEY…: every line of stdout is a JSON object with exactly these keys
// in this order, and there is at least one. A key with "?" may be missing.
func jsonKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: jsonkeys KEY…")
	}
	out := strings.TrimSuffix(ts.ReadFile("stdout"), "\n")
	for line := range strings.SplitSeq(out, "\n") {
		got, err := keysOf(line)
		ts.Check(err)
		want := slices.DeleteFunc(slices.Clone(args), func(k string) bool {
			name, optional := strings.CutSuffix(k, "?")
			return optional && !slices.Contains(got, name)
		})
		for i := range want {
			want[i] = strings.TrimSuffix(want[i], "?")
		}
		if !slices.Equal(got, want) {
			ts.Fatalf("keys %v, want %v, in line %s", got, want, line)
		}
	}
}

// lines N: stdout has N lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lines N")
	}
	if got := strconv.Itoa(strings.Count(ts.ReadFile("stdout"), "\n")); got != args[0] {
		ts.Fatalf("%s lines, want %s", got, args[0])
	}
}

// keysOf returns the keys of a JSON object in their order.
func keysOf(line string) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(line)))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var keys []string
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		keys = append(keys, k.(string))
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return keys, err
}
