package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// env is what every verb has: where to read and write, and the common flags.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	json       bool
	model      string
	store      string
	threads    int
	quiet      bool
	noProgress bool
}

func (e *env) commonFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	f.BoolVar(&e.json, "json", false, "print JSON lines on standard output and nothing else there")
	f.StringVar(&e.model, "model", "", "model: a .edge file or a name that edge model list shows")
	f.StringVar(&e.store, "store", "", "folder that holds what was taught (default $STATE_DIRECTORY, $XDG_STATE_HOME/edge or ~/.local/state/edge)")
	count(f, &e.threads, "threads", defaultThreads(), 1, 64, "worker threads of the network")
	f.BoolVarP(&e.quiet, "quiet", "q", false, "only results and errors")
	f.BoolVar(&e.noProgress, "no-progress", false, "no progress line (there is none anyway where stderr is no terminal)")
}

// line prints a result: v as one JSON line with --json, else text for people.
// Each is one write, whole on standard output when line returns.
func (e *env) line(v any, format string, args ...any) error {
	var b []byte
	if e.json {
		var err error
		if b, err = marshalLine(v); err != nil {
			return err
		}
	} else {
		b = fmt.Appendf(nil, format+"\n", args...)
	}
	_, err := e.stdout.Write(b)
	if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// note tells people something that is no result.
func (e *env) note(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}

// problem tells people of an error that did not end the verb.
func (e *env) problem(err error) {
	fmt.Fprintf(e.stderr, "edge: %s\n", oneLine(err.Error()))
	if _, hint := diagnose(err); hint != "" {
		fmt.Fprintf(e.stderr, "hint: %s\n", oneLine(hint))
	}
}

// terminal reports whether w is a terminal.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// marshalLine is v as JSON with a newline; <, > and & stay themselves, since
// no line of edge's ends up inside HTML.
func marshalLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	return b.Bytes(), nil
}
