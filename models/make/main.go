// Make builds the models of this repository from published packages: it
// downloads pretrained weights, writes them as ONNX, reads that back the way a
// user's ONNX file is read, and quantizes it with crops of freely licensed
// photographs. The same packages always give the same bytes.
//
//	go run ./models/make                       write the models
//	go run ./models/make -check                compare with those that are there
//	go run ./models/make efficientnet-lite0-160    only this one
//	go run ./models/make -float DIR            write the float networks as ONNX, and nothing else
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edge-camera/edge/models/wheel"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "make models:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("make", flag.ContinueOnError)
	flags.SetOutput(out)
	dir := flags.String("dir", "models", "where the models are")
	cache := flags.String("cache", "", "where downloaded packages are kept (default: edge/models in the user's cache)")
	check := flags.Bool("check", false, "write nothing; fail where a fresh run differs from what is there")
	float := flags.String("float", "", "a folder to write to, instead of models, the networks as they were trained, with their classifiers, as ONNX")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	names := modelNames()
	for _, name := range flags.Args() {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no model %q; there is %s", name, strings.Join(names, ", "))
		}
	}
	if *cache == "" {
		user, err := wheel.Cache()
		if err != nil {
			return fmt.Errorf("%w (use -cache)", err)
		}
		*cache = user
	}
	mk := maker{cache: *cache, out: out, float: *float != "", wanted: func(model string) bool {
		return flags.NArg() == 0 || slices.Contains(flags.Args(), model)
	}}
	if mk.float {
		*dir = *float
	}
	return mk.build(context.Background(), func(n *network, f file) error {
		if f.onnx() && !n.kept && !mk.float {
			return nil
		}
		return f.deliver(*dir, *check, out)
	})
}

// modelNames are those of all the models.
func modelNames() []string {
	var names []string
	for i := range networks {
		for _, m := range networks[i].models {
			names = append(names, networks[i].modelName(m.side))
		}
	}
	return names
}

// file is one result.
type file struct {
	name string
	data []byte
}

func (f file) onnx() bool { return filepath.Ext(f.name) == ".onnx" }

// deliver writes the file into dir, or compares it with the one there.
func (f file) deliver(dir string, check bool, out io.Writer) error {
	path := filepath.Join(dir, f.name)
	have, err := os.ReadFile(path)
	same := err == nil && bytes.Equal(have, f.data)
	switch {
	case same:
		fmt.Fprintf(out, "%s: %d bytes, unchanged\n", path, len(f.data))
		return nil
	case check && err != nil:
		return err
	case check:
		return fmt.Errorf("%s differs from a fresh run: %s", path, difference(have, f.data))
	}
	if err := replace(path, f.data); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d bytes, written\n", path, len(f.data))
	return nil
}

func difference(have, want []byte) string {
	if len(have) != len(want) {
		return fmt.Sprintf("it has %d bytes, the run made %d", len(have), len(want))
	}
	n, first := 0, -1
	for i := range want {
		if have[i] != want[i] {
			if n++; first < 0 {
				first = i
			}
		}
	}
	return fmt.Sprintf("%d of %d bytes, the first at offset %d", n, len(want), first)
}

// replace writes path so that an interrupted run leaves the old file whole.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after the rename, as it should
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
