package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/edge-camera/edge/cmd/edge/internal/demo"
)

func newDemo(e *env) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "demo",
		Short: "The whole idea in a minute: no camera, no button",
		Long: `Demo plays a built-in clip instead of a camera and presses the button itself: four
things are taught by five shots each, the process is killed in the middle of it
(kill -9) and started again from the store, and then it names what it sees,
things it was never taught among them. Nothing else is make-believe: network,
button, store and answers are those of edge run.

It prints what happens, a table of what was shown and answered, and the speed of
this board, and draws a contact sheet. It teaches into an empty store: a
temporary one, or the folder of --store, which stays and can be looked at.

The exit code is 1 where fewer than nine of ten frames of taught things are named
right, or fewer than eight of ten of other things are called unknown.`,
		Example: "  edge demo\n  edge demo -o sheet.png --store /tmp/taught && edge shots list --store /tmp/taught",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), e, out) },
	}
	outVar(c.Flags(), &out, "contact sheet, PNG (default build/demo.png where there is a folder build, else demo.png in the folder for temporary files)")
	c.AddCommand(newDemoDevice(e))
	return c
}

// demoSheet is where the contact sheet goes unless somebody says otherwise.
func demoSheet() string {
	if i, err := os.Stat("build"); err == nil && i.IsDir() {
		return filepath.Join("build", "demo.png")
	}
	return filepath.Join(os.TempDir(), "edge-demo.png")
}

func runDemo(ctx context.Context, e *env, sheet string) error {
	if sheet == "" {
		sheet = demoSheet()
	} else if err := tryFile(sheet, outHint); err != nil { // said now and not after a minute
		return fmt.Errorf("contact sheet: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: where this program is: %w", err)
	}
	opt := demo.Options{
		Store: e.store, Sheet: sheet, Write: writeFile,
		Device: func(ctx context.Context, store, clip string, from int, kill bool) *exec.Cmd {
			c := exec.CommandContext(ctx, program, "demo", "device", "--model", e.model, "--store", store,
				"--threads", strconv.Itoa(e.threads), "--clip", clip, "--from", strconv.Itoa(from), "--kill="+strconv.FormatBool(kill))
			c.Args[0] = os.Args[0] // a program that goes by its name is to find the same one
			c.Stderr = e.stderr
			return c
		},
	}
	if e.json {
		opt.Line = func(v any) error { return e.line(v, "") }
	} else {
		opt.Tell = &demo.Transcript{W: e.stdout, Brief: e.quiet,
			Colour: terminal(e.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	}
	r, err := demo.Run(ctx, opt)
	if r != nil && e.json {
		if lineErr := e.line(r, ""); lineErr != nil {
			return lineErr
		}
	}
	exit, died := errors.AsType[*exec.ExitError](err)
	switch {
	case died && exit.ExitCode() > 0: // it said itself what was wrong
		return coded(exit.ExitCode(), errReported, "")
	case errors.Is(err, demo.ErrStore):
		return coded(exitStore, err, "name a new folder with --store, or leave it out")
	case errors.Is(err, demo.ErrBelow) && e.model != "":
		return coded(exitFailed, err, "leave out --model to see what the shipped model makes of it")
	case errors.Is(err, demo.ErrForgotten):
		return coded(exitStore, err, "this is a fault of edge: please report it")
	}
	return err
}

// newDemoDevice is the process that demo starts, kills and starts again.
func newDemoDevice(e *env) *cobra.Command {
	var d demo.Device
	c := &cobra.Command{
		Use:    "device",
		Short:  "The camera of edge demo, which starts it",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := e.openNetwork()
			if err != nil {
				return err
			}
			d.Network, d.Threads, d.Store = n, e.threads, e.store
			err = d.Run(c.Context(), e.stdout)
			if errors.Is(err, demo.ErrOpen) {
				return coded(exitStore, err, "")
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&d.Clip, "clip", "", "the clip")
	count(f, &d.From, "from", 0, 0, 1<<30, "the first frame to look at")
	f.BoolVar(&d.Kill, "kill", false, "be killed at the script's press")
	return c
}
