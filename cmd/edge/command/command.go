// Package command is edge's command line: one file a verb.
//
// What scripts may rely on: the verbs, the flags, the keys of the JSON lines
// and the exit codes. See [Main] for the latter.
package command

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs edge with the arguments that follow the program's name and returns
// the exit code:
//
//	0 done
//	1 failed, and nothing below fits
//	2 wrong use
//	3 model file: missing, corrupt, version, unsupported operator
//	4 store: corrupt, locked by another process, read-only, model mismatch
//	5 camera or picture
//	6 GPIO
//	7 network: listen, MQTT
//
// A verb stopped by ctrl-C gives 130, by SIGTERM 143, and one whose standard
// output was closed by its reader gives 141 without a word, like any program
// in a pipe; edge run takes the first two for "quit" and gives 0.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// With somebody listening for SIGPIPE, a closed pipe is an error of Write,
	// and deferred work (the terminal's mode, the store) is still done.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)

	ctx, stop := interruptible(context.Background())
	defer stop()

	e := &env{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(e)
	root.SetArgs(args)
	return e.fail(ctx, root.ExecuteContext(ctx))
}

// interruptible returns a context that ends, with an interrupt as its cause,
// at the first SIGINT or SIGTERM. A second one kills the process.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-c:
			signal.Stop(c)
			cancel(interrupt{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(c); cancel(context.Canceled) }
}

// interrupt is why a context ended: the signal that a person or an init sent.
type interrupt struct{ os.Signal }

func (i interrupt) Error() string { return "stopped by " + i.String() }

const rootHelp = `edge is a camera that you teach by pressing a button.

Start here:
  edge demo                   see the whole idea; no camera needed
  edge teach cup cup*.jpg     teach it what a cup is
  edge run                    live: space teaches, n is the next class
`

const rootLong = rootHelp + `
A PATH is a picture, a folder or a clip; a camera is camera:0, /dev/video0,
rtsp://…, http://…, gst:PIPELINE, picam or jetson-csi.
Every flag can also be set by the environment: --threads by EDGE_THREADS.
A flag wins over the environment, an empty variable counts as unset.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 model file, 4 store, 5 camera or
picture, 6 GPIO, 7 network; 130 and 143 interrupted, 141 output closed.`

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "edge",
		Short:         "A camera that you teach by pressing a button",
		Long:          rootLong,
		Example:       "  edge teach cup photos/cup-*.jpg\n  edge classify table.jpg",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(c, args[0])
			}
			_, err := io.WriteString(e.stdout, rootHelp+"\nedge --help lists everything.\n")
			return err
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return bindEnvironment(c.Flags(), os.LookupEnv) },
	}
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetIn(e.stdin)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	e.commonFlags(root.PersistentFlags())

	cobra.EnableCommandSorting = false // the order of the help is that of verbs
	root.AddGroup(
		&cobra.Group{ID: groupDevice, Title: "On the device:"},
		&cobra.Group{ID: groupShots, Title: "What it was taught:"},
		&cobra.Group{ID: groupModel, Title: "Models:"},
		&cobra.Group{ID: groupBoard, Title: "The board:"},
	)
	if len(desktopVerbs) > 0 {
		root.AddGroup(&cobra.Group{ID: groupDesktop, Title: "On the desktop:"})
	}
	for _, v := range slices.Concat(verbs, desktopVerbs) {
		c := v.new(e)
		c.GroupID = v.group
		root.AddCommand(c)
	}
	return root
}

// Groups of verbs in the help.
const (
	groupDevice  = "device"
	groupShots   = "shots"
	groupModel   = "model"
	groupBoard   = "board"
	groupDesktop = "desktop"
)

// verb is one of edge's verbs and where the help lists it.
type verb struct {
	group string
	new   func(*env) *cobra.Command
}

// verbs is what edge can do, in the order of the help.
var verbs = []verb{
	{groupDevice, newDemo},
	{groupDevice, newRun},
	{groupDevice, newTeach},
	{groupDevice, newClassify},
	{groupDevice, newEmbed},
	{groupShots, newClasses},
	{groupShots, newShots},
	{groupShots, newUndo},
	{groupShots, newExport},
	{groupShots, newImport},
	{groupShots, newReembed},
	{groupShots, newCalibrate},
	{groupModel, newModel},
	{groupModel, newQuantize},
	{groupBoard, newDoctor},
	{groupBoard, newCamera},
	{groupBoard, newGPIO},
	{groupBoard, newVersion},
}

// parent makes a verb that only groups others ("edge model …"): alone it
// prints its help, with an unknown word it is wrong use.
func parent(use, short, example string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:     use,
		Short:   short,
		Example: example,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(c, args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(children...)
	return c
}

// unknownVerb is the error for a word after c that is none of its verbs.
func unknownVerb(c *cobra.Command, word string) error {
	var names []string
	for _, v := range c.Commands() {
		if v.IsAvailableCommand() {
			names = append(names, v.Name())
		}
	}
	hint := c.CommandPath() + " --help lists the verbs"
	if n := nearest(word, names); n != "" {
		hint = "did you mean " + c.CommandPath() + " " + n + "?"
	}
	where := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "edge"), " ")
	if where != "" {
		where += ": "
	}
	return usagef(hint, "%sunknown verb %q", where, word)
}

const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} [VERB …]{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Example:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$verbs := .Commands}}{{if eq (len .Groups) 0}}

Verbs:{{range $verbs}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $verbs}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every verb:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
