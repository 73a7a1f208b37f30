package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHTTPStall says that a stream counts as lost when no picture has come for
// a while, and not before; bytes that never become one do not count.
func TestHTTPStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		s := &stream{name: "http://camera/", body: r, cancel: func() { w.CloseWithError(context.Canceled) }}
		s.stall = time.AfterFunc(httpStall, s.cancel)
		s.parts = multipart.NewReader(r, "frame")
		p := newPump(s.name, 0, s)
		defer p.Close()
		var frame bytes.Buffer
		jpeg := testJPEG(t, 8, 8, 0)
		fmt.Fprintf(&frame, "--frame\r\nContent-Length: %d\r\n\r\n%s\r\n", len(jpeg), jpeg)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for range 3 { // slow, but not silent
				time.Sleep(httpStall - time.Second)
				w.Write(frame.Bytes())
			}
			for {
				time.Sleep(time.Second)
				if _, err := w.Write([]byte("not a boundary\r\n")); err != nil {
					return
				}
			}
		}()
		start := time.Now()
		var f Frame
		for i := range 3 {
			if err := p.Next(t.Context(), &f); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
		}
		err := p.Next(t.Context(), &f)
		if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "no picture for 15s") {
			t.Errorf("err = %v", err)
		}
		if got, want := time.Since(start), 3*(httpStall-time.Second)+httpStall; got != want {
			t.Errorf("given up after %v, want %v", got, want)
		}
		<-gone
	})
}

// TestHTTPUnread says that a stream nobody reads for an hour is still there.
func TestHTTPUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		s := &stream{name: "http://camera/", body: r, cancel: func() { w.CloseWithError(context.Canceled) }}
		s.stall = time.AfterFunc(httpStall, s.cancel)
		s.parts = multipart.NewReader(r, "frame")
		p := newPump(s.name, 0, s)
		defer p.Close()
		jpeg := testJPEG(t, 8, 8, 0)
		go func() {
			for {
				if _, err := fmt.Fprintf(w, "--frame\r\nContent-Length: %d\r\n\r\n%s\r\n", len(jpeg), jpeg); err != nil {
					return
				}
			}
		}()
		var f Frame
		for range 6 {
			if err := p.Next(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
	})
}
