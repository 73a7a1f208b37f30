package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/gpio"
	"github.com/edge-camera/edge/support"
)

// Exit codes; Main documents them.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitModel   = 3
	exitStore   = 4
	exitCamera  = 5
	exitGPIO    = 6
	exitNetwork = 7
)

// failure is an error whose exit code or hint its place knows better than the
// table below.
type failure struct {
	err  error
	code int    // 0: by the table
	hint string // "": by the table
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usagef is an error of wrong use.
func usagef(hint, format string, args ...any) error {
	return &failure{fmt.Errorf(format, args...), exitUsage, hint}
}

// coded gives err an exit code, and a hint unless that is "".
func coded(code int, err error, hint string) error {
	if err == nil {
		return nil
	}
	return &failure{err, code, hint}
}

// errReported ends a verb whose every problem has already been told in its
// lines; the failure around it says with which code.
var errReported = errors.New("already reported")

// kinds maps the errors of the packages to exit codes and hints, the first
// that fits. "%s" in a hint stands for nothing: hints name commands, not data.
var kinds = []struct {
	is   error
	code int
	hint string
}{
	{embed.ErrVersion, exitModel, "this file was made by a newer edge; update edge, or make the model again"},
	{embed.ErrUnsupported, exitModel, "edge model import --help lists what a network may hold"},
	{embed.ErrCorrupt, exitModel, "copy or make the file again; edge model list shows the models that are always there"},
	{embed.ErrKernel, exitUsage, "unset " + embed.KernelEnv + ": edge takes the best kernel by itself"},
	{embed.ErrPicture, exitCamera, "give it a JPEG, PNG, WebP or BMP picture"},
	{support.ErrName, exitUsage, "a name has 1 to 64 characters and none of / \\ or line breaks; unknown is taken"},
	{support.ErrModelMismatch, exitStore, "edge reembed makes what was taught fit this model; or use the one that taught it (--model)"},
	{support.ErrLocked, exitStore, "end the other edge, or use another folder (--store)"},
	{support.ErrReadOnly, exitStore, "make the folder writable, or use another one (--store)"},
	{support.ErrVersion, exitStore, "this store was written by a newer edge; update edge"},
	{support.ErrCorrupt, exitStore, "nothing was changed; edge doctor says what is damaged, edge doctor --repair saves what can be saved"},
	{support.ErrBroken, exitStore, "every shot that was confirmed is safe; make room on the disk and start again"},
	{support.ErrNotFound, exitFailed, "edge classes and edge shots list what there is"},
	{camera.ErrBusy, exitCamera, "end the other program that uses the camera"},
	{camera.ErrDenied, exitCamera, "add the user to the group video: sudo usermod -aG video $USER, then log in again"},
	{camera.ErrUnsupported, exitCamera, "edge camera list shows what this board has"},
	{camera.ErrNotFound, exitCamera, "check the path; edge camera list shows the cameras"},
	{camera.ErrBadPicture, exitCamera, "open it in a picture viewer: is it whole, and a JPEG, PNG, WebP, BMP or clip?"},
	{camera.ErrLost, exitCamera, "check the cable; edge camera list shows what is there"},
	{gpio.ErrNoChip, exitGPIO, "this board has no GPIO that the kernel knows of; keys work too"},
	{gpio.ErrNoPin, exitGPIO, "edge gpio list shows the pins"},
	{gpio.ErrBusy, exitGPIO, "another program holds the pin; edge gpio list shows which"},
	{gpio.ErrPermission, exitGPIO, "add the user to the group gpio: sudo usermod -aG gpio $USER, then log in again"},
	{gpio.ErrPin, exitGPIO, "try another pin; edge gpio list shows them"},
	{syscall.ENOSPC, exitFailed, "make room on the disk"},
}

// lastHints are for errors of the operating system, which say what and where
// themselves.
var lastHints = map[int]string{
	exitModel: "edge model list shows the models that are always there",
	exitStore: "--store names a folder that can be written to",
}

// fail tells people about err, where there is one, and returns the exit code.
func (e *env) fail(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) {
		return 128 + int(syscall.SIGPIPE)
	}
	if i, ok := errors.AsType[interrupt](context.Cause(ctx)); ok && errors.Is(err, context.Canceled) {
		if s, ok := i.Signal.(syscall.Signal); ok {
			return 128 + int(s)
		}
	}
	code, hint := diagnose(err)
	if !errors.Is(err, errReported) {
		fmt.Fprintf(e.stderr, "edge: %s\n", oneLine(err.Error()))
		if hint != "" {
			fmt.Fprintf(e.stderr, "hint: %s\n", oneLine(hint))
		}
	}
	return code
}

// diagnose returns the exit code and the hint for err.
func diagnose(err error) (code int, hint string) {
	for walk := err; ; {
		f, ok := errors.AsType[*failure](walk)
		if !ok {
			break
		}
		if code == 0 {
			code = f.code
		}
		if hint == "" {
			hint = f.hint
		}
		walk = f.err
	}
	for _, k := range kinds {
		if code != 0 && hint != "" {
			break
		}
		if errors.Is(err, k.is) {
			if code == 0 {
				code = k.code
			}
			if hint == "" {
				hint = k.hint
			}
		}
	}
	if code == 0 {
		code = exitFailed
	}
	if hint == "" {
		hint = lastHints[code]
	}
	return code, hint
}

// oneLine keeps a message on its line, whatever file names or foreign
// libraries put into it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.TrimSpace(s), "\n", "; "))
}
