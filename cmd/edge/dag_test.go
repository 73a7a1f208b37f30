package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/edge-camera/edge"

// imports says which of our packages each of our packages may import. It
// points one way: from the command down to what knows nothing of the rest.
// Whoever adds an edge here should be able to say why.
var imports = map[string][]string{
	// Frames and pins know nothing of what is done with them.
	"camera":            {},
	"camera/cameratest": {"camera"},
	"gpio":              {},
	"gpio/gpiotest":     {},

	"embed/kernel":      {},
	"embed/kernel/peak": {},
	// Programs that write assembly.
	"embed/kernel/gen/amd64": {},
	"embed/kernel/gen/arm64": {},

	"embed":           {"embed/kernel"},
	"embed/embedtest": {"embed"},
	"embed/onnx":      {"embed"},

	"support":               {"embed", "support/internal/dot8"},
	"support/internal/dot8": {},
	// It measures what the device answers with, so it is taught by the same code.
	"support/evaluate": {"embed", "support"},
	// It packs what a store holds and takes only what a store takes.
	"support/bundle": {"embed", "support"},

	"quantize": {"embed"},
	"models":   {"embed"},
	// Models are made by one program, which no device runs.
	"models/make":  {"embed", "embed/onnx", "models/wheel", "quantize"},
	"models/wheel": {},
	// It knows other programs only from outside.
	"deploy/bench/count": {},
	// What other runtimes are compared with.
	"deploy/bench/answer": {"embed", "models"},

	// Where camera, network, memory and button meet.
	"cmd/edge/internal/app":         {"camera", "embed", "gpio", "support"},
	"cmd/edge/internal/demo":        {"camera", "cmd/edge/internal/app", "cmd/edge/internal/demo/script", "embed", "gpio", "support"},
	"cmd/edge/internal/demo/script": {},
	"cmd/edge/internal/demo/make":   {"camera", "cmd/edge/internal/demo/script", "models/wheel"},

	"cmd/edge/command": {"camera", "cmd/edge/internal/app", "cmd/edge/internal/demo", "embed", "embed/onnx", "gpio", "models", "quantize", "support", "support/bundle", "support/evaluate"},
	"cmd/edge":         {"cmd/edge/command"},
}

// testImports are what tests may import besides what their package may, their
// package itself and the packages that exist for tests.
var testImports = map[string][]string{
	"embed":        {"embed/kernel"},
	"embed/kernel": {"embed/kernel/peak"},
	"models":       {"embed/onnx", "quantize"},
}

// TestImports reads every Go file, whatever its build tags.
func TestImports(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || path == filepath.Join(root, "build")) {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(dir)
		seen[pkg] = true
		allowed, known := imports[pkg]
		if !known {
			t.Errorf("%s: a package that the table does not know", pkg)
			return nil
		}
		isTest := strings.HasSuffix(name, "_test.go")
		for _, spec := range file.Imports {
			full, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			target, ours := strings.CutPrefix(full, module)
			if !ours {
				continue
			}
			target = strings.TrimPrefix(target, "/")
			forTests := strings.HasSuffix(target, "test")
			switch {
			case slices.Contains(allowed, target):
			case isTest && (target == pkg || forTests || slices.Contains(testImports[pkg], target)):
			default:
				t.Errorf("%s/%s imports %s, which the table does not allow", pkg, name, target)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range imports {
		if !seen[pkg] {
			t.Errorf("the table knows %s, which is not there", pkg)
		}
	}
}

// TestImportsAcyclic says that the table itself points one way, and that what
// it names exists in it.
func TestImportsAcyclic(t *testing.T) {
	const walking, done = 1, 2
	state := map[string]int{}
	var walk func(pkg string, path []string)
	walk = func(pkg string, path []string) {
		path = append(path, pkg)
		switch state[pkg] {
		case walking:
			t.Errorf("a circle: %s", strings.Join(path, " → "))
			return
		case done:
			return
		}
		state[pkg] = walking
		for _, target := range imports[pkg] {
			if _, ok := imports[target]; !ok {
				t.Errorf("%s may import %s, which the table does not know", pkg, target)
			}
			if strings.HasSuffix(target, "test") {
				t.Errorf("%s may import %s, which is for tests", pkg, target)
			}
			walk(target, path)
		}
		state[pkg] = done
	}
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		walk(pkg, nil)
	}
}
