package command

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edge-camera/edge/camera"
	"github.com/edge-camera/edge/camera/cameratest"
	"github.com/edge-camera/edge/cmd/edge/internal/app"
	"github.com/edge-camera/edge/embed"
	"github.com/edge-camera/edge/support"
)

func tinyNetwork(t *testing.T, kind string) *embed.Network {
	t.Helper()
	m, err := tinyModel(kind)
	if err != nil {
		t.Fatal(err)
	}
	n, err := embed.NewNetwork(m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A camera goes on naming things while another model looks at what was taught,
// with the model before where that is at hand, and then with the new one.
func TestRefitting(t *testing.T) {
	for _, atHand := range []bool{true, false} {
		old, fresh := tinyNetwork(t, "int8"), tinyNetwork(t, "other")
		var said bytes.Buffer
		e := &env{stderr: &said, stdout: &said, store: filepath.Join(t.TempDir(), "store"), threads: 1}
		set, err := e.openStore(old.Fingerprint(), old.Dim())
		if err != nil {
			t.Fatal(err)
		}
		session := old.NewSession(1)
		defer session.Close()
		teach := func(set *support.Set, class string) {
			t.Helper()
			var crop bytes.Buffer
			if err := jpeg.Encode(&crop, paint(class, "1", 64, 64), nil); err != nil {
				t.Fatal(err)
			}
			var f camera.Frame
			if err := camera.DecodePicture(crop.Bytes(), &f); err != nil {
				t.Fatal(err)
			}
			v := make(embed.Embedding, old.Dim())
			if err := session.Embed(v, app.Picture(&f), embed.Region{}); err != nil {
				t.Fatal(err)
			}
			if _, err := set.Add(class, v, crop.Bytes(), "", time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		teach(set, "cup")
		teach(set, "mug")
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}

		named := ""
		if atHand {
			m, err := tinyModel("int8")
			if err != nil {
				t.Fatal(err)
			}
			b, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			named = filepath.Join(t.TempDir(), "old.edge")
			if err := os.WriteFile(named, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := e.openRefitting(fresh, named)
		if err != nil {
			t.Fatal(err)
		}
		live := r.live()
		if atHand != (live.Fingerprint() == old.Fingerprint()) || atHand != r.set.Ready() {
			t.Errorf("at hand %v: the loop begins with %s, ready %v", atHand, live.Fingerprint().Short(), r.set.Ready())
		}
		if want := map[bool]string{true: "which answers until", false: "everything is unknown until"}[atHand]; !strings.Contains(said.String(), want) {
			t.Errorf("it says %q, want %q", said.String(), want)
		}

		machine, err := app.NewMachine(r.set, app.MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		notices := make(chan app.Event, 16)
		liveSession := live.NewSession(1)
		defer liveSession.Close()
		m := paint("cup", "1", 64, 64)
		var before, after []support.Answer
		ready := false
		err = app.Run(ctx, app.Config{
			Source: &cameratest.Fake{Width: 64, Height: 64, Paint: func(f *camera.Frame) {
				for i := range 64 * 64 {
					copy(f.Pix[3*i:3*i+3], m.Pix[4*i:])
				}
			}},
			Session: liveSession, Side: live.Input().Height, Dim: live.Dim(),
			Set: r.set, Machine: machine, Notices: notices, Swaps: r.swaps,
			Emit: func(ev app.Event) {
				switch {
				case ev.Kind == app.EventError:
					t.Error(ev.What)
					cancel()
				case ev.Kind == app.EventModel && ev.State == app.ModelReady:
					ready = true
				}
			},
			Seen: func(_ *app.Look, a support.Answer) {
				if !ready {
					if before = append(before, a); len(before) == 1 {
						r.start(ctx, notices) // however fast it is, one frame comes first
					}
					return
				}
				if after = append(after, a); len(after) == 3 {
					cancel()
				}
			},
		})
		r.stop()
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if len(before) == 0 || atHand && before[0].Class != "cup" || !atHand && before[0].Class != support.Unknown {
			t.Errorf("at hand %v: before the new model is ready answers are %+v", atHand, before)
		}
		if len(after) == 0 || after[len(after)-1].Class != "cup" {
			t.Errorf("at hand %v: answers are %+v", atHand, after)
		}
		if r.set.Fingerprint() != fresh.Fingerprint() || !r.set.Ready() {
			t.Errorf("at hand %v: in the end the set is of %s", atHand, r.set.Fingerprint().Short())
		}
		if err := r.set.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// It can be stopped at any time, and the next start goes on.
func TestRefittingStopped(t *testing.T) {
	old, fresh := tinyNetwork(t, "int8"), tinyNetwork(t, "other")
	e := &env{stderr: new(bytes.Buffer), store: filepath.Join(t.TempDir(), "store"), threads: 1}
	set, err := e.openStore(old.Fingerprint(), old.Dim())
	if err != nil {
		t.Fatal(err)
	}
	var crop bytes.Buffer
	if err := jpeg.Encode(&crop, paint("cup", "1", 64, 64), nil); err != nil {
		t.Fatal(err)
	}
	v := make(embed.Embedding, old.Dim())
	v[0] = 1
	if _, err := set.Add("cup", v, crop.Bytes(), "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := e.openRefitting(fresh, "")
		if err != nil {
			t.Fatal(err)
		}
		// Nobody takes the swap, and nobody the notices.
		r.start(t.Context(), make(chan app.Event))
		r.stop()
		if err := r.set.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.openRefitting(fresh, "no-such-model"); err == nil {
		t.Error("a model that is not there")
	}
	named := filepath.Join(t.TempDir(), "float.edge")
	m, err := tinyModel("float")
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(named, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := e.openRefitting(fresh, named); err == nil || !strings.Contains(err.Error(), "not the model that the store was taught with") {
		t.Errorf("a model that taught nothing: %v", err)
	}
}
