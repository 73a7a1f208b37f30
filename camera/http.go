package camera

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	httpOpen  = 10 * time.Second // until the headers are there
	httpStall = 15 * time.Second // without a whole picture until a stream counts as lost
)

// stream reads MJPEG over HTTP: a multipart response that never ends, a JPEG
// a part.
type stream struct {
	name   string
	cancel context.CancelFunc
	body   io.ReadCloser
	parts  *multipart.Reader // nil for a single picture
	stall  *time.Timer

	seq  uint64
	done bool // a single picture was read
	raw  bytes.Buffer
	jpeg mjpeg
}

// openHTTP opens an http:// or https:// address: MJPEG, or one JPEG.
func openHTTP(address string, opt Options) (Source, error) {
	name := redact(address)
	// The request lives as long as the stream does, so a time limit on it
	// would end the stream; a timer ends it until the headers are there.
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(httpOpen, cancel)
	fail := func(kind error, why string) (Source, error) {
		timer.Stop()
		cancel()
		return nil, fmt.Errorf("%w: %s: %s", kind, name, why)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(ErrUnsupported, "not an address")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return fail(ErrLost, fmt.Sprintf("no answer in %v", httpOpen))
		}
		if inner := errors.Unwrap(err); inner != nil { // the outer one repeats the address
			err = inner
		}
		return fail(ErrLost, err.Error())
	}
	if !timer.Stop() { // it has cancelled the request
		response.Body.Close()
		return fail(ErrLost, fmt.Sprintf("no answer in %v", httpOpen))
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		kind := ErrLost
		switch response.StatusCode {
		case http.StatusNotFound, http.StatusGone:
			kind = ErrNotFound
		case http.StatusUnauthorized, http.StatusForbidden:
			kind = ErrDenied
		}
		return fail(kind, "the server says "+response.Status)
	}
	s := &stream{name: name, cancel: cancel, body: response.Body, stall: time.AfterFunc(httpStall, cancel)}
	content := response.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(content)
	switch {
	case err == nil && strings.HasPrefix(media, "multipart/"):
		r := bufio.NewReaderSize(s.body, 64<<10)
		s.parts = multipart.NewReader(r, boundary(r, params["boundary"]))
	case err == nil && strings.HasPrefix(media, "image/"):
	default:
		s.stall.Stop()
		response.Body.Close()
		if HasOpenCV { // HLS and the like
			cancel()
			return openCV(name, cvURL, address, opt)
		}
		return fail(ErrUnsupported, fmt.Sprintf("it sends %q, not MJPEG, and this edge was built without OpenCV: make build", content))
	}
	return newPump(name, 0, s), nil
}

// boundary returns the boundary between parts. By the standard the lines are
// two dashes and the parameter; many cameras put the dashes, or some, into the
// parameter as well and then leave them out of the lines.
func boundary(r *bufio.Reader, param string) string {
	if !strings.HasPrefix(param, "--") {
		return param
	}
	head, _ := r.Peek(2 + len(param) + 8)
	if bytes.Contains(head, []byte("--"+param)) {
		return param
	}
	return param[2:]
}

func (s *stream) grab(f *Frame) error {
	if s.done {
		return io.EOF
	}
	// Only while somebody waits: frames may be left lying for as long as anyone
	// likes.
	s.stall.Reset(httpStall)
	var err error
	if s.parts == nil {
		s.done = true
		err = s.read(s.body, -1)
	} else {
		err = s.part()
	}
	at := time.Now()
	s.stall.Stop()
	if errors.Is(err, ErrBadPicture) {
		s.seq++
		return err
	}
	if err != nil {
		return s.lost(err)
	}
	seq := s.seq
	s.seq++
	if err := s.jpeg.decode(s.raw.Bytes(), f); err != nil {
		return fmt.Errorf("%w: %s: frame %d: %w", ErrBadPicture, s.name, seq, err)
	}
	f.Seq, f.Time, f.Path = seq, at, ""
	return nil
}

// part reads the next part that holds a picture.
func (s *stream) part() error {
	for {
		part, err := s.parts.NextRawPart()
		if err != nil {
			return err
		}
		if t := part.Header.Get("Content-Type"); t != "" && !strings.HasPrefix(t, "image/") {
			continue
		}
		size := int64(-1)
		if n, err := strconv.ParseInt(part.Header.Get("Content-Length"), 10, 64); err == nil && n > 0 {
			size = n
		}
		return s.read(part, size)
	}
}

// read reads size bytes of r, all of it if size is negative.
func (s *stream) read(r io.Reader, size int64) error {
	s.raw.Reset()
	if size > maxFrame {
		return fmt.Errorf("%w: %s: frame %d: %d bytes is larger than %d MiB", ErrBadPicture, s.name, s.seq, size, maxFrame>>20)
	}
	if size >= 0 {
		// Stopping at the length, and not at the boundary that follows, saves
		// the time until the next frame.
		n, err := io.CopyN(&s.raw, r, size)
		if err == io.EOF && n > 0 {
			err = nil // the length was wrong; the boundary is right
		}
		return err
	}
	n, err := io.Copy(&s.raw, io.LimitReader(r, maxFrame+1))
	if err == nil && n > maxFrame {
		return fmt.Errorf("%w: %s: frame %d: larger than %d MiB", ErrBadPicture, s.name, s.seq, maxFrame>>20)
	}
	return err
}

func (s *stream) lost(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %s: no picture for %v", ErrLost, s.name, httpStall)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %s: the stream ended", ErrLost, s.name)
	}
	return fmt.Errorf("%w: %s: %w", ErrLost, s.name, err)
}

func (s *stream) interrupt() { s.cancel() }

func (s *stream) release() error {
	s.stall.Stop()
	s.cancel()
	s.body.Close() // reports what ended it
	return nil
}
