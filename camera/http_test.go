package camera_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
)

func jpegOf(t testing.TB, seq uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, shade(32, 24, shadeOf(seq)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// serve runs a camera on the loopback interface.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL + "/stream"
}

// dialect is how a camera writes its parts.
type dialect struct {
	contentType string
	line        string // before each part, without its line break
	length      bool
	partType    string
}

// stream returns a handler that sends frames until the client leaves, or as
// many as frames says.
func stream(t *testing.T, d dialect, frames int) http.HandlerFunc {
	jpegs := make([][]byte, 40)
	for i := range jpegs {
		jpegs[i] = jpegOf(t, uint64(i))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", d.contentType)
		for i := 0; frames == 0 || i < frames; i++ {
			b := jpegs[i%len(jpegs)]
			fmt.Fprintf(w, "%s\r\n", d.line)
			if d.partType != "" {
				fmt.Fprintf(w, "Content-Type: %s\r\n", d.partType)
			}
			if d.length {
				fmt.Fprintf(w, "Content-Length: %d\r\n", len(b))
			}
			if _, err := fmt.Fprintf(w, "\r\n%s\r\n", b); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			if r.Context().Err() != nil {
				return
			}
		}
	}
}

var dialects = map[string]dialect{
	"by the book":       {"multipart/x-mixed-replace; boundary=frame", "--frame", true, "image/jpeg"},
	"no lengths":        {"multipart/x-mixed-replace;boundary=frame", "--frame", false, "image/jpeg"},
	"quoted":            {`multipart/x-mixed-replace; boundary="my frame"`, "--my frame", true, "image/jpeg"},
	"dashes in both":    {"multipart/x-mixed-replace; boundary=--frame", "--frame", true, "image/jpeg"},
	"dashes counted":    {"multipart/x-mixed-replace; boundary=--frame", "----frame", true, "image/jpeg"},
	"no type of a part": {"multipart/x-mixed-replace; boundary=frame", "--frame", true, ""},
}

func TestHTTP(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			address := serve(t, stream(t, d, 0))
			src := open(t, address, camera.Options{})
			var f camera.Frame
			for i := range 30 {
				if err := src.Next(t.Context(), &f); err != nil {
					t.Fatal(err)
				}
				if f.Seq != uint64(i) || f.Width != 32 || f.Height != 24 || isShade(&f) != nil {
					t.Fatalf("frame %d: Seq %d, %d×%d, %v", i, f.Seq, f.Width, f.Height, isShade(&f))
				}
			}
			if src.String() != address {
				t.Errorf("it is called %q", src)
			}
		})
	}
	cameratest.Conformance(t, func(t *testing.T) (camera.Source, cameratest.Want) {
		src := open(t, serve(t, stream(t, dialects["by the book"], 0)), camera.Options{})
		return src, cameratest.Want{Width: 32, Height: 24, Format: camera.RGB, Check: isShade, Allocs: -1}
	})
	// A server that answers and sends nothing.
	cameratest.Waiting(t, func(t *testing.T) camera.Source {
		gone := make(chan struct{})
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-gone:
			}
		})
		t.Cleanup(func() { close(gone) })
		return open(t, address, camera.Options{})
	})
}

// TestHTTPAtOnce says that a frame with a length does not wait for the one
// behind it.
func TestHTTPAtOnce(t *testing.T) {
	gone := make(chan struct{})
	b := jpegOf(t, 0)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
		w.(http.Flusher).Flush()
		<-gone
	})
	defer close(gone)
	src := open(t, address, camera.Options{})
	defer src.Close()
	var f camera.Frame
	if err := src.Next(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
}

func TestHTTPSnapshot(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(jpegOf(t, 0))
	})
	src := open(t, address, camera.Options{})
	var f camera.Frame
	for i, want := range []error{nil, io.EOF, io.EOF} {
		if err := src.Next(t.Context(), &f); !errors.Is(err, want) {
			t.Errorf("call %d: err = %v, want %v", i, err, want)
		}
	}
}

func TestHTTPFailures(t *testing.T) {
	book := dialects["by the book"]
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		frames  int
		want    error
		text    string
	}{
		"not there":    {status(http.StatusNotFound), 0, camera.ErrNotFound, "404"},
		"not allowed":  {status(http.StatusUnauthorized), 0, camera.ErrDenied, "401"},
		"out of order": {status(http.StatusServiceUnavailable), 0, camera.ErrLost, "503"},
		"ends":         {stream(t, book, 3), 3, camera.ErrLost, "the stream ended"},
		"a part too large": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", book.contentType)
			io.WriteString(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999999\r\n\r\n")
		}, 0, camera.ErrBadPicture, "larger than 64 MiB"},
		"text for a JPEG": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", book.contentType)
			io.WriteString(w, "--frame\r\nContent-Type: image/jpeg\r\n\r\nhello\r\n--frame--\r\n")
		}, 0, camera.ErrBadPicture, "frame 0: not a JPEG"},
		"no frames at all": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", book.contentType)
			io.WriteString(w, "this goes nowhere")
		}, 0, camera.ErrLost, "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, c.handler)
			src, err := camera.Open(address, camera.Options{})
			if err == nil {
				defer src.Close()
				var f camera.Frame
				for range c.frames {
					if err := src.Next(t.Context(), &f); err != nil {
						t.Fatal(err)
					}
				}
				err = src.Next(t.Context(), &f)
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), address) {
				t.Errorf("err = %v, want %v with %q and the address", err, c.want, c.text)
			}
		})
	}
	closed := httptest.NewServer(status(200))
	closed.Close()
	if _, err := camera.Open(closed.URL, camera.Options{}); !errors.Is(err, camera.ErrLost) {
		t.Errorf("nobody there: err = %v", err)
	}
}

// TestHTTPBadFrame says that a stream goes on behind a bad frame.
func TestHTTPBadFrame(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		for i := range uint64(4) {
			b := jpegOf(t, i)
			if i == 1 {
				b = b[:40]
			}
			kind := "image/jpeg"
			if i == 2 {
				kind = "text/plain"
			}
			fmt.Fprintf(w, "--frame\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n", kind, len(b), b)
		}
	})
	src := open(t, address, camera.Options{})
	var f camera.Frame
	var got []string
	for {
		err := src.Next(t.Context(), &f)
		if errors.Is(err, camera.ErrLost) {
			break
		}
		if errors.Is(err, camera.ErrBadPicture) {
			got = append(got, "bad")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(f.Seq))
	}
	if want := "[0 bad 2]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHTTPPassword(t *testing.T) {
	var user, password string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		stream(t, dialects["by the book"], 1)(w, r)
	})
	src := open(t, strings.Replace(address, "http://", "http://cam:secret@", 1), camera.Options{})
	var f camera.Frame
	if err := src.Next(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	if user != "cam" || password != "secret" {
		t.Errorf("the camera was told %q and %q", user, password)
	}
	err := src.Next(context.Background(), &f)
	if strings.Contains(src.String(), "secret") || err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%q and %v tell the password", src, err)
	}
}
