//go:build unix

package command

import (
	"bytes"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"testing"
)

// makeClip writes a clip of a cup for edge run --loop.
func makeClip(t *testing.T, w workbench) string {
	t.Helper()
	path := w.write(t, "clip.avi", nil)
	if err := writeClip(path, "cup=3"); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRunStopped: a signal is how a service is stopped and how a person without
// a terminal says quit.
func TestRunStopped(t *testing.T) {
	w := newWorkbench(t)
	clip := makeClip(t, w)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		c := w.edge(t, "run", "--json", "--loop", "--camera", clip)
		lines, stderr := begin(t, c)
		if !lines.Scan() {
			t.Fatalf("%v: no event", s)
		}
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		if err := c.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%v: %v, %s", s, err, stderr.Bytes())
		}
	}
}

// TestInterrupted: other verbs say by their exit code that they did not finish.
func TestInterrupted(t *testing.T) {
	w := newWorkbench(t)
	url := stream(t)
	for _, v := range []struct {
		signal syscall.Signal
		code   int
		args   []string
	}{
		{syscall.SIGINT, 130, []string{"classify", url}},
		{syscall.SIGTERM, 143, []string{"teach", "--no-gate", "--shots", "1000000", "cup", url}},
	} {
		c := w.edge(t, append(v.args, "--json", "--quiet")...)
		lines, stderr := begin(t, c)
		if !lines.Scan() {
			t.Fatalf("%v: no line; %s", v.args, stderr.Bytes())
		}
		if err := c.Process.Signal(v.signal); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		_ = c.Wait() // its exit code is looked at
		if got := c.ProcessState.ExitCode(); got != v.code || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, want %d; %s", v.args, got, v.code, stderr.Bytes())
		}
	}
}

// TestTeachFromCamera: a camera gives as many shots as were asked for, and then
// the verb ends.
func TestTeachFromCamera(t *testing.T) {
	w := newWorkbench(t)
	out := w.output(t, "teach", "--no-gate", "--shots", "3", "cup", stream(t))
	if n := strings.Count(out, "\n"); n != 3 || !strings.Contains(out, "cup: shot 3, from http://") {
		t.Errorf("%d lines:\n%s", n, out)
	}
}

// stream serves a camera that never ends and returns its address.
func stream(t *testing.T) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, paint("cup", "", 64, 48), nil); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := multipart.NewWriter(w)
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+m.Boundary())
		for r.Context().Err() == nil {
			part, err := m.CreatePart(textproto.MIMEHeader{"Content-Type": {"image/jpeg"}})
			if err != nil {
				return // whoever watched has gone
			}
			if _, err := part.Write(b.Bytes()); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestOutputClosed: a reader that has had enough is no error to talk about.
func TestOutputClosed(t *testing.T) {
	w := newWorkbench(t)
	clip := makeClip(t, w)
	for _, args := range [][]string{{"classify", clip}, {"run", "--loop", "--json", "--camera", clip}, {"version"}} {
		r, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		c := w.edge(t, append(args, "--quiet")...)
		var stderr bytes.Buffer
		c.Stdout, c.Stderr = out, &stderr
		_ = c.Run() // its exit code is looked at
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		if got := c.ProcessState.ExitCode(); got != 141 || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, want 141; %s", args, got, stderr.Bytes())
		}
	}
}
